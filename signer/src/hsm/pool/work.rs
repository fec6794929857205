//! A pool as its workers see it.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{FAILING, Next, Pool, wait};
use crate::hsm::error::Error;
use crate::hsm::health::count;
use crate::hsm::job::Job;
use crate::hsm::module::lock;
use crate::hsm::retry::Action;
use crate::hsm::seat::Seat;
use crate::hsm::session::Link;

impl Pool {
    /// Waits for a link; none means that the worker is to end.
    pub(in crate::hsm) fn await_link(&self, seat: &Seat) -> Option<Link> {
        let mut table = lock(&self.table);
        loop {
            if table.dismiss(seat) || table.is_done() {
                return None;
            }
            if let Some(link) = &table.link {
                return Some(link.clone());
            }
            table = self.sleep(table);
        }
    }

    /// Waits for a job that this worker may do on a session of `generation`.
    pub(in crate::hsm) fn next(&self, seat: &Seat, generation: u64) -> Next {
        let mut table = lock(&self.table);
        loop {
            if table.dismiss(seat) || table.is_done() {
                return Next::Retire;
            }
            if !table.is_linked(generation) {
                return Next::Relink;
            }
            let Some(job) = table.take(seat) else {
                table = self.sleep(table);
                continue;
            };
            if job.caller.is_gone() {
                count(&self.tally.abandoned);
            } else if job.deadline <= Instant::now() {
                count(&self.tally.late);
                job.expire();
            } else {
                return Next::Job(job);
            }
        }
    }

    /// Puts a job back, to be done first or, when it must wait, in time.
    pub(in crate::hsm) fn put_back(&self, mut job: Job) {
        let mut table = lock(&self.table);
        if table.closed {
            drop(table);
            job.caller.fail(Error::Shutdown);
        } else if let Some(verdict) = table.verdict.clone() {
            // It was at work when the others were answered, or moved.
            drop(table);
            job.tries.avoid = None;
            let group = self.group.get().and_then(Weak::upgrade);
            match group.as_ref().and_then(|group| group.other(self)) {
                Some(other) => other.put_back(job),
                None => drop(job.caller.fail(verdict)),
            }
        } else if job.tries.due.is_some() {
            table.delayed.push(job);
            drop(table);
            self.clock.notify_all();
        } else {
            table.queue.push_front(job);
            drop(table);
            // All of them, since one alone might be the one that must not have it again.
            self.work.notify_all();
        }
    }

    /// Notes whether an attempt succeeded: a token on which all fail is left out, but for a job now and then.
    pub(in crate::hsm) fn note(&self, success: bool) {
        if !success {
            self.misses.fetch_add(1, Ordering::Relaxed);
            lock(&self.table).missed = Some(Instant::now());
        } else if self.misses.load(Ordering::Relaxed) > 0 {
            self.misses.store(0, Ordering::Relaxed);
        }
    }

    /// Says whether all attempts have failed for a while.
    pub(in crate::hsm) fn is_failing(&self) -> bool {
        self.misses.load(Ordering::Relaxed) >= 2 * FAILING
    }

    /// Puts a job that failed here where it may do better: on another token, if there is one.
    pub(in crate::hsm) fn put_elsewhere(&self, mut job: Job) {
        let group = self.group.get().and_then(Weak::upgrade);
        let Some(other) = group.as_ref().and_then(|group| group.other(self)) else {
            return self.put_back(job);
        };
        // Worker numbers are those of one token.
        job.tries.avoid = None;
        other.put_back(job);
    }

    /// Asks the keeper for a repair of the link of `generation`; a later link has had it already.
    pub(in crate::hsm) fn request(&self, action: Action, generation: u64, reason: Error) {
        let mut table = lock(&self.table);
        if table.is_linked(generation) {
            table.unlink(Some(reason));
            table.request = table.request.max(Some(action));
            drop(table);
            self.wake_all();
        }
    }

    /// Ends all logins until a restart: the token said something about the PIN.
    pub(in crate::hsm) fn condemn(&self, verdict: &Error) {
        let mut table = lock(&self.table);
        table.unlink(Some(verdict.clone()));
        table.verdict = Some(verdict.clone());
        let jobs = table.take_all();
        drop(table);
        self.wake_all();
        let group = self.group.get().and_then(Weak::upgrade);
        let other = group.as_ref().and_then(|group| group.other(self));
        for job in jobs {
            match other {
                Some(other) => other.put_back(job),
                None => drop(job.caller.fail(verdict.clone())),
            }
        }
    }

    pub(in crate::hsm) fn retire(&self, seat: &Seat) {
        lock(&self.table).leave(seat);
        self.wake_all();
    }

    /// Waits without a session, after the token has refused one.
    pub(in crate::hsm) fn pause(&self, pause: Duration) {
        let table = lock(&self.table);
        drop(wait(&self.control, table, pause));
    }
}
