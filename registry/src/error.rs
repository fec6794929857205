//! What can go wrong when records are made or changed.

use signer::{cms, hsm, key, x509};

use crate::state::State;
use crate::{scope, store};

/// Why the registry did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Operator: this configuration has no authority, or it was never set up.
    #[error("there is no embedded authority")]
    AuthorityMissing,
    /// The authority or a stored certificate is not what it should be.
    #[error("a certificate is not acceptable")]
    Certificate(#[from] x509::Error),
    /// A certificate does not go with its algorithm.
    #[error("a certificate does not go with its algorithm")]
    Cms(#[from] cms::Error),
    /// Caller: what should be unique is there already.
    #[error("exists already")]
    Exists,
    /// The token did not do its part.
    #[error("the token did not do its part")]
    Hsm(#[from] hsm::Error),
    /// Caller: the data given are not acceptable.
    #[error("{what} is not acceptable")]
    Input {
        /// Which data.
        what: &'static str,
    },
    /// Operator: the key in the token is not the one in its certificate, or is not there.
    #[error("the token does not hold the key {id} of a certificate")]
    KeyMismatch {
        /// `CKA_ID` of the key.
        id: hsm::KeyId,
    },
    /// A public key is not acceptable.
    #[error("a public key is not acceptable")]
    Key(#[from] key::Error),
    /// Load: too many passphrases wait already.
    #[error("too many passphrases wait to be stretched")]
    Busy,
    /// Us: the system's generator gave no random bytes.
    #[error("no random bytes")]
    Random,
    /// Us or the operator: something sealed does not open with the present keys.
    #[error("a sealed record does not open")]
    Sealed,
    /// The store did not do its part.
    #[error("the store did not do its part")]
    Store(#[source] store::Error),
    /// Caller: a holder in this state cannot go to that one.
    #[error("cannot go from {from} to {to}")]
    Transition {
        /// The state it has.
        from: State,
        /// The state asked for.
        to: State,
    },
    /// Caller: no such record.
    #[error("no such record")]
    Unknown,
    /// Operator: the key that the records were encrypted under is not in the token.
    #[error(
        "the store holds records, but the token does not hold the key they were encrypted under"
    )]
    VaultKeyMissing,
}

impl From<scope::Error> for Error {
    fn from(error: scope::Error) -> Self {
        match error {
            scope::Error::Hsm(error) => Self::Hsm(error),
            scope::Error::Store(error) => error.into(),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Exists => Self::Exists,
            other => Self::Store(other),
        }
    }
}
