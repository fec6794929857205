//! A pool as callers see it.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{FAILING, PROBING, Pool, wait};
use crate::hsm::error::Error;
use crate::hsm::group::{Group, Load};
use crate::hsm::health::{Health, State, count};
use crate::hsm::job::Job;
use crate::hsm::module::lock;

impl Pool {
    /// Takes a job, or answers it at once when it cannot be done.
    pub(in crate::hsm) fn submit(&self, job: Job) {
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
    pub(in crate::hsm) fn introduce(&self, group: Weak<Group>) {
        // Once, by the group itself, before any job.
        let _introduced = self.group.set(group);
    }

    /// How good a place this is for one more job; none when it takes no more.
    pub(in crate::hsm) fn load(&self) -> Option<Load> {
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

    pub(in crate::hsm) fn health(&self) -> Health {
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
    pub(in crate::hsm) fn wait_usable(&self, deadline: Instant) -> Result<(), Error> {
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
    pub(in crate::hsm) fn close(&self, patience: Duration) -> oneshot::Receiver<()> {
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
