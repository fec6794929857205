//! The log: one line an event on standard error, JSON unless told otherwise, each with its request's id.
//!
//! What a caller sent is never logged: request targets hold national ids and, in version 1, passphrases. Lines carry
//! the template of the route.

use std::io::{IsTerminal, stderr};

use config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The filter cannot be read.
    #[error("log.filter cannot be read")]
    Filter(#[from] ParseError),
    /// There is one already.
    #[error("the log is set up already")]
    Twice(#[from] TryInitError),
}

/// Sets the process's log up, once.
///
/// # Errors
/// When the filter cannot be read or the log is set up already.
pub fn start(log: &Log) -> Result<(), Error> {
    let filter = EnvFilter::builder().parse(&log.filter)?;
    let registry = tracing_subscriber::registry().with(filter);
    match log.format {
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .with_writer(stderr);
            registry.with(layer).try_init()?;
        }
        LogFormat::Text => {
            let layer = tracing_subscriber::fmt::layer()
                .with_ansi(stderr().is_terminal())
                .with_writer(stderr);
            registry.with(layer).try_init()?;
        }
    }
    Ok(())
}
