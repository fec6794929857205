//! Bytes and keys: what is needed to put a signature into a PDF with a key in a PKCS#11 token.
//!
//! No network, no files, no async runtime, no configuration: what it needs comes as values.
//!
//! Dependencies point one way: `pades → {pdf, appearance, cms, x509, key}`, `hsm → {key, cms::algorithm}`.
//! `pdf` knows no cryptography but the security handlers, `hsm` knows no PDF.

#![forbid(unsafe_code)]

pub mod appearance;
mod asn1;
pub mod cms;
pub mod hsm;
pub mod key;
pub mod pades;
pub mod pdf;
pub mod x509;
