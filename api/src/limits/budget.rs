//! The global budget of bytes in flight.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in units of this size: a semaphore counts to 2³² − 1 a permit.
const UNIT: u64 = 4096;

/// How many bytes of requests may be in memory at once, over all connections.
#[derive(Clone, Debug)]
pub struct Budget {
    units: Arc<Semaphore>,
    total: usize,
}

/// A part of the budget, given back when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    permit: OwnedSemaphorePermit,
    units: Arc<Semaphore>,
}

impl Budget {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let total = usize::try_from(bytes.div_ceil(UNIT)).unwrap_or(Semaphore::MAX_PERMITS);
        let total = total.min(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(total)),
            total,
        }
    }

    /// Reserves `bytes`, or nothing when that many are not free now.
    #[must_use]
    pub fn lease(&self, bytes: u64) -> Option<Lease> {
        let permit = Arc::clone(&self.units)
            .try_acquire_many_owned(units(bytes)?)
            .ok()?;
        Some(Lease(Arc::new(Mutex::new(Held {
            permit,
            units: Arc::clone(&self.units),
        }))))
    }

    /// Bytes reserved now.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        let used = self.total.saturating_sub(self.units.available_permits());
        u64::try_from(used).unwrap_or(u64::MAX).saturating_mul(UNIT)
    }
}

impl Lease {
    /// Makes the lease at least `bytes` large; false when the budget does not have them.
    #[must_use]
    pub fn reach(&self, bytes: u64) -> bool {
        let Some(wanted) = units(bytes) else {
            return false;
        };
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let have = u32::try_from(held.permit.num_permits()).unwrap_or(u32::MAX);
        let Some(missing) = wanted.checked_sub(have).filter(|missing| *missing > 0) else {
            return true;
        };
        match Arc::clone(&held.units).try_acquire_many_owned(missing) {
            Ok(more) => {
                held.permit.merge(more);
                true
            }
            Err(_) => false,
        }
    }
}

impl Lease {
    /// Takes over up to `bytes` of another lease; that one gives back the rest when it is dropped.
    pub fn take_over(&self, other: Self, bytes: u64) {
        let taken = {
            let mut other = other.0.lock().unwrap_or_else(PoisonError::into_inner);
            let have = other.permit.num_permits();
            let wanted = units(bytes).and_then(|units| usize::try_from(units).ok());
            other.permit.split(wanted.unwrap_or(have).min(have))
        };
        drop(other);
        if let Some(taken) = taken {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.permit.merge(taken);
        }
    }
}

fn units(bytes: u64) -> Option<u32> {
    u32::try_from(bytes.div_ceil(UNIT)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_what_is_dropped_comes_back() {
        let budget = Budget::new(10 * UNIT);
        let first = budget.lease(6 * UNIT).unwrap();
        assert!(budget.lease(5 * UNIT).is_none());
        assert!(first.reach(10 * UNIT));
        assert!(!first.reach(10 * UNIT + 1));
        assert_eq!(budget.in_flight(), 10 * UNIT);
        let clone = first.clone();
        drop(first);
        assert_eq!(budget.in_flight(), 10 * UNIT, "a clone keeps the bytes");
        drop(clone);
        assert_eq!(budget.in_flight(), 0);
    }

    #[test]
    fn a_lease_takes_over_a_part_of_another() {
        let budget = Budget::new(10 * UNIT);
        let lease = budget.lease(UNIT).unwrap();
        lease.take_over(budget.lease(8 * UNIT).unwrap(), 2 * UNIT);
        assert_eq!(budget.in_flight(), 3 * UNIT);
        lease.take_over(budget.lease(UNIT).unwrap(), 9 * UNIT);
        assert_eq!(budget.in_flight(), 4 * UNIT, "no more than there is");
        drop(lease);
        assert_eq!(budget.in_flight(), 0);
    }

    #[test]
    fn absurd_sizes_are_refused() {
        assert!(Budget::new(u64::MAX).lease(u64::MAX).is_none());
    }
}
