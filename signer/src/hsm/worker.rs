//! A worker: one thread, one session at a time, one job at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cryptoki::error::RvError;
use tracing::{debug, warn};

use super::error::Error;
use super::health::{add, count};
use super::job::{Job, Kind};
use super::pool::{Next, Pool};
use super::retry::{self, Action};
use super::seat::Seat;
use super::session::{Desk, Link};

/// The life of a worker.
pub(super) fn run(pool: &Pool, seat: &Arc<Seat>) {
    let _home = Home { pool, seat };
    let mut refusals = 0_u32;
    while let Some(link) = pool.await_link(seat) {
        match open(pool, seat, &link) {
            Ok(desk) => {
                refusals = 0;
                serve(pool, seat, desk);
            }
            Err(error) => {
                refusals = refusals.saturating_add(1);
                refused(pool, &link, error, refusals);
            }
        }
    }
}

/// Leaves the seat whatever ends the thread.
struct Home<'a> {
    pool: &'a Pool,
    seat: &'a Seat,
}

impl Drop for Home<'_> {
    fn drop(&mut self) {
        self.seat.set_session(false);
        self.seat.leave();
        self.pool.retire(self.seat);
    }
}

fn open(pool: &Pool, seat: &Seat, link: &Link) -> Result<Desk, Error> {
    let lease = pool.module.join(link.epoch).ok_or(Error::Unavailable)?;
    seat.enter(Instant::now() + pool.settings.call_patience, None);
    let desk = Desk::open(lease, link.clone(), pool.settings.pin.clone());
    seat.leave();
    if desk.is_ok() {
        count(&pool.tally.sessions_opened);
        seat.set_session(true);
    }
    desk
}

/// The token refused a session: the worker waits, without one and without a job.
fn refused(pool: &Pool, link: &Link, error: Error, refusals: u32) {
    debug!(%error, refusals, "the token refused a session");
    let action = match &error {
        // Others hold them; the workers that have one go on.
        Error::Function {
            rv: RvError::SessionCount,
            ..
        } => Action::NewSession,
        Error::Function { function, rv } => match retry::rule(*function, *rv).action {
            action @ (Action::NewLogin | Action::Reinitialise) => action,
            Action::SameSession | Action::NewSession | Action::GiveUp if refusals >= 3 => {
                Action::NewLogin
            }
            action @ (Action::SameSession | Action::NewSession | Action::GiveUp) => action,
        },
        _ => Action::NewSession,
    };
    if matches!(action, Action::NewLogin | Action::Reinitialise) {
        pool.request(action, link.generation, error);
    } else {
        pool.pause((REFUSED * 2_u32.saturating_pow(refusals.min(6))).min(REFUSED_LONGEST));
    }
}

const REFUSED: Duration = Duration::from_millis(5);
const REFUSED_LONGEST: Duration = Duration::from_millis(250);

/// Does jobs on one session until it must go.
fn serve(pool: &Pool, seat: &Seat, mut desk: Desk) {
    let kept = loop {
        let mut job = match pool.next(seat, desk.link.generation) {
            Next::Job(job) => job,
            Next::Relink | Next::Retire => break Some(desk),
        };
        seat.enter(job.deadline, Some(Arc::clone(&job.caller)));
        let generation = desk.link.generation;
        let began = Instant::now();
        if job.tries.count == 0 {
            add(
                &pool.tally.waited,
                began.saturating_duration_since(job.since),
            );
        }
        let (returned, outcome) = attempt(&mut job, desk);
        add(&pool.tally.worked, began.elapsed());
        seat.leave();
        match outcome {
            Ok(()) => {
                pool.note(true);
                count(&pool.tally.operations);
                match job.kind {
                    Kind::Sign => count(&pool.tally.signatures),
                    Kind::SignUnwrapped => {
                        count(&pool.tally.signatures);
                        count(&pool.tally.written);
                    }
                    Kind::Pass | Kind::Write => count(&pool.tally.written),
                    Kind::Use => {}
                }
            }
            Err(error) => {
                let keep = recover(pool, seat, job, error, generation);
                if !keep {
                    break returned;
                }
            }
        }
        match returned {
            Some(returned) => desk = returned,
            None => break None,
        }
    };
    // Closing may take as long as any other call.
    seat.enter(Instant::now() + pool.settings.call_patience, None);
    drop(kept);
    seat.leave();
    seat.set_session(false);
}

/// Does a job once. The session is gone when it could not be changed to what the job needs.
fn attempt(job: &mut Job, mut desk: Desk) -> (Option<Desk>, Result<(), Error>) {
    if job.kind == Kind::Write {
        desk = match desk.into_writable(true) {
            Ok(desk) => desk,
            Err(error) => return (None, Err(error)),
        };
    }
    // The binding and what the token answers are not ours: a panic is this job's failure and this session's end.
    let outcome = catch_unwind(AssertUnwindSafe(|| job.work.run(&mut desk)));
    let outcome = outcome.unwrap_or(Err(Error::Panicked));
    if job.kind == Kind::Write && desk.link.few_writers {
        return (desk.into_writable(false).ok(), outcome);
    }
    (Some(desk), outcome)
}

/// Decides what becomes of a job that failed; says whether the session is kept.
fn recover(pool: &Pool, seat: &Seat, mut job: Job, error: Error, generation: u64) -> bool {
    let first = match &error {
        Error::Function { function, rv } => {
            let rule = retry::rule(*function, *rv);
            debug!(?function, ?rv, action = ?rule.action, reason = rule.reason, "a call failed");
            rule.action
        }
        Error::Faulty => {
            count(&pool.tally.faulty);
            warn!(
                worker = seat.number,
                "the token made a signature that does not verify"
            );
            job.tries.faulty += 1;
            job.tries.avoid = Some(seat.number);
            if job.tries.faulty >= MAX_FAULTY {
                Action::GiveUp
            } else {
                Action::NewSession
            }
        }
        // It signed before: a token that is coming up, or a cluster that is catching up, may not show it yet.
        Error::KeyMissing { known: true, .. } => Action::SameSession,
        _ => Action::GiveUp,
    };
    let suspicious = matches!(error, Error::Faulty | Error::Panicked);
    if error.is_pin() {
        pool.condemn(&error);
    }
    let successes = pool.tally.operations.load(Ordering::Relaxed);
    if first != Action::GiveUp || suspicious {
        pool.note(false);
    }
    let action = job.tries.escalate(first, successes);
    let pause = job.tries.pause();
    let resumes = Instant::now() + pause.unwrap_or_default();
    if action == Action::GiveUp || resumes >= job.deadline {
        if job.caller.fail(error) {
            count(&pool.tally.failures);
        }
        // The token is well when the table itself says that asking again is no use.
        return first == Action::GiveUp && !suspicious;
    }
    let moves = job.tries.count >= 2 && action != Action::SameSession;
    if matches!(action, Action::NewLogin | Action::Reinitialise) {
        pool.request(action, generation, error.clone());
    } else if moves && pool.is_failing() {
        // Jobs that move on never get as far as asking for more than a session.
        pool.request(Action::NewLogin, generation, error.clone());
    }
    count(&pool.tally.retries);
    job.tries.due = pause.map(|_| resumes);
    job.tries.last = Some(error);
    if moves {
        pool.put_elsewhere(job);
    } else {
        pool.put_back(job);
    }
    action == Action::SameSession
}

/// Signatures of one job that may fail to verify before it is given up.
const MAX_FAULTY: u32 = 3;
