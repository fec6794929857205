//! The token layer on a real token.
//!
//! The module is SoftHSM, or what `SEGELD_TEST_MODULE` names; what a module cannot do is skipped by what it answers, not
//! by its name. Each test runs in a process of its own with a token of its own, since a PKCS#11 module is the process's.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the helpers of tests fail by panicking and say what they skip"
)]

mod faults;
mod group;
mod harness;
mod keys;
mod queue;
mod trap;
mod wrap;
