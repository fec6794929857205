//! A PKCS#11 module: loaded once a process, initialised once, and again when it has to be.
//!
//! `C_Initialize`, `C_Finalize` and the login are the process's, not a token's, so several tokens behind one module share one
//! [`Module`]. Whoever holds a session holds a [`Lease`]; the module is finalised only when no lease is left, because
//! modules hand out the same session numbers again after `C_Initialize` (SoftHSM starts at 1), so that an old session,
//! closed late, would close somebody's new one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Binding, RvError};
use tracing::{info, warn};

use super::error::Error;

/// A lock whose holder panicked guards state that is still consistent: it is changed in single steps.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Told that every session of the module must be dropped, as soon as the running calls have ended.
pub(super) trait Tenant: Send + Sync {
    fn drain(&self);
    /// Says whether one of its threads is stuck inside the module.
    fn is_stuck(&self) -> bool;
    /// Says whether it has a token that it can use.
    fn is_serving(&self) -> bool;
}

/// A loaded module.
pub(super) struct Module {
    path: PathBuf,
    pkcs11: Pkcs11,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Default)]
struct Gate {
    phase: Phase,
    /// Counts initialisations; a session of an earlier epoch is dead.
    epoch: u64,
    leases: usize,
    tenants: Vec<Weak<dyn Tenant>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Finalised,
    /// One thread is inside `C_Initialize` or `C_Finalize`.
    Changing,
    Initialised,
    /// Waits for the leases to be given back.
    Draining,
}

/// Modules are never unloaded: their threads and exit handlers do not survive it.
static LOADED: LazyLock<Mutex<HashMap<PathBuf, Arc<Module>>>> = LazyLock::new(Mutex::default);

impl Module {
    /// Loads the module, or finds it loaded.
    pub(super) fn load(path: &Path) -> Result<Arc<Self>, Error> {
        // Two names of one file are one module; a bare name is left to the loader's search path.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut loaded = lock(&LOADED);
        if let Some(module) = loaded.get(&path) {
            return Ok(Arc::clone(module));
        }
        let pkcs11 = Pkcs11::new(&path).map_err(|source| Error::Load {
            path: path.clone(),
            source: Arc::new(source),
        })?;
        let module = Arc::new(Self {
            path: path.clone(),
            pkcs11,
            gate: Mutex::default(),
            changed: Condvar::new(),
        });
        loaded.insert(path, Arc::clone(&module));
        Ok(module)
    }

    /// Has `tenant` told when its sessions must go.
    pub(super) fn admit(&self, tenant: Weak<dyn Tenant>) {
        let mut gate = lock(&self.gate);
        gate.tenants.retain(|tenant| tenant.strong_count() > 0);
        gate.tenants.push(tenant);
    }

    /// Takes part in the initialisation `epoch`, if that is still the one.
    pub(super) fn join(self: &Arc<Self>, epoch: u64) -> Option<Lease> {
        let mut gate = lock(&self.gate);
        if gate.phase != Phase::Initialised || gate.epoch != epoch {
            return None;
        }
        gate.leases += 1;
        drop(gate);
        let module = Arc::clone(self);
        Some(Lease { module, epoch })
    }

    /// Initialises the module if nobody has, and takes part in it; `calling` is called before the module is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while another thread initialises or finalises it for longer than `patience`, and what
    /// `C_Initialize` answers.
    pub(super) fn enter(
        self: &Arc<Self>,
        patience: Duration,
        calling: impl Fn(),
    ) -> Result<Lease, Error> {
        let deadline = Instant::now() + patience;
        let mut gate = lock(&self.gate);
        loop {
            match gate.phase {
                Phase::Initialised => {
                    gate.leases += 1;
                    return Ok(Lease {
                        module: Arc::clone(self),
                        epoch: gate.epoch,
                    });
                }
                Phase::Finalised => {
                    gate.phase = Phase::Changing;
                    drop(gate);
                    calling();
                    let outcome = self.initialise();
                    gate = self.reached(&outcome);
                    outcome?;
                }
                Phase::Changing | Phase::Draining => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(Error::Unavailable);
                    }
                    gate = self
                        .changed
                        .wait_timeout(gate, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
            }
        }
    }

    /// Finalises and initialises the module, unless that has happened since `epoch`.
    ///
    /// The caller has given back its own lease. Every tenant drops its sessions first; `drained` is called after that,
    /// before the module is. Answers whether it was done here.
    ///
    /// # Errors
    /// [`Error::Stuck`] when a thread that is stuck inside the module holds a session, and what `C_Initialize` answers.
    pub(super) fn reinitialise(&self, epoch: u64, drained: impl FnOnce()) -> Result<bool, Error> {
        let mut gate = lock(&self.gate);
        if gate.epoch != epoch || gate.phase != Phase::Initialised {
            return Ok(false);
        }
        gate.phase = Phase::Draining;
        let tenants: Vec<_> = gate.tenants.iter().filter_map(Weak::upgrade).collect();
        drop(gate);
        tenants.iter().for_each(|tenant| tenant.drain());

        gate = lock(&self.gate);
        while gate.leases > 0 {
            if tenants.iter().any(|tenant| tenant.is_stuck()) {
                gate.phase = Phase::Initialised;
                self.changed.notify_all();
                return Err(Error::Stuck);
            }
            gate = self
                .changed
                .wait_timeout(gate, DRAIN_TICK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        gate.phase = Phase::Changing;
        drop(gate);
        drained();
        info!(module = %self.path.display(), "initialising the module again");
        self.finalise();
        let outcome = self.initialise();
        drop(self.reached(&outcome));
        outcome.map(|()| true)
    }

    /// Opens the gate again after a change, with the phase that `outcome` has brought.
    fn reached(&self, outcome: &Result<(), Error>) -> MutexGuard<'_, Gate> {
        let mut gate = lock(&self.gate);
        gate.epoch += 1;
        gate.phase = if outcome.is_ok() {
            Phase::Initialised
        } else {
            Phase::Finalised
        };
        self.changed.notify_all();
        gate
    }

    /// Says whether a token behind the module is in use.
    pub(super) fn is_serving(&self) -> bool {
        let tenants: Vec<_> = lock(&self.gate)
            .tenants
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        tenants.iter().any(|tenant| tenant.is_serving())
    }

    /// Finalises the module if nobody holds a session of it.
    pub(super) fn leave(&self) {
        let mut gate = lock(&self.gate);
        gate.tenants.retain(|tenant| tenant.strong_count() > 0);
        if gate.phase != Phase::Initialised || gate.leases > 0 {
            return;
        }
        gate.phase = Phase::Changing;
        drop(gate);
        self.finalise();
        lock(&self.gate).phase = Phase::Finalised;
        self.changed.notify_all();
    }

    fn initialise(&self) -> Result<(), Error> {
        match self
            .pkcs11
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        {
            // Another part of the process, or a second name of the same library, was first: that will do.
            Ok(()) | Err(Binding::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn finalise(&self) {
        match self.pkcs11.clone().finalize() {
            Ok(()) | Err(Binding::Pkcs11(RvError::CryptokiNotInitialized, _)) => {}
            // C_Initialize comes next and will tell.
            Err(error) => warn!(module = %self.path.display(), %error, "C_Finalize failed"),
        }
    }
}

/// How often a drain asks whether it is blocked.
const DRAIN_TICK: Duration = Duration::from_millis(20);

/// The right to hold sessions of a module. Sessions are dropped before it.
pub(super) struct Lease {
    module: Arc<Module>,
    epoch: u64,
}

impl Lease {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn pkcs11(&self) -> &Pkcs11 {
        &self.module.pkcs11
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut gate = lock(&self.module.gate);
        gate.leases = gate.leases.saturating_sub(1);
        self.module.changed.notify_all();
    }
}
