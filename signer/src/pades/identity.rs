//! Who signs.

use crate::cms::algorithm::SignatureAlgorithm;
use crate::cms::{self, Template};
use crate::key::PublicKey;
use crate::x509::Chain;

/// A signer's certificates and algorithm, with the parts of the signature that are the same in every document.
#[derive(Debug)]
pub struct SignerIdentity {
    chain: Chain,
    template: Template,
}

impl SignerIdentity {
    /// For the leaf of `chain`.
    ///
    /// # Errors
    ///
    /// When the leaf's key is not accepted or does not sign with `algorithm`.
    pub fn new(chain: &Chain, algorithm: SignatureAlgorithm) -> Result<Self, cms::Error> {
        Ok(Self {
            chain: chain.clone(),
            template: Template::new(chain, algorithm)?,
        })
    }

    /// The certificates, leaf first.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The key that the signature is checked with.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        self.template.public_key()
    }

    /// What the key signs with.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.template.algorithm()
    }

    pub(super) const fn template(&self) -> &Template {
        &self.template
    }
}
