//! A pool as its watch sees it.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::{IDLE_TICK, Pool, TICK, wait};
use crate::hsm::error::Error;
use crate::hsm::health::count;
use crate::hsm::module::lock;
use crate::hsm::seat::Seat;

impl Pool {
    /// Looks at the clock once; says how many workers are missing, or none when all is over.
    pub(in crate::hsm) fn tick(&self) -> Option<usize> {
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
    pub(in crate::hsm) fn await_tick(&self) {
        let table = lock(&self.table);
        let idle = table.depth() == 0 && !table.seats.iter().any(|seat| seat.is_busy());
        drop(wait(
            &self.clock,
            table,
            if idle { IDLE_TICK } else { TICK },
        ));
    }

    /// A seat for a new worker.
    pub(in crate::hsm) fn seat(&self) -> Arc<Seat> {
        let mut table = lock(&self.table);
        let free = (0..).find(|number| table.seats.iter().all(|seat| seat.number != *number));
        let seat = Seat::new(free.unwrap_or_default());
        table.seats.push(Arc::clone(&seat));
        seat
    }
}
