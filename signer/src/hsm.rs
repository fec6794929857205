//! Keys in a PKCS#11 token.

mod error;

pub use error::Error;
