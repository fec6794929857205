//! What a pool knows, under its one lock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::error::Error;
use super::job::Job;
use super::retry::Action;
use super::seat::Seat;
use super::session::Link;

pub(super) struct Table {
    pub(super) queue: VecDeque<Job>,
    /// Jobs that wait before another attempt.
    pub(super) delayed: Vec<Job>,
    pub(super) link: Option<Link>,
    pub(super) generation: u64,
    pub(super) request: Option<Action>,
    /// Since when, and why, there is no link.
    pub(super) outage: Option<Outage>,
    /// Why there will be none before a restart.
    pub(super) verdict: Option<Error>,
    pub(super) needs_restart: bool,
    /// When an attempt last failed.
    pub(super) missed: Option<Instant>,
    pub(super) seats: Vec<Arc<Seat>>,
    pub(super) keeper: Arc<Seat>,
    /// Workers that the settings and the token allow.
    pub(super) workers: usize,
    /// Workers asleep, so that a wake-up is a system call only when it wakes somebody.
    pub(super) asleep: usize,
    pub(super) closing: Option<Instant>,
    pub(super) closed: bool,
    pub(super) farewells: Vec<oneshot::Sender<()>>,
}

pub(super) struct Outage {
    pub(super) since: Instant,
    pub(super) reason: Option<Error>,
}

impl Table {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            delayed: Vec::new(),
            link: None,
            generation: 0,
            request: None,
            outage: Some(Outage {
                since: Instant::now(),
                reason: None,
            }),
            verdict: None,
            needs_restart: false,
            missed: None,
            seats: Vec::new(),
            keeper: Seat::new(u64::MAX),
            workers,
            asleep: 0,
            closing: None,
            closed: false,
            farewells: Vec::new(),
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.queue.len() + self.delayed.len()
    }

    pub(super) fn is_linked(&self, generation: u64) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| link.generation == generation)
    }

    /// Takes the link away; the time of an outage counts from its first moment.
    pub(super) fn unlink(&mut self, reason: Option<Error>) {
        self.link = None;
        let outage = self.outage.get_or_insert_with(|| Outage {
            since: Instant::now(),
            reason: None,
        });
        if reason.is_some() {
            outage.reason = reason;
        }
    }

    /// Threads inside the module past their deadline.
    pub(super) fn stuck(&self) -> usize {
        self.seats
            .iter()
            .chain([&self.keeper])
            .filter(|seat| seat.is_stuck())
            .count()
    }

    fn able(&self) -> usize {
        self.seats.iter().filter(|seat| !seat.is_stuck()).count()
    }

    /// Sends a worker home that came back after it had been replaced.
    pub(super) fn dismiss(&mut self, seat: &Seat) -> bool {
        let surplus = self.seats.len() > self.workers && self.able() > self.workers;
        if surplus {
            self.leave(seat);
        }
        surplus
    }

    /// Gives up a seat. Its number may be another's by now.
    pub(super) fn leave(&mut self, seat: &Seat) {
        self.seats
            .retain(|other| !std::ptr::eq(Arc::as_ptr(other), seat));
    }

    /// Nobody here can do a job at the moment.
    pub(super) fn is_stranded(&self) -> bool {
        self.link.is_none() || (!self.seats.is_empty() && self.able() == 0)
    }

    /// Workers to be started: those missing, as far as not too many are stuck already.
    pub(super) fn missing(&self, max_stuck: usize) -> usize {
        if self.link.is_none() || self.is_done() {
            return 0;
        }
        let room = (self.workers + max_stuck).saturating_sub(self.seats.len());
        self.workers.saturating_sub(self.able()).min(room)
    }

    /// No more work for workers.
    pub(super) fn is_done(&self) -> bool {
        self.closing
            .is_some_and(|until| self.depth() == 0 || self.closed || until <= Instant::now())
    }

    /// No more work for the keeper.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_done()
            && (self.seats.is_empty() || self.closing.is_some_and(|until| until <= Instant::now()))
    }

    /// The first job that this worker may do. The one that made a faulty signature avoids the job while there are others.
    pub(super) fn take(&mut self, seat: &Seat) -> Option<Job> {
        let mine = |job: &Job| job.tries.avoid != Some(seat.number);
        let position = self.queue.iter().position(mine);
        let position =
            position.or_else(|| (!self.queue.is_empty() && self.able() <= 1).then_some(0))?;
        self.queue.remove(position)
    }

    pub(super) fn take_all(&mut self) -> Vec<Job> {
        self.queue.drain(..).chain(self.delayed.drain(..)).collect()
    }

    /// Jobs past their deadline.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<Job> {
        let late = |job: &Job| job.deadline <= now;
        let mut taken: Vec<Job> = self.delayed.extract_if(.., |job| late(job)).collect();
        if self.queue.iter().any(late) {
            let (gone, kept): (VecDeque<Job>, VecDeque<Job>) = self.queue.drain(..).partition(late);
            self.queue = kept;
            taken.extend(gone);
        }
        taken
    }

    /// Puts the jobs that have waited long enough before all others; says whether there were any.
    pub(super) fn promote(&mut self, now: Instant) -> bool {
        let due = |job: &mut Job| job.tries.due.is_none_or(|due| due <= now);
        let ready: Vec<Job> = self.delayed.extract_if(.., due).collect();
        let any = !ready.is_empty();
        for mut job in ready {
            job.tries.due = None;
            self.queue.push_front(job);
        }
        any
    }
}
