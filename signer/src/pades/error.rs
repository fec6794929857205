//! Why a document is not signed. All but [`Error::Cms`] are the document's or the caller's fault, and none changes on a
//! retry.

use crate::{appearance, cms, pdf};

/// Why a document is not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The document cannot be read, or not as far as a signature needs it.
    #[error(transparent)]
    Pdf(#[from] pdf::Error),
    /// A mark cannot be drawn.
    #[error(transparent)]
    Appearance(#[from] appearance::Error),
    /// The signature cannot be encoded, or it is another message's or another key's.
    #[error(transparent)]
    Cms(#[from] cms::Error),
    /// The document's owner does not permit signing.
    #[error("the permissions of the encrypted document do not allow signing")]
    PermissionDenied,
    /// An earlier signature forbids every change.
    #[error("an earlier signature permits no changes")]
    NoChangesPermitted,
    /// A visible mark in a new field would break the certification.
    #[error("the document is certified: a visible mark goes only into an existing empty field")]
    CertifiedVisible,
    /// More than one mark, or a mark outside of the field, would break an earlier signature.
    #[error("the document is signed: only one mark can be added at a time")]
    SeveralMarks,
    /// An earlier signature locks the field that is to be signed.
    #[error("an earlier signature locks the field")]
    FieldLocked {
        /// Its fully qualified name.
        name: String,
    },
    /// There is no such field.
    #[error("the document has no such field")]
    FieldNotFound {
        /// The name asked for.
        name: String,
    },
    /// The field is no signature field.
    #[error("the field is not a signature field")]
    FieldKind {
        /// Its fully qualified name.
        name: String,
    },
    /// The field holds a signature.
    #[error("the field is already signed")]
    FieldSigned {
        /// Its fully qualified name.
        name: String,
    },
    /// A new field cannot have this name.
    #[error("a new field cannot have this name")]
    FieldName {
        /// The name asked for.
        name: String,
    },
    /// The field has no place on a page where a mark could be drawn.
    #[error("the field has no visible place for a mark")]
    FieldInvisible {
        /// Its fully qualified name.
        name: String,
    },
    /// The field demands something of a signature that this one does not have.
    #[error("the field demands a signature with another {constraint}")]
    SeedValue {
        /// The key of the seed value dictionary.
        constraint: &'static str,
    },
    /// The document is read differently by different readers, and may not be rewritten since it is signed or encrypted.
    #[error("the document is damaged and cannot be repaired")]
    Damaged,
    /// The revision does not have the shape that was computed for it.
    #[error("the revision has no room for the signature")]
    NoRoom,
}

impl Error {
    /// Whether the document is damaged, so that rewriting it may help.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Damaged => true,
            Self::Pdf(error) => error.is_damage(),
            _ => false,
        }
    }
}
