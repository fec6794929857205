//! The room `registry`.

#![forbid(unsafe_code)]
