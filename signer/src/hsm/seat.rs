//! A thread's place at the token: how the others see whether it came back from the module.
//!
//! PKCS#11 cannot cancel a call. A thread that is past its deadline is given up: its caller is answered, and the thread
//! counts as stuck until it comes back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::error::Error;
use super::job::Caller;
use super::module::lock;

/// A thread's place at the token.
pub(super) struct Seat {
    pub(super) number: u64,
    call: Mutex<Option<Call>>,
    stuck: AtomicBool,
    has_session: AtomicBool,
}

/// What a thread does inside the module.
struct Call {
    deadline: Instant,
    caller: Option<Arc<dyn Caller>>,
}

impl Seat {
    pub(super) fn new(number: u64) -> Arc<Self> {
        Arc::new(Self {
            number,
            call: Mutex::new(None),
            stuck: AtomicBool::new(false),
            has_session: AtomicBool::new(false),
        })
    }

    /// The thread enters the module; with a job, its caller.
    pub(super) fn enter(&self, deadline: Instant, caller: Option<Arc<dyn Caller>>) {
        *lock(&self.call) = Some(Call { deadline, caller });
    }

    /// The thread has come back.
    pub(super) fn leave(&self) {
        let ended = lock(&self.call).take();
        self.stuck.store(false, Ordering::Release);
        drop(ended);
    }

    pub(super) fn set_session(&self, open: bool) {
        self.has_session.store(open, Ordering::Relaxed);
    }

    pub(super) fn has_session(&self) -> bool {
        self.has_session.load(Ordering::Relaxed)
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Acquire)
    }

    /// Says whether the thread does a job.
    pub(super) fn is_busy(&self) -> bool {
        lock(&self.call)
            .as_ref()
            .is_some_and(|call| call.caller.is_some())
    }

    /// Gives the thread up if it is late, and answers in its place; says whether it was found late now.
    pub(super) fn judge(&self, now: Instant) -> bool {
        // Held to the end, so that a thread coming back is not called stuck afterwards.
        let call = lock(&self.call);
        let Some(late) = call.as_ref().filter(|call| call.deadline <= now) else {
            return false;
        };
        if let Some(caller) = &late.caller {
            caller.fail(Error::Deadline);
        }
        !self.stuck.swap(true, Ordering::AcqRel)
    }

    /// Answers whoever waits for the thread.
    pub(super) fn fail(&self, error: Error) {
        if let Some(caller) = lock(&self.call)
            .as_ref()
            .and_then(|call| call.caller.as_ref())
        {
            caller.fail(error);
        }
    }
}
