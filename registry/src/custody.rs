//! The one seam to keys: authorise, then sign.
//!
//! Whoever holds an [`Approval`] may have a number of signatures made by one holder's key, and nothing else; it is
//! made here only, after scope, state, lock and proof have been judged in this order (contract, section 3). What
//! parses requests and documents never touches a key, a PIN or the vault. EN 419 241 would put the signature
//! activation module behind this line.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use signer::hsm::{self, Hsm, KeyId, TokenKey};
use signer::key::{Signature, SigningKey};
use signer::pades::SignerIdentity;
use signer::x509::{Certificate, Chain};

use crate::Registry;
use crate::access::Application;
use crate::activation::{Opened, Refused};
use crate::cache::Cache;
use crate::error::Error;
use crate::id::{CertificateId, HolderId};
use crate::identity::Identity;
use crate::scope::{self, Who};
use crate::state::State;
use crate::store::holder::{InUse, Record};
use crate::store::{self, Store, certificate, data_key, now};
use crate::vault::Vault;

/// Identities kept ready.
const IDENTITIES: usize = 10_000;
/// How long the token may take to show a public key.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a holder shows to release the key.
#[derive(Debug)]
#[non_exhaustive]
pub enum Proof {
    /// The passphrase.
    Passphrase(SecretString),
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Load: too many passphrases wait already; trying again later helps.
    #[error("too many passphrases wait to be stretched")]
    Busy,
    /// Caller: the holder is in a state that may not sign.
    #[error("the certificate is not usable: {status}")]
    CertificateNotUsable {
        /// The state.
        status: State,
    },
    /// Us: more signatures were asked for than were approved.
    #[error("the approval is used up")]
    Exhausted,
    /// Us or the operator: records or keys are not as they should be.
    #[error("records or keys are not as they should be")]
    Failed(#[source] Error),
    /// The token did not do its part.
    #[error("the token did not do its part")]
    Hsm(#[source] hsm::Error),
    /// Caller: too many wrong tries.
    #[error("locked after too many wrong tries")]
    Locked {
        /// When trying again may help.
        retry_after: Duration,
    },
    /// Caller: nobody in the application's scope is meant.
    #[error("nobody in the application's scope is meant")]
    NotRegistered,
    /// The store did not do its part.
    #[error("the store did not do its part")]
    Store(#[source] store::Error),
    /// Caller: the passphrase is wrong.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
}

impl From<scope::Error> for Refusal {
    fn from(error: scope::Error) -> Self {
        match error {
            scope::Error::Hsm(error) => Self::Hsm(error),
            scope::Error::Store(error) => Self::Store(error),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Busy => Self::Busy,
            Error::Hsm(error) => Self::Hsm(error),
            Error::Store(error) => Self::Store(error),
            other => Self::Failed(other),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy => Self::Busy,
            Refused::Failed(error) => error.into(),
            Refused::Hsm(error) => Self::Hsm(error),
            Refused::Locked { until } => {
                let left = u64::try_from(until.saturating_sub(now())).unwrap_or(0);
                Self::Locked {
                    retry_after: Duration::from_millis(left),
                }
            }
            Refused::Store(error) => Self::Store(error),
            Refused::Wrong => Self::WrongPassphrase,
        }
    }
}

/// Leave to have so many signatures made by one holder's key.
#[derive(Debug)]
pub struct Approval {
    holder: HolderId,
    ready: Arc<Ready>,
    validity: InUse,
    remaining: u32,
}

impl Approval {
    /// The holder, as records name it.
    #[must_use]
    pub const fn holder(&self) -> HolderId {
        self.holder
    }

    /// Certificates and algorithm, for preparing signatures.
    #[must_use]
    pub fn identity(&self) -> Arc<SignerIdentity> {
        Arc::clone(&self.ready.identity)
    }

    /// The name in the certificate.
    #[must_use]
    pub fn holder_name(&self) -> Option<String> {
        self.identity().chain().leaf().subject_common_name()
    }

    /// Signatures that may still be asked for.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.remaining
    }

    /// Asks the token for a signature over `message`, the DER of the signed attributes.
    ///
    /// The signature counts when it is asked for, whatever becomes of it. Futures of several calls may run
    /// side by side.
    ///
    /// # Errors
    /// [`Refusal::Exhausted`], [`Refusal::CertificateNotUsable`] when its time is over, and the token's.
    pub fn sign(
        &mut self,
        message: Vec<u8>,
        deadline: Instant,
    ) -> impl Future<Output = Result<Signature, Refusal>> + Send + use<> {
        let asked = self.ask(message, deadline);
        async move { asked?.await.map_err(Refusal::Hsm) }
    }

    fn ask(
        &mut self,
        message: Vec<u8>,
        deadline: Instant,
    ) -> Result<signer::key::Signing, Refusal> {
        let left = self.remaining.checked_sub(1).ok_or(Refusal::Exhausted)?;
        let validity = Some((self.validity.not_before, self.validity.not_after));
        let status = State::Issue.at(now(), validity);
        if !status.may_sign() {
            return Err(Refusal::CertificateNotUsable { status });
        }
        self.remaining = left;
        Ok(self.ready.key.sign(message, deadline))
    }
}

/// A certificate with its key, checked to belong together.
#[derive(Debug)]
struct Ready {
    identity: Arc<SignerIdentity>,
    key: TokenKey,
}

/// Identities that are ready to sign, by certificate and the holder's epoch.
#[derive(Debug)]
pub(crate) struct Custody {
    hsm: Hsm,
    ready: Cache<(CertificateId, i64), Arc<Ready>>,
}

impl Custody {
    pub(crate) fn new(hsm: Hsm) -> Self {
        Self {
            hsm,
            ready: Cache::new(IDENTITIES),
        }
    }

    async fn ready(
        &self,
        store: &Store,
        vault: &Vault,
        holder: &Record,
        certificate: CertificateId,
    ) -> Result<Arc<Ready>, Error> {
        let place = (certificate, holder.key_epoch);
        if let Some(ready) = self.ready.get(&place) {
            return Ok(ready);
        }
        let ready = self.load(store, vault, holder.id, certificate).await?;
        let ready = Arc::new(ready);
        self.ready.insert(place, Arc::clone(&ready));
        Ok(ready)
    }

    async fn load(
        &self,
        store: &Store,
        vault: &Vault,
        holder: HolderId,
        id: CertificateId,
    ) -> Result<Ready, Error> {
        let record = certificate::by_id(store, id).await?.ok_or(Error::Unknown)?;
        let chain = chain(store, vault, holder, id, &record).await?;
        let algorithm = record.algorithm.parse().map_err(|_| Error::Sealed)?;
        let identity = SignerIdentity::new(&chain, algorithm)?;
        let key_id = KeyId::new(&record.key_id)?;
        let deadline = Instant::now() + PATIENCE;
        let in_token = self.hsm.public_key(key_id.clone(), deadline).await?;
        if in_token.as_ref() != Some(identity.public_key()) {
            return Err(Error::KeyMismatch { id: key_id });
        }
        let key = self
            .hsm
            .key(key_id, identity.public_key().clone(), algorithm);
        Ok(Ready {
            identity: Arc::new(identity),
            key,
        })
    }
}

/// The chain of a certificate, unsealed.
pub(crate) async fn chain(
    store: &Store,
    vault: &Vault,
    holder: HolderId,
    id: CertificateId,
    record: &certificate::Record,
) -> Result<Chain, Error> {
    let wrapped = data_key::of(store, holder.as_bytes()).await?;
    let keys = vault.keys().await?;
    let key = keys.data_key(holder.as_bytes(), &wrapped.ok_or(Error::Sealed)?)?;
    let sealed = &record.chain_sealed;
    let packed = key.open(CHAIN, id.as_bytes(), sealed)?;
    Ok(Chain::new(unpack(&packed)?)?)
}

/// The column of sealed chains.
pub(crate) const CHAIN: &str = "certificate.chain";

/// Certificates one after another; DER says itself where each ends.
fn unpack(mut packed: &[u8]) -> Result<Vec<Certificate>, Error> {
    let mut certificates = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Error::Sealed)?;
        let (der, rest) = rest.split_at_checked(length).ok_or(Error::Sealed)?;
        certificates.push(Certificate::from_der(der.to_vec())?);
        packed = rest;
    }
    Ok(certificates)
}

/// The form in which [`unpack`] reads a chain.
pub(crate) fn pack(chain: &Chain) -> Vec<u8> {
    let mut packed = Vec::new();
    for certificate in chain.certificates() {
        let der = certificate.as_der();
        let length = u32::try_from(der.len()).unwrap_or(u32::MAX);
        packed.extend_from_slice(&length.to_be_bytes());
        packed.extend_from_slice(der);
    }
    packed
}

impl Registry {
    /// Judges whether `who` lets `application` have `documents` signatures made now.
    ///
    /// # Errors
    /// The first [`Refusal`] in the order of the contract: person, certificate, lock, proof.
    pub async fn authorise(
        &self,
        application: &Application,
        who: &Identity,
        proof: Proof,
        documents: u32,
    ) -> Result<Approval, Refusal> {
        let inner = &self.0;
        let (holder, certificate) = self.usable(application, who).await?;
        let Proof::Passphrase(passphrase) = proof;
        let opened = inner
            .activation
            .open(application.id(), &holder, passphrase)
            .await?;
        // Stretching takes a while; what was read before it may have been revoked or changed since.
        if opened == Opened::Now {
            let (again, _) = self.usable(application, who).await?;
            if again.id != holder.id || again.key_epoch != holder.key_epoch {
                return Err(Refusal::Busy);
            }
        }
        let ready = inner
            .custody
            .ready(&inner.store, &inner.vault, &holder, certificate.id)
            .await?;
        Ok(Approval {
            holder: holder.id,
            ready,
            validity: certificate,
            remaining: documents,
        })
    }

    /// The person meant, if there is one and its certificate may sign.
    async fn usable(
        &self,
        application: &Application,
        who: &Identity,
    ) -> Result<(Record, InUse), Refusal> {
        let inner = &self.0;
        let who = Who::Person(who);
        let holder = scope::holder(&inner.store, &inner.vault, application, who).await?;
        let holder = holder.ok_or(Refusal::NotRegistered)?;
        let status = holder.state_at(now());
        match holder.certificate {
            Some(certificate) if status.may_sign() => Ok((holder, certificate)),
            _ => Err(Refusal::CertificateNotUsable { status }),
        }
    }
}
