//! Cryptographic Message Syntax (RFC 5652, RFC 5035), as far as a CAdES signature of PAdES needs it (EN 319 122-1).
//!
//! Everything about a signature that is known before the document is laid out once, in a [`Template`]; what is left for
//! each document is two digests and one copy.

pub mod algorithm;
mod error;
mod signed_attributes;
mod signed_data;

pub use error::Error;
pub use signed_attributes::SignedAttributes;
pub use signed_data::{Template, UnsignedAttribute};
