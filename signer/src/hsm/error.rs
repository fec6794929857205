//! Why a token did not do what it was asked.

/// Why a token did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The token's signature does not verify with the public key; it was not released.
    #[error("the token's signature does not verify with the public key")]
    Faulty,
}
