//! The bytes of an answer, which lie in the caller's memory.

use cryptoki_sys::{CK_BYTE, CK_ULONG};

/// Where an answer goes: a buffer and its length, as the standard's functions take them.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    data: *mut CK_BYTE,
    len: *const CK_ULONG,
}

impl Answer {
    /// For functions that answer no bytes.
    pub(super) const NONE: Self = Self {
        data: std::ptr::dangling_mut(),
        len: std::ptr::null(),
    };

    pub(super) fn new(data: *mut CK_BYTE, len: *const CK_ULONG) -> Self {
        Self { data, len }
    }

    /// No buffer: the call asks how long the answer would be.
    pub(super) fn asks_size(self) -> bool {
        self.data.is_null()
    }

    /// Makes one bit of the middle byte wrong.
    ///
    /// # Safety
    /// After a call that answered `CKR_OK` with this buffer and length, and before it returns to the caller.
    pub(super) unsafe fn flip_bit(self) {
        if self.data.is_null() || self.len.is_null() {
            return;
        }
        // SAFETY: not null, and the module has just written through it.
        let len = unsafe { *self.len };
        let Some(middle) = usize::try_from(len)
            .ok()
            .filter(|len| *len > 0)
            .map(|len| len / 2)
        else {
            return;
        };
        // SAFETY: `middle` is below the length that the module says it has written.
        let byte = unsafe { self.data.add(middle) };
        // SAFETY: as above; the buffer is the caller's, who waits for this call.
        unsafe { *byte ^= 1 };
    }
}
