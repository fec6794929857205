//! What operators and their tools ask: is it alive, is it ready, what does it count.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use signer::hsm;

use crate::metrics::{Metrics, TokenFigures};
use crate::problem::Problem;
use crate::problem::answer::Shape;
use crate::problem::text::Language;
use crate::service::Service;

/// GET /healthz: the process serves.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// GET /readyz: token usable, store reachable, not about to end.
pub async fn ready(State(service): State<Arc<Service>>) -> Response {
    let ending = service.shutdown.begun.is_cancelled();
    let store = service.registry.probe().await;
    let tokens = service.hsm.tokens().into_iter().map(|(_, health)| {
        json!({
            "state": state(health.state),
            "reason": health.reason.map(|reason| reason.to_string()),
        })
    });
    let tokens: Vec<_> = tokens.collect();
    let usable = *service.provisioned.borrow() && service.hsm.health().state == hsm::State::Usable;
    let ready = !ending && usable && store.is_ok();
    let mut response = super::json(&json!({
        "ready": ready,
        "ending": ending,
        "store": if store.is_ok() { "reachable" } else { "unreachable" },
        "hsm": tokens,
    }));
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// GET /metrics, in the Prometheus text format.
pub async fn metrics(State(service): State<Arc<Service>>) -> Response {
    for (index, (_, health)) in service.hsm.tokens().into_iter().enumerate() {
        note(&service.metrics.tokens, &index.to_string(), &health);
    }
    service
        .metrics
        .in_flight
        .set(signed(service.budget.in_flight()));
    match text(&service.metrics) {
        Ok(response) => response,
        Err(problem) => problem.answer(Shape::Own, Language::English, "/metrics"),
    }
}

fn text(metrics: &Metrics) -> Result<Response, Problem> {
    let text = metrics.text().map_err(Problem::internal)?;
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

fn note(figures: &TokenFigures, name: &str, health: &hsm::Health) {
    let gauge = |gauges: &prometheus::IntGaugeVec, value: usize| {
        gauges
            .with_label_values(&[name])
            .set(i64::try_from(value).unwrap_or(i64::MAX));
    };
    gauge(
        &figures.usable,
        usize::from(health.state == hsm::State::Usable),
    );
    gauge(&figures.sessions, health.sessions);
    gauge(&figures.busy, health.busy);
    gauge(&figures.stuck, health.stuck);
    gauge(&figures.queue_depth, health.queue_depth);
    let counters = health.counters;
    for (event, count) in [
        ("signatures", counters.signatures),
        ("operations", counters.operations),
        ("failures", counters.failures),
        ("retries", counters.retries),
        ("faulty", counters.faulty),
        ("late", counters.late),
        ("abandoned", counters.abandoned),
        ("refused", counters.refused),
        ("sessions_opened", counters.sessions_opened),
        ("logins", counters.logins),
        ("reinitialisations", counters.reinitialisations),
        ("stuck", counters.stuck),
        ("waited_us", counters.waited),
        ("worked_us", counters.worked),
    ] {
        figures
            .events
            .with_label_values(&[name, event])
            .set(signed(count));
    }
}

fn state(state: hsm::State) -> &'static str {
    match state {
        hsm::State::Probing => "probing",
        hsm::State::Usable => "usable",
        hsm::State::Unusable => "unusable",
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
