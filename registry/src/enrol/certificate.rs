//! Certificates and states of holders.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use signer::hsm::{KeyId, KeySpec};
use signer::key::{KeyKind, PublicKey};
use signer::x509::issue::{Profile, Subject};
use signer::x509::{Certificate, Chain};

use super::NAME;
use crate::error::Error;
use crate::id::{CertificateId, HolderId};
use crate::state::State;
use crate::store::{self, holder};
use crate::{Registry, authority, custody};

/// How long the token may take to make a key.
const PATIENCE: Duration = Duration::from_secs(60);

impl Registry {
    /// Makes a key in the token and has the embedded authority certify it.
    ///
    /// # Errors
    /// [`Error::Transition`] when the holder is in a state that gets no certificate.
    pub async fn issue_certificate(&self, holder: HolderId, kind: KeyKind) -> Result<(), Error> {
        let inner = &self.0;
        let authority = inner.authority.as_ref().ok_or(Error::AuthorityMissing)?;
        let from = self.allowed(holder, State::Issue).await?;
        let (profile, subject) = self.subject(holder).await?;
        let id = CertificateId::random()?;
        let key_id = KeyId::new(id.as_bytes())?;
        let spec = KeySpec {
            id: key_id.clone(),
            label: format!("segeld-{id}"),
            kind,
        };
        let public = inner.hsm.generate(spec, Instant::now() + PATIENCE).await?;
        let chain = authority
            .issue(&inner.store, &profile, subject, &public)
            .await?;
        let leaf = chain.leaf();
        let key = self.data_key(holder.as_bytes()).await?;
        let issued = self.commit(store::certificate::Issue {
            id,
            holder,
            from,
            record: store::certificate::Record {
                key_id: key_id.as_bytes().to_vec(),
                algorithm: public.default_algorithm().to_string(),
                chain_sealed: key.seal(custody::CHAIN, id.as_bytes(), &custody::pack(&chain))?,
            },
            serial: leaf.serial_hex(),
            not_before: leaf.not_before().as_millisecond(),
            not_after: leaf.not_after().as_millisecond(),
        });
        moved(issued.await?, from, State::Issue)
    }

    /// A certificate for a TLS server, for a key that lies elsewhere.
    ///
    /// # Errors
    /// [`Error::AuthorityMissing`], and when names or key are not acceptable.
    pub async fn issue_tls_server(
        &self,
        key: &PublicKey,
        names: Vec<String>,
        ips: Vec<IpAddr>,
    ) -> Result<Chain, Error> {
        let authority = self.0.authority.as_ref();
        let authority = authority.ok_or(Error::AuthorityMissing)?;
        let (profile, subject) = authority::tls_server(names, ips);
        authority.issue(&self.0.store, &profile, subject, key).await
    }

    /// The root of the embedded authority.
    ///
    /// # Errors
    /// [`Error::AuthorityMissing`].
    pub async fn trust_anchor(&self) -> Result<Certificate, Error> {
        let authority = self.0.authority.as_ref();
        let authority = authority.ok_or(Error::AuthorityMissing)?;
        authority.root(&self.0.store).await
    }

    /// Moves a holder to another state: [`State::Revoke`], [`State::Suspend`], or [`State::Issue`] to lift a
    /// suspension. It holds for the next request of every daemon.
    ///
    /// # Errors
    /// [`Error::Transition`] when the holder cannot go there from its state.
    pub async fn change_state(&self, holder: HolderId, to: State) -> Result<(), Error> {
        let from = self.allowed(holder, to).await?;
        let lifted = from == State::Suspend && to == State::Issue;
        if !lifted && !matches!(to, State::Revoke | State::Suspend) {
            return Err(Error::Transition { from, to });
        }
        let changed = self.commit(holder::Change { holder, from, to }).await?;
        moved(changed, from, to)
    }

    /// The state written down for a holder, if it may go to `to` from the one it is in.
    async fn allowed(&self, holder: HolderId, to: State) -> Result<State, Error> {
        let from = store::certificate::holder_state(&self.0.store, holder).await?;
        let from = from.ok_or(Error::Unknown)?;
        if from.now.may_become(to) {
            Ok(from.stored)
        } else {
            Err(Error::Transition { from: from.now, to })
        }
    }

    /// What a certificate says of its holder.
    async fn subject(&self, holder: HolderId) -> Result<(Profile, Subject), Error> {
        let named = holder::named(&self.0.store, holder).await?;
        let named = named.ok_or(Error::Unknown)?;
        let (profile, common_name) = match named.name {
            holder::Name::Seal(name) => (Profile::Seal, name),
            holder::Name::Person { sealed } => {
                let key = self.data_key(holder.as_bytes()).await?;
                let name = key.open(NAME, holder.as_bytes(), &sealed)?;
                let name = str::from_utf8(&name).map_err(|_| Error::Sealed)?;
                (Profile::Signer, name.to_owned())
            }
        };
        let mut subject = Subject::named(common_name);
        subject.organization = Some(named.agency);
        Ok((profile, subject))
    }
}

/// A change that found another state than the one it was judged by did not happen.
const fn moved(changed: bool, from: State, to: State) -> Result<(), Error> {
    if changed {
        Ok(())
    } else {
        Err(Error::Transition { from, to })
    }
}
