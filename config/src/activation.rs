//! `[activation]`: passphrases and what slows their guessing down.

use std::time::Duration;

use crate::default;
use crate::reader::Section;
use crate::value::Size;

/// Passphrases and what slows their guessing down.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Activation {
    /// Memory of one run of Argon2id, for passphrases set from now on.
    pub argon2_memory: Size,
    /// Passes of Argon2id, for passphrases set from now on.
    pub argon2_iterations: u32,
    /// Threads that stretch passphrases; each keeps `argon2_memory` reserved.
    pub argon2_threads: usize,
    /// Passphrases that may wait for one of them.
    pub argon2_queue: usize,
    /// How long a right passphrase is remembered; zero means not at all.
    pub remember: Duration,
    /// Wrong passphrases in a row that lock a person.
    pub lock_after: u32,
    /// The first lock; each further one doubles.
    pub lock: Duration,
    /// The longest lock.
    pub lock_max: Duration,
}

impl Default for Activation {
    fn default() -> Self {
        Self {
            argon2_memory: default::ARGON2_MEMORY,
            argon2_iterations: default::ARGON2_ITERATIONS,
            argon2_threads: default::argon2_threads(),
            argon2_queue: default::ARGON2_QUEUE,
            remember: default::REMEMBER_PASSPHRASE,
            lock_after: default::LOCK_AFTER,
            lock: default::LOCK,
            lock_max: default::LOCK_MAX,
        }
    }
}

impl Activation {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let day = Duration::from_hours(24);
        let activation = Self {
            argon2_memory: section.within(
                "argon2-memory",
                default.argon2_memory,
                Size::mib(8)..=Size::gib(1),
            ),
            argon2_iterations: section.within(
                "argon2-iterations",
                default.argon2_iterations,
                1..=16,
            ),
            argon2_threads: section.within("argon2-threads", default.argon2_threads, 1..=256),
            argon2_queue: section.within("argon2-queue", default.argon2_queue, 1..=100_000),
            remember: section.within(
                "remember",
                default.remember,
                Duration::ZERO..=Duration::from_mins(15),
            ),
            lock_after: section.within("lock-after", default.lock_after, 1..=20),
            lock: section.within("lock", default.lock, Duration::from_secs(1)..=day),
            lock_max: section.within("lock-max", default.lock_max, Duration::from_secs(1)..=day),
        };
        section.finish();
        activation
    }
}
