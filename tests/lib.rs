//! What the end-to-end tests and the corpus run on: the daemon as a process, a client that knows only the wire contract, PDFs
//! made in code, and other people's validators as judges.
//!
//! The daemon is `SEGELD_BIN`, or `segeld` in the directory of the build; `make test` builds it first. Python is `SEGELD_PYTHON`,
//! or the environment that `scripts/set-up test` makes. Nothing here is skipped for want of a tool: a missing judge is a failure.

pub mod client;
pub mod daemon;
pub mod document;
pub mod judge;
pub mod picture;

use std::path::PathBuf;

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
