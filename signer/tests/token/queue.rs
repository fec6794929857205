//! Jobs wait in a bounded queue, inside their deadline, as long as somebody waits for them.

use std::time::{Duration, Instant};

use signer::hsm::{Error, KeySpec, State};
use signer::key::{KeyKind, SigningKey};

use crate::harness::*;

#[test]
fn many_callers_are_served_by_few_workers() {
    alone("queue::many_callers_are_served_by_few_workers", |_| {
        let hsm = start(settings());
        let key = p256(&hsm, "busy");
        let answers: Vec<_> = (0..200_u8)
            .map(|n| (n, key.sign(vec![n], soon())))
            .collect();
        for (n, answer) in answers {
            assert!(block_on(answer).unwrap().is_for(key.public_key(), &[n]));
        }
        let health = hsm.health();
        assert_eq!(health.state, State::Usable);
        assert_eq!(health.queue_depth, 0);
        // One session a worker, for its life: one was renewed at most, for making the key.
        assert!(health.counters.sessions_opened <= 3, "{health:?}");
    });
}

#[test]
fn a_full_queue_refuses_and_late_or_abandoned_jobs_are_dropped() {
    alone(
        "queue::a_full_queue_refuses_and_late_or_abandoned_jobs_are_dropped",
        |_| {
            let mut settings = settings();
            (settings.workers, settings.queue) = (1, 4);
            let hsm = start(settings);
            let key = p256(&hsm, "seal");
            // Making an RSA key holds the one worker.
            let slow = ["a", "b"].map(|name| {
                let hsm = hsm.clone();
                let spec = KeySpec {
                    id: id(name),
                    label: String::new(),
                    kind: KeyKind::Rsa { bits: 4096 },
                };
                let job = move || block_on(hsm.generate(spec, soon() + Duration::from_secs(60)));
                std::thread::spawn(job)
            });
            until("the worker is busy", || {
                hsm.health().busy == 1 && hsm.health().queue_depth == 1
            });
            let abandoned = key.sign(vec![1], soon());
            let late = key.sign(vec![2], Instant::now() + Duration::from_millis(20));
            let crowd: Vec<_> = (0..3).map(|_| key.sign(vec![3], soon())).collect();
            drop(abandoned);
            assert!(matches!(block_on(late), Err(Error::Deadline)));
            let refused = crowd.into_iter().map(block_on);
            let refused = refused
                .filter(|answer| matches!(answer, Err(Error::Busy)))
                .count();
            assert!(refused >= 1);
            for job in slow {
                job.join().unwrap().unwrap();
            }
            until("the queue is empty", || hsm.health().queue_depth == 0);
            let counters = hsm.health().counters;
            assert_eq!((counters.late, counters.abandoned), (1, 1), "{counters:?}");
            assert!(counters.refused >= 1);
        },
    );
}

#[test]
fn shutting_down_does_what_was_taken_and_takes_no_more() {
    alone(
        "queue::shutting_down_does_what_was_taken_and_takes_no_more",
        |_| {
            let hsm = start(settings());
            let key = p256(&hsm, "seal");
            let answers: Vec<_> = (0..50_u8).map(|n| key.sign(vec![n], soon())).collect();
            block_on(hsm.shutdown(Duration::from_secs(5)));
            for answer in answers {
                block_on(answer).unwrap();
            }
            assert!(matches!(sign(&key, b"x"), Err(Error::Shutdown)));
            assert_eq!(hsm.health().state, State::Unusable);
            // The module was finalised, and another start finds it as new.
            let again = start(settings());
            sign(
                &again.key(id("seal"), key.public_key().clone(), key.algorithm()),
                b"x",
            )
            .unwrap();
        },
    );
}
