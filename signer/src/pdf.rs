//! PDF as a signer reads and extends it (ISO 32000-2, clause 7).
//!
//! [`Pdf`] reads lazily: the header, every cross-reference section and the trailers; objects only when asked
//! for. Raw offsets and revisions are kept apart, because a signature is an appended revision and a verifier
//! judges each revision by itself. The object model is lopdf's, so that writing, filters and the security
//! handlers need not be invented twice; the syntax and the cross-reference are read here.
//!
//! Tolerance ends where readers part ways: what others would open differently is either mended as a whole by
//! [`repair::rewrite`] or refused, see [`Anomaly`].

#![warn(clippy::arithmetic_side_effects)]

pub mod acro_form;
pub mod byte_range;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test reads a manifest")]
mod corpus;
mod crypt;
mod dict_text;
pub mod doc_mdp;
mod error;
#[cfg(test)]
mod hostile;
pub mod incremental;
mod lexer;
mod limits;
mod object;
mod object_stream;
mod page;
mod reader;
pub mod repair;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "input of tests, made by them"
)]
pub(crate) mod sample;
pub mod sig_field;
mod stream_data;
pub(crate) mod structure;
mod xref;

pub use crypt::{Access, Encryption};
pub use error::{Anomaly, Error};
pub use limits::Limits;
pub use page::{Page, Rectangle};
pub(crate) use reader::ObjectText;
pub use reader::{Pdf, Resolved, Revision};
pub use xref::{Entry, SectionKind};

/// The object model, lopdf's.
pub use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat};
