//! The room `api`.

#![forbid(unsafe_code)]
