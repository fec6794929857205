//! Several tokens that hold the same keys, used as one.
//!
//! A job goes to the token with the shortest queue for its workers. A token that is lost, or all of whose workers are
//! stuck, is left out: its keeper goes on probing it, and the jobs that waited for it move to another token. A job that has
//! failed twice on one token is tried on another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::Error;
use super::job::Job;
use super::pool::Pool;

/// The tokens of one [`Hsm`](super::Hsm); one of them, most often.
pub(super) struct Group {
    pools: Vec<Arc<Pool>>,
    turn: AtomicUsize,
}

/// How good a place a token is for one more job; the smallest is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Load {
    /// Not usable at the moment.
    pub(super) is_away: bool,
    /// Jobs that wait, per thousand workers.
    pub(super) waiting: usize,
}

impl Group {
    pub(super) fn new(pools: Vec<Arc<Pool>>) -> Arc<Self> {
        let group = Arc::new(Self {
            pools,
            turn: AtomicUsize::new(0),
        });
        for pool in &group.pools {
            pool.introduce(Arc::downgrade(&group));
        }
        group
    }

    pub(super) fn pools(&self) -> &[Arc<Pool>] {
        &self.pools
    }

    /// Takes a job, or answers it at once when no token can do it.
    pub(super) fn submit(&self, job: Job) {
        match self.pools.as_slice() {
            [only] => only.submit(job),
            several => match self.best(|_| true).or_else(|| several.first()) {
                Some(pool) => pool.submit(job),
                None => drop(job.caller.fail(Error::Unavailable)),
            },
        }
    }

    /// Another token that is usable now.
    pub(super) fn other(&self, than: &Pool) -> Option<&Arc<Pool>> {
        let best = self.best(|pool| !std::ptr::eq(Arc::as_ptr(pool), than))?;
        best.load()
            .is_some_and(|load| !load.is_away)
            .then_some(best)
    }

    /// The best token of those allowed; equals take turns.
    fn best(&self, allowed: impl Fn(&Arc<Pool>) -> bool) -> Option<&Arc<Pool>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (late, early) = self.pools.split_at(turn % self.pools.len().max(1));
        let in_turn = early.iter().chain(late).filter(|pool| allowed(pool));
        let loads = in_turn.filter_map(|pool| Some((pool.load()?, pool)));
        loads.min_by_key(|(load, _)| *load).map(|(_, pool)| pool)
    }
}
