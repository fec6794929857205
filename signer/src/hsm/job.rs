//! A job on its way to a worker, and the caller who waits for it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::Error;
use super::module::lock;
use super::retry::Action;
use super::session::Desk;

/// Who waits for a job, as far as the pool needs to know.
pub(super) trait Caller: Send + Sync {
    /// Answers with an error, unless an answer has been given; says whether it was given now.
    fn fail(&self, error: Error) -> bool;
    /// Says whether nobody waits any more.
    fn is_gone(&self) -> bool;
}

/// The one answer a job can give. Whoever comes second (a worker that was given up, then came back) is not heard.
pub(super) struct Ticket<T>(Mutex<Option<oneshot::Sender<Result<T, Error>>>>);

impl<T> Ticket<T> {
    pub(super) fn new() -> (Arc<Self>, oneshot::Receiver<Result<T, Error>>) {
        let (sender, receiver) = oneshot::channel();
        (Arc::new(Self(Mutex::new(Some(sender)))), receiver)
    }

    fn answer(&self, outcome: Result<T, Error>) -> bool {
        let sender = lock(&self.0).take();
        sender.is_some_and(|sender| sender.send(outcome).is_ok())
    }
}

impl<T: Send> Caller for Ticket<T> {
    fn fail(&self, error: Error) -> bool {
        self.answer(Err(error))
    }

    fn is_gone(&self) -> bool {
        lock(&self.0)
            .as_ref()
            .is_none_or(oneshot::Sender::is_closed)
    }
}

/// What a job does on a worker's session.
pub(super) trait Work: Send {
    /// Does it once; on success the caller has been answered.
    fn run(&mut self, desk: &mut Desk) -> Result<(), Error>;
}

/// A closure and the ticket it answers.
pub(super) struct Task<T, F> {
    ticket: Arc<Ticket<T>>,
    work: F,
}

impl<T, F> Task<T, F> {
    pub(super) fn new(ticket: Arc<Ticket<T>>, work: F) -> Self {
        Self { ticket, work }
    }
}

impl<T: Send, F: FnMut(&mut Desk) -> Result<T, Error> + Send> Work for Task<T, F> {
    fn run(&mut self, desk: &mut Desk) -> Result<(), Error> {
        let value = (self.work)(desk)?;
        self.ticket.answer(Ok(value));
        Ok(())
    }
}

/// What a job needs and counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Makes a signature.
    Sign,
    /// Makes a signature with a key that it brings along.
    SignUnwrapped,
    /// Makes what lives no longer than the job.
    Pass,
    /// Uses or reads what is there.
    Use,
    /// Makes objects: wants a read-write session, and is what modules lose memory by.
    Write,
}

/// A job.
pub(super) struct Job {
    pub(super) kind: Kind,
    pub(super) deadline: Instant,
    /// When it was handed in.
    pub(super) since: Instant,
    pub(super) work: Box<dyn Work>,
    pub(super) caller: Arc<dyn Caller>,
    pub(super) tries: Tries,
}

impl Job {
    pub(super) fn new(
        kind: Kind,
        deadline: Instant,
        work: Box<dyn Work>,
        caller: Arc<dyn Caller>,
    ) -> Self {
        let (since, tries) = (Instant::now(), Tries::default());
        Self {
            since,
            kind,
            deadline,
            work,
            caller,
            tries,
        }
    }

    /// Ends the job with what last went wrong, or because it is late.
    pub(super) fn expire(self) {
        let error = self.tries.last.unwrap_or(Error::Deadline);
        self.caller.fail(error);
    }
}

/// What has been tried for a job.
#[derive(Default)]
pub(super) struct Tries {
    /// Failed attempts.
    pub(super) count: u32,
    /// Signatures that did not verify.
    pub(super) faulty: u32,
    /// The worker that must not have it again.
    pub(super) avoid: Option<u64>,
    /// Not before.
    pub(super) due: Option<Instant>,
    /// The last error.
    pub(super) last: Option<Error>,
    level: Option<Action>,
    at_level: u32,
    disturbed: bool,
    /// Failures since it disturbed the others, who succeed.
    alone: u32,
    successes: u64,
}

impl Tries {
    /// What to do after a failure for which the table says `first`, while `successes` jobs have succeeded so far.
    ///
    /// A repair that did not help is tried once more, then the next stronger one. Repairs that disturb other jobs are
    /// reached this way only while no other job succeeds; a job that has disturbed the others once and is the only one
    /// to fail does not disturb them again. It may have met every error of a row by itself, so it is asked a few times more,
    /// each time later, before it is given up as itself at fault.
    pub(super) fn escalate(&mut self, first: Action, successes: u64) -> Action {
        self.count += 1;
        if first == Action::GiveUp {
            return first;
        }
        if self.level.is_none() {
            self.successes = successes;
        }
        let others_succeed = successes > self.successes;
        match self.level {
            Some(level) if level >= first => {
                self.at_level += 1;
                let next = level.next();
                if self.at_level >= 2 && (next <= Action::NewSession || !others_succeed) {
                    self.level = Some(next);
                    self.at_level = 0;
                }
            }
            Some(_) | None => {
                self.level = Some(first);
                self.at_level = 0;
            }
        }
        let action = self.level.unwrap_or(first);
        if action >= Action::NewLogin {
            if self.disturbed && others_succeed {
                self.alone += 1;
                return if self.alone > MAX_ALONE {
                    Action::GiveUp
                } else {
                    Action::NewSession
                };
            }
            self.disturbed = true;
        }
        action
    }

    /// How long to wait before the next attempt: nothing at first, then longer and longer.
    pub(super) fn pause(&self) -> Option<Duration> {
        let doublings = self.count.checked_sub(3)?;
        Some((FIRST_PAUSE * 2_u32.saturating_pow(doublings.min(8))).min(LONGEST_PAUSE))
    }
}

/// With the pauses between them some three seconds.
const MAX_ALONE: u32 = 16;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_that_does_not_help_gives_way_to_a_stronger_one() {
        use Action::{NewLogin, NewSession, Reinitialise, SameSession};
        let mut tries = Tries::default();
        let taken: Vec<_> = (0..8).map(|_| tries.escalate(SameSession, 5)).collect();
        assert_eq!(
            taken,
            [
                SameSession,
                SameSession,
                NewSession,
                NewSession,
                NewLogin,
                NewLogin,
                Reinitialise,
                Reinitialise
            ]
        );
    }

    #[test]
    fn a_job_that_fails_alone_does_not_disturb_the_others() {
        let mut tries = Tries::default();
        for successes in 0..20 {
            assert!(tries.escalate(Action::SameSession, successes) <= Action::NewSession);
        }
        let mut tries = Tries::default();
        assert_eq!(tries.escalate(Action::NewLogin, 0), Action::NewLogin);
        for _ in 0..MAX_ALONE {
            assert_eq!(tries.escalate(Action::NewLogin, 9), Action::NewSession);
        }
        assert_eq!(tries.escalate(Action::NewLogin, 9), Action::GiveUp);
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        let mut tries = Tries::default();
        let pauses: Vec<_> = (0..40)
            .map(|_| {
                tries.escalate(Action::NewSession, 0);
                tries.pause()
            })
            .collect();
        assert_eq!(pauses[0], None);
        assert_eq!(pauses[2], Some(FIRST_PAUSE));
        assert_eq!(pauses[39], Some(LONGEST_PAUSE));
    }
}
