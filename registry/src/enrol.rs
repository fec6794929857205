//! Making agencies, applications, people and seals, and moving them through their states.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use signer::hsm::{KeyId, KeySpec};
use signer::key::{KeyKind, PublicKey};
use signer::x509::issue::{Profile, Subject};
use signer::x509::{Certificate, Chain};
use zeroize::Zeroizing;

use crate::address::AddressRanges;
use crate::error::Error;
use crate::id::{AgencyId, ApplicationId, CertificateId, CustodianId, HolderId, hex, random};
use crate::identity::Identity;
use crate::scope::{EMAIL, NIK};
use crate::state::State;
use crate::store::subscriber::Personal;
use crate::store::{self, holder, seal, subscriber};
use crate::vault::{DataKey, Keys};
use crate::{Registry, activation, authority, custody};

/// How long the token may take to make a key.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest name of anything.
const LONGEST: usize = 200;

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
        self.moved(issued.await?, from, State::Issue)
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
        self.moved(changed, from, to)
    }

    /// The state a holder is in, if it may go to `to`.
    async fn allowed(&self, holder: HolderId, to: State) -> Result<State, Error> {
        let from = store::certificate::holder_state(&self.0.store, holder).await?;
        let from = from.ok_or(Error::Unknown)?;
        if from.may_become(to) {
            Ok(from)
        } else {
            Err(Error::Transition { from, to })
        }
    }

    /// A change that found another state than the one it was judged by did not happen.
    #[expect(clippy::unused_self, reason = "reads as a step of its callers")]
    const fn moved(&self, changed: bool, from: State, to: State) -> Result<(), Error> {
        if changed {
            Ok(())
        } else {
            Err(Error::Transition { from, to })
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

    async fn data_key(&self, owner: &[u8; 16]) -> Result<DataKey, Error> {
        let wrapped = store::data_key::of(&self.0.store, owner).await?;
        let keys = self.0.vault.keys().await?;
        keys.data_key(owner, &wrapped.ok_or(Error::Sealed)?)
    }

    async fn commit<U: store::writer::Unit>(&self, unit: U) -> Result<U::Output, Error> {
        Ok(self.0.store.writer.commit(unit).await?)
    }
}

/// The column of sealed names.
const NAME: &str = "name";

/// A value with its blind index.
fn personal(
    keys: &Keys,
    key: &DataKey,
    agency: AgencyId,
    row: &[u8; 16],
    kind: &str,
    value: &str,
) -> Result<Personal, Error> {
    Ok(Personal {
        index: keys.index(agency, kind, value),
        sealed: key.seal(kind, row, value.as_bytes())?,
    })
}

/// A name without its outer blanks.
fn plain(name: &str, what: &'static str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST || name.chars().any(char::is_control) {
        return Err(Error::Input { what });
    }
    Ok(name.to_owned())
}
