//! Repeatable chance: the same `seed` and the same order of calls give the same faults and latencies.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter through the finaliser of `SplitMix64`: no lock, and good enough for tests.
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

impl Random {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Evenly spread in the open interval (0, 1).
    pub(crate) fn unit(&self) -> f64 {
        let mut z = self
            .0
            .fetch_add(Self::STEP, Ordering::Relaxed)
            .wrapping_add(Self::STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let thirty_two_bits = u32::try_from(z >> 32).unwrap_or(u32::MAX);
        (f64::from(thirty_two_bits) + 0.5) / (f64::from(u32::MAX) + 1.0)
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn normal(&self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}
