//! The one function that says whether an application may know a holder (contract, section 0).
//!
//! An application reaches the subscribers of its agency and the seals granted to it by name. Everybody else
//! answers `None`, exactly as somebody who does not exist.

use signer::hsm;
use subtle::ConstantTimeEq;

use crate::access::Application;
use crate::identity::Identity;
use crate::store::{self, Store, holder};
use crate::vault::Vault;

/// Who is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who<'a> {
    Person(&'a Identity),
    /// By `idSubscriber`.
    Seal(&'a str),
}

/// Why nobody was looked up.
#[derive(Debug)]
pub(crate) enum Error {
    Hsm(hsm::Error),
    Store(store::Error),
}

/// The holder that `who` names, if `application` may know of it.
pub(crate) async fn holder(
    store: &Store,
    vault: &Vault,
    application: &Application,
    who: Who<'_>,
) -> Result<Option<holder::Record>, Error> {
    let agency = application.agency();
    let identity = match who {
        Who::Seal(subscriber_id) => {
            let id = application.id();
            let found = holder::granted_seal(store, agency, id, subscriber_id).await;
            return found.map_err(Error::Store);
        }
        Who::Person(identity) => identity.normal(),
    };
    let Some(identity) = identity else {
        return Ok(None);
    };
    let keys = vault.keys().await.map_err(Error::Hsm)?;
    let email_index = identity
        .email
        .as_deref()
        .map(|email| keys.index(agency, EMAIL, email));
    match (&identity.nik, email_index) {
        (Some(nik), email_index) => {
            let found = holder::by_nik(store, agency, keys.index(agency, NIK, nik)).await;
            let found = found.map_err(Error::Store)?;
            // Both names must be the same person's.
            Ok(found.filter(|found| {
                email_index.is_none_or(|index| {
                    found
                        .email_index
                        .as_ref()
                        .is_some_and(|stored| bool::from(stored.ct_eq(&index)))
                })
            }))
        }
        (None, Some(index)) => holder::by_email(store, agency, index)
            .await
            .map_err(Error::Store),
        (None, None) => Ok(None),
    }
}

/// Kinds of blind index.
pub(crate) const NIK: &str = "nik";
pub(crate) const EMAIL: &str = "email";
