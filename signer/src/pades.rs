//! PDF Advanced Electronic Signatures (EN 319 142-1), baseline B: a revision with one signature behind a document.
//!
//! In two phases, since the key is elsewhere: [`prepare`] reads the document, writes the revision around a gap and says
//! what is to be signed; [`ToBeSigned::embed`] puts the signature into the gap. Everything that can be refused is refused
//! by the first, before the key is asked. The document's bytes are neither copied nor changed.

mod earlier;
mod embed;
mod error;
mod identity;
mod inspect;
mod mark;
mod prepare;
mod request;
mod seed_value;
mod tagging;
mod target;

pub use embed::{Base, Signed, ToBeSigned};
pub use error::Error;
pub use identity::SignerIdentity;
pub use inspect::{ExistingSignature, Inspection, inspect};
pub use prepare::prepare;
pub use request::{Field, Request, Warning};

pub use crate::pdf::sig_field::SubFilter;

#[cfg(test)]
mod tests;
