//! The HSM for tests: a PKCS#11 2.40 module (`libhsm_sim.so`) that forwards every function to a real module and fails,
//! slows down and forgets the way networked HSMs do.
//!
//! It is steered by the TOML file that the environment variable `HSM_SIM_CONF` names, read again whenever that file changes
//! (replace it by renaming a new one over it, so that no half is read). The keys stand in [`conf`]; in short:
//!
//! ```toml
//! module = "/usr/lib/softhsm/libsofthsm2.so"
//! log = "/tmp/calls.jsonl"               # one JSON object a call: at, function, session, result, micros, fault, entry
//! profile = "luna-a790"                  # latency and limits from published figures
//! latency = { C_Sign = "5ms", C_FindObjects = { min = "1ms", median = "2ms", p99 = "9ms" } }
//! max-parallel = 16
//! max-per-second = 2000
//! max-sessions = 64
//!
//! [[fault]]                              # the third to the fifth C_Sign lose every session
//! call = "C_Sign"
//! after = 2
//! count = 3
//! lose-sessions = true
//! ```
//!
//! A file that cannot be read or understood makes every call answer `CKR_FUNCTION_FAILED` and is explained on standard error:
//! a misspelt fault must not look like one that never struck.
//!
//! The module is loaded by path, as a vendor's would be, and linked by nobody. What it leaves out: functions of PKCS#11 3.x,
//! and notifications to the application (`C_OpenSession` passes none on).
//!
//! ```text
//! ffi (C entries, the one place with unsafe) → sim (one call's way) → state, plan (faults), pace (latency, limits), sessions, log
//! ```

mod call;
mod conf;
#[expect(
    unsafe_code,
    reason = "the C interface of PKCS#11: entries called by, and calls made through, raw pointers"
)]
mod ffi;
mod log;
mod pace;
mod plan;
mod random;
mod rv;
mod sessions;
mod sim;
