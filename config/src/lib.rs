//! The room `config`.

#![forbid(unsafe_code)]
