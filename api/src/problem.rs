//! Every refusal and failure, and the contract's answer to it (contract, section 3).
//!
//! Whatever goes wrong behind a route becomes a [`Problem`] here; [`answer`](crate::problem::answer) turns it into
//! status, code and text. What a caller may know is in the variant; what only the operator may know is the `source`
//! of [`Problem::Internal`], logged once with the request id and never sent.

pub mod answer;
mod from;
pub mod text;

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};

use crate::limits::Interrupted;

/// What only the operator may know of a failure.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// What a request is refused for, or what failed while it was served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A field holds something that cannot be used; 4015.
    #[error("field {field} is malformed")]
    BadField {
        /// The field's name on the wire.
        field: &'static str,
    },
    /// The request as a whole cannot be read; 4015.
    #[error("the request is malformed")]
    BadRequest,
    /// The connection broke while the body was read; nobody hears the answer.
    #[error("the request broke off")]
    Broken,
    /// The certificate is in a state that may not sign; 2041.
    #[error("the certificate is not usable")]
    CertificateNotUsable {
        /// The state as the contract names it.
        state: &'static str,
    },
    /// The document cannot be signed; 4016.
    #[error("the document cannot be signed: {why:?}")]
    Document {
        /// What about it.
        why: DocumentFault,
    },
    /// One of several files was refused.
    #[error("file {index}")]
    File {
        /// Its place in the request's array, counted from 0.
        index: usize,
        /// What it was refused for.
        #[source]
        problem: Box<Self>,
    },
    /// A stored copy is gone; 4044.
    #[error("the stored copy is gone")]
    FileGone,
    /// The picture cannot be used; 4019.
    #[error("the image is not usable")]
    Image,
    /// The fault is ours.
    #[error("internal error")]
    Internal(#[source] Cause),
    /// The level is not offered; 4015.
    #[error("the level is not available")]
    Level,
    /// Too many wrong passphrases; 2033.
    #[error("locked")]
    Locked {
        /// When to try again.
        retry_after: Duration,
    },
    /// The marker is nowhere in the document's text; 4017.
    #[error("the marker was not found")]
    MarkerNotFound {
        /// Some of the text has glyphs that stand for no characters, so it cannot be searched.
        unreadable: bool,
    },
    /// The method is not served on this path.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A field is missing; 4014.
    #[error("field {field} is missing")]
    Missing {
        /// The field's name on the wire.
        field: &'static str,
    },
    /// The path is not served.
    #[error("not found")]
    NotFound,
    /// Nobody of that name is registered in the application's scope; 2011.
    #[error("not registered")]
    NotRegistered,
    /// The box is not on the page, or the page does not exist; 4018.
    #[error("the box is outside the page")]
    OutsidePage,
    /// There is no room for the request now.
    #[error("overloaded")]
    Overloaded,
    /// A part of the daemon panicked while it served the request.
    #[error("a part of the daemon panicked")]
    Panicked,
    /// The body came too slowly; 408.
    #[error("the request came too slowly")]
    Slow,
    /// The store does not answer; trying again later may help.
    #[error("the store is unavailable")]
    StoreUnavailable(#[source] Cause),
    /// The token does not answer in time or at all; 5031.
    #[error("the token is unavailable")]
    TokenUnavailable(#[source] Cause),
    /// The request or a part of it is too large; 4131.
    #[error("too large")]
    TooLarge,
    /// No valid credential; 401.
    #[error("unauthorised")]
    Unauthorised,
    /// The passphrase opens nothing; 2031.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// A code proves nothing here; 2032.
    #[error("wrong one-time code")]
    WrongCode,
}

/// What about a document keeps it from being signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentFault {
    /// Certified or signed so that no such change is allowed.
    Certified,
    /// Damaged beyond what may be repaired.
    Damaged,
    /// The signature field asked for cannot be used.
    Field,
    /// Not a PDF at all; 4015.
    NotPdf,
    /// Encrypted, and no or a wrong password came with it.
    Password,
    /// Encrypted, and its owner does not permit signing.
    Permission,
    /// Larger or more deeply nested than is read.
    TooComplex,
    /// Damaged, and repairs are switched off.
    RepairOff,
    /// Its text cannot be searched for a marker within the limits of work.
    TextTooComplex,
    /// Its text cannot be searched for a marker within the time of a request.
    TextTooLong,
    /// Something in it is not supported.
    Unsupported,
}

impl Problem {
    /// A failure of ours, with what the operator should know.
    pub fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Arc::new(source))
    }

    /// Names the file a problem belongs to, where it came with others.
    #[must_use]
    pub fn in_file(self, index: usize, of: usize) -> Self {
        if of < 2 || self.code().status.is_server_error() {
            self
        } else {
            Self::File {
                index,
                problem: Box::new(self),
            }
        }
    }

    /// The problem itself, without the file it belongs to.
    #[must_use]
    pub fn cause(&self) -> &Self {
        match self {
            Self::File { problem, .. } => problem.cause(),
            other => other,
        }
    }
}

impl From<Interrupted> for Problem {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Budget => Self::Overloaded,
            Interrupted::Broken(_) => Self::Broken,
            Interrupted::Slow => Self::Slow,
            Interrupted::TooLarge => Self::TooLarge,
        }
    }
}

/// A problem on its way to the one place that words it: [`crate::conduct`] knows route, language and shape.
#[derive(Clone, Debug)]
pub(crate) struct Raised(pub(crate) Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(Raised(Arc::new(self)));
        response
    }
}
