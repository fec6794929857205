//! What `pades`, `x509` and `registry` know of a key: its public half, what it signs with, and how to ask for a signature.
//!
//! The private half is the affair of whoever implements [`SigningKey`]; in this house that is the token's. A [`Signature`]
//! exists only once it has been verified with the public key, so that a faulty one (a failing module, a fault attack on
//! RSA-CRT, the wrong key under the right identifier) is never released.

mod error;
mod kind;
mod public;
mod signature;
#[cfg(test)]
pub(crate) mod testing;

use std::{future::Future, pin::Pin, time::Instant};

use crate::cms::algorithm::SignatureAlgorithm;

pub use error::Error;
pub use kind::KeyKind;
pub use public::PublicKey;
pub use signature::Signature;

/// The answer to [`SigningKey::sign`], ready under any executor.
pub type Signing = Pin<Box<dyn Future<Output = Result<Signature, crate::hsm::Error>> + Send>>;

/// A key that signs without being seen.
pub trait SigningKey: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// What the key signs with.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs `message`: the DER of signed attributes, or of what a certificate, request or revocation list signs.
    ///
    /// Only its digest crosses to the token (Ed25519: the message itself).
    fn sign(&self, message: Vec<u8>, deadline: Instant) -> Signing;
}

#[cfg(test)]
mod tests;
