//! What can go wrong between a job and its token, and whether trying again later may help.

use std::path::PathBuf;
use std::sync::Arc;

use cryptoki::context::Function;
use cryptoki::error::{Error as Binding, RvError};

use super::key::KeyId;
use super::retry::{self, Action};
use super::settings::TokenSelector;

/// A failure of the token layer. The variant says whose fault it is.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The token: it made or read back a key with an attribute other than asked for; the key was destroyed.
    #[error("the token did not keep attribute {attribute} of key {id} as asked for")]
    Attribute {
        /// `CKA_ID` of the key.
        id: KeyId,
        /// Name of the attribute.
        attribute: &'static str,
    },
    /// The module: it answered what PKCS#11 does not allow, or a function is missing.
    #[error("the module answered outside PKCS#11")]
    Binding {
        /// What the binding says.
        #[source]
        source: Arc<Binding>,
    },
    /// Load: more jobs than the queue holds.
    #[error("the queue of the token is full")]
    Busy,
    /// Caller: bytes that this key did not encrypt, in this context.
    #[error("the ciphertext was not made by this key, or was changed")]
    Ciphertext,
    /// The token: no answer in time.
    #[error("the deadline passed before the token answered")]
    Deadline,
    /// The token: every signature it made failed verification with the public key.
    #[error("the token made signatures that do not verify")]
    Faulty,
    /// The token: a function answered an error.
    #[error("C_{function:?} answered {rv:?}")]
    Function {
        /// The C function.
        function: Function,
        /// Its return value.
        rv: RvError,
    },
    /// Caller: a key with this `CKA_ID` is there already.
    #[error("key {id} exists already")]
    KeyExists {
        /// `CKA_ID` of the key.
        id: KeyId,
    },
    /// Caller: a token with this label is there already.
    #[error("a token with label {label:?} exists already")]
    LabelTaken {
        /// The label.
        label: String,
    },
    /// Operator: the token has no such key, or more than one.
    #[error("the token does not hold exactly one key {id}")]
    KeyMissing {
        /// `CKA_ID` of the key.
        id: KeyId,
        /// Whether it signed before.
        known: bool,
    },
    /// Operator: the module cannot be loaded.
    #[error("cannot load the PKCS#11 module {}", path.display())]
    Load {
        /// The module's path.
        path: PathBuf,
        /// What the loader says.
        #[source]
        source: Arc<Binding>,
    },
    /// Us: a job ended without an answer.
    #[error("a worker failed inside a job")]
    Panicked,
    /// Operator: the token refused the PIN. No other login is tried until a restart.
    #[error("the token refused the PIN")]
    PinIncorrect,
    /// Operator: the PIN is locked, expired or must be changed. No other login is tried until a restart.
    #[error("the PIN is locked or expired")]
    PinLocked,
    /// Operator: tokens that should hold the same keys do not.
    #[error("key {id} of the token with {token} is not the one the others hold")]
    Replica {
        /// `CKA_ID` of the key.
        id: KeyId,
        /// The token that differs from the first.
        token: TokenSelector,
    },
    /// Us: the settings contradict themselves.
    #[error("invalid setting: {what}")]
    Setting {
        /// What is wrong.
        what: &'static str,
    },
    /// Us: the token layer has been shut down.
    #[error("the token layer is shut down")]
    Shutdown,
    /// The module: a thread never came back from it, so that it cannot be initialised again in this process.
    #[error("a thread is stuck inside the module; the process must be restarted")]
    Stuck,
    /// Operator: more than one token answers to the selector.
    #[error("more than one token answers to {token}")]
    TokenAmbiguous {
        /// What was looked for.
        token: TokenSelector,
    },
    /// The system: it has no thread left.
    #[error("cannot start a thread")]
    Thread {
        /// What the system says.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// Operator or the token: it is not there.
    #[error("no token answers to {token}")]
    TokenMissing {
        /// What was looked for.
        token: TokenSelector,
    },
    /// The token is not usable yet, or not any more.
    #[error("the token is not available")]
    Unavailable,
    /// Operator: the token or the module cannot do this.
    #[error("not supported: {what}")]
    Unsupported {
        /// What is not supported.
        what: &'static str,
    },
}

impl Error {
    /// Says whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Busy
            | Self::Deadline
            | Self::Faulty
            | Self::KeyMissing { known: true, .. }
            | Self::Panicked
            | Self::Shutdown
            | Self::Stuck
            | Self::Thread { .. }
            | Self::TokenMissing { .. }
            | Self::Unavailable => true,
            Self::Function { function, rv } => {
                !matches!(retry::rule(*function, *rv).action, Action::GiveUp)
            }
            Self::Attribute { .. }
            | Self::Binding { .. }
            | Self::Ciphertext
            | Self::KeyExists { .. }
            | Self::KeyMissing { known: false, .. }
            | Self::LabelTaken { .. }
            | Self::Load { .. }
            | Self::PinIncorrect
            | Self::PinLocked
            | Self::Replica { .. }
            | Self::Setting { .. }
            | Self::TokenAmbiguous { .. }
            | Self::Unsupported { .. } => false,
        }
    }

    /// Says whether no other login may be tried: each one may cost the token one of its last attempts.
    pub(super) const fn is_pin(&self) -> bool {
        match self {
            Self::PinIncorrect | Self::PinLocked => true,
            Self::Function {
                function: function @ (Function::Login | Function::LoginUser),
                rv,
            } => {
                matches!(retry::rule(*function, *rv).action, Action::GiveUp)
            }
            _ => false,
        }
    }

    /// Says whether the token answered that an object handle is not, or no longer, valid.
    pub(super) const fn is_stale_handle(&self) -> bool {
        matches!(
            self,
            Self::Function {
                rv: RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid,
                ..
            }
        )
    }
}

impl From<Binding> for Error {
    fn from(error: Binding) -> Self {
        match error {
            Binding::Pkcs11(RvError::PinIncorrect, _) => Self::PinIncorrect,
            Binding::Pkcs11(RvError::PinLocked | RvError::PinExpired, _) => Self::PinLocked,
            Binding::Pkcs11(rv, function) => Self::Function { function, rv },
            other => Self::Binding {
                source: Arc::new(other),
            },
        }
    }
}
