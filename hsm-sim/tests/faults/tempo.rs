//! Latency and limits. Only lower bounds are asserted: a machine may always be slower.

use std::time::{Duration, Instant};

use cryptoki::{error::RvError, slot::Limit};

use crate::rig::{Rig, alone, code, sign};

/// How long `threads` sessions take for `each` signatures each.
fn time(rig: &Rig, threads: usize, each: usize) -> Duration {
    let _logged_in = rig.login();
    let sessions: Vec<_> = (0..threads)
        .map(|_| rig.pkcs11.open_ro_session(rig.slot()).unwrap())
        .collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for session in sessions {
            scope.spawn(move || (0..each).for_each(|_| drop(sign(&session).unwrap())));
        }
    });
    started.elapsed()
}

#[test]
fn latency_counts_once_a_signature_and_sessions_overlap() {
    alone(
        "tempo::latency_counts_once_a_signature_and_sessions_overlap",
        |rig| {
            rig.configure("latency = { C_Sign = \"40ms\" }");
            assert!(time(rig, 1, 3) >= Duration::from_millis(120));
            rig.configure("latency = { C_Sign = \"40ms\" }\nmax-parallel = 2");
            assert!(time(rig, 8, 1) >= Duration::from_millis(160));
            assert!(rig.calls("C_Sign").iter().all(|line| line.micros >= 40_000));
        },
    );
}

#[test]
fn operations_a_second_are_limited_over_all_sessions() {
    alone(
        "tempo::operations_a_second_are_limited_over_all_sessions",
        |rig| {
            rig.configure("max-per-second = 50");
            assert!(time(rig, 4, 3) >= Duration::from_millis(11 * 20));
        },
    );
}

#[test]
fn sessions_are_limited_and_the_token_says_so() {
    alone("tempo::sessions_are_limited_and_the_token_says_so", |rig| {
        rig.configure("max-sessions = 2");
        let first = rig.login();
        let _second = rig.pkcs11.open_ro_session(rig.slot()).unwrap();
        assert_eq!(
            code(rig.pkcs11.open_ro_session(rig.slot())),
            RvError::SessionCount
        );
        assert!(matches!(
            rig.pkcs11
                .get_token_info(rig.slot())
                .unwrap()
                .max_session_count(),
            Limit::Max(2)
        ));
        first.close().unwrap();
        rig.pkcs11.open_ro_session(rig.slot()).unwrap();
    });
}
