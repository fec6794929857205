//! A raw signature that has been verified.

use aws_lc_rs::digest::{self, Digest};

use crate::cms::algorithm::{Scheme, SignatureAlgorithm};

use super::{Error, PublicKey};

/// A raw signature checked with the public key; it can be made no other way.
#[derive(Clone, Debug)]
pub struct Signature {
    raw: Vec<u8>,
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    message: Digest,
}

impl Signature {
    /// Takes `raw`, encoded as CMS and X.509 want it (ECDSA: the DER of r and s), if it verifies.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlgorithm`] if the key does not sign with `algorithm`; [`Error::Faulty`] if `raw` is no signature
    /// of `message` by the key.
    pub fn check(
        raw: Vec<u8>,
        key: &PublicKey,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Self, Error> {
        if !key.signs_with(algorithm) {
            return Err(Error::WrongAlgorithm {
                kind: key.kind(),
                algorithm,
            });
        }
        let digest = digest::digest(algorithm.digest().provider(), message);
        match algorithm {
            SignatureAlgorithm::Ed25519 => key.verify(Scheme::Ed25519, message, &raw)?,
            SignatureAlgorithm::EcdsaP256Sha256
            | SignatureAlgorithm::EcdsaP384Sha384
            | SignatureAlgorithm::RsaPkcs1Sha256
            | SignatureAlgorithm::RsaPssSha256 => {
                key.verify_digest(algorithm.into(), &digest, &raw)?;
            }
        }
        Ok(Self {
            raw,
            key: key.clone(),
            algorithm,
            message: digest,
        })
    }

    /// The signature as CMS and X.509 carry it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// The algorithm it was made with.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Whether this is a signature of this very message by this very key.
    #[must_use]
    pub fn is_for(&self, key: &PublicKey, message: &[u8]) -> bool {
        let digest = digest::digest(self.algorithm.digest().provider(), message);
        self.key == *key && self.message.as_ref() == digest.as_ref()
    }
}
