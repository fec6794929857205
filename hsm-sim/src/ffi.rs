//! The C interface: entries that applications call through the function list, and calls into the real module. Each entry is
//! a thin shell: it stops panics at the border and hands a closure with the one real call to [`crate::sim`].

pub(crate) mod real;

mod bytes;
mod list;
mod session;
mod slot;

use std::panic::{AssertUnwindSafe, catch_unwind};

use cryptoki_sys::{CK_RV, CKR_GENERAL_ERROR};

/// A panic must not cross into C; the simulator's own state stays usable after one.
fn guarded(entry: impl FnOnce() -> CK_RV) -> CK_RV {
    catch_unwind(AssertUnwindSafe(entry)).unwrap_or(CKR_GENERAL_ERROR)
}
