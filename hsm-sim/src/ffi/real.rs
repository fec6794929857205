//! The real module: loaded once, never unloaded, called through its function list.

use std::{path::Path, ptr, sync::OnceLock};

use cryptoki_sys::{
    CK_FUNCTION_LIST, CK_RV, CK_SLOT_ID, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
    CKR_OK,
};
use libloading::Library;

static REAL: OnceLock<Real> = OnceLock::new();

struct Real {
    functions: CK_FUNCTION_LIST,
    /// Keeps the functions in memory.
    _library: Library,
}

type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;

/// Loads the module unless one is loaded; the caller sees to it that the path stays the same.
pub(crate) fn load(path: &Path) -> Result<(), String> {
    if REAL.get().is_none() {
        let real = open(path).map_err(|reason| format!("{}: {reason}", path.display()))?;
        // Another thread may have been faster; both opened the same library, which the loader counts.
        drop(REAL.set(real));
    }
    Ok(())
}

fn open(path: &Path) -> Result<Real, String> {
    // SAFETY: loading runs the module's initialisers; it is a PKCS#11 module that the test's configuration names.
    let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
    let mut list: *mut CK_FUNCTION_LIST = ptr::null_mut();
    // SAFETY: the standard gives the symbol this type.
    let entry = unsafe { library.get::<GetFunctionList>(b"C_GetFunctionList\0") }
        .map_err(|error| error.to_string())?;
    // SAFETY: `list` outlives the call, which only writes a pointer to it.
    let result = unsafe { entry(&raw mut list) };
    if result != CKR_OK || list.is_null() {
        return Err(format!("C_GetFunctionList answered 0x{result:08x}"));
    }
    // SAFETY: not null, and the standard has it point to a list that lives as long as the library.
    let functions = unsafe { *list };
    Ok(Real {
        functions,
        _library: library,
    })
}

/// Calls one function of the real module.
pub(super) fn with<F>(
    choose: impl FnOnce(&CK_FUNCTION_LIST) -> Option<F>,
    call: impl FnOnce(F) -> CK_RV,
) -> CK_RV {
    let Some(real) = REAL.get() else {
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    };
    choose(&real.functions).map_or(CKR_FUNCTION_NOT_SUPPORTED, call)
}

/// Closes every session with the slot's token.
pub(crate) fn close_all_sessions(slot: CK_SLOT_ID) -> CK_RV {
    with(
        |list| list.C_CloseAllSessions,
        // SAFETY: the function takes no pointers.
        |function| unsafe { function(slot) },
    )
}
