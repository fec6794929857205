//! Why a certificate or a chain is refused or cannot be made.

use crate::{hsm, key};

/// Why a certificate or a chain is refused or cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not the DER of what it should be.
    #[error("{what} is malformed")]
    Malformed {
        /// What it should be.
        what: &'static str,
        /// Where the decoder stopped.
        source: der::Error,
    },
    /// Against RFC 5280 although well-formed.
    #[error("certificate contradicts itself: {context}")]
    Inconsistent {
        /// What is wrong with it.
        context: &'static str,
    },
    /// Longer, or more of them, than is ever sensible.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How much is accepted.
        limit: usize,
    },
    /// Signed with an algorithm that is not accepted.
    #[error("certificate is signed with an algorithm that is not accepted: {oid}")]
    Algorithm {
        /// Its object identifier.
        oid: const_oid::ObjectIdentifier,
    },
    /// A chain of no certificates.
    #[error("chain is empty")]
    Empty,
    /// The issuer named in a certificate is not the subject of the next.
    #[error("certificate {position} of the chain does not name the next as its issuer")]
    NotIssuedByNext {
        /// Place in the chain, the leaf being 0.
        position: usize,
    },
    /// The signature of a certificate does not verify with the key of the next.
    #[error("certificate {position} of the chain is not signed by the next")]
    NotSignedByNext {
        /// Place in the chain, the leaf being 0.
        position: usize,
        /// What verification said.
        source: Box<Self>,
    },
    /// A certificate above the leaf is no authority's.
    #[error("certificate {position} of the chain may not issue the one before it: {context}")]
    NotAnAuthority {
        /// Place in the chain, the leaf being 0.
        position: usize,
        /// What it lacks.
        context: &'static str,
    },
    /// A PEM file is not what it should be.
    #[error("PEM text is malformed: {context}")]
    Pem {
        /// What is wrong with it.
        context: &'static str,
    },
    /// A public key or a signature is refused.
    #[error(transparent)]
    Key(#[from] key::Error),
    /// The key did not sign.
    #[error("key did not sign")]
    Sign(#[from] hsm::Error),
    /// A certificate cannot be made from these arguments.
    #[error("certificate cannot be issued: {context}")]
    Request {
        /// What is wrong with them.
        context: &'static str,
    },
    /// What was built cannot be encoded.
    #[error("encoding failed")]
    Encode(#[from] der::Error),
    /// The system gives no random numbers.
    #[error("no random numbers")]
    Random,
}
