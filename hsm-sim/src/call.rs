//! The functions of PKCS#11 2.40 by name, as the configuration and the call log spell them.

/// The table of functions, and the enum with one variant a function.
macro_rules! calls {
    ($($name:ident)*) => {
        /// A function of the interface.
        #[expect(non_camel_case_types, reason = "the standard's own spelling, which is also the configuration's")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Call { $($name),* }

        impl Call {
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The function's name in the standard.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

calls! {
    C_Initialize C_Finalize C_GetInfo C_GetFunctionList C_GetSlotList C_GetSlotInfo C_GetTokenInfo C_GetMechanismList
    C_GetMechanismInfo C_InitToken C_InitPIN C_SetPIN C_OpenSession C_CloseSession C_CloseAllSessions C_GetSessionInfo
    C_GetOperationState C_SetOperationState C_Login C_Logout C_CreateObject C_CopyObject C_DestroyObject C_GetObjectSize
    C_GetAttributeValue C_SetAttributeValue C_FindObjectsInit C_FindObjects C_FindObjectsFinal C_EncryptInit C_Encrypt
    C_EncryptUpdate C_EncryptFinal C_DecryptInit C_Decrypt C_DecryptUpdate C_DecryptFinal C_DigestInit C_Digest
    C_DigestUpdate C_DigestKey C_DigestFinal C_SignInit C_Sign C_SignUpdate C_SignFinal C_SignRecoverInit C_SignRecover
    C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal C_VerifyRecoverInit C_VerifyRecover C_DigestEncryptUpdate
    C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey
    C_DeriveKey C_SeedRandom C_GenerateRandom C_GetFunctionStatus C_CancelFunction C_WaitForSlotEvent
}

impl Call {
    /// Whether the device computes with a key or makes one: what `max-parallel` and `max-per-second` limit.
    pub(crate) fn is_operation(self) -> bool {
        matches!(
            self,
            Self::C_Encrypt
                | Self::C_EncryptFinal
                | Self::C_Decrypt
                | Self::C_DecryptFinal
                | Self::C_Sign
                | Self::C_SignFinal
                | Self::C_SignRecover
                | Self::C_Verify
                | Self::C_VerifyFinal
                | Self::C_VerifyRecover
                | Self::C_GenerateKey
                | Self::C_GenerateKeyPair
                | Self::C_WrapKey
                | Self::C_UnwrapKey
                | Self::C_DeriveKey
        )
    }

    /// Whether the function hands bytes to the caller, so that a bit of them can be wrong.
    pub(crate) fn answers_bytes(self) -> bool {
        matches!(
            self,
            Self::C_GetOperationState
                | Self::C_Encrypt
                | Self::C_EncryptUpdate
                | Self::C_EncryptFinal
                | Self::C_Decrypt
                | Self::C_DecryptUpdate
                | Self::C_DecryptFinal
                | Self::C_Digest
                | Self::C_DigestFinal
                | Self::C_Sign
                | Self::C_SignFinal
                | Self::C_SignRecover
                | Self::C_VerifyRecover
                | Self::C_DigestEncryptUpdate
                | Self::C_DecryptDigestUpdate
                | Self::C_SignEncryptUpdate
                | Self::C_DecryptVerifyUpdate
                | Self::C_WrapKey
        )
    }

    /// Whether the call is possible with no token in the slot.
    pub(crate) fn needs_token(self) -> bool {
        !matches!(
            self,
            Self::C_Initialize
                | Self::C_Finalize
                | Self::C_GetInfo
                | Self::C_GetFunctionList
                | Self::C_GetSlotList
                | Self::C_GetSlotInfo
                | Self::C_WaitForSlotEvent
        )
    }
}

impl TryFrom<String> for Call {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|call| call.name() == name)
            .ok_or_else(|| format!("no function of PKCS#11 2.40: {name}"))
    }
}
