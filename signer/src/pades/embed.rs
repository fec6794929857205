//! A revision that waits for its signature, and one that has it.

use std::sync::Arc;

use super::{Error, SignerIdentity, Warning};
use crate::cms::SignedAttributes;
use crate::key::Signature;
use crate::pdf::byte_range::{ByteRange, Slots};

/// What the revision is appended to.
#[derive(Debug)]
pub enum Base {
    /// The document as it was received.
    Original,
    /// The document rewritten, since it was damaged.
    Rewritten(Vec<u8>),
}

/// A prepared signature. One signature is made from it, at most.
#[derive(Debug)]
pub struct ToBeSigned {
    pub(super) signer: Arc<SignerIdentity>,
    pub(super) attributes: SignedAttributes,
    pub(super) base: Base,
    pub(super) revision: Vec<u8>,
    pub(super) slots: Slots,
    pub(super) byte_range: ByteRange,
    pub(super) field_name: String,
    pub(super) document_digest: [u8; 32],
    pub(super) warnings: Vec<Warning>,
}

impl ToBeSigned {
    /// What stands before the revision.
    #[must_use]
    pub const fn base(&self) -> &Base {
        &self.base
    }

    /// What the key signs: the DER of the signed attributes as a SET OF (RFC 5652, 5.4).
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.attributes.as_der()
    }

    /// SHA-256 of the document as it was received.
    #[must_use]
    pub const fn document_digest(&self) -> &[u8; 32] {
        &self.document_digest
    }

    /// Completes the revision.
    ///
    /// # Errors
    ///
    /// When the signature is not one of this very message by the signer's key.
    pub fn embed(mut self, signature: Signature) -> Result<Signed, Error> {
        let cms = self
            .signer
            .template()
            .assemble(&self.attributes, &signature, Vec::new())?;
        self.slots
            .fill_contents(&mut self.revision, &cms)
            .ok_or(Error::NoRoom)?;
        Ok(Signed {
            base: self.base,
            revision: self.revision,
            byte_range: self.byte_range,
            field_name: self.field_name,
            document_digest: self.document_digest,
            warnings: self.warnings,
        })
    }
}

/// A signed document: the base and behind it the revision.
#[derive(Debug)]
#[non_exhaustive]
pub struct Signed {
    /// What comes first.
    pub base: Base,
    /// What is appended to it.
    pub revision: Vec<u8>,
    /// What the signature covers.
    pub byte_range: ByteRange,
    /// The fully qualified name of the field that holds the signature.
    pub field_name: String,
    /// SHA-256 of the document as it was received.
    pub document_digest: [u8; 32],
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}
