//! The one seam to keys: authorise, then sign.
//!
//! Whoever holds an [`Approval`] may have a number of signatures made by one holder's key, and nothing else; it is
//! made here only, after scope, state, lock and proof have been judged in this order (contract, section 3). What
//! parses requests and documents never touches a key, a PIN or the vault. EN 419 241 would put the signature
//! activation module behind this line.

mod approval;
mod ready;
mod refusal;

use secrecy::SecretString;

use crate::Registry;
use crate::access::Application;
use crate::activation::Opened;
use crate::identity::Identity;
use crate::scope::{self, Who};
use crate::store::holder::{InUse, Record};
use crate::store::now;

pub use approval::Approval;
pub(crate) use ready::{CHAIN, Custody, Ready, chain, pack};
pub use refusal::Refusal;

/// What a holder shows to release the key.
#[derive(Debug)]
#[non_exhaustive]
pub enum Proof {
    /// The passphrase.
    Passphrase(SecretString),
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
        Ok(Approval::new(holder.id, ready, documents))
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
