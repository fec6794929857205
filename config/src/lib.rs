//! The configuration of `segeld`: TOML into types that cannot be wrong.
//!
//! One file, `version = 1`, keys in kebab-case, durations and sizes with their unit. A key that is not
//! known is refused, a value outside its range is refused and never adjusted, and [`load`] reports every
//! fault of a file with its key path and line instead of stopping at the first. Defaults stand in
//! [`default`] and nowhere else. Secrets are never values of the file: it names credentials, which are
//! files in `credentials-dir` or in the directory the service manager hands over.

#![forbid(unsafe_code)]

mod activation;
mod authority;
mod contradiction;
mod credential;
pub mod default;
mod fault;
mod hsm;
mod limits;
mod listen;
mod load;
mod log;
mod reader;
mod signature;
mod store;
mod trust;
mod value;

pub use activation::Activation;
pub use authority::Authority;
pub use fault::Fault;
pub use hsm::Hsm;
pub use limits::{Download, Limits};
pub use listen::{Listen, Tls};
pub use load::load;
pub use log::{Log, LogFormat};
pub use signature::{Signature, V1Box, V1ErrorShape};
pub use signer::pades::SubFilter;
pub use store::{Store, StoreUrl};
pub use trust::Trust;
pub use value::Size;

/// Everything an operator decides, checked as a whole.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where the daemon listens.
    pub listen: Listen,
    /// Certificate and key of the TLS listener; present when, and only when, there is one.
    pub tls: Option<Tls>,
    /// Tokens; at least one.
    pub hsm: Vec<Hsm>,
    /// Where records are kept.
    pub store: Store,
    /// Passphrases and what slows their guessing down.
    pub activation: Activation,
    /// What one request, and all of them together, may cost.
    pub limits: Limits,
    /// Signed documents kept for one download.
    pub download: Download,
    /// What signatures look like, and how version 1 of the interface reads and answers.
    pub signature: Signature,
    /// The log.
    pub log: Log,
    /// The embedded certification authority, when there is one.
    pub authority: Option<Authority>,
    /// Whom to believe when documents are verified.
    pub trust: Trust,
}

#[cfg(test)]
mod tests;
