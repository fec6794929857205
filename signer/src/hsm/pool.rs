//! The jobs of one token and the threads that do them.
//!
//! A link is a token that has been found and logged in to. Workers open a session on it, and drop the session when the link
//! changes; jobs stay in the queue meanwhile, inside their deadline. The keeper makes links, the watch looks at the clock.

mod intake;
mod link;
mod time;
mod work;

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::group::Group;
use super::health::Tally;
use super::job::Job;
use super::module::{Module, Tenant, lock};
use super::retry::Action;
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

    fn is_serving(&self) -> bool {
        lock(&self.table).link.is_some()
    }
}

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
