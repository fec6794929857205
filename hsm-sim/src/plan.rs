//! Which fault strikes which call.

use std::sync::{Mutex, PoisonError};

use crate::{
    call::Call,
    conf::{Fault, fault::Effect},
    random::Random,
};

/// The faults of one reading of the configuration, and how far each has come.
#[derive(Debug)]
pub(crate) struct Plan(Mutex<Vec<Armed>>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    seen: u64,
    struck: u64,
}

/// A fault that strikes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    /// Its place among the `[[fault]]` entries, from 0.
    pub(crate) entry: usize,
    pub(crate) effect: Effect,
}

impl Plan {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(
            faults
                .into_iter()
                .map(|fault| Armed {
                    fault,
                    seen: 0,
                    struck: 0,
                })
                .collect(),
        ))
    }

    /// The first entry that is due. All entries for the call count it, so that `after` means calls, whoever struck them.
    pub(crate) fn strike(&self, call: Call, random: &Random) -> Option<Strike> {
        let mut first = None;
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (entry, armed) in faults
            .iter_mut()
            .enumerate()
            .filter(|(_, armed)| armed.fault.call == call)
        {
            armed.seen += 1;
            let due = armed.seen > armed.fault.after
                && armed.fault.count.is_none_or(|count| armed.struck < count);
            if first.is_none() && due && random.unit() < armed.fault.probability {
                armed.struck += 1;
                first = Some(Strike {
                    entry,
                    effect: armed.fault.effect,
                });
            }
        }
        first
    }
}
