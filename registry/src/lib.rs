//! Who may sign with what: the Registration Authority's side of the daemon.
//!
//! Agencies own applications, subscribers and seals. A request comes in as an application that
//! [authenticates](Registry::authenticate) and asks to sign for somebody; one function, in `scope`, answers
//! whether it may know that holder at all, and [`Registry::authorise`] whether it may sign now. What leaves is an
//! [`Approval`], the only way to a key.
//!
//! ```text
//! authenticate → scope → state → lock → proof (activation) → Approval → sign → record
//! ```
//!
//! - `store` keeps the records, `vault` what of them is personal, encrypted;
//! - `activation` knows passphrases and the throttle in front of them;
//! - `custody` is the one seam to keys;
//! - `authority` is where certificates come from.

#![forbid(unsafe_code)]

mod access;
mod activation;
mod address;
mod authority;
mod cache;
mod custody;
mod enrol;
mod error;
mod id;
mod identity;
mod record;
mod scope;
mod state;
mod store;
mod vault;

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::SecretString;
use signer::hsm::Hsm;
use signer::x509::Chain;

pub use access::{Application, AuthError};
pub use custody::{Approval, Proof, Refusal};
pub use enrol::{NewApplication, NewCredential, NewSeal, NewSubscriber};
pub use error::Error;
pub use id::{AgencyId, ApplicationId, CertificateId, CustodianId, HolderId};
pub use identity::Identity;
pub use record::{Outcome, SignatureRecord};
pub use state::{HolderStatus, State};
pub use store::Error as StoreError;

use access::Access;
use activation::Activation;
use authority::Embedded;
use custody::Custody;
use scope::Who;
use store::Store;
use vault::Vault;

/// The records and the way to the keys; clones are the same registry.
#[derive(Debug, Clone)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    hsm: Hsm,
    store: Store,
    vault: Arc<Vault>,
    access: Access,
    activation: Activation,
    custody: Custody,
    authority: Option<Embedded>,
}

impl Registry {
    /// Opens the store and brings its tables up to date. The token is not needed yet.
    ///
    /// # Errors
    /// When the store cannot be opened or migrated, or there are no threads to be had.
    pub async fn open(
        store: &config::Store,
        activation: &config::Activation,
        authority: Option<&config::Authority>,
        hsm: Hsm,
    ) -> Result<Self, Error> {
        let store = Store::open(store).await?;
        let vault = Arc::new(Vault::new(hsm.clone()));
        let activation = Activation::new(activation.clone(), store.clone(), Arc::clone(&vault))?;
        Ok(Self(Arc::new(Inner {
            store,
            vault,
            access: Access::new(),
            activation,
            custody: Custody::new(hsm.clone()),
            authority: authority.map(|settings| Embedded::new(settings.clone(), hsm.clone())),
            hsm,
        })))
    }

    /// Makes what the token and the store need to begin with, unless it is there: the vault's key and, where it
    /// is configured, the embedded authority.
    ///
    /// # Errors
    /// [`Error::VaultKeyMissing`] when there are records whose key the token has lost, and any failure of store
    /// or token.
    pub async fn provision(&self) -> Result<(), Error> {
        let inner = &self.0;
        let has_records = store::data_key::any(&inner.store).await?;
        inner.vault.provision(has_records).await?;
        match &inner.authority {
            Some(authority) => authority.provision(&inner.store).await,
            None => Ok(()),
        }
    }

    /// Lets an application in by its credential and address.
    ///
    /// # Errors
    /// [`AuthError`]; an unknown client and a wrong secret are one answer and take the same time.
    pub async fn authenticate(
        &self,
        client_id: &str,
        secret: &SecretString,
        peer: IpAddr,
    ) -> Result<Application, AuthError> {
        let inner = &self.0;
        inner
            .access
            .authenticate(&inner.store, client_id, secret, peer)
            .await
    }

    /// The state of a person as `application` may know it.
    ///
    /// # Errors
    /// When store or token do not answer.
    pub async fn status(
        &self,
        application: &Application,
        who: &Identity,
    ) -> Result<HolderStatus, Error> {
        let inner = &self.0;
        let who = Who::Person(who);
        let holder = scope::holder(&inner.store, &inner.vault, application, who).await?;
        let state = holder.map_or(State::NotRegistered, |holder| holder.state_at(store::now()));
        Ok(HolderStatus { state })
    }

    /// The certificates in use of a person as `application` may know it, leaf first.
    ///
    /// # Errors
    /// When store or token do not answer.
    pub async fn certificate_chain(
        &self,
        application: &Application,
        who: &Identity,
    ) -> Result<Option<Chain>, Error> {
        self.chain_of(application, Who::Person(who)).await
    }

    /// The certificates in use of a seal granted to `application`, leaf first.
    ///
    /// # Errors
    /// When store or token do not answer.
    pub async fn seal_certificate_chain(
        &self,
        application: &Application,
        subscriber_id: &str,
    ) -> Result<Option<Chain>, Error> {
        self.chain_of(application, Who::Seal(subscriber_id)).await
    }

    async fn chain_of(
        &self,
        application: &Application,
        who: Who<'_>,
    ) -> Result<Option<Chain>, Error> {
        let inner = &self.0;
        let (store, vault) = (&inner.store, &inner.vault);
        let holder = scope::holder(store, vault, application, who).await?;
        let Some((holder, id)) =
            holder.and_then(|holder| Some((holder.id, holder.certificate?.id)))
        else {
            return Ok(None);
        };
        let Some(record) = store::certificate::by_id(store, id).await? else {
            return Ok(None);
        };
        custody::chain(store, vault, holder, id, &record)
            .await
            .map(Some)
    }

    /// Writes down what became of a request; durable when it returns, so that the answer may leave.
    ///
    /// # Errors
    /// When the store did not commit.
    pub async fn record(&self, lines: Vec<SignatureRecord>) -> Result<(), Error> {
        let at = store::now();
        let line = |record| {
            let id = id::by_time(at)?;
            Ok(store::record::Line { id, at, record })
        };
        let lines = lines.into_iter().map(line).collect::<Result<_, Error>>()?;
        Ok(self.0.store.writer.append(lines).await?)
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), Error> {
        store::data_key::any(&self.0.store).await?;
        Ok(())
    }

    /// Commits what is under way and closes the store.
    pub async fn close(&self) {
        self.0.store.close().await;
    }
}
