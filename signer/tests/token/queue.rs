//! Jobs wait in a bounded queue, inside their deadline, as long as somebody waits for them.

use std::time::{Duration, Instant};

use signer::hsm::{Error, State};
use signer::key::SigningKey;

use crate::harness::*;
use crate::trap::Trap;

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
        |token| {
            let mut settings = settings();
            (settings.workers, settings.queue) = (1, 4);
            let hsm = start(settings);
            let Some((trap, key)) = Trap::set(&token, || p256(&hsm, "seal")) else {
                return;
            };
            let slow = key.sign(vec![0], soon());
            until("the worker has it", || {
                let health = hsm.health();
                (health.busy, health.queue_depth) == (1, 0)
            });
            let abandoned = key.sign(vec![1], soon());
            let late = key.sign(vec![2], Instant::now() + Duration::from_millis(500));
            let crowd: Vec<_> = (0..3_u8).map(|n| key.sign(vec![n], soon())).collect();
            drop(abandoned);
            assert!(matches!(block_on(late), Err(Error::Deadline)));
            trap.release();
            block_on(slow).unwrap();
            let answers: Vec<_> = crowd.into_iter().map(block_on).collect();
            let served = matches!(answers.as_slice(), [Ok(_), Ok(_), Err(Error::Busy)]);
            assert!(served, "{answers:?} {:?}", hsm.health());
            until("the queue is empty", || hsm.health().queue_depth == 0);
            let counters = hsm.health().counters;
            assert_eq!((counters.late, counters.abandoned), (1, 1), "{counters:?}");
            assert_eq!(counters.refused, 1);
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
