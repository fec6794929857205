//! What operators see of a token: its state and its counters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::error::Error;

/// Whether the token serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Not yet, or being repaired; requests wait inside their deadline.
    Probing,
    /// It serves.
    Usable,
    /// It does not serve; the reason says why. Unless the reason is final, repair goes on.
    Unusable,
}

/// A snapshot of one token, or of several together.
#[derive(Debug, Clone)]
pub struct Health {
    /// Whether the token serves.
    pub state: State,
    /// The last failure while the token does not serve.
    pub reason: Option<Error>,
    /// The module cannot be repaired inside this process: it must be initialised again while a thread is stuck inside it,
    /// or too many threads are. Finish what can be finished and exit for the supervisor. It may pass by itself.
    pub needs_restart: bool,
    /// Worker threads the token's session limit allows.
    pub workers: usize,
    /// Open worker sessions.
    pub sessions: usize,
    /// Workers inside a job.
    pub busy: usize,
    /// Threads inside the module past their deadline.
    pub stuck: usize,
    /// Jobs waiting.
    pub queue_depth: usize,
    /// Events since the start.
    pub counters: Counters,
}

impl Health {
    /// Two tokens as one: usable when one is, in need of a restart when one is.
    pub(super) fn with(self, other: Self) -> Self {
        let better = |state| match state {
            State::Usable => 0,
            State::Probing => 1,
            State::Unusable => 2,
        };
        let state = if better(other.state) < better(self.state) {
            other.state
        } else {
            self.state
        };
        Self {
            state,
            reason: self.reason.or(other.reason),
            needs_restart: self.needs_restart || other.needs_restart,
            workers: self.workers + other.workers,
            sessions: self.sessions + other.sessions,
            busy: self.busy + other.busy,
            stuck: self.stuck + other.stuck,
            queue_depth: self.queue_depth + other.queue_depth,
            counters: self.counters.with(other.counters),
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self {
            state: State::Unusable,
            reason: None,
            needs_restart: false,
            workers: 0,
            sessions: 0,
            busy: 0,
            stuck: 0,
            queue_depth: 0,
            counters: Counters::default(),
        }
    }
}

/// Events since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Signatures released.
    pub signatures: u64,
    /// All jobs answered with success, signatures included.
    pub operations: u64,
    /// Jobs done that made objects: what modules lose memory by.
    pub written: u64,
    /// Jobs answered with an error of the token.
    pub failures: u64,
    /// Attempts repeated after a failure.
    pub retries: u64,
    /// Signatures that did not verify and were thrown away.
    pub faulty: u64,
    /// Jobs dropped because their deadline had passed.
    pub late: u64,
    /// Jobs dropped because nobody waits for them any more.
    pub abandoned: u64,
    /// Jobs refused because the queue was full.
    pub refused: u64,
    /// Worker sessions opened.
    pub sessions_opened: u64,
    /// Logins made.
    pub logins: u64,
    /// Times the module was initialised again.
    pub reinitialisations: u64,
    /// Times a thread was found stuck.
    pub stuck: u64,
    /// Microseconds that jobs waited before a worker had them first, in total.
    pub waited: u64,
    /// Microseconds that workers spent on jobs, in total.
    pub worked: u64,
}

macro_rules! tally {
    ($($name:ident),*) => {
        /// The counters while they count.
        #[derive(Debug, Default)]
        pub(super) struct Tally { $(pub(super) $name: AtomicU64),* }

        impl Counters {
            fn with(self, other: Self) -> Self {
                Self { $($name: self.$name + other.$name),* }
            }
        }

        impl Tally {
            pub(super) fn counters(&self) -> Counters {
                Counters { $($name: self.$name.load(Ordering::Relaxed)),* }
            }
        }
    };
}

tally!(
    signatures,
    operations,
    written,
    failures,
    retries,
    faulty,
    late,
    abandoned,
    refused,
    sessions_opened,
    logins,
    reinitialisations,
    stuck,
    waited,
    worked
);

/// Adds a time in microseconds.
pub(super) fn add(counter: &AtomicU64, time: Duration) {
    counter.fetch_add(
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
        Ordering::Relaxed,
    );
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
