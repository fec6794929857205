//! Seals and their custodians.

use std::fmt;

use super::{NAME, personal, plain};
use crate::Registry;
use crate::error::Error;
use crate::id::{AgencyId, ApplicationId, CustodianId, HolderId, hex, random};
use crate::identity::Identity;
use crate::scope::EMAIL;
use crate::store::seal;

/// A new seal.
pub struct NewSeal {
    /// The agency.
    pub agency: AgencyId,
    /// The name, as it shall stand in the certificate.
    pub name: String,
    /// The custodian's name.
    pub custodian_name: String,
    /// The custodian's official e-mail address.
    pub custodian_email: String,
}

impl fmt::Debug for NewSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSeal").finish_non_exhaustive()
    }
}

impl Registry {
    /// Makes a seal and, unless the agency has one with that address, its custodian. Answers the seal and its
    /// `idSubscriber`.
    ///
    /// # Errors
    /// [`Error::Exists`] when the agency has a seal of that name.
    pub async fn create_seal(&self, new: NewSeal) -> Result<(HolderId, String), Error> {
        let name = plain(&new.name, "a seal's name")?;
        let custodian = self.custodian(&new).await?;
        let holder = HolderId::random()?;
        let subscriber_id = hex(&random::<16>()?);
        let keys = self.0.vault.keys().await?;
        let (_, wrapped) = keys.new_data_key(holder.as_bytes())?;
        self.commit(seal::Insert {
            holder,
            agency: new.agency,
            data_key: wrapped,
            subscriber_id: subscriber_id.clone(),
            name,
            custodian,
        })
        .await?;
        Ok((holder, subscriber_id))
    }

    async fn custodian(&self, new: &NewSeal) -> Result<CustodianId, Error> {
        let email = Identity::email(new.custodian_email.clone()).normal();
        let email = email.and_then(|identity| identity.email.clone());
        let email = email.ok_or(Error::Input {
            what: "the custodian's e-mail address",
        })?;
        let name = plain(&new.custodian_name, "the custodian's name")?;
        let keys = self.0.vault.keys().await?;
        let index = keys.index(new.agency, EMAIL, &email);
        if let Some(id) = seal::custodian(&self.0.store, new.agency, index).await? {
            return Ok(id);
        }
        let id = CustodianId::random()?;
        let (key, wrapped) = keys.new_data_key(id.as_bytes())?;
        self.commit(seal::InsertCustodian {
            id,
            agency: new.agency,
            data_key: wrapped,
            email: personal(keys, &key, new.agency, id.as_bytes(), EMAIL, &email)?,
            name_sealed: key.seal(NAME, id.as_bytes(), name.as_bytes())?,
        })
        .await?;
        Ok(id)
    }

    /// Lets an application use a seal of its agency.
    ///
    /// # Errors
    /// [`Error::Unknown`] when the two are not of one agency.
    pub async fn grant_seal(
        &self,
        seal: HolderId,
        application: ApplicationId,
    ) -> Result<(), Error> {
        let granted = self.commit(seal::Grant { seal, application }).await?;
        if granted { Ok(()) } else { Err(Error::Unknown) }
    }
}
