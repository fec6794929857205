//! People.

use std::fmt;

use secrecy::SecretString;

use super::{NAME, personal, plain};
use crate::error::Error;
use crate::id::{AgencyId, HolderId};
use crate::identity::Identity;
use crate::scope::{EMAIL, NIK};
use crate::state::State;
use crate::store::subscriber;
use crate::{Registry, activation};

/// A new subscriber.
pub struct NewSubscriber {
    /// The agency.
    pub agency: AgencyId,
    /// NIK and e-mail address; at least one.
    pub identity: Identity,
    /// The name, as it shall stand in the certificate.
    pub name: String,
    /// The passphrase.
    pub passphrase: SecretString,
}

impl fmt::Debug for NewSubscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSubscriber").finish_non_exhaustive()
    }
}

impl Registry {
    /// Makes a subscriber, verified and with a passphrase, without a certificate.
    ///
    /// # Errors
    /// [`Error::Exists`] when the agency has somebody with this NIK or e-mail address, [`Error::Input`] when the
    /// data or the passphrase are not acceptable.
    pub async fn create_subscriber(&self, new: NewSubscriber) -> Result<HolderId, Error> {
        let identity = new.identity.normal().ok_or(Error::Input {
            what: "NIK or e-mail address",
        })?;
        let digits = |nik: &String| nik.len() == 16 && nik.bytes().all(|b| b.is_ascii_digit());
        if !identity.nik.as_ref().is_none_or(digits) {
            return Err(Error::Input { what: "NIK" });
        }
        if !activation::acceptable(&new.passphrase) {
            return Err(Error::Input { what: "passphrase" });
        }
        let name = plain(&new.name, "a name")?;
        let holder = HolderId::random()?;
        let passphrase = self.0.activation.seal(holder, new.passphrase).await?;
        let keys = self.0.vault.keys().await?;
        let (key, wrapped) = keys.new_data_key(holder.as_bytes())?;
        let row = holder.as_bytes();
        let personal = |kind, value: &Option<String>| {
            value
                .as_deref()
                .map(|value| personal(keys, &key, new.agency, row, kind, value))
                .transpose()
        };
        self.commit(subscriber::Insert {
            holder,
            agency: new.agency,
            state: State::NoCertificate,
            nik: personal(NIK, &identity.nik)?,
            email: personal(EMAIL, &identity.email)?,
            name_sealed: key.seal(NAME, row, name.as_bytes())?,
            data_key: wrapped,
            passphrase: Some(passphrase),
        })
        .await?;
        Ok(holder)
    }
}
