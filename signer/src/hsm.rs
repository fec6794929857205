//! Keys in a PKCS#11 token.
//!
//! ```text
//! callers ──▶ pool (queue, deadlines) ──▶ hsm-0…n: one session each     worker, session, mechanism
//!                     ▲      ▲──────────── hsm-keeper: finds, logs in    keeper, token, module
//!                     └─────────────────── hsm-watch: deadlines          watch, seat
//! ```
//!
//! No PKCS#11 function is called on a caller's thread. A job that meets an error is tried again as `retry` says, inside its
//! deadline; sessions, logins and the module itself are renewed behind the queue. A signature is verified with the public
//! key before it is answered, so that a faulty one never leaves.
//!
//! What cannot be repaired in the process is said in [`Health::needs_restart`]: PKCS#11 has no way to end a call, so a
//! thread that never comes back keeps the module from being initialised again. A refused PIN is never tried twice.

mod error;
mod generate;
mod health;
mod job;
mod keeper;
mod key;
mod mechanism;
mod module;
mod pool;
pub mod provision;
mod retry;
mod seat;
mod session;
mod settings;
mod spki;
mod table;
mod token;
mod watch;
mod worker;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::cms::algorithm::SignatureAlgorithm;
use crate::key::PublicKey;

pub use error::Error;
pub use health::{Counters, Health, State};
pub use key::{KeyId, KeySpec, TokenKey};
pub use settings::{Settings, TokenSelector};

use job::{Job, Kind, Task, Ticket};
use module::{Module, Tenant};
use pool::Pool;
use session::{Desk, Signer};

/// A token in use. Cheap to clone; the last clone that is dropped ends its threads, without waiting for them.
///
/// A process calls [`Hsm::shutdown`] before it exits: modules have exit handlers, which do not expect threads inside.
#[derive(Clone)]
pub struct Hsm(Arc<Running>);

struct Running {
    pool: Arc<Pool>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.pool.close(Duration::ZERO));
    }
}

impl fmt::Debug for Hsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hsm")
            .field(&self.0.pool.settings.token)
            .finish()
    }
}

impl Hsm {
    /// Loads the module and starts the threads. Returns at once: the token is probed until it answers, and again when it is
    /// lost.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Load`] and [`Error::Thread`].
    pub fn start(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let module = Module::load(&settings.module)?;
        let pool = Arc::new(Pool::new(settings, Arc::clone(&module)));
        let tenant: Arc<dyn Tenant> = Arc::<Pool>::clone(&pool);
        module.admit(Arc::downgrade(&tenant));
        drop(tenant);
        let hsm = Self(Arc::new(Running {
            pool: Arc::clone(&pool),
        }));
        let keeper = Arc::clone(&pool);
        spawn("hsm-keeper", move || keeper::run(&keeper))?;
        spawn("hsm-watch", move || watch::run(&pool))?;
        Ok(hsm)
    }

    /// Waits, blocking the thread, until the token is usable.
    ///
    /// # Errors
    /// Why it is not, when `patience` is over or nothing more will be tried.
    pub fn wait_usable(&self, patience: Duration) -> Result<(), Error> {
        self.0.pool.wait_usable(patience)
    }

    /// A snapshot of the token's state.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.pool.health()
    }

    /// The key with this `CKA_ID`, of which `public` is the public half. Nothing is looked up before it signs.
    #[must_use]
    pub fn key(&self, id: KeyId, public: PublicKey, algorithm: SignatureAlgorithm) -> TokenKey {
        TokenKey::new(self.clone(), Signer::new(id, public, algorithm))
    }

    /// Makes a resident key pair that signs and never leaves the token.
    ///
    /// A pair that was made after the caller had been told [`Error::Deadline`] stays; it is found as
    /// [`Error::KeyExists`].
    ///
    /// # Errors
    /// [`Error::KeyExists`], [`Error::Attribute`] when the token made something else, and any error of the token.
    pub async fn generate(&self, spec: KeySpec, deadline: Instant) -> Result<PublicKey, Error> {
        let mut begun = false;
        self.submit(Kind::Write, deadline, move |desk| {
            desk.generate(&spec, &mut begun)
        })
        .await
    }

    /// The public key of the pair with this `CKA_ID`, if the token has it.
    ///
    /// # Errors
    /// [`Error::KeyMissing`] when there is more than one, and any error of the token.
    pub async fn public_key(
        &self,
        id: KeyId,
        deadline: Instant,
    ) -> Result<Option<PublicKey>, Error> {
        self.submit(Kind::Use, deadline, move |desk| desk.public_key(&id))
            .await
    }

    /// Makes a secret key for HMAC-SHA-256 that never leaves the token.
    ///
    /// # Errors
    /// As [`Hsm::generate`].
    pub async fn generate_hmac_key(
        &self,
        id: KeyId,
        label: String,
        deadline: Instant,
    ) -> Result<(), Error> {
        let mut begun = false;
        self.submit(Kind::Write, deadline, move |desk| {
            desk.generate_hmac_key(&id, &label, &mut begun)
        })
        .await
    }

    /// HMAC-SHA-256 of `data` by a key of the token.
    ///
    /// # Errors
    /// [`Error::KeyMissing`], and any error of the token.
    pub async fn hmac(
        &self,
        id: KeyId,
        data: Vec<u8>,
        deadline: Instant,
    ) -> Result<[u8; 32], Error> {
        self.submit(Kind::Use, deadline, move |desk| desk.hmac(&id, &data))
            .await
    }

    /// Takes no more jobs, does those it has until `patience` is over, closes all sessions and finalises the module if no
    /// other token is in use behind it.
    pub async fn shutdown(&self, patience: Duration) {
        let closed = self.0.pool.close(patience);
        // Only its end matters.
        let _ended = closed.await;
    }

    /// Hands a job to the pool at once; the answer comes with the future.
    fn submit<T, F>(
        &self,
        kind: Kind,
        deadline: Instant,
        work: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnMut(&mut Desk) -> Result<T, Error> + Send + 'static,
    {
        let (ticket, answer) = Ticket::new();
        let task = Task::new(Arc::clone(&ticket), work);
        self.0
            .pool
            .submit(Job::new(kind, deadline, Box::new(task), ticket));
        async move { answer.await.unwrap_or(Err(Error::Panicked)) }
    }
}

fn spawn(name: &str, life: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(life);
    thread.map(drop).map_err(|source| Error::Thread {
        source: Arc::new(source),
    })
}
