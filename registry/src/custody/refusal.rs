//! Why nothing was signed.

use std::time::Duration;

use signer::hsm;

use crate::activation::Refused;
use crate::error::Error;
use crate::scope;
use crate::state::State;
use crate::store::{self, now};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Load: too many passphrases wait already; trying again later helps.
    #[error("too many passphrases wait to be stretched")]
    Busy,
    /// Caller: the holder is in a state that may not sign.
    #[error("the certificate is not usable: {status}")]
    CertificateNotUsable {
        /// The state.
        status: State,
    },
    /// Us: more signatures were asked for than were approved.
    #[error("the approval is used up")]
    Exhausted,
    /// Us or the operator: records or keys are not as they should be.
    #[error("records or keys are not as they should be")]
    Failed(#[source] Error),
    /// The token did not do its part.
    #[error("the token did not do its part")]
    Hsm(#[source] hsm::Error),
    /// Caller: too many wrong tries.
    #[error("locked after too many wrong tries")]
    Locked {
        /// When trying again may help.
        retry_after: Duration,
    },
    /// Caller: nobody in the application's scope is meant.
    #[error("nobody in the application's scope is meant")]
    NotRegistered,
    /// The store did not do its part.
    #[error("the store did not do its part")]
    Store(#[source] store::Error),
    /// Caller: the passphrase is wrong.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
}

impl From<scope::Error> for Refusal {
    fn from(error: scope::Error) -> Self {
        match error {
            scope::Error::Hsm(error) => Self::Hsm(error),
            scope::Error::Store(error) => Self::Store(error),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Busy => Self::Busy,
            Error::Hsm(error) => Self::Hsm(error),
            Error::Store(error) => Self::Store(error),
            other => Self::Failed(other),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy => Self::Busy,
            Refused::Failed(error) => error.into(),
            Refused::Hsm(error) => Self::Hsm(error),
            Refused::Locked { until } => {
                let left = u64::try_from(until.saturating_sub(now())).unwrap_or(0);
                Self::Locked {
                    retry_after: Duration::from_millis(left),
                }
            }
            Refused::Store(error) => Self::Store(error),
            Refused::Wrong => Self::WrongPassphrase,
        }
    }
}
