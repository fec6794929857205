//! Agencies and their applications.

use aws_lc_rs::digest;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::plain;
use crate::Registry;
use crate::address::AddressRanges;
use crate::error::Error;
use crate::id::{AgencyId, ApplicationId, hex, random};
use crate::store;

/// A new application.
#[derive(Debug, Clone)]
pub struct NewApplication {
    /// Its agency.
    pub agency: AgencyId,
    /// Its name.
    pub name: String,
    /// Where it may call from; empty means anywhere.
    pub addresses: Vec<IpNet>,
}

/// What an application shows; the secret is told this once.
#[derive(Debug)]
pub struct NewCredential {
    /// The application.
    pub application: ApplicationId,
    /// Its client id.
    pub client_id: String,
    /// Its secret: 256 random bits, in hexadecimal.
    pub secret: SecretString,
}

impl Registry {
    /// Makes an agency.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is one of that name.
    pub async fn create_agency(&self, name: &str) -> Result<AgencyId, Error> {
        let id = AgencyId::random()?;
        let name = plain(name, "an agency's name")?;
        self.commit(store::agency::Insert { id, name }).await?;
        Ok(id)
    }

    /// The agency with a name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn agency(&self, name: &str) -> Result<Option<AgencyId>, Error> {
        Ok(store::agency::by_name(&self.0.store, name).await?)
    }

    /// Makes an application and its credential.
    ///
    /// # Errors
    /// [`Error::Exists`] when the agency has one of that name.
    pub async fn create_application(&self, new: NewApplication) -> Result<NewCredential, Error> {
        let application = ApplicationId::random()?;
        let client_id = format!("app-{}", hex(&random::<8>()?));
        let secret = SecretString::from(hex(&*Zeroizing::new(random::<32>()?)));
        let hash = digest::digest(&digest::SHA256, secret.expose_secret().as_bytes());
        self.commit(store::application::Record {
            id: application,
            agency: new.agency,
            name: plain(&new.name, "an application's name")?,
            client_id: client_id.clone(),
            secret_hash: hash.as_ref().try_into().map_err(|_| Error::Random)?,
            enabled: true,
            addresses: AddressRanges::new(new.addresses),
        })
        .await?;
        self.0.access.forget(&client_id);
        Ok(NewCredential {
            application,
            client_id,
            secret,
        })
    }

    /// Enables or disables an application.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is none with this client id.
    pub async fn enable_application(&self, client_id: &str, enabled: bool) -> Result<(), Error> {
        let client = client_id.to_owned();
        let enable = store::application::Enable {
            client_id: client,
            enabled,
        };
        let found = self.commit(enable).await?;
        self.0.access.forget(client_id);
        if found { Ok(()) } else { Err(Error::Unknown) }
    }
}
