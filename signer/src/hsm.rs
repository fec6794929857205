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
//! Several tokens that hold the same keys can be used as one (`group`), each with its own pool and threads.
//!
//! What cannot be repaired in the process is said in [`Health::needs_restart`]: PKCS#11 has no way to end a call, so a
//! thread that never comes back keeps the module from being initialised again. A refused PIN is never tried twice.

mod error;
mod generate;
mod group;
mod health;
pub mod inspect;
mod job;
mod keeper;
mod key;
mod mechanism;
mod module;
mod pool;
pub mod provision;
mod retry;
mod seat;
mod secret;
mod session;
mod settings;
mod spki;
mod table;
mod token;
mod watch;
mod worker;
mod wrap;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::cms::algorithm::SignatureAlgorithm;
use crate::key::PublicKey;

pub use error::Error;
pub use health::{Counters, Health, State};
pub use key::{KeyId, KeySpec, TokenKey};
pub use settings::{Settings, TokenSelector};
pub use wrap::{Wrapped, WrappedKey};

use group::Group;
use job::{Job, Kind, Task, Ticket};
use module::{Module, Tenant};
use pool::Pool;
use secret::Purpose;
use session::{Desk, Signer};

/// A token in use. Cheap to clone; the last clone that is dropped ends its threads, without waiting for them.
///
/// A process calls [`Hsm::shutdown`] before it exits: modules have exit handlers, which do not expect threads inside.
#[derive(Clone)]
pub struct Hsm(Arc<Running>);

struct Running {
    group: Arc<Group>,
}

impl Drop for Running {
    fn drop(&mut self) {
        for pool in self.group.pools() {
            drop(pool.close(Duration::ZERO));
        }
    }
}

impl fmt::Debug for Hsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.0.group.pools().iter().map(|pool| &pool.settings.token);
        f.debug_list().entries(tokens).finish()
    }
}

impl Hsm {
    /// Loads the module and starts the threads. Returns at once: the token is probed until it answers, and again when it is
    /// lost.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Load`] and [`Error::Thread`].
    pub fn start(settings: Settings) -> Result<Self, Error> {
        Self::start_all(vec![settings])
    }

    /// Starts several tokens that hold the same keys, to be used as one. See [`Hsm::compare`].
    ///
    /// # Errors
    /// As [`Hsm::start`]; [`Error::Setting`] when there is no token.
    pub fn start_all(tokens: Vec<Settings>) -> Result<Self, Error> {
        if tokens.is_empty() {
            return Err(Error::Setting { what: "no token" });
        }
        let mut pools = Vec::with_capacity(tokens.len());
        for settings in tokens {
            settings.check()?;
            let module = Module::load(&settings.module)?;
            let pool = Arc::new(Pool::new(settings, Arc::clone(&module)));
            let tenant: Arc<dyn Tenant> = Arc::<Pool>::clone(&pool);
            module.admit(Arc::downgrade(&tenant));
            pools.push(pool);
        }
        let hsm = Self(Arc::new(Running {
            group: Group::new(pools),
        }));
        for pool in hsm.0.group.pools() {
            let keeper = Arc::clone(pool);
            spawn("hsm-keeper", move || keeper::run(&keeper))?;
            let watch = Arc::clone(pool);
            spawn("hsm-watch", move || watch::run(&watch))?;
        }
        Ok(hsm)
    }

    /// Waits, blocking the thread, until a token is usable.
    ///
    /// # Errors
    /// Why the last one is not, when `patience` is over or nothing more will be tried.
    pub fn wait_usable(&self, patience: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + patience;
        if let [only] = self.0.group.pools() {
            return only.wait_usable(deadline);
        }
        loop {
            let mut outcome = Err(Error::Unavailable);
            for pool in self.0.group.pools() {
                outcome = pool.wait_usable(deadline.min(Instant::now() + GLANCE));
                if outcome.is_ok() {
                    return outcome;
                }
            }
            if Instant::now() >= deadline {
                return outcome;
            }
        }
    }

    /// A snapshot of the state: of the one token, or of all of them together, usable when one is.
    #[must_use]
    pub fn health(&self) -> Health {
        let healths = self.0.group.pools().iter().map(|pool| pool.health());
        healths.reduce(Health::with).unwrap_or_default()
    }

    /// A snapshot of the state of each token, in the order they were started with.
    #[must_use]
    pub fn tokens(&self) -> Vec<(TokenSelector, Health)> {
        self.0
            .group
            .pools()
            .iter()
            .map(|pool| (pool.settings.token.clone(), pool.health()))
            .collect()
    }

    /// Compares the public keys that the tokens hold under these identifiers.
    ///
    /// # Errors
    /// [`Error::Replica`] for the first that is not the same on all of them, and any error of a token.
    pub async fn compare(&self, ids: &[KeyId], deadline: Instant) -> Result<(), Error> {
        for id in ids {
            let mut first = None;
            for pool in self.0.group.pools() {
                let wanted = id.clone();
                let (job, found) = job(Kind::Use, deadline, move |desk| desk.public_key(&wanted));
                pool.submit(job);
                let found = found.await?;
                if *first.get_or_insert_with(|| found.clone()) != found {
                    return Err(Error::Replica {
                        id: id.clone(),
                        token: pool.settings.token.clone(),
                    });
                }
            }
        }
        Ok(())
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
        self.generate_secret(Purpose::Mac, id, label, deadline)
            .await
    }

    /// Makes a secret key for AES-256-GCM that never leaves the token, and neither wraps nor unwraps.
    ///
    /// # Errors
    /// As [`Hsm::generate`].
    pub async fn generate_aes_key(
        &self,
        id: KeyId,
        label: String,
        deadline: Instant,
    ) -> Result<(), Error> {
        self.generate_secret(Purpose::Encrypt, id, label, deadline)
            .await
    }

    async fn generate_secret(
        &self,
        purpose: Purpose,
        id: KeyId,
        label: String,
        deadline: Instant,
    ) -> Result<(), Error> {
        let mut begun = false;
        let work = move |desk: &mut Desk| desk.generate_secret(purpose, &id, &label, &mut begun);
        self.submit(Kind::Write, deadline, work).await
    }

    /// Encrypts at most 64 KiB with AES-256-GCM by a key of the token; `context` is authenticated with it.
    ///
    /// # Errors
    /// [`Error::KeyMissing`], and any error of the token.
    pub async fn encrypt(
        &self,
        id: KeyId,
        context: Vec<u8>,
        plaintext: Zeroizing<Vec<u8>>,
        deadline: Instant,
    ) -> Result<Vec<u8>, Error> {
        self.submit(Kind::Use, deadline, move |desk| {
            desk.encrypt(&id, &context, &plaintext)
        })
        .await
    }

    /// Decrypts what [`Hsm::encrypt`] made.
    ///
    /// # Errors
    /// [`Error::Ciphertext`] when it was made by another key or in another context, [`Error::KeyMissing`], and any error
    /// of the token.
    pub async fn decrypt(
        &self,
        id: KeyId,
        context: Vec<u8>,
        ciphertext: Vec<u8>,
        deadline: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.submit(Kind::Use, deadline, move |desk| {
            desk.decrypt(&id, &context, &ciphertext)
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
        let closing: Vec<_> = self
            .0
            .group
            .pools()
            .iter()
            .map(|pool| pool.close(patience))
            .collect();
        for closed in closing {
            // Only its end matters.
            let _ended = closed.await;
        }
    }

    /// Hands a job to the best token at once; the answer comes with the future.
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
        let (job, answer) = job(kind, deadline, work);
        if kind == Kind::Write && self.0.group.pools().len() > 1 {
            // A key made on one of several tokens would be missing on the others.
            let what = "making keys on several tokens at once; make them on one and replicate them";
            job.caller.fail(Error::Unsupported { what });
        } else {
            self.0.group.submit(job);
        }
        answer
    }
}

/// Makes a job of a closure, and its answer.
fn job<T, F>(
    kind: Kind,
    deadline: Instant,
    work: F,
) -> (
    Job,
    impl Future<Output = Result<T, Error>> + Send + use<T, F>,
)
where
    T: Send + 'static,
    F: FnMut(&mut Desk) -> Result<T, Error> + Send + 'static,
{
    let (ticket, answer) = Ticket::new();
    let task = Task::new(Arc::clone(&ticket), work);
    let job = Job::new(kind, deadline, Box::new(task), ticket);
    (
        job,
        async move { answer.await.unwrap_or(Err(Error::Panicked)) },
    )
}

/// How long one of several tokens is waited for before another is looked at.
const GLANCE: Duration = Duration::from_millis(20);

fn spawn(name: &str, life: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(life);
    thread.map(drop).map_err(|source| Error::Thread {
        source: Arc::new(source),
    })
}
