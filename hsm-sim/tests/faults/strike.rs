//! What each effect does to the call it strikes, and to those after it.

use std::time::{Duration, Instant};

use cryptoki::{error::RvError, mechanism::Mechanism, object::ObjectClass};

use crate::rig::{DIGEST, alone, code, initialize, key, sign};

#[test]
fn returned_codes_strike_the_calls_they_are_due_at_and_leave_the_session_usable() {
    alone(
        "strike::returned_codes_strike_the_calls_they_are_due_at_and_leave_the_session_usable",
        |rig| {
            let session = rig.login();
            rig.configure("[[fault]]\ncall = \"C_Login\"\ndie = true\n[[fault]]\ncall = \"C_Sign\"\nafter = 1\ncount = 2\nreturn = \"CKR_DEVICE_MEMORY\"");
            sign(&session).unwrap();
            assert_eq!(code(sign(&session)), RvError::DeviceMemory);
            assert_eq!(code(sign(&session)), RvError::DeviceMemory);
            sign(&session).unwrap();
            let calls = rig.calls("C_Sign");
            let results: Vec<_> = calls
                .iter()
                .map(|line| (line.result.as_str(), line.fault.as_deref(), line.entry))
                .collect();
            let struck = ("CKR_DEVICE_MEMORY", Some("return"), Some(1));
            assert_eq!(
                results,
                [
                    ("CKR_OK", None, None),
                    struck,
                    struck,
                    ("CKR_OK", None, None)
                ]
            );
            assert!(
                calls
                    .iter()
                    .all(|line| line.session == Some(session.handle()))
            );
        },
    );
}

#[test]
fn a_flipped_bit_makes_a_signature_that_does_not_verify() {
    alone(
        "strike::a_flipped_bit_makes_a_signature_that_does_not_verify",
        |rig| {
            let session = rig.login();
            rig.configure("[[fault]]\ncall = \"C_Sign\"\ncount = 1\nflip-bit = true");
            let public = key(&session, ObjectClass::PUBLIC_KEY);
            let faulty = sign(&session).unwrap();
            assert_eq!(
                code(session.verify(&Mechanism::Ecdsa, public, DIGEST, &faulty)),
                RvError::SignatureInvalid
            );
            let right = sign(&session).unwrap();
            session
                .verify(&Mechanism::Ecdsa, public, DIGEST, &right)
                .unwrap();
            assert_eq!(rig.calls("C_Sign")[0].fault.as_deref(), Some("flip-bit"));
        },
    );
}

#[test]
fn a_hang_takes_its_time_and_then_answers() {
    alone("strike::a_hang_takes_its_time_and_then_answers", |rig| {
        let session = rig.login();
        rig.configure("[[fault]]\ncall = \"C_SignInit\"\ncount = 1\nhang = \"250ms\"");
        sign(&session).unwrap();
        let line = rig.calls("C_SignInit").remove(0);
        assert_eq!(
            (line.result.as_str(), line.fault.as_deref()),
            ("CKR_OK", Some("hang"))
        );
        assert!(line.micros >= 250_000, "{line:?}");
    });
}

#[test]
fn lost_sessions_stay_lost_and_nobody_is_logged_in() {
    alone(
        "strike::lost_sessions_stay_lost_and_nobody_is_logged_in",
        |rig| {
            let (first, second) = (rig.login(), rig.pkcs11.open_ro_session(rig.slot()).unwrap());
            rig.configure("[[fault]]\ncall = \"C_SignInit\"\ncount = 1\nlose-sessions = true");
            assert_eq!(code(sign(&first)), RvError::SessionHandleInvalid);
            assert_eq!(
                code(second.get_session_info()),
                RvError::SessionHandleInvalid
            );
            let fresh = rig.pkcs11.open_ro_session(rig.slot()).unwrap();
            assert_ne!(fresh.handle(), first.handle());
            assert!(
                fresh
                    .find_objects(&[cryptoki::object::Attribute::Class(ObjectClass::PRIVATE_KEY)])
                    .unwrap()
                    .is_empty()
            );
            sign(&rig.login()).unwrap();
            let faults: Vec<_> = rig
                .calls("C_SignInit")
                .into_iter()
                .map(|line| line.fault)
                .collect();
            assert_eq!(faults, [Some("lose-sessions".to_owned()), None]);
        },
    );
}

#[test]
fn a_dead_device_comes_back_with_finalize_and_initialize_only() {
    alone(
        "strike::a_dead_device_comes_back_with_finalize_and_initialize_only",
        |rig| {
            let (session, slot) = (rig.login(), rig.slot());
            rig.configure("[[fault]]\ncall = \"C_Sign\"\ncount = 1\ndie = true");
            assert_eq!(code(sign(&session)), RvError::DeviceError);
            assert_eq!(code(rig.pkcs11.open_ro_session(slot)), RvError::DeviceError);
            assert_eq!(
                code(rig.pkcs11.get_slots_with_token()),
                RvError::DeviceError
            );
            drop(session);
            rig.pkcs11.clone().finalize().unwrap();
            initialize(&rig.pkcs11).unwrap();
            sign(&rig.login()).unwrap();
            assert_eq!(rig.calls("C_OpenSession")[2].fault.as_deref(), Some("dead"));

            rig.configure("[[fault]]\ncall = \"C_Initialize\"\ncount = 1\ndie = true");
            rig.pkcs11.clone().finalize().unwrap();
            assert_eq!(code(initialize(&rig.pkcs11)), RvError::DeviceError);
            initialize(&rig.pkcs11).unwrap();
            sign(&rig.login()).unwrap();
        },
    );
}

#[test]
fn an_absent_token_is_in_no_slot_until_its_time_is_over() {
    alone(
        "strike::an_absent_token_is_in_no_slot_until_its_time_is_over",
        |rig| {
            let (session, slot) = (rig.login(), rig.slot());
            rig.configure("[[fault]]\ncall = \"C_SignInit\"\ncount = 1\ntoken-absent = \"400ms\"");
            let struck = Instant::now();
            assert_eq!(code(sign(&session)), RvError::DeviceRemoved);
            assert!(rig.pkcs11.get_slots_with_token().unwrap().is_empty());
            assert!(!rig.pkcs11.get_slot_info(slot).unwrap().token_present());
            assert_eq!(
                code(rig.pkcs11.open_ro_session(slot)),
                RvError::TokenNotPresent
            );
            while rig.pkcs11.get_slots_with_token().unwrap().is_empty() {
                assert!(struck.elapsed() < Duration::from_secs(20));
                std::thread::park_timeout(Duration::from_millis(20));
            }
            assert!(struck.elapsed() >= Duration::from_millis(400));
            assert_eq!(
                code(session.get_session_info()),
                RvError::SessionHandleInvalid
            );
            sign(&rig.login()).unwrap();
            assert_eq!(
                rig.calls("C_SignInit")[0].fault.as_deref(),
                Some("token-absent")
            );
        },
    );
}

#[test]
fn probability_strikes_some_and_spares_some() {
    alone("strike::probability_strikes_some_and_spares_some", |rig| {
        let session = rig.login();
        rig.configure("seed = 3\n[[fault]]\ncall = \"C_Sign\"\nprobability = 0.5\nreturn = \"CKR_FUNCTION_FAILED\"");
        let failed = (0..64).filter(|_| sign(&session).is_err()).count();
        assert!((16..=48).contains(&failed), "{failed} of 64");
    });
}

#[test]
fn handles_start_again_only_where_that_is_asked_for() {
    alone(
        "strike::handles_start_again_only_where_that_is_asked_for",
        |rig| {
            let before = rig.login().handle();
            rig.pkcs11.clone().finalize().unwrap();
            initialize(&rig.pkcs11).unwrap();
            assert!(rig.login().handle() > before);
            rig.configure("session-handles = \"restart\"");
            rig.pkcs11.clone().finalize().unwrap();
            initialize(&rig.pkcs11).unwrap();
            assert_eq!(rig.login().handle(), 1);
        },
    );
}

#[test]
fn a_file_that_is_not_understood_stops_everything_until_it_is() {
    alone(
        "strike::a_file_that_is_not_understood_stops_everything_until_it_is",
        |rig| {
            let session = rig.login();
            rig.configure("[[fault]]\ncall = \"C_Sing\"\ndie = true");
            assert_eq!(code(session.get_session_info()), RvError::FunctionFailed);
            rig.configure_exactly("module = \"/nowhere/other.so\"");
            assert_eq!(code(session.get_session_info()), RvError::FunctionFailed);
            rig.configure("");
            sign(&session).unwrap();
        },
    );
}
