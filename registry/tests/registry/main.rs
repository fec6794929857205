//! The registry on a real token and a real database.
//!
//! The module is SoftHSM, or what `SEGELD_TEST_MODULE` names. Each test runs in a process of its own with a token
//! and a store of its own, since a PKCS#11 module is the process's.

#![expect(clippy::expect_used, reason = "the helpers of tests fail by panicking")]

mod access;
mod custody;
mod harness;
mod life;
mod throttle;
