//! One call's way: configuration, state of the device, fault, pace, the real module, log. All of it safe code; the entries in
//! [`crate::ffi`] hand in closures that make the real call.
//!
//! A call that only asks how long its answer will be does not reach a device: it is neither slowed nor struck nor counted.

use std::{
    io::Write,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use cryptoki_sys::{
    CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CKR_BUFFER_TOO_SMALL, CKR_DEVICE_ERROR,
    CKR_DEVICE_REMOVED, CKR_FUNCTION_FAILED, CKR_OK, CKR_SESSION_COUNT, CKR_SESSION_HANDLE_INVALID,
    CKR_TOKEN_NOT_PRESENT,
};

use crate::{
    call::Call,
    conf::{Conf, Error, Stamp, fault::Effect},
    ffi,
    log::{Fault, Line, Log},
    pace::{Pace, rest},
    plan::Plan,
    random::Random,
    sessions::Sessions,
};

/// The one simulator of the process.
pub(crate) static SIM: LazyLock<Sim> = LazyLock::new(Sim::default);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Sim {
    configured: Mutex<Configured>,
    device: Mutex<Device>,
    sessions: Mutex<Sessions>,
    /// Read while a thread is inside the real module with a session; written to close sessions under nobody's feet.
    inside: RwLock<()>,
}

/// One reading of the configuration.
#[derive(Debug)]
struct Setup {
    conf: Conf,
    plan: Plan,
    pace: Pace,
    random: Random,
    log: Log,
}

#[derive(Debug, Default)]
struct Configured {
    read: Option<Option<Stamp>>,
    setup: Option<Arc<Setup>>,
    /// What was loaded; it stays for the life of the process.
    module: Option<PathBuf>,
}

/// What earlier faults have left.
#[derive(Debug, Default)]
struct Device {
    initialized: bool,
    dead: bool,
    absent_until: Option<Instant>,
}

/// A call on its way: what `perform` needs to know of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) call: Call,
    pub(crate) session: Option<CK_SESSION_HANDLE>,
    pub(crate) asks_size: bool,
}

impl From<Call> for Request {
    fn from(call: Call) -> Self {
        Self {
            call,
            session: None,
            asks_size: false,
        }
    }
}

impl Sim {
    /// A call that names a session. `forward` is given the real module's handle; `spoil` makes the answer's bytes wrong.
    pub(crate) fn session_call(
        &self,
        request: Request,
        session: CK_SESSION_HANDLE,
        forward: impl FnOnce(CK_SESSION_HANDLE) -> CK_RV,
        spoil: impl FnOnce(),
    ) -> CK_RV {
        let action = |_: &Setup| {
            let _inside = self.inside.read().unwrap_or_else(PoisonError::into_inner);
            let real = lock(&self.sessions).real(session);
            real.map_or(CKR_SESSION_HANDLE_INVALID, forward)
        };
        self.perform(
            Request {
                session: Some(session),
                ..request
            },
            action,
            spoil,
        )
    }

    /// A call that names a slot, or nothing.
    pub(crate) fn slot_call(&self, call: Call, forward: impl FnOnce() -> CK_RV) -> CK_RV {
        self.perform(call.into(), |_| forward(), || ())
    }

    /// `C_Initialize`: loads the module at the first.
    pub(crate) fn initialize(&self, forward: impl FnOnce() -> CK_RV) -> CK_RV {
        let action = |setup: &Setup| {
            if let Err(reason) = ffi::real::load(&setup.conf.module) {
                explain(&reason);
                return CKR_FUNCTION_FAILED;
            }
            lock(&self.configured).module = Some(setup.conf.module.clone());
            let result = forward();
            if result == CKR_OK {
                // A token that is away stays away.
                let mut device = lock(&self.device);
                (device.initialized, device.dead) = (true, false);
            }
            result
        };
        self.perform(Call::C_Initialize.into(), action, || ())
    }

    /// `C_Finalize`: no thread is inside the module with a session then.
    pub(crate) fn finalize(&self, forward: impl FnOnce() -> CK_RV) -> CK_RV {
        let action = |setup: &Setup| {
            let _alone = self.inside.write().unwrap_or_else(PoisonError::into_inner);
            let result = forward();
            let mut device = lock(&self.device);
            device.dead = false;
            if result == CKR_OK {
                device.initialized = false;
                lock(&self.sessions).finalize(setup.conf.session_handles);
            }
            result
        };
        self.perform(Call::C_Finalize.into(), action, || ())
    }

    /// `C_OpenSession`: `forward` answers the real module's handle, `give` hands ours to the caller.
    pub(crate) fn open_session(
        &self,
        slot: CK_SLOT_ID,
        forward: impl FnOnce() -> Result<CK_SESSION_HANDLE, CK_RV>,
        give: impl FnOnce(CK_SESSION_HANDLE),
    ) -> CK_RV {
        let action = |setup: &Setup| {
            let mut sessions = lock(&self.sessions);
            let most = setup
                .conf
                .max_sessions()
                .and_then(|most| usize::try_from(most.get()).ok());
            if most.is_some_and(|most| sessions.count() >= most) {
                return CKR_SESSION_COUNT;
            }
            match forward() {
                Ok(real) => {
                    give(sessions.add(slot, real));
                    CKR_OK
                }
                Err(result) => result,
            }
        };
        self.perform(Call::C_OpenSession.into(), action, || ())
    }

    /// `C_CloseSession`.
    pub(crate) fn close_session(
        &self,
        session: CK_SESSION_HANDLE,
        forward: impl FnOnce(CK_SESSION_HANDLE) -> CK_RV,
    ) -> CK_RV {
        let forward = |real| {
            let result = forward(real);
            if result == CKR_OK {
                lock(&self.sessions).remove(session);
            }
            result
        };
        self.session_call(Call::C_CloseSession.into(), session, forward, || ())
    }

    /// `C_CloseAllSessions`.
    pub(crate) fn close_all_sessions(
        &self,
        slot: CK_SLOT_ID,
        forward: impl FnOnce() -> CK_RV,
    ) -> CK_RV {
        let action = |_: &Setup| {
            let _alone = self.inside.write().unwrap_or_else(PoisonError::into_inner);
            let result = forward();
            if result == CKR_OK {
                lock(&self.sessions).remove_slot(slot);
            }
            result
        };
        self.perform(Call::C_CloseAllSessions.into(), action, || ())
    }

    /// `C_GetSlotList`: `empty` answers that no slot holds a token.
    pub(crate) fn slot_list(
        &self,
        with_token: bool,
        forward: impl FnOnce() -> CK_RV,
        empty: impl FnOnce() -> CK_RV,
    ) -> CK_RV {
        let action = |_: &Setup| {
            if with_token && lock(&self.device).is_absent() {
                empty()
            } else {
                forward()
            }
        };
        self.perform(Call::C_GetSlotList.into(), action, || ())
    }

    /// `C_GetSlotInfo`: `empty` takes the token's mark out of the answer.
    pub(crate) fn slot_info(&self, forward: impl FnOnce() -> CK_RV, empty: impl FnOnce()) -> CK_RV {
        let action = |_: &Setup| {
            let result = forward();
            if result == CKR_OK && lock(&self.device).is_absent() {
                empty();
            }
            result
        };
        self.perform(Call::C_GetSlotInfo.into(), action, || ())
    }

    /// `C_GetTokenInfo`: `limit` writes the configured number of sessions into the answer.
    pub(crate) fn token_info(
        &self,
        forward: impl FnOnce() -> CK_RV,
        limit: impl FnOnce(u64),
    ) -> CK_RV {
        let action = |setup: &Setup| {
            let result = forward();
            if let (CKR_OK, Some(most)) = (result, setup.conf.max_sessions()) {
                limit(most.get());
            }
            result
        };
        self.perform(Call::C_GetTokenInfo.into(), action, || ())
    }

    fn perform(
        &self,
        request: Request,
        action: impl FnOnce(&Setup) -> CK_RV,
        spoil: impl FnOnce(),
    ) -> CK_RV {
        let started = Instant::now();
        let Some(setup) = self.setup() else {
            return CKR_FUNCTION_FAILED;
        };
        let (result, fault) = self.outcome(&setup, request, action, spoil);
        let Request {
            call,
            session,
            asks_size,
        } = request;
        setup.log.write(&Line {
            call,
            session,
            asks_size,
            result: Some(result),
            took: started.elapsed(),
            fault,
        });
        result
    }

    fn outcome(
        &self,
        setup: &Setup,
        request: Request,
        action: impl FnOnce(&Setup) -> CK_RV,
        spoil: impl FnOnce(),
    ) -> (CK_RV, Fault) {
        let call = request.call;
        if let Some(refused) = lock(&self.device).refuses(call) {
            return refused;
        }
        if request.asks_size {
            return (action(setup), Fault::None);
        }
        let Some(strike) = setup.plan.strike(call, &setup.random) else {
            return (setup.paced(call, action), Fault::None);
        };
        let result = match strike.effect {
            Effect::Die => {
                lock(&self.device).dead = true;
                CKR_DEVICE_ERROR
            }
            Effect::FlipBit => {
                let result = setup.paced(call, action);
                if result == CKR_OK {
                    spoil();
                }
                result
            }
            Effect::Hang(duration) => {
                setup.log.write(&Line {
                    call,
                    session: request.session,
                    asks_size: false,
                    result: None,
                    took: Duration::ZERO,
                    fault: Fault::Struck(strike),
                });
                rest(duration);
                setup.paced(call, action)
            }
            Effect::LoseSessions => {
                self.lose_sessions();
                if request.session.is_some() {
                    CKR_SESSION_HANDLE_INVALID
                } else {
                    setup.paced(call, action)
                }
            }
            Effect::Return(code) => {
                // An error ends the operation that the session was in, which in the real module only the call itself does.
                if call.answers_bytes() && code != CKR_BUFFER_TOO_SMALL && action(setup) == CKR_OK {
                    spoil();
                }
                code
            }
            Effect::TokenAbsent(duration) => {
                self.remove_token(duration);
                match (request.session, call.needs_token()) {
                    (Some(_), _) => CKR_DEVICE_REMOVED,
                    (None, true) => CKR_TOKEN_NOT_PRESENT,
                    (None, false) => setup.paced(call, action),
                }
            }
        };
        (result, Fault::Struck(strike))
    }

    fn remove_token(&self, duration: Duration) {
        lock(&self.device).absent_until = Some(Instant::now() + duration);
        self.lose_sessions();
    }

    /// Closes all sessions in the real module, which also logs out; waits for threads that are inside it.
    fn lose_sessions(&self) {
        let _alone = self.inside.write().unwrap_or_else(PoisonError::into_inner);
        let mut sessions = lock(&self.sessions);
        for slot in sessions.slots() {
            ffi::real::close_all_sessions(slot);
            sessions.remove_slot(slot);
        }
    }

    /// What the file says now; `None` when it says nothing usable.
    fn setup(&self) -> Option<Arc<Setup>> {
        let path = std::env::var_os("HSM_SIM_CONF").map(PathBuf::from);
        let stamp = path.as_deref().and_then(Stamp::of);
        let mut configured = lock(&self.configured);
        if configured.read != Some(stamp) {
            configured.read = Some(stamp);
            let setup = path
                .ok_or(Error::NotNamed)
                .and_then(|path| Setup::read(&path, configured.module.as_ref()));
            configured.setup = setup
                .inspect_err(|error| explain(&error.to_string()))
                .ok()
                .map(Arc::new);
        }
        configured.setup.clone()
    }
}

impl Setup {
    fn read(path: &std::path::Path, loaded: Option<&PathBuf>) -> Result<Self, Error> {
        let mut conf = Conf::read(path)?;
        if let Some(from) = loaded.filter(|loaded| **loaded != conf.module) {
            return Err(Error::ModuleChanged {
                from: from.clone(),
                to: conf.module,
            });
        }
        let log = conf.log.clone().unwrap_or_default();
        let log =
            Log::open(conf.log.as_deref()).map_err(|source| Error::Log { path: log, source })?;
        let plan = Plan::new(std::mem::take(&mut conf.fault));
        Ok(Self {
            plan,
            pace: Pace::new(&conf),
            random: Random::new(conf.seed),
            log,
            conf,
        })
    }

    fn paced(&self, call: Call, action: impl FnOnce(&Self) -> CK_RV) -> CK_RV {
        self.pace
            .run(call, &self.conf, &self.random, || action(self))
    }
}

impl Device {
    fn is_absent(&self) -> bool {
        self.absent_until
            .is_some_and(|until| Instant::now() < until)
    }

    /// The answer of a device that is dead or gone.
    fn refuses(&mut self, call: Call) -> Option<(CK_RV, Fault)> {
        if self.dead {
            match call {
                Call::C_Finalize => return None,
                // It died before it was up: there is nothing to finalize.
                Call::C_Initialize if !self.initialized => self.dead = false,
                _ => return Some((CKR_DEVICE_ERROR, Fault::Dead)),
            }
        }
        (call.needs_token() && self.is_absent()).then_some((CKR_TOKEN_NOT_PRESENT, Fault::Absent))
    }
}

/// A panic elsewhere must not take the simulator down with it: every guarded value is whole after each statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the person at the test what is wrong with the configuration; there is no other channel at a C interface.
fn explain(reason: &str) {
    drop(writeln!(std::io::stderr(), "hsm-sim: {reason}"));
}
