//! One guess a holder at a time.
//!
//! Guesses are counted before they are tried; were they tried side by side, five right ones at once would look
//! like five wrong ones. It also keeps one holder's flood from filling the threads of all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as Gate;

use crate::id::HolderId;

/// Gates kept before those that nobody stands at are cleared away.
const KEPT: usize = 1024;

/// The gates of all holders that are being tried.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<HolderId, Arc<Gate<()>>>>);

impl Gates {
    /// The gate of a holder, unless `queue` callers stand at it already.
    pub(crate) fn enter(&self, holder: HolderId, queue: usize) -> Option<Arc<Gate<()>>> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= KEPT {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let gate = gates.entry(holder).or_default();
        // One count is the map's own.
        (Arc::strong_count(gate) <= queue).then(|| Arc::clone(gate))
    }
}

#[cfg(test)]
mod tests {
    use super::{Gates, KEPT};
    use crate::id::HolderId;

    #[test]
    fn gates_are_bounded_both_ways() {
        let gates = Gates::default();
        let holder = HolderId::random().unwrap();
        let first = gates.enter(holder, 2).unwrap();
        let second = gates.enter(holder, 2).unwrap();
        assert!(gates.enter(holder, 2).is_none());
        drop((first, second));
        assert!(gates.enter(holder, 2).is_some());
        for _ in 0..3 * KEPT {
            assert!(gates.enter(HolderId::random().unwrap(), 2).is_some());
        }
        assert!(gates.0.lock().unwrap().len() <= KEPT);
    }
}
