//! The functions that name a session and need no more than forwarding, by the shape of what follows the session handle.

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BYTE, CK_MECHANISM, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE,
    CK_SESSION_INFO, CK_ULONG, CK_USER_TYPE,
};

use super::{bytes::Answer, guarded, real};
use crate::{
    call::Call,
    sim::{Request, SIM},
};

/// One entry a name; `[buffer length]` says which arguments the answer's bytes go to.
macro_rules! entries {
    ($($arguments:tt $answer:tt : $($name:ident)+ ;)*) => { $($( entry! { $name $arguments $answer } )+)* };
}

macro_rules! entry {
    ($name:ident ($($argument:ident : $type:ty),*) [$($answer:ident)*]) => {
        #[expect(non_snake_case, reason = "the standard's own spelling")]
        pub(super) unsafe extern "C" fn $name(session: CK_SESSION_HANDLE $(, $argument: $type)*) -> CK_RV {
            guarded(|| {
                let answer = answer!($($answer)*);
                let request = Request { asks_size: answer.asks_size(), ..Call::$name.into() };
                let forward = |session| {
                    real::with(
                        |list| list.$name,
                        // SAFETY: the arguments are the caller's own, who owes the real module what the standard asks of them.
                        |function| unsafe { function(session $(, $argument)*) },
                    )
                };
                // SAFETY: called after `forward` has answered CKR_OK, while the caller still waits.
                SIM.session_call(request, session, forward, || unsafe { answer.flip_bit() })
            })
        }
    };
}

macro_rules! answer {
    () => {
        Answer::NONE
    };
    ($data:ident $len:ident) => {
        Answer::new($data, $len)
    };
}

entries! {
    () []: C_Logout C_FindObjectsFinal C_GetFunctionStatus C_CancelFunction;
    (info: *mut CK_SESSION_INFO) []: C_GetSessionInfo;
    (user: CK_USER_TYPE, pin: *mut CK_BYTE, len: CK_ULONG) []: C_Login;
    (old: *mut CK_BYTE, old_len: CK_ULONG, new: *mut CK_BYTE, new_len: CK_ULONG) []: C_SetPIN;
    (state: *mut CK_BYTE, len: CK_ULONG, encryption: CK_OBJECT_HANDLE, authentication: CK_OBJECT_HANDLE) []: C_SetOperationState;

    (template: *mut CK_ATTRIBUTE, count: CK_ULONG) []: C_FindObjectsInit;
    (found: *mut CK_OBJECT_HANDLE, most: CK_ULONG, count: *mut CK_ULONG) []: C_FindObjects;
    (object: CK_OBJECT_HANDLE) []: C_DestroyObject C_DigestKey;
    (object: CK_OBJECT_HANDLE, size: *mut CK_ULONG) []: C_GetObjectSize;
    (object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG) []: C_GetAttributeValue C_SetAttributeValue;
    (template: *mut CK_ATTRIBUTE, count: CK_ULONG, object: *mut CK_OBJECT_HANDLE) []: C_CreateObject;
    (object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG, copy: *mut CK_OBJECT_HANDLE) []: C_CopyObject;

    (mechanism: *mut CK_MECHANISM) []: C_DigestInit;
    (mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE) []:
        C_EncryptInit C_DecryptInit C_SignInit C_SignRecoverInit C_VerifyInit C_VerifyRecoverInit;
    (data: *mut CK_BYTE, len: CK_ULONG) []:
        C_InitPIN C_DigestUpdate C_SignUpdate C_VerifyUpdate C_VerifyFinal C_SeedRandom C_GenerateRandom;
    (data: *mut CK_BYTE, len: CK_ULONG, signature: *mut CK_BYTE, signature_len: CK_ULONG) []: C_Verify;
    (output: *mut CK_BYTE, len: *mut CK_ULONG) [output len]:
        C_GetOperationState C_EncryptFinal C_DecryptFinal C_DigestFinal C_SignFinal;
    (input: *mut CK_BYTE, input_len: CK_ULONG, output: *mut CK_BYTE, len: *mut CK_ULONG) [output len]:
        C_Encrypt C_EncryptUpdate C_Decrypt C_DecryptUpdate C_Digest C_Sign C_SignRecover C_VerifyRecover
        C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate;

    (mechanism: *mut CK_MECHANISM, template: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE) []: C_GenerateKey;
    (
        mechanism: *mut CK_MECHANISM, public: *mut CK_ATTRIBUTE, public_count: CK_ULONG, private: *mut CK_ATTRIBUTE,
        private_count: CK_ULONG, public_key: *mut CK_OBJECT_HANDLE, private_key: *mut CK_OBJECT_HANDLE
    ) []: C_GenerateKeyPair;
    (
        mechanism: *mut CK_MECHANISM, wrapping: CK_OBJECT_HANDLE, key: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE,
        len: *mut CK_ULONG
    ) [wrapped len]: C_WrapKey;
    (
        mechanism: *mut CK_MECHANISM, unwrapping: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE, len: CK_ULONG,
        template: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE
    ) []: C_UnwrapKey;
    (
        mechanism: *mut CK_MECHANISM, base: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        key: *mut CK_OBJECT_HANDLE
    ) []: C_DeriveKey;
}
