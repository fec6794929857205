//! The map from the other rooms' errors: whose fault each is, in the contract's terms.
//!
//! Their enums may grow; what is not named here is a failure of ours until somebody decides otherwise.

use std::sync::Arc;

use registry::{AuthError, Refusal};
use signer::appearance::{self, marker};
use signer::{hsm, pades, pdf};

use super::{DocumentFault, Problem};
use crate::downloads;

impl From<pdf::Error> for Problem {
    fn from(error: pdf::Error) -> Self {
        let why = match error {
            pdf::Error::NotPdf => DocumentFault::NotPdf,
            pdf::Error::Limit { .. } => DocumentFault::TooComplex,
            pdf::Error::PasswordRequired | pdf::Error::PasswordIncorrect => DocumentFault::Password,
            pdf::Error::UnsupportedEncryption { .. } | pdf::Error::IntegrityProtected => {
                DocumentFault::Unsupported
            }
            pdf::Error::NoSuchPage { .. } => return Self::OutsidePage,
            // All that is left of a document that cannot be read: the fault is the document's, never ours.
            _ => DocumentFault::Damaged,
        };
        Self::Document { why }
    }
}

impl From<appearance::Error> for Problem {
    fn from(error: appearance::Error) -> Self {
        match error {
            appearance::Error::Image(_) | appearance::Error::ImageLimit { .. } => Self::Image,
            appearance::Error::CaptionTooLong => Self::BadField { field: "text" },
            appearance::Error::OutsidePage => Self::OutsidePage,
            appearance::Error::PageGeometry => Self::Document {
                why: DocumentFault::Damaged,
            },
            appearance::Error::Size => Self::BadField { field: "width" },
            appearance::Error::QrTooLong => Self::BadField { field: "linkQR" },
            other => Self::internal(other),
        }
    }
}

impl From<marker::Error> for Problem {
    fn from(error: marker::Error) -> Self {
        let why = match error {
            marker::Error::Document(error) => return error.into(),
            marker::Error::NotFound { unreadable, .. } => {
                return Self::MarkerNotFound { unreadable };
            }
            marker::Error::Text { .. } => {
                return Self::BadField {
                    field: "tag_koordinat",
                };
            }
            // Nothing has been signed and the same document would fare no better: a refusal, not an unknown outcome.
            marker::Error::Deadline => DocumentFault::TextTooLong,
            marker::Error::TooComplex(_) => DocumentFault::TextTooComplex,
            other => return Self::internal(other),
        };
        Self::Document { why }
    }
}

impl From<pades::Error> for Problem {
    fn from(error: pades::Error) -> Self {
        use pades::Error as E;
        let why = match error {
            E::Pdf(error) => return error.into(),
            E::Appearance(error) => return error.into(),
            E::PermissionDenied => DocumentFault::Permission,
            E::NoChangesPermitted
            | E::CertifiedVisible
            | E::SeveralMarks
            | E::FieldLocked { .. } => DocumentFault::Certified,
            E::FieldNotFound { .. }
            | E::FieldKind { .. }
            | E::FieldSigned { .. }
            | E::FieldName { .. }
            | E::FieldInvisible { .. }
            | E::SeedValue { .. } => DocumentFault::Field,
            E::Damaged => DocumentFault::Damaged,
            other => return Self::internal(other),
        };
        Self::Document { why }
    }
}

impl From<hsm::Error> for Problem {
    fn from(error: hsm::Error) -> Self {
        // Whether it mends itself or waits for the operator: the caller can only come back later.
        match error {
            hsm::Error::Panicked | hsm::Error::Setting { .. } => Self::internal(error),
            other => Self::TokenUnavailable(Arc::new(other)),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy => Self::Overloaded,
            Refusal::NotRegistered => Self::NotRegistered,
            Refusal::CertificateNotUsable { status } => Self::CertificateNotUsable {
                state: status.as_str(),
            },
            Refusal::Hsm(error) => error.into(),
            Refusal::Locked { retry_after } => Self::Locked { retry_after },
            Refusal::Store(error) => Self::StoreUnavailable(Arc::new(error)),
            Refusal::WrongPassphrase => Self::WrongPassphrase,
            other => Self::internal(other),
        }
    }
}

impl From<registry::Error> for Problem {
    fn from(error: registry::Error) -> Self {
        match error {
            registry::Error::Busy => Self::Overloaded,
            registry::Error::Hsm(error) => error.into(),
            registry::Error::Store(error) => Self::StoreUnavailable(Arc::new(error)),
            other => Self::internal(other),
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Store(error) => Self::StoreUnavailable(Arc::new(error)),
            // One answer for all that is the caller's: a disabled application looks like one that never was.
            _ => Self::Unauthorised,
        }
    }
}

impl From<downloads::Error> for Problem {
    fn from(error: downloads::Error) -> Self {
        Self::internal(error)
    }
}
