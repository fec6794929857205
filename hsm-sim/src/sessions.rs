//! The simulator's own session handles. The real module may number its sessions from 1 again after every start; here a stale
//! handle is caught, unless the configuration asks for that trap.

use std::collections::{BTreeSet, HashMap};

use cryptoki_sys::{CK_SESSION_HANDLE, CK_SLOT_ID};

use crate::conf::SessionHandles;

/// The sessions that applications hold.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: HashMap<CK_SESSION_HANDLE, Open>,
    last: CK_SESSION_HANDLE,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    real: CK_SESSION_HANDLE,
    slot: CK_SLOT_ID,
}

impl Sessions {
    pub(crate) fn add(&mut self, slot: CK_SLOT_ID, real: CK_SESSION_HANDLE) -> CK_SESSION_HANDLE {
        self.last += 1;
        self.open.insert(self.last, Open { real, slot });
        self.last
    }

    /// The real module's handle, while the session is open.
    pub(crate) fn real(&self, session: CK_SESSION_HANDLE) -> Option<CK_SESSION_HANDLE> {
        self.open.get(&session).map(|open| open.real)
    }

    pub(crate) fn remove(&mut self, session: CK_SESSION_HANDLE) {
        self.open.remove(&session);
    }

    pub(crate) fn remove_slot(&mut self, slot: CK_SLOT_ID) {
        self.open.retain(|_, open| open.slot != slot);
    }

    pub(crate) fn count(&self) -> usize {
        self.open.len()
    }

    /// The slots with open sessions.
    pub(crate) fn slots(&self) -> BTreeSet<CK_SLOT_ID> {
        self.open.values().map(|open| open.slot).collect()
    }

    /// What `C_Finalize` leaves.
    pub(crate) fn finalize(&mut self, handles: SessionHandles) {
        self.open.clear();
        if handles == SessionHandles::Restart {
            self.last = 0;
        }
    }
}
