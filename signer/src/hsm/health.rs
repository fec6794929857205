//! What operators see of a token: its state and its counters.

use std::sync::atomic::{AtomicU64, Ordering};

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

/// A snapshot of one token.
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
}

macro_rules! tally {
    ($($name:ident),*) => {
        /// The counters while they count.
        #[derive(Debug, Default)]
        pub(super) struct Tally { $(pub(super) $name: AtomicU64),* }

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
    stuck
);

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
