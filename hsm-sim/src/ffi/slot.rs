//! The functions that name no open session: start and end, slots, tokens, and the opening and closing of sessions.

#![expect(non_snake_case, reason = "the standard's own spelling")]

use std::os::raw::c_void;

use cryptoki_sys::{
    CK_BBOOL, CK_BYTE, CK_FALSE, CK_FLAGS, CK_INFO, CK_MECHANISM_INFO, CK_MECHANISM_TYPE,
    CK_NOTIFY, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG,
    CKF_TOKEN_PRESENT, CKR_ARGUMENTS_BAD, CKR_OK,
};

use super::{guarded, real};
use crate::{call::Call, sim::SIM};

/// Entries that only forward.
macro_rules! entries {
    ($($name:ident($($argument:ident : $type:ty),*);)*) => { $(
        pub(super) unsafe extern "C" fn $name($($argument: $type),*) -> CK_RV {
            guarded(|| {
                SIM.slot_call(Call::$name, || {
                    real::with(
                        |list| list.$name,
                        // SAFETY: the arguments are the caller's own, who owes the real module what the standard asks of them.
                        |function| unsafe { function($($argument),*) },
                    )
                })
            })
        }
    )* };
}

entries! {
    C_GetInfo(info: *mut CK_INFO);
    C_GetMechanismList(slot: CK_SLOT_ID, mechanisms: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG);
    C_GetMechanismInfo(slot: CK_SLOT_ID, mechanism: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO);
    C_InitToken(slot: CK_SLOT_ID, pin: *mut CK_BYTE, len: CK_ULONG, label: *mut CK_BYTE);
    C_WaitForSlotEvent(flags: CK_FLAGS, slot: *mut CK_SLOT_ID, reserved: *mut c_void);
}

pub(super) unsafe extern "C" fn C_Initialize(arguments: *mut c_void) -> CK_RV {
    guarded(|| {
        SIM.initialize(|| {
            real::with(
                |list| list.C_Initialize,
                // SAFETY: the caller's argument, passed on.
                |function| unsafe { function(arguments) },
            )
        })
    })
}

pub(super) unsafe extern "C" fn C_Finalize(reserved: *mut c_void) -> CK_RV {
    guarded(|| {
        SIM.finalize(|| {
            real::with(
                |list| list.C_Finalize,
                // SAFETY: the caller's argument, passed on.
                |function| unsafe { function(reserved) },
            )
        })
    })
}

pub(super) unsafe extern "C" fn C_GetSlotList(
    with_token: CK_BBOOL,
    slots: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    guarded(|| {
        let forward = || {
            real::with(
                |list| list.C_GetSlotList,
                // SAFETY: the caller's arguments, passed on.
                |function| unsafe { function(with_token, slots, count) },
            )
        };
        let empty = || {
            if count.is_null() {
                return CKR_ARGUMENTS_BAD;
            }
            // SAFETY: not null, and the standard has it point to the caller's count.
            unsafe { *count = 0 };
            CKR_OK
        };
        SIM.slot_list(with_token != CK_FALSE, forward, empty)
    })
}

pub(super) unsafe extern "C" fn C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    guarded(|| {
        let forward = || {
            real::with(
                |list| list.C_GetSlotInfo,
                // SAFETY: the caller's arguments, passed on.
                |function| unsafe { function(slot, info) },
            )
        };
        // SAFETY: called after the module has answered CKR_OK, so it has filled what `info` points to.
        let empty = || unsafe { (*info).flags &= !CKF_TOKEN_PRESENT };
        SIM.slot_info(forward, empty)
    })
}

pub(super) unsafe extern "C" fn C_GetTokenInfo(
    slot: CK_SLOT_ID,
    info: *mut CK_TOKEN_INFO,
) -> CK_RV {
    guarded(|| {
        let forward = || {
            real::with(
                |list| list.C_GetTokenInfo,
                // SAFETY: the caller's arguments, passed on.
                |function| unsafe { function(slot, info) },
            )
        };
        // SAFETY: called after the module has answered CKR_OK, so it has filled what `info` points to.
        let limit = |most| unsafe { (*info).ulMaxSessionCount = most };
        SIM.token_info(forward, limit)
    })
}

pub(super) unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    _application: *mut c_void,
    _notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    guarded(|| {
        if session.is_null() {
            return CKR_ARGUMENTS_BAD;
        }
        let forward = || {
            let mut opened: CK_SESSION_HANDLE = 0;
            let result = real::with(
                |list| list.C_OpenSession,
                // SAFETY: `opened` outlives the call; without a callback the application's pointer is not needed. A callback
                // would be given the real module's handle, which the application does not know.
                |function| unsafe {
                    function(slot, flags, std::ptr::null_mut(), None, &raw mut opened)
                },
            );
            if result == CKR_OK {
                Ok(opened)
            } else {
                Err(result)
            }
        };
        // SAFETY: not null, and the standard has it point to the caller's handle.
        SIM.open_session(slot, forward, |handle| unsafe { *session = handle })
    })
}

pub(super) unsafe extern "C" fn C_CloseSession(session: CK_SESSION_HANDLE) -> CK_RV {
    guarded(|| {
        SIM.close_session(session, |real| {
            real::with(
                |list| list.C_CloseSession,
                // SAFETY: the function takes no pointers.
                |function| unsafe { function(real) },
            )
        })
    })
}

pub(super) unsafe extern "C" fn C_CloseAllSessions(slot: CK_SLOT_ID) -> CK_RV {
    guarded(|| SIM.close_all_sessions(slot, || real::close_all_sessions(slot)))
}
