//! How fast the device is: latency, how much at once, how much a second.

use std::{
    num::NonZeroU32,
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{call::Call, conf::Conf, random::Random};

/// The limits of one reading of the configuration.
#[derive(Debug)]
pub(crate) struct Pace {
    free: Option<(Mutex<u32>, Condvar)>,
    rate: Option<Rate>,
}

/// Operations start at least this far apart.
#[derive(Debug)]
struct Rate {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(conf: &Conf) -> Self {
        Self {
            free: conf
                .max_parallel()
                .map(|most| (Mutex::new(most.get()), Condvar::new())),
            rate: conf.max_per_second().map(Rate::new),
        }
    }

    /// Runs `action` when its turn comes and its latency is over.
    pub(crate) fn run<T>(
        &self,
        call: Call,
        conf: &Conf,
        random: &Random,
        action: impl FnOnce() -> T,
    ) -> T {
        let _place = call.is_operation().then(|| self.enter());
        if let Some(latency) = conf.latency(call) {
            rest(latency.sample(random));
        }
        action()
    }

    fn enter(&self) -> Place<'_> {
        if let Some((free, changed)) = &self.free {
            let free = free.lock().unwrap_or_else(PoisonError::into_inner);
            let mut free = changed
                .wait_while(free, |free| *free == 0)
                .unwrap_or_else(PoisonError::into_inner);
            *free -= 1;
        }
        let place = Place(self);
        if let Some(rate) = &self.rate {
            rest(rate.wait());
        }
        place
    }
}

/// One of the `max-parallel` places, given back by drop.
struct Place<'a>(&'a Pace);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some((free, changed)) = &self.0.free {
            *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            changed.notify_one();
        }
    }
}

impl Rate {
    fn new(per_second: NonZeroU32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.get(),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Takes the next start and tells how far away it is.
    fn wait(&self) -> Duration {
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let start = now.max(*next);
        *next = start + self.interval;
        start.saturating_duration_since(now)
    }
}

/// Lets the calling thread wait, as it would for a device.
#[expect(
    clippy::disallowed_methods,
    reason = "taking time on the caller's thread is what the simulator is for"
)]
pub(crate) fn rest(duration: Duration) {
    if !duration.is_zero() {
        std::thread::sleep(duration);
    }
}
