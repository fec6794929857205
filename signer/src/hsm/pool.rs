//! The jobs of one token and the threads that do them.
//!
//! A link is a token that has been found and logged in to. Workers open a session on it, and drop the session when the link
//! changes; jobs stay in the queue meanwhile, inside their deadline. The keeper makes links, the watch looks at the clock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::Error;
use super::group::{Group, Load};
use super::health::{Health, State, Tally, count};
use super::job::Job;
use super::module::{Module, Tenant, lock};
use super::retry::Action;
use super::seat::Seat;
use super::session::Link;
use super::settings::Settings;
use super::table::Table;

/// One token's jobs and threads.
pub(super) struct Pool {
    pub(super) settings: Settings,
    pub(super) module: Arc<Module>,
    pub(super) tally: Tally,
    group: OnceLock<Weak<Group>>,
    /// Attempts that failed in a row.
    misses: AtomicU32,
    table: Mutex<Table>,
    /// Workers wait here for jobs and links.
    work: Condvar,
    /// The keeper waits here for requests, others for links.
    control: Condvar,
    /// The watch waits here for the next tick.
    clock: Condvar,
}

/// What a worker does next.
pub(super) enum Next {
    Job(Job),
    /// The session is of an old link.
    Relink,
    Retire,
}

/// Why the keeper is woken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Closing,
    /// Sessions must go: for a repair that is asked for, or for one that another pool of the module makes.
    Unlinked(Option<Action>),
    Timeout,
}

/// How often the watch looks at the clock while there is something to watch, and while there is nothing.
const TICK: Duration = Duration::from_millis(10);
const IDLE_TICK: Duration = Duration::from_millis(100);
/// Attempts that fail in a row before other tokens are preferred, and how long they are.
const FAILING: u32 = 4;
const PROBING: Duration = Duration::from_millis(500);

impl Tenant for Pool {
    fn drain(&self) {
        lock(&self.table).unlink(None);
        self.wake_all();
    }

    fn is_stuck(&self) -> bool {
        lock(&self.table).stuck() > 0
    }
}

/// What callers use.
impl Pool {
    pub(super) fn new(settings: Settings, module: Arc<Module>) -> Self {
        let table = Mutex::new(Table::new(settings.workers));
        let (work, control, clock) = (Condvar::new(), Condvar::new(), Condvar::new());
        Self {
            settings,
            module,
            tally: Tally::default(),
            group: OnceLock::new(),
            misses: AtomicU32::new(0),
            table,
            work,
            control,
            clock,
        }
    }

    /// Takes a job, or answers it at once when it cannot be done.
    pub(super) fn submit(&self, job: Job) {
        let mut table = lock(&self.table);
        let refusal = if table.closing.is_some() {
            Some(Error::Shutdown)
        } else if let Some(verdict) = &table.verdict {
            Some(verdict.clone())
        } else if table.needs_restart && table.link.is_none() {
            Some(Error::Stuck)
        } else if table.depth() >= self.settings.queue {
            count(&self.tally.refused);
            Some(Error::Busy)
        } else {
            None
        };
        if let Some(error) = refusal {
            drop(table);
            job.caller.fail(error);
            return;
        }
        table.queue.push_back(job);
        let anybody = table.asleep > 0;
        drop(table);
        if anybody {
            self.work.notify_one();
        }
    }

    /// Names the group whose jobs it shares.
    pub(super) fn introduce(&self, group: Weak<Group>) {
        // Once, by the group itself, before any job.
        let _introduced = self.group.set(group);
    }

    /// How good a place this is for one more job; none when it takes no more.
    pub(super) fn load(&self) -> Option<Load> {
        let table = lock(&self.table);
        if table.verdict.is_some() || table.closing.is_some() {
            return None;
        }
        let failing = self.misses.load(Ordering::Relaxed) >= FAILING;
        let resting = failing && table.missed.is_some_and(|last| last.elapsed() < PROBING);
        let is_away = table.is_stranded() || table.needs_restart || resting;
        let idle = table.asleep.saturating_sub(table.queue.len());
        let waiting = if idle > 0 {
            0
        } else {
            (table.depth() + 1) * 1000 / table.workers.max(1)
        };
        Some(Load { is_away, waiting })
    }

    pub(super) fn health(&self) -> Health {
        let table = lock(&self.table);
        let down = table.outage.as_ref().map(|outage| outage.since.elapsed());
        let stuck = table.stuck();
        let needs_restart = table.needs_restart || stuck > self.settings.max_stuck;
        let hopeless = table.verdict.is_some() || table.closing.is_some() || needs_restart;
        let state = match down {
            _ if hopeless => State::Unusable,
            None => State::Usable,
            Some(down) if down < self.settings.start_patience => State::Probing,
            Some(_) => State::Unusable,
        };
        Health {
            state,
            reason: table
                .verdict
                .clone()
                .or_else(|| table.outage.as_ref()?.reason.clone()),
            needs_restart,
            workers: table.workers,
            sessions: table.seats.iter().filter(|seat| seat.has_session()).count(),
            busy: table.seats.iter().filter(|seat| seat.is_busy()).count(),
            stuck,
            queue_depth: table.depth(),
            counters: self.tally.counters(),
        }
    }

    /// Waits until the token is usable.
    pub(super) fn wait_usable(&self, deadline: Instant) -> Result<(), Error> {
        let mut table = lock(&self.table);
        loop {
            if table.link.is_some() {
                return Ok(());
            }
            if let Some(verdict) = &table.verdict {
                return Err(verdict.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || table.closing.is_some() {
                let reason = table
                    .outage
                    .as_ref()
                    .and_then(|outage| outage.reason.clone());
                return Err(reason.unwrap_or(Error::Unavailable));
            }
            table = wait(&self.control, table, left);
        }
    }

    /// Ends it: jobs that have been taken are done until `patience` is over. The receiver ends when all is done.
    pub(super) fn close(&self, patience: Duration) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut table = lock(&self.table);
        let until = Instant::now() + patience;
        table.closing = Some(table.closing.map_or(until, |earlier| earlier.min(until)));
        if !table.closed {
            table.farewells.push(sender);
        }
        drop(table);
        self.wake_all();
        receiver
    }
}

/// What workers use.
impl Pool {
    /// Waits for a link; none means that the worker is to end.
    pub(super) fn await_link(&self, seat: &Seat) -> Option<Link> {
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
    pub(super) fn next(&self, seat: &Seat, generation: u64) -> Next {
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
    pub(super) fn put_back(&self, job: Job) {
        let mut table = lock(&self.table);
        if table.closed {
            drop(table);
            job.caller.fail(Error::Shutdown);
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
    pub(super) fn note(&self, success: bool) {
        if !success {
            self.misses.fetch_add(1, Ordering::Relaxed);
            lock(&self.table).missed = Some(Instant::now());
        } else if self.misses.load(Ordering::Relaxed) > 0 {
            self.misses.store(0, Ordering::Relaxed);
        }
    }

    /// Says whether all attempts have failed for a while.
    pub(super) fn is_failing(&self) -> bool {
        self.misses.load(Ordering::Relaxed) >= 2 * FAILING
    }

    /// Puts a job that failed here where it may do better: on another token, if there is one.
    pub(super) fn put_elsewhere(&self, mut job: Job) {
        let group = self.group.get().and_then(Weak::upgrade);
        let Some(other) = group.as_ref().and_then(|group| group.other(self)) else {
            return self.put_back(job);
        };
        // Worker numbers are those of one token.
        job.tries.avoid = None;
        other.put_back(job);
    }

    /// Asks the keeper for a repair of the link of `generation`; a later link has had it already.
    pub(super) fn request(&self, action: Action, generation: u64, reason: Error) {
        let mut table = lock(&self.table);
        if table.is_linked(generation) {
            table.unlink(Some(reason));
            table.request = table.request.max(Some(action));
            drop(table);
            self.wake_all();
        }
    }

    /// Ends all logins until a restart: the token said something about the PIN.
    pub(super) fn condemn(&self, verdict: &Error) {
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

    pub(super) fn retire(&self, seat: &Seat) {
        lock(&self.table).leave(seat);
        self.wake_all();
    }
}

/// What the keeper uses.
impl Pool {
    pub(super) fn keeper_seat(&self) -> Arc<Seat> {
        Arc::clone(&lock(&self.table).keeper)
    }

    /// Opens a token that was found and logged in to, for the workers; answers the link's generation.
    pub(super) fn publish(&self, mut link: Link) -> u64 {
        let mut table = lock(&self.table);
        table.generation += 1;
        link.generation = table.generation;
        table.workers = self.settings.workers.min(link.workers).max(1);
        table.link = Some(link);
        table.outage = None;
        table.request = None;
        // What kept the module from being initialised again may be gone by itself.
        table.needs_restart &= table.stuck() > 0;
        let generation = table.generation;
        drop(table);
        self.wake_all();
        generation
    }

    /// Notes why the token is not usable.
    pub(super) fn report(&self, reason: Error) {
        let mut table = lock(&self.table);
        table.needs_restart |= matches!(reason, Error::Stuck);
        table.unlink(Some(reason));
        drop(table);
        self.wake_all();
    }

    /// Waits until something happens to the link of `generation`.
    pub(super) fn await_event(&self, generation: u64, patience: Duration) -> Event {
        let deadline = Instant::now() + patience;
        let mut table = lock(&self.table);
        loop {
            if table.is_quiet() {
                return Event::Closing;
            }
            if !table.is_linked(generation) {
                return Event::Unlinked(table.request.take());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Event::Timeout;
            }
            table = wait(&self.control, table, left);
        }
    }

    /// Waits before the next attempt to reach the token; says whether to go on.
    pub(super) fn rest(&self, pause: Duration) -> bool {
        let deadline = Instant::now() + pause;
        let mut table = lock(&self.table);
        loop {
            if table.is_quiet() {
                return false;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() && table.verdict.is_none() {
                return true;
            }
            // With a verdict there is nothing left to try: only the end is waited for.
            let left = if left.is_zero() {
                pause.max(TICK)
            } else {
                left
            };
            table = wait(&self.control, table, left);
        }
    }

    pub(super) fn has_verdict(&self) -> bool {
        lock(&self.table).verdict.is_some()
    }

    /// All is over: answers whoever still waits.
    pub(super) fn finish(&self) {
        let mut table = lock(&self.table);
        table.closed = true;
        let jobs = table.take_all();
        let seats = table.seats.clone();
        let farewells = std::mem::take(&mut table.farewells);
        drop(table);
        self.wake_all();
        for job in jobs {
            job.caller.fail(Error::Shutdown);
        }
        for seat in seats {
            seat.fail(Error::Shutdown);
        }
        // A receiver ends when its sender is gone, which is all that is waited for.
        drop(farewells);
    }
}

/// What the watch uses.
impl Pool {
    /// Looks at the clock once; says how many workers are missing, or none when all is over.
    pub(super) fn tick(&self) -> Option<usize> {
        let now = Instant::now();
        let mut table = lock(&self.table);
        let late = table.take_late(now);
        let promoted = table.promote(now);
        let stuck = table
            .seats
            .iter()
            .chain([&table.keeper])
            .filter(|seat| seat.judge(now))
            .count();
        let hopeless = table.keeper.is_stuck() && !table.needs_restart;
        if hopeless {
            table.unlink(Some(Error::Stuck));
            table.needs_restart = true;
        }
        let missing = table.missing(self.settings.max_stuck);
        let stranded = table.is_stranded() && table.depth() > 0 && table.verdict.is_none();
        let closed = table.closed;
        let overdue = table.closing.is_some_and(|until| until <= now);
        drop(table);

        if promoted || hopeless {
            self.wake_all();
        }
        if stranded {
            self.move_jobs();
        }
        (0..stuck).for_each(|_| count(&self.tally.stuck));
        for job in late {
            count(&self.tally.late);
            job.expire();
        }
        if overdue && !closed {
            self.finish();
        }
        (!closed && !overdue).then_some(missing)
    }

    /// Moves the jobs that nobody here can do to another token, if there is one that can.
    fn move_jobs(&self) {
        let group = self.group.get().and_then(Weak::upgrade);
        let other = group.as_ref().and_then(|group| group.other(self));
        let Some(other) = other else { return };
        let jobs = lock(&self.table).take_all();
        for mut job in jobs {
            job.tries.avoid = None;
            other.put_back(job);
        }
    }

    /// Waits for the next tick.
    pub(super) fn await_tick(&self) {
        let table = lock(&self.table);
        let idle = table.depth() == 0 && !table.seats.iter().any(|seat| seat.is_busy());
        drop(wait(
            &self.clock,
            table,
            if idle { IDLE_TICK } else { TICK },
        ));
    }

    /// A seat for a new worker.
    pub(super) fn seat(&self) -> Arc<Seat> {
        let mut table = lock(&self.table);
        let free = (0..).find(|number| table.seats.iter().all(|seat| seat.number != *number));
        let seat = Seat::new(free.unwrap_or_default());
        table.seats.push(Arc::clone(&seat));
        seat
    }

    fn wake_all(&self) {
        self.work.notify_all();
        self.control.notify_all();
        self.clock.notify_all();
    }

    fn sleep<'a>(&self, mut table: MutexGuard<'a, Table>) -> MutexGuard<'a, Table> {
        table.asleep += 1;
        table = self
            .work
            .wait(table)
            .unwrap_or_else(PoisonError::into_inner);
        table.asleep -= 1;
        table
    }

    /// Waits without a session, after the token has refused one.
    pub(super) fn pause(&self, pause: Duration) {
        let table = lock(&self.table);
        drop(wait(&self.control, table, pause));
    }
}

fn wait<'a>(
    condition: &Condvar,
    table: MutexGuard<'a, Table>,
    patience: Duration,
) -> MutexGuard<'a, Table> {
    condition
        .wait_timeout(table, patience)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}
