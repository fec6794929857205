//! Cryptographic Message Syntax (RFC 5652, RFC 5035).

pub mod algorithm;
