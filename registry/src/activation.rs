//! Activation: what a holder shows to release the key, and what slows guessing down.
//!
//! A passphrase is proved by opening the holder's envelope. The order is fixed: remembered? – gate – place on a
//! thread – count the guess – stretch – open – forget the count. A guess is counted, durably, before it is tried,
//! and its check goes on when the caller has gone, so that hanging up buys nothing.

mod gate;
mod passphrase;
mod pool;
mod remember;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use signer::hsm;
use tokio::sync::OwnedMutexGuard;

pub(crate) use passphrase::acceptable;

use crate::error::Error;
use crate::id::{ApplicationId, HolderId};
use crate::store::{self, Store, holder, now, stored};
use crate::vault::Vault;
use gate::Gates;
use pool::Pool;
use remember::{Remembered, Tag};

/// Checks passphrases.
#[derive(Debug, Clone)]
pub(crate) struct Activation(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: config::Activation,
    store: Store,
    vault: Arc<Vault>,
    pool: Pool,
    gates: Gates,
    remembered: Remembered,
}

/// How a passphrase was found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened {
    /// It opened the envelope, which takes a while: what was read before may have changed.
    Now,
    /// It had opened the envelope a moment ago.
    Remembered,
}

/// Why a passphrase did not release anything.
#[derive(Debug)]
pub(crate) enum Refused {
    Busy,
    Failed(Error),
    Hsm(hsm::Error),
    Locked { until: i64 },
    Store(store::Error),
    Wrong,
}

impl Activation {
    pub(crate) fn new(
        settings: config::Activation,
        store: Store,
        vault: Arc<Vault>,
    ) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            pool: Pool::start(&settings)?,
            gates: Gates::default(),
            remembered: Remembered::new(settings.remember)?,
            settings,
            store,
            vault,
        })))
    }

    /// Tries a passphrase of a holder whose state has been judged.
    pub(crate) async fn open(
        &self,
        application: ApplicationId,
        holder: &holder::Record,
        passphrase: SecretString,
    ) -> Result<Opened, Refused> {
        if holder.locked_until > now() {
            return Err(Refused::Locked {
                until: holder.locked_until,
            });
        }
        let inner = &self.0;
        let tag = inner
            .remembered
            .tag(application, holder.id, holder.key_epoch, &passphrase);
        if inner.remembered.holds(&tag) {
            if holder.wrong > 0 {
                inner.clear(holder.id).await.map_err(Refused::Store)?;
            }
            return Ok(Opened::Remembered);
        }
        let gate = inner.gates.enter(holder.id, inner.settings.argon2_queue);
        let gate = gate.ok_or(Refused::Busy)?.lock_owned().await;
        let attempt = Arc::clone(inner).attempt(gate, holder.id, tag, passphrase);
        match tokio::spawn(attempt).await {
            Ok(outcome) => outcome,
            // The runtime is going down, and the task with it.
            Err(_) => Err(Refused::Busy),
        }
    }

    /// Seals a new envelope under a passphrase.
    pub(crate) async fn seal(
        &self,
        holder: HolderId,
        passphrase: SecretString,
    ) -> Result<store::passphrase::Record, Error> {
        let inner = &self.0;
        let keys = inner.vault.keys().await?;
        let place = inner.pool.place().ok_or(Error::Busy)?;
        let salt = crate::id::random()?;
        let cost = passphrase::Cost::of(&inner.settings);
        let stretched = place.stretch(cost, salt, passphrase).await?;
        let pepper = keys.pepper(holder.as_bytes(), &stretched);
        let sealed = passphrase::seal(holder, &pepper)?;
        Ok(store::passphrase::Record {
            holder,
            scheme: passphrase::SCHEME,
            salt,
            memory_kib: cost.memory_kib,
            iterations: cost.iterations,
            nonce: sealed.nonce,
            ciphertext: sealed.ciphertext,
            first_lock: inner.first_lock(),
        })
    }
}

impl Inner {
    /// Goes to its end once begun; the gate is held until then, so that a holder's guesses come one by one.
    async fn attempt(
        self: Arc<Self>,
        gate: OwnedMutexGuard<()>,
        holder: HolderId,
        tag: Tag,
        passphrase: SecretString,
    ) -> Result<Opened, Refused> {
        let _one_by_one = gate;
        // The one before may have been the same, and right.
        if self.remembered.holds(&tag) {
            return Ok(Opened::Now);
        }
        let keys = self.vault.keys().await.map_err(Refused::Hsm)?;
        let place = self.pool.place().ok_or(Refused::Busy)?;
        let envelope = store::passphrase::of(&self.store, holder)
            .await
            .map_err(Refused::Store)?;
        let Some(envelope) = envelope else {
            return Err(Refused::Wrong);
        };
        let guess = store::passphrase::CountGuess {
            holder,
            lock_after: i64::from(self.settings.lock_after),
            lock_max: millis(self.settings.lock_max),
        };
        let counted = self.store.writer.commit(guess).await;
        if let Err(until) = counted.map_err(Refused::Store)? {
            return Err(Refused::Locked { until });
        }
        let cost = passphrase::Cost::from(&envelope);
        let stretched = place
            .stretch(cost, envelope.salt, passphrase)
            .await
            .map_err(Refused::Failed)?;
        let pepper = keys.pepper(holder.as_bytes(), &stretched);
        let _secret = passphrase::open(&envelope, &pepper).ok_or(Refused::Wrong)?;
        self.remembered.put(tag);
        self.clear(holder).await.map_err(Refused::Store)?;
        Ok(Opened::Now)
    }

    async fn clear(&self, holder: HolderId) -> Result<(), store::Error> {
        let clear = store::passphrase::ClearGuesses {
            holder,
            first_lock: self.first_lock(),
        };
        self.store.writer.commit(clear).await
    }

    fn first_lock(&self) -> i64 {
        millis(self.settings.lock)
    }
}

fn millis(duration: Duration) -> i64 {
    stored(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
