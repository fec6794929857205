//! A pool as its keeper sees it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Event, Pool, TICK, wait};
use crate::hsm::error::Error;
use crate::hsm::module::lock;
use crate::hsm::seat::Seat;
use crate::hsm::session::Link;

impl Pool {
    pub(in crate::hsm) fn keeper_seat(&self) -> Arc<Seat> {
        Arc::clone(&lock(&self.table).keeper)
    }

    /// Opens a token that was found and logged in to, for the workers; answers the link's generation.
    pub(in crate::hsm) fn publish(&self, mut link: Link) -> u64 {
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
    pub(in crate::hsm) fn report(&self, reason: Error) {
        let mut table = lock(&self.table);
        table.needs_restart |= matches!(reason, Error::Stuck);
        table.unlink(Some(reason));
        drop(table);
        self.wake_all();
    }

    /// Waits until something happens to the link of `generation`.
    pub(in crate::hsm) fn await_event(&self, generation: u64, patience: Duration) -> Event {
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
    pub(in crate::hsm) fn rest(&self, pause: Duration) -> bool {
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

    pub(in crate::hsm) fn has_verdict(&self) -> bool {
        lock(&self.table).verdict.is_some()
    }

    /// All is over: answers whoever still waits.
    pub(in crate::hsm) fn finish(&self) {
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
