//! Why a key or a signature is refused.

use crate::cms::algorithm::{Scheme, SignatureAlgorithm};

use super::KeyKind;

/// Why a key or a signature is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The encoding is not DER of a `SubjectPublicKeyInfo` of a known kind.
    #[error("public key is malformed: {context}")]
    Malformed {
        /// What is wrong with it.
        context: &'static str,
    },
    /// The key is of a kind or strength that is not accepted.
    #[error("public key is not accepted: {context}")]
    NotAccepted {
        /// What is wrong with it.
        context: &'static str,
    },
    /// The key cannot sign with the algorithm.
    #[error("{kind} keys do not sign with {algorithm}")]
    WrongAlgorithm {
        /// The key's kind.
        kind: KeyKind,
        /// What was asked of it.
        algorithm: SignatureAlgorithm,
    },
    /// The key does not verify signatures of the scheme.
    #[error("{kind} keys do not verify {scheme:?}")]
    WrongScheme {
        /// The key's kind.
        kind: KeyKind,
        /// What was asked of it.
        scheme: Scheme,
    },
    /// The signature does not verify with the public key.
    #[error("signature does not verify with the public key")]
    Faulty,
}
