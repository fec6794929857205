//! What is done about an error: one table from (C function, return value) to an [`Action`], with the reason of each line.
//!
//! The table is exhaustive on both axes: a code or a function that a later binding adds does not compile until it has
//! been thought about. It states the *first* thing to do. When that does not help, the caller goes one step further
//! ([`Action::next`]), and beyond its own session only while no other job succeeds, so that one bad job (a key the
//! token chokes on) never costs the others their sessions.

use cryptoki::context::Function;
use cryptoki::error::RvError;

/// What to do about an error, from the least to the most disturbing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Action {
    /// Ask again on the same session, with handles looked up again.
    SameSession,
    /// Ask again on a new session.
    NewSession,
    /// Drop every session, log in again, ask again.
    NewLogin,
    /// Finalise and initialise the module, log in, ask again.
    Reinitialise,
    /// Answer the error: asking again cannot help, or must not be tried.
    GiveUp,
}

impl Action {
    /// The next stronger repair; after the strongest, the strongest again.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::SameSession => Self::NewSession,
            Self::NewSession => Self::NewLogin,
            Self::NewLogin | Self::Reinitialise => Self::Reinitialise,
            Self::GiveUp => Self::GiveUp,
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) action: Action,
    pub(super) reason: &'static str,
}

const fn because(action: Action, reason: &'static str) -> Rule {
    Rule { action, reason }
}

/// What a function does, as far as the same code means something else in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// The module as a whole.
    Module,
    /// Slots and tokens, before a session.
    Token,
    /// Opens a session.
    Open,
    /// Looks after a session that is open.
    Session,
    /// Proves the PIN.
    Login,
    /// Finds objects and reads attributes.
    Lookup,
    /// Uses a key.
    Use,
    /// Makes, changes or destroys an object.
    Make,
    /// Opens bytes from outside: unwraps a key, decrypts.
    Foreign,
    /// Sets up a token.
    Provision,
}

/// The table.
#[expect(clippy::too_many_lines, reason = "one line a code; splitting the table would hide whether it is complete")]
#[rustfmt::skip]
pub(super) const fn rule(function: Function, rv: RvError) -> Rule {
    use Action::{GiveUp, NewLogin, NewSession, Reinitialise, SameSession};
    let call = call(function);
    match rv {
        // The codes that mean different things in different functions.
        RvError::GeneralError => match call {
            Call::Module | Call::Token => because(Reinitialise, "the module did not come up whole"),
            Call::Open => because(NewLogin, "the connection below the module is gone; the login went with it"),
            Call::Session | Call::Lookup | Call::Use | Call::Make => {
                because(NewSession, "the session's state is unknown; a new one may be sound")
            }
            Call::Login => because(SameSession, "file-backed tokens answer so while another process rewrites them"),
            Call::Foreign => because(GiveUp, "tokens answer so to bytes that were tampered with; the token is well"),
            Call::Provision => because(GiveUp, "setting up a token is not repeated behind the operator's back"),
        },
        RvError::FunctionFailed => match call {
            Call::Module | Call::Token => because(Reinitialise, "the module did not come up whole"),
            Call::Open => because(NewLogin, "a session that cannot be opened twice points below the session"),
            Call::Session | Call::Lookup | Call::Use | Call::Make => {
                because(NewSession, "the very same call may succeed; its operation is in an unknown state")
            }
            Call::Login => because(SameSession, "not a statement about the PIN; networked tokens answer so while starting"),
            Call::Foreign => because(GiveUp, "tokens answer so to bytes that were tampered with; the token is well"),
            Call::Provision => because(GiveUp, "setting up a token is not repeated behind the operator's back"),
        },
        RvError::DeviceError => match call {
            Call::Module => because(Reinitialise, "the device was not reached while the module came up"),
            Call::Token | Call::Open | Call::Login => because(NewLogin, "the device is not well; look for the token afresh"),
            Call::Session | Call::Lookup | Call::Use | Call::Make | Call::Foreign => {
                because(NewSession, "a dropped connection shows first as a device error on its session")
            }
            Call::Provision => because(GiveUp, "setting up a token is not repeated behind the operator's back"),
        },
        RvError::ArgumentsBad => match call {
            Call::Module | Call::Provision | Call::Token | Call::Open | Call::Session | Call::Login => {
                because(GiveUp, "our arguments do not change by asking again")
            }
            Call::Lookup | Call::Use | Call::Make | Call::Foreign => because(GiveUp, "the request itself is at fault"),
        },
        RvError::FunctionNotSupported => match call {
            Call::Module | Call::Token | Call::Open | Call::Session | Call::Login => {
                because(GiveUp, "a module without its basic functions is the wrong module")
            }
            Call::Lookup | Call::Use | Call::Make | Call::Foreign | Call::Provision => {
                because(GiveUp, "the module cannot do this, now or later")
            }
        },
        RvError::HostMemory => match call {
            Call::Module => because(GiveUp, "no memory to start with; the supervisor must see it"),
            Call::Token | Call::Open | Call::Session | Call::Login | Call::Lookup | Call::Use | Call::Make | Call::Foreign => {
                because(NewSession, "giving the session back frees what it holds")
            }
            Call::Provision => because(GiveUp, "setting up a token is not repeated behind the operator's back"),
        },
        RvError::DeviceMemory => match call {
            Call::Make => because(GiveUp, "the token is full; an operator must make room"),
            Call::Module | Call::Token | Call::Login | Call::Provision => because(GiveUp, "the token is out of memory at rest"),
            Call::Open | Call::Session | Call::Lookup | Call::Use | Call::Foreign => {
                because(NewSession, "session objects die with their session and free the memory")
            }
        },

        // The module.
        RvError::CryptokiNotInitialized => because(Reinitialise, "someone finalised the module, or the process forked"),
        RvError::CryptokiAlreadyInitialized => because(SameSession, "it is what we wanted; initialising treats it as success"),
        RvError::LibraryLoadFailed => because(Reinitialise, "a library below the module was missing; it may come back"),
        RvError::NeedToCreateThreads => because(GiveUp, "we do let the module make threads; it contradicts itself"),
        RvError::CantLock => because(GiveUp, "the module cannot be used by several threads"),
        RvError::MutexBad => because(Reinitialise, "the module's own locks are broken"),
        RvError::MutexNotLocked => because(Reinitialise, "the module's own locks are broken"),
        RvError::FipsSelfTestFailed => because(Reinitialise, "the self-test runs again with the next initialisation"),
        RvError::NoEvent => because(SameSession, "not an error: nothing happened in the slots"),

        // Slots and tokens.
        RvError::SlotIdInvalid => because(NewLogin, "slots are renumbered; the token is looked for by label or serial"),
        RvError::TokenNotPresent => because(NewLogin, "the token is away; the keeper waits for it"),
        RvError::TokenNotRecognized => because(NewLogin, "the token may be starting; the keeper looks again"),
        RvError::DeviceRemoved => because(NewLogin, "the token went away during the call and took every session along"),
        RvError::TokenWriteProtected => because(GiveUp, "the token takes no new objects"),

        // Sessions.
        RvError::SessionClosed => because(NewSession, "closed under us"),
        RvError::SessionHandleInvalid => because(NewSession, "closed under us, by the token or by its reboot"),
        RvError::SessionCount => because(NewSession, "others hold the token's sessions; the worker waits, the job goes elsewhere"),
        RvError::SessionParallelNotSupported => because(GiveUp, "only a caller that forgets a flag sees it; we do not"),
        RvError::SessionReadOnly => because(NewSession, "the job asks for a read-write session then"),
        RvError::SessionExists => because(GiveUp, "a token with open sessions is not initialised over them"),
        RvError::SessionReadOnlyExists => because(GiveUp, "the security officer cannot log in beside our sessions"),
        RvError::SessionReadWriteSoExists => because(NewLogin, "a security officer is at work; wait for the end of it"),
        RvError::OperationActive => because(NewSession, "an operation was left open; only a new session is surely free"),
        RvError::OperationNotInitialized => because(SameSession, "the operation was cancelled under us; it starts afresh"),
        RvError::SavedStateInvalid => because(GiveUp, "we save no operation state"),
        RvError::StateUnsaveable => because(GiveUp, "we save no operation state"),
        RvError::FunctionCanceled => because(SameSession, "cancelled from outside; it starts afresh"),
        RvError::FunctionNotParallel => because(GiveUp, "a function of old that we do not call"),
        RvError::Cancel => because(SameSession, "a callback cancelled; none of ours does"),

        // The login. Anything about the PIN ends all logins: each may cost the token one of its last attempts.
        RvError::PinIncorrect => because(GiveUp, "never again: a retry counts against the PIN's attempts"),
        RvError::PinInvalid => because(GiveUp, "the PIN has characters the token does not take"),
        RvError::PinLenRange => because(GiveUp, "the PIN has a length the token does not take"),
        RvError::PinExpired => because(GiveUp, "the PIN must be changed by its owner"),
        RvError::PinLocked => because(GiveUp, "the PIN is locked; the security officer must unlock it"),
        RvError::PinTooWeak => because(GiveUp, "the PIN must be changed by its owner"),
        RvError::NewPinMode => because(GiveUp, "the authenticator wants a new PIN from its owner"),
        RvError::NextOtp => because(GiveUp, "the authenticator wants another code from its owner"),
        // No PIN is compared here, so that asking again costs no attempt.
        RvError::UserPinNotInitialized => because(Reinitialise, "file-backed tokens answer so when read while another process writes them"),
        RvError::UserAlreadyLoggedIn => because(SameSession, "it is what we wanted; logging in treats it as success"),
        RvError::UserNotLoggedIn => because(NewLogin, "the login is gone, by a reboot or by someone's logout"),
        RvError::UserAnotherAlreadyLoggedIn => because(NewLogin, "a security officer is at work; wait for the end of it"),
        RvError::UserTooManyTypes => because(NewLogin, "a security officer is at work; wait for the end of it"),
        RvError::UserTypeInvalid => because(GiveUp, "the token knows no such login"),

        // Handles.
        RvError::KeyHandleInvalid => because(SameSession, "the handle is stale; the key is looked up again"),
        RvError::ObjectHandleInvalid => because(SameSession, "the handle is stale; the object is looked up again"),
        RvError::UnwrappingKeyHandleInvalid => because(SameSession, "the handle is stale; the key is looked up again"),
        RvError::WrappingKeyHandleInvalid => because(SameSession, "the handle is stale; the key is looked up again"),

        // What the request asks for is at fault, and stays so.
        RvError::ActionProhibited => because(GiveUp, "the object's attributes forbid it"),
        RvError::AttributeReadOnly => because(GiveUp, "the attribute cannot be set"),
        RvError::AttributeSensitive => because(GiveUp, "the attribute cannot be read, which is as it should be"),
        RvError::AttributeTypeInvalid => because(GiveUp, "the object has no such attribute"),
        RvError::AttributeValueInvalid => because(GiveUp, "the token does not take the value"),
        RvError::BufferTooSmall => because(NewSession, "the answer grew between two calls; the operation is still open"),
        RvError::CurveNotSupported => because(GiveUp, "the token does not know the curve"),
        RvError::DataInvalid => because(GiveUp, "the input is at fault"),
        RvError::DataLenRange => because(GiveUp, "the input is at fault"),
        RvError::DomainParamsInvalid => because(GiveUp, "the token does not know the curve"),
        RvError::EncryptedDataInvalid => because(GiveUp, "the ciphertext is at fault"),
        RvError::EncryptedDataLenRange => because(GiveUp, "the ciphertext is at fault"),
        RvError::ExceededMaxIterations => because(SameSession, "prime generation gave up; another try draws other numbers"),
        RvError::FunctionRejected => because(GiveUp, "a person at the token said no"),
        RvError::InformationSensitive => because(GiveUp, "the token does not tell"),
        RvError::KeyChanged => because(GiveUp, "we save no operation state"),
        RvError::KeyFunctionNotPermitted => because(GiveUp, "the key's attributes forbid it"),
        RvError::KeyIndigestible => because(GiveUp, "we digest no keys"),
        RvError::KeyNeeded => because(GiveUp, "we save no operation state"),
        RvError::KeyNotNeeded => because(GiveUp, "we save no operation state"),
        RvError::KeyNotWrappable => because(GiveUp, "the token does not wrap this kind of key"),
        RvError::KeySizeRange => because(GiveUp, "the token does not take keys of this size"),
        RvError::KeyTypeInconsistent => because(GiveUp, "the key is of another kind than the mechanism"),
        RvError::KeyUnextractable => because(GiveUp, "the key's attributes forbid it"),
        RvError::MechanismInvalid => because(GiveUp, "the token does not know the mechanism"),
        RvError::MechanismParamInvalid => because(GiveUp, "the token does not take the mechanism's parameters"),
        RvError::PublicKeyInvalid => because(GiveUp, "the public key is at fault"),
        RvError::RandomNoRng => because(GiveUp, "the token has no random generator"),
        RvError::RandomSeedNotSupported => because(GiveUp, "the token takes no seed"),
        RvError::SignatureInvalid => because(GiveUp, "the answer to a question, not a failure"),
        RvError::SignatureLenRange => because(GiveUp, "the answer to a question, not a failure"),
        RvError::TemplateIncomplete => because(GiveUp, "the token wants more attributes"),
        RvError::TemplateInconsistent => because(GiveUp, "the token does not take these attributes together"),
        RvError::UnwrappingKeySizeRange => because(GiveUp, "the token does not take keys of this size"),
        RvError::UnwrappingKeyTypeInconsistent => because(GiveUp, "the key is of another kind than the mechanism"),
        RvError::WrappedKeyInvalid => because(GiveUp, "the blob was tampered with or made under another key"),
        RvError::WrappedKeyLenRange => because(GiveUp, "the blob was tampered with or made under another key"),
        RvError::WrappingKeySizeRange => because(GiveUp, "the token does not take keys of this size"),
        RvError::WrappingKeyTypeInconsistent => because(GiveUp, "the key is of another kind than the mechanism"),

        // Codes without a meaning of their own. A vendor's code is most often a broken connection below the module.
        RvError::VendorDefined(_) | RvError::UnknownErrorCode(_) => match call {
            Call::Module => because(Reinitialise, "the module did not come up whole"),
            Call::Token | Call::Open => because(NewLogin, "the connection below the module is suspect"),
            Call::Session | Call::Lookup | Call::Use | Call::Make => because(NewSession, "the connection below the session is suspect"),
            Call::Login => because(NewLogin, "the PIN has codes of its own; the keeper looks at the PIN's flags before it tries again"),
            Call::Foreign => because(GiveUp, "it may be a statement about the bytes"),
            Call::Provision => because(GiveUp, "setting up a token is not repeated behind the operator's back"),
        },
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one list of every C function; splitting it would hide whether it is complete"
)]
const fn call(function: Function) -> Call {
    match function {
        Function::Initialize
        | Function::Finalize
        | Function::GetInfo
        | Function::GetFunctionList
        | Function::GetInterface
        | Function::GetInterfaceList => Call::Module,
        Function::GetSlotList
        | Function::GetSlotInfo
        | Function::GetTokenInfo
        | Function::GetMechanismList
        | Function::GetMechanismInfo
        | Function::WaitForSlotEvent => Call::Token,
        Function::OpenSession => Call::Open,
        Function::CloseSession
        | Function::CloseAllSessions
        | Function::GetSessionInfo
        | Function::GetOperationState
        | Function::SetOperationState
        | Function::GetSessionValidationFlags
        | Function::SessionCancel
        | Function::GetFunctionStatus
        | Function::CancelFunction
        | Function::AsyncComplete
        | Function::AsyncGetID
        | Function::AsyncJoin
        | Function::Logout => Call::Session,
        Function::Login | Function::LoginUser => Call::Login,
        Function::GetAttributeValue
        | Function::GetObjectSize
        | Function::FindObjectsInit
        | Function::FindObjects
        | Function::FindObjectsFinal => Call::Lookup,
        Function::EncryptInit
        | Function::Encrypt
        | Function::EncryptUpdate
        | Function::EncryptFinal
        | Function::DecryptInit
        | Function::DigestInit
        | Function::Digest
        | Function::DigestUpdate
        | Function::DigestKey
        | Function::DigestFinal
        | Function::SignInit
        | Function::Sign
        | Function::SignUpdate
        | Function::SignFinal
        | Function::SignRecoverInit
        | Function::SignRecover
        | Function::VerifyInit
        | Function::Verify
        | Function::VerifyUpdate
        | Function::VerifyFinal
        | Function::VerifyRecoverInit
        | Function::VerifyRecover
        | Function::DigestEncryptUpdate
        | Function::DecryptDigestUpdate
        | Function::SignEncryptUpdate
        | Function::DecryptVerifyUpdate
        | Function::SeedRandom
        | Function::GenerateRandom
        | Function::MessageEncryptInit
        | Function::EncryptMessage
        | Function::EncryptMessageBegin
        | Function::EncryptMessageNext
        | Function::MessageEncryptFinal
        | Function::MessageDecryptInit
        | Function::DecryptMessageBegin
        | Function::MessageSignInit
        | Function::SignMessage
        | Function::SignMessageBegin
        | Function::SignMessageNext
        | Function::MessageSignFinal
        | Function::MessageVerifyInit
        | Function::VerifyMessage
        | Function::VerifyMessageBegin
        | Function::VerifyMessageNext
        | Function::MessageVerifyFinal
        | Function::VerifySignatureInit
        | Function::VerifySignature
        | Function::VerifySignatureUpdate
        | Function::VerifySignatureFinal => Call::Use,
        Function::CreateObject
        | Function::CopyObject
        | Function::DestroyObject
        | Function::SetAttributeValue
        | Function::GenerateKey
        | Function::GenerateKeyPair
        | Function::WrapKey
        | Function::WrapKeyAuthenticated
        | Function::EncapsulateKey
        | Function::DeriveKey => Call::Make,
        Function::UnwrapKey
        | Function::UnwrapKeyAuthenticated
        | Function::DecapsulateKey
        | Function::Decrypt
        | Function::DecryptUpdate
        | Function::DecryptFinal
        | Function::DecryptMessage
        | Function::DecryptMessageNext
        | Function::MessageDecryptFinal => Call::Foreign,
        Function::InitToken | Function::InitPIN | Function::SetPIN => Call::Provision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_about_the_pin_is_ever_asked_again() {
        use RvError::{
            NewPinMode, NextOtp, PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked,
            PinTooWeak,
        };
        for rv in [
            NewPinMode,
            NextOtp,
            PinExpired,
            PinIncorrect,
            PinInvalid,
            PinLenRange,
            PinLocked,
            PinTooWeak,
        ] {
            for function in [
                Function::Login,
                Function::LoginUser,
                Function::SignInit,
                Function::Sign,
                Function::OpenSession,
            ] {
                assert_eq!(
                    rule(function, rv).action,
                    Action::GiveUp,
                    "{function:?} {rv:?}"
                );
            }
        }
    }

    #[test]
    fn the_function_decides_what_a_general_error_means() {
        let action = |function| rule(function, RvError::GeneralError).action;
        assert_eq!(action(Function::UnwrapKey), Action::GiveUp);
        assert_eq!(action(Function::Login), Action::SameSession);
        assert_eq!(action(Function::Sign), Action::NewSession);
        assert_eq!(action(Function::Initialize), Action::Reinitialise);
    }

    #[test]
    fn repairs_grow_and_giving_up_stays() {
        let mut action = Action::SameSession;
        for _ in 0..5 {
            assert!(action.next() >= action);
            action = action.next();
        }
        assert_eq!(action, Action::Reinitialise);
        assert_eq!(Action::GiveUp.next(), Action::GiveUp);
    }
}
