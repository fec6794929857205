//! What a token does to its users, and what its users notice of it.

use std::fs;
use std::num::NonZeroU64;
use std::process::Stdio;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use signer::hsm::{Error, State, TokenSelector, provision};
use signer::key::SigningKey;

use crate::harness::*;
use crate::trap::Trap;

#[test]
fn a_lost_login_is_made_again_unseen() {
    alone("faults::a_lost_login_is_made_again_unseen", |_| {
        let hsm = start(settings());
        let key = p256(&hsm, "seal");
        let (pkcs11, slot) = beside();
        for n in 0..5_u8 {
            sign(&key, &[n]).unwrap();
            pkcs11.open_ro_session(slot).unwrap().logout().unwrap();
            sign(&key, &[n]).unwrap();
        }
        let counters = hsm.health().counters;
        assert!(
            counters.logins >= 6 && counters.failures == 0,
            "{counters:?}"
        );
        assert_eq!(
            counters.reinitialisations, 0,
            "a login is repaired by a login"
        );
    });
}

#[test]
fn an_idle_token_finds_out_that_its_login_is_lost() {
    alone(
        "faults::an_idle_token_finds_out_that_its_login_is_lost",
        |_| {
            let hsm = start(settings());
            let (pkcs11, slot) = beside();
            pkcs11.open_ro_session(slot).unwrap().logout().unwrap();
            until("the login is made again", || {
                hsm.health().counters.logins == 2
            });
        },
    );
}

#[test]
fn a_module_finalised_underneath_is_initialised_again_unseen() {
    alone(
        "faults::a_module_finalised_underneath_is_initialised_again_unseen",
        |_| {
            let hsm = start(settings());
            let key = p256(&hsm, "seal");
            for n in 0..5_u8 {
                beside().0.finalize().unwrap();
                let answers: Vec<_> = (0..20).map(|m| key.sign(vec![n, m], soon())).collect();
                for answer in answers {
                    block_on(answer).unwrap();
                }
            }
            let health = hsm.health();
            assert!(
                health.counters.reinitialisations >= 5 && health.counters.failures == 0,
                "{health:?}"
            );
            assert!(!health.needs_restart);
        },
    );
}

#[test]
fn a_refused_pin_is_tried_once() {
    alone("faults::a_refused_pin_is_tried_once", |_| {
        let mut wrong = settings();
        wrong.pin = SecretString::from("bukan-ini");
        let hsm = begin(wrong);
        assert!(matches!(
            hsm.wait_usable(Duration::from_secs(30)),
            Err(Error::PinIncorrect)
        ));
        let health = hsm.health();
        assert_eq!(health.state, State::Unusable);
        assert!(matches!(health.reason, Some(Error::PinIncorrect)));
        let began = Instant::now();
        let answer = block_on(hsm.public_key(id("any"), soon()));
        assert!(matches!(answer, Err(Error::PinIncorrect)));
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "nobody waits for a login that is not tried"
        );
        block_on(hsm.shutdown(Duration::from_secs(1)));
        // The right PIN still works: the token was asked once.
        start(settings());
    });
}

#[test]
fn a_token_that_is_away_at_start_is_found_when_it_comes() {
    alone(
        "faults::a_token_that_is_away_at_start_is_found_when_it_comes",
        |token| {
            if !token.is_in_files() {
                return;
            }
            let (here, away) = (token.directory.join("tokens"), token.directory.join("away"));
            fs::rename(&here, &away).unwrap();
            fs::create_dir(&here).unwrap();
            let mut settings = settings();
            settings.start_patience = Duration::from_millis(300);
            let hsm = begin(settings);
            assert_eq!(hsm.health().state, State::Probing);
            until("the token is called unusable", || {
                hsm.health().state == State::Unusable
            });
            assert!(matches!(
                hsm.health().reason,
                Some(Error::TokenMissing { .. })
            ));
            let waiting = std::thread::spawn({
                let hsm = hsm.clone();
                move || block_on(hsm.public_key(id("none"), soon()))
            });
            fs::remove_dir_all(&here).unwrap();
            fs::rename(&away, &here).unwrap();
            hsm.wait_usable(Duration::from_secs(30)).unwrap();
            assert_eq!(waiting.join().unwrap().unwrap(), None);
        },
    );
}

#[test]
fn a_token_that_goes_away_and_comes_back_is_served_unseen() {
    alone(
        "faults::a_token_that_goes_away_and_comes_back_is_served_unseen",
        |token| {
            if !token.is_in_files() {
                return;
            }
            let hsm = start(settings());
            let key = p256(&hsm, "seal");
            sign(&key, b"x").unwrap();
            let (here, away) = (token.directory.join("tokens"), token.directory.join("away"));
            fs::rename(&here, &away).unwrap();
            fs::create_dir(&here).unwrap();
            let answers: Vec<_> = (0..20_u8).map(|n| key.sign(vec![n], soon())).collect();
            until("the loss is noticed", || hsm.health().counters.retries > 0);
            std::thread::park_timeout(Duration::from_millis(300));
            fs::remove_dir_all(&here).unwrap();
            fs::rename(&away, &here).unwrap();
            for answer in answers {
                block_on(answer).unwrap();
            }
            assert_eq!(hsm.health().counters.failures, 0);
        },
    );
}

#[test]
fn a_worker_that_hangs_is_given_up_replaced_and_taken_back() {
    alone(
        "faults::a_worker_that_hangs_is_given_up_replaced_and_taken_back",
        |token| {
            let mut settings = settings();
            (settings.workers, settings.max_stuck) = (1, 1);
            let hsm = start(settings);
            let good = p256(&hsm, "good");
            let Some((trap, bad)) = Trap::set(&token, || p256(&hsm, "bad")) else {
                return;
            };
            let late = bad.sign(b"x".to_vec(), Instant::now() + Duration::from_millis(200));
            assert!(matches!(block_on(late), Err(Error::Deadline)));
            until("it is replaced", || hsm.health().sessions == 2);
            let health = hsm.health();
            assert_eq!(
                (health.stuck, health.state, health.needs_restart),
                (1, State::Usable, false)
            );

            // The one that replaced it hangs as well, and there is no third: now only a restart helps.
            let late = bad.sign(b"x".to_vec(), Instant::now() + Duration::from_millis(200));
            assert!(matches!(block_on(late), Err(Error::Deadline)));
            let waiting = good.sign(b"x".to_vec(), soon());
            until("both are stuck", || hsm.health().stuck == 2);
            assert!(hsm.health().needs_restart);
            assert_eq!(hsm.health().state, State::Unusable);

            // They come back after all.
            trap.release();
            block_on(waiting).unwrap();
            until("nobody is stuck", || {
                hsm.health().stuck == 0 && hsm.health().sessions == 1
            });
            let health = hsm.health();
            assert_eq!((health.state, health.needs_restart), (State::Usable, false));
            sign(&bad, b"x").unwrap();
        },
    );
}

#[test]
fn a_module_is_not_initialised_again_around_a_thread_inside_it() {
    alone(
        "faults::a_module_is_not_initialised_again_around_a_thread_inside_it",
        |token| {
            let mut settings = settings();
            settings.recycle_after = NonZeroU64::new(1);
            settings.probe_interval = Duration::from_secs(2);
            let hsm = start(settings);
            let Some((trap, key)) = Trap::set(&token, || p256(&hsm, "bad")) else {
                return;
            };
            let late = key.sign(b"x".to_vec(), Instant::now() + Duration::from_millis(100));
            assert!(matches!(block_on(late), Err(Error::Deadline)));
            until("the module is to be recycled", || {
                hsm.health().needs_restart
            });
            let health = hsm.health();
            assert_eq!(
                (health.state, health.counters.reinitialisations),
                (State::Unusable, 0)
            );

            trap.release();
            until("it is recycled", || {
                hsm.health().counters.reinitialisations == 1
            });
            until("all is well", || {
                hsm.health().state == State::Usable && !hsm.health().needs_restart
            });
            sign(&key, b"x").unwrap();
        },
    );
}

#[test]
fn a_token_that_never_comes_costs_each_caller_its_own_deadline_only() {
    alone(
        "faults::a_token_that_never_comes_costs_each_caller_its_own_deadline_only",
        |_| {
            let mut settings = settings();
            settings.token = TokenSelector::Label("tidak ada".into());
            let hsm = begin(settings);
            let answer =
                block_on(hsm.public_key(id("any"), Instant::now() + Duration::from_millis(100)));
            assert!(matches!(answer, Err(Error::Deadline)));
            assert!(Error::Deadline.is_transient());
            block_on(hsm.shutdown(Duration::from_secs(1)));
        },
    );
}

#[test]
fn tokens_behind_one_module_are_repaired_together() {
    alone(
        "faults::tokens_behind_one_module_are_repaired_together",
        |_| {
            let second = provision::init_token(&module(), "kedua", &SO_PIN.into(), &PIN.into());
            if let Err(error) = second {
                println!("skipped: a second token: {error}");
                return;
            }
            let mut settings_of_second = settings();
            settings_of_second.token = TokenSelector::Label("kedua".into());
            let hsms = [start(settings()), start(settings_of_second)];
            let keys = hsms.each_ref().map(|hsm| p256(hsm, "seal"));
            for n in 0..3_u8 {
                beside().0.finalize().unwrap();
                let answers: Vec<_> = (0..40_usize)
                    .map(|m| keys[m % 2].sign(vec![n], soon()))
                    .collect();
                for answer in answers {
                    block_on(answer).unwrap();
                }
            }
            let failures: u64 = hsms.iter().map(|hsm| hsm.health().counters.failures).sum();
            assert_eq!(failures, 0);
        },
    );
}

#[test]
fn a_module_that_loses_memory_is_recycled_under_load() {
    alone(
        "faults::a_module_that_loses_memory_is_recycled_under_load",
        |_| {
            let mut settings = settings();
            settings.recycle_after = NonZeroU64::new(4);
            let hsm = start(settings);
            let key = p256(&hsm, "seal");
            for n in 0..12_u8 {
                p256(&hsm, &format!("key {n}"));
                let answers: Vec<_> = (0..10).map(|m| key.sign(vec![n, m], soon())).collect();
                for answer in answers {
                    block_on(answer).unwrap();
                }
            }
            until("the module was recycled", || {
                hsm.health().counters.reinitialisations >= 1
            });
            sign(&key, b"x").unwrap();
            assert_eq!(hsm.health().counters.failures, 0);
        },
    );
}

#[test]
fn processes_that_log_in_at_once_all_get_in() {
    alone(
        "faults::processes_that_log_in_at_once_all_get_in",
        |token| {
            let children: Vec<_> = (0..6)
                .map(|_| {
                    process(&token.directory)
                        .args([
                            "faults::logs_in_again_and_again",
                            "--exact",
                            "--nocapture",
                            "--ignored",
                        ])
                        .stdout(Stdio::piped())
                        .stderr(Stdio::piped())
                        .spawn()
                        .unwrap()
                })
                .collect();
            for child in children {
                let output = child.wait_with_output().unwrap();
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
        },
    );
}

/// One of the processes of the test above.
#[test]
#[ignore = "a part of processes_that_log_in_at_once_all_get_in"]
fn logs_in_again_and_again() {
    if std::env::var_os("SOFTHSM2_CONF").is_none() {
        return;
    }
    for _ in 0..5 {
        let hsm = start(settings());
        assert_eq!(block_on(hsm.public_key(id("none"), soon())).unwrap(), None);
        block_on(hsm.shutdown(Duration::from_secs(5)));
    }
}
