//! `[[hsm]]`: a PKCS#11 module and the token behind it.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use signer::hsm::{Settings, TokenSelector};

use crate::default;
use crate::reader::Section;

/// A token and how it is used.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Hsm {
    /// The vendor's PKCS#11 module.
    pub module: PathBuf,
    /// Which token.
    pub token: TokenSelector,
    /// The user's PIN, read from the credential that `pin` names.
    pub pin: SecretString,
    /// Threads, each with a session of its own.
    pub workers: usize,
    /// Requests that may wait.
    pub queue: usize,
    /// How long start and login are retried.
    pub start_patience: Duration,
}

impl Hsm {
    /// The settings of the token layer.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            workers: self.workers,
            queue: self.queue,
            start_patience: self.start_patience,
            ..Settings::new(self.module.clone(), self.token.clone(), self.pin.clone())
        }
    }

    pub(crate) fn read(mut section: Section<'_>) -> Option<Self> {
        let module = section.required_path("module");
        let label = section.optional("token-label");
        let serial = section.optional("token-serial");
        let token = match (label, serial) {
            (Some(label), None) => Some(TokenSelector::Label(label)),
            (None, Some(serial)) => Some(TokenSelector::Serial(serial)),
            (None, None) => {
                section.fault_here("needs token-label or token-serial");
                None
            }
            (Some(_), Some(_)) => {
                section.fault_here("must have one of token-label and token-serial, not both");
                None
            }
        };
        let pin = section.required_credential("pin");
        let workers = section.within("workers", default::HSM_WORKERS, 1..=1024);
        let queue = section.within("queue", default::HSM_QUEUE, 1..=1_000_000);
        let start_patience = section.within(
            "start-patience",
            default::HSM_START_PATIENCE,
            Duration::from_secs(1)..=Duration::from_mins(10),
        );
        section.finish();
        Some(Self {
            module: module?,
            token: token?,
            pin: pin?,
            workers,
            queue,
            start_patience,
        })
    }
}
