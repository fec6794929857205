//! Keys in a PKCS#11 token.

mod error;
mod health;
mod key;
mod retry;
mod settings;

pub use error::Error;
pub use health::{Counters, Health, State};
pub use key::{KeyId, KeySpec};
pub use settings::{Settings, TokenSelector};
