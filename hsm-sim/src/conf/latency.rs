//! How long a call takes beyond the real module's own time.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

use crate::random::Random;

/// A duration with its unit, such as `5ms` or `1.5s`; not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let duration: SignedDuration = text
            .parse()
            .map_err(|error: jiff::Error| error.to_string())?;
        Duration::try_from(duration)
            .map(Self)
            .map_err(|_| format!("a negative duration: {text}"))
    }
}

/// A constant, or a spread with a long tail.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) enum Latency {
    Constant(Duration),
    /// `min` plus a log-normal part, chosen so that half the calls are below `median` and 99 of 100 below `p99`.
    Spread {
        min: Duration,
        median_above_min: f64,
        sigma: f64,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Constant(Span),
    Spread(Quantiles),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quantiles {
    min: Span,
    median: Span,
    p99: Span,
}

/// The standard normal distribution's 99th percentile.
const NORMAL_P99: f64 = 2.326_348;

impl TryFrom<Written> for Latency {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Constant(Span(duration)) => Ok(Self::Constant(duration)),
            Written::Spread(Quantiles {
                min: Span(min),
                median: Span(median),
                p99: Span(p99),
            }) => {
                if !(min < median && median < p99) {
                    return Err("min, median and p99 must rise".to_owned());
                }
                let median_above_min = (median - min).as_secs_f64();
                let sigma = ((p99 - min).as_secs_f64() / median_above_min).ln() / NORMAL_P99;
                Ok(Self::Spread {
                    min,
                    median_above_min,
                    sigma,
                })
            }
        }
    }
}

impl Latency {
    /// One call's latency.
    pub(crate) fn sample(self, random: &Random) -> Duration {
        match self {
            Self::Constant(duration) => duration,
            Self::Spread {
                min,
                median_above_min,
                sigma,
            } => {
                // Twice the 99th percentile's distance bounds the tail, so that no sample takes minutes.
                let z = random.normal().min(2.0 * NORMAL_P99);
                min + Duration::from_secs_f64(median_above_min * (sigma * z).exp())
            }
        }
    }
}
