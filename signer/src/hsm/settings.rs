//! What the token layer is told when it starts.

use std::fmt;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::error::Error;

/// How the token is found. Slot numbers change from one initialisation to the next, so they are not offered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TokenSelector {
    /// By its label.
    Label(String),
    /// By its serial number.
    Serial(String),
}

impl fmt::Display for TokenSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => write!(f, "label {label:?}"),
            Self::Serial(serial) => write!(f, "serial {serial:?}"),
        }
    }
}

/// Settings of one token.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Path of the PKCS#11 module.
    pub module: PathBuf,
    /// The token.
    pub token: TokenSelector,
    /// The user PIN.
    pub pin: SecretString,
    /// Worker threads wanted, each with a session of its own; the token's session limit may leave fewer.
    pub workers: usize,
    /// Jobs that may wait; one more is refused with [`Error::Busy`].
    pub queue: usize,
    /// How long the token may be away, at start or later, before it is called unusable.
    pub start_patience: Duration,
    /// How long a call outside a job (open a session, log in, initialise) may last before its thread counts as stuck.
    pub call_patience: Duration,
    /// Workers stuck inside the module that are replaced by new ones.
    pub max_stuck: usize,
    /// How often an idle token is asked whether the login still holds.
    pub probe_interval: Duration,
    /// The module is initialised again after so many operations that are known to lose memory (key generation, unwrapping).
    pub recycle_after: Option<NonZeroU64>,
}

impl Settings {
    /// Settings with defaults for all that is not given.
    #[must_use]
    pub fn new(module: PathBuf, token: TokenSelector, pin: SecretString) -> Self {
        Self {
            module,
            token,
            pin,
            workers: 2,
            queue: 256,
            start_patience: Duration::from_secs(5),
            call_patience: Duration::from_secs(30),
            max_stuck: 2,
            probe_interval: Duration::from_secs(5),
            recycle_after: None,
        }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// [`Error::Setting`] when a count or a duration is zero or absurd.
    pub(super) fn check(&self) -> Result<(), Error> {
        let faults = [
            (self.workers == 0, "no worker"),
            (self.workers > MAX_WORKERS, "too many workers"),
            (self.queue == 0, "no place in the queue"),
            (self.start_patience.is_zero(), "no start patience"),
            (self.call_patience.is_zero(), "no call patience"),
            (self.probe_interval.is_zero(), "no probe interval"),
        ];
        faults
            .into_iter()
            .find(|(fault, _)| *fault)
            .map_or(Ok(()), |(_, what)| Err(Error::Setting { what }))
    }
}

/// More sessions than any published token serves in parallel.
const MAX_WORKERS: usize = 1024;
