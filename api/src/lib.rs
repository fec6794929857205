//! The daemon on the wire: everything between a caller's socket and the rooms `registry` and `signer`.
//!
//! The way of a request can be read off the modules: [`server`] (TLS, HTTP, connections) → [`conduct`] (id, who asks,
//! answers to whatever goes wrong) → [`routes`] (what the contract calls its fields) → [`pipeline`] (authorise, prepare,
//! sign, embed, record) → [`body`] (the original bytes and one revision, not copied together). [`problem`] holds every
//! refusal; [`assemble`] is the only place that knows every part; [`demo`] sets a complete house up in a directory.

#![forbid(unsafe_code)]

pub mod assemble;
pub mod auth;
pub mod base64;
pub mod body;
pub mod cli;
pub mod conduct;
pub mod cpu;
pub mod demo;
pub mod downloads;
pub mod form;
pub mod health;
pub mod hsm_cli;
pub mod json;
pub mod limits;
pub mod metrics;
pub mod notify;
pub mod panics;
pub mod pipeline;
pub mod problem;
pub mod routes;
pub mod server;
pub mod service;
pub mod shutdown;
pub mod telemetry;
