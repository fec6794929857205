//! Operators' figures in the Prometheus text format. Labels are route templates and fixed words, never what a caller sent.

mod stage;

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

pub use stage::Stage;

/// From a tenth of a millisecond, a fast token's P-256, to the longest deadlines.
const BUCKETS: [f64; 17] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It could not be served; trying again may help.
    Failure,
    /// It was refused for what it asked.
    Refusal,
    /// It was served.
    Success,
}

impl Outcome {
    /// The outcome that a status stands for.
    #[must_use]
    pub fn of(status: http::StatusCode) -> Self {
        if status.is_server_error() {
            Self::Failure
        } else if status.is_client_error() {
            Self::Refusal
        } else {
            Self::Success
        }
    }

    /// The word in labels and log lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Refusal => "refusal",
            Self::Success => "success",
        }
    }
}

/// All that the daemon counts.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    stages: HistogramVec,
    /// Panics caught; each is a defect.
    pub panics: IntCounter,
    /// Documents signed and answered.
    pub documents: IntCounter,
    /// Connections open.
    pub connections: IntGaugeVec,
    /// Bytes of requests in memory.
    pub in_flight: IntGauge,
    /// CPU jobs that wait for a place.
    pub cpu_waiting: IntGauge,
    /// What the tokens report, set when the figures are read.
    pub tokens: TokenFigures,
}

/// A token's figures, by its place in the configuration.
#[derive(Clone, Debug)]
pub struct TokenFigures {
    /// 1 when the token serves.
    pub usable: IntGaugeVec,
    /// Open sessions.
    pub sessions: IntGaugeVec,
    /// Workers inside a job.
    pub busy: IntGaugeVec,
    /// Threads that have not come back from the module.
    pub stuck: IntGaugeVec,
    /// Jobs waiting.
    pub queue_depth: IntGaugeVec,
    /// Events since the start, by kind.
    pub events: IntGaugeVec,
}

impl Metrics {
    /// The figures, all at zero.
    ///
    /// # Errors
    /// When two figures have one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let histogram = HistogramOpts::new(
            "segeld_stage_seconds",
            "Time spent in each stage of a request",
        )
        .buckets(BUCKETS.to_vec());
        Ok(Self {
            requests: registered(
                &registry,
                IntCounterVec::new(
                    Opts::new("segeld_requests_total", "Requests answered"),
                    &["route", "outcome", "status", "code"],
                ),
            )?,
            stages: registered(&registry, HistogramVec::new(histogram, &["stage"]))?,
            panics: registered(
                &registry,
                IntCounter::new("segeld_panics_total", "Panics caught, each a defect"),
            )?,
            documents: registered(
                &registry,
                IntCounter::new("segeld_documents_total", "Documents signed"),
            )?,
            connections: gauges(
                &registry,
                "segeld_connections",
                "Connections open",
                &["listener"],
            )?,
            in_flight: gauge(
                &registry,
                "segeld_in_flight_bytes",
                "Bytes of requests in memory",
            )?,
            cpu_waiting: gauge(
                &registry,
                "segeld_cpu_waiting",
                "Documents waiting to be prepared",
            )?,
            tokens: TokenFigures {
                usable: gauges(
                    &registry,
                    "segeld_hsm_usable",
                    "Whether the token serves",
                    &["hsm"],
                )?,
                sessions: gauges(&registry, "segeld_hsm_sessions", "Open sessions", &["hsm"])?,
                busy: gauges(
                    &registry,
                    "segeld_hsm_busy",
                    "Workers inside a job",
                    &["hsm"],
                )?,
                stuck: gauges(
                    &registry,
                    "segeld_hsm_stuck",
                    "Threads lost inside the module",
                    &["hsm"],
                )?,
                queue_depth: gauges(
                    &registry,
                    "segeld_hsm_queue_depth",
                    "Jobs waiting for the token",
                    &["hsm"],
                )?,
                events: gauges(
                    &registry,
                    "segeld_hsm_events",
                    "Events since the start, by kind",
                    &["hsm", "event"],
                )?,
            },
            registry,
        })
    }

    /// Counts an answered request.
    pub fn request(&self, route: &str, status: http::StatusCode, code: Option<u16>) {
        let code = code.map(|code| code.to_string()).unwrap_or_default();
        let labels = [route, Outcome::of(status).name(), status.as_str(), &code];
        self.requests.with_label_values(&labels).inc();
    }

    /// Notes how long a stage took.
    pub fn observe(&self, stage: Stage, took: Duration) {
        self.stages
            .with_label_values(&[stage.name()])
            .observe(took.as_secs_f64());
    }

    /// The figures as text.
    ///
    /// # Errors
    /// When a figure cannot be written.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: Result<C, prometheus::Error>,
) -> Result<C, prometheus::Error> {
    let collector = collector?;
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    registered(registry, IntGauge::new(name, help))
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    registered(registry, IntGaugeVec::new(Opts::new(name, help), labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_carry_templates_and_codes() {
        let metrics = Metrics::new().unwrap();
        metrics.request("/api/user/status/{nik}", http::StatusCode::OK, None);
        metrics.request("/api/sign/pdf", http::StatusCode::BAD_REQUEST, Some(2031));
        metrics.observe(Stage::Prepare, Duration::from_millis(3));
        let text = metrics.text().unwrap();
        assert!(text.contains(r#"segeld_requests_total{code="2031",outcome="refusal",route="/api/sign/pdf",status="400"} 1"#));
        assert!(text.contains(r#"route="/api/user/status/{nik}""#));
        assert!(text.contains(r#"segeld_stage_seconds_count{stage="prepare"} 1"#));
    }
}
