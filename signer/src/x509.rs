//! X.509 certificates, their chains, and what is needed to issue and revoke them (RFC 5280, RFC 2986).
//!
//! What others made is kept as the bytes received and never encoded again: signatures are over bytes.

mod certificate;
mod chain;
pub mod crl;
pub mod csr;
mod error;
pub mod issue;
pub mod pem;
mod signed;
#[cfg(test)]
pub(crate) mod testing;

pub use certificate::Certificate;
pub use chain::Chain;
pub use error::Error;
