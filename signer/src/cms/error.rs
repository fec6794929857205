//! Why a CMS signature cannot be made.

use crate::{key, x509};

/// Why a CMS signature cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The certificate's key does not sign with the algorithm.
    #[error(transparent)]
    Key(#[from] key::Error),
    /// The leaf of the chain has no usable key.
    #[error("signer's certificate is not usable")]
    Certificate(#[from] x509::Error),
    /// The digest is not one of the algorithm's.
    #[error("message digest has {got} octets instead of {expected}")]
    DigestLength {
        /// Octets of the algorithm's digest.
        expected: usize,
        /// Octets received.
        got: usize,
    },
    /// The signature was made by another key, with another algorithm or over other attributes.
    #[error("signature belongs to another message or key")]
    ForeignSignature,
    /// An unsigned attribute's value is not one DER value.
    #[error("value of an unsigned attribute is malformed")]
    Attribute {
        /// Where the decoder stopped.
        source: der::Error,
    },
    /// A part of fixed shape cannot be encoded.
    #[error("encoding failed")]
    Encode(#[from] der::Error),
}
