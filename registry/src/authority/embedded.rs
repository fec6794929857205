//! The embedded authority: root and issuing key in the token, for demonstrations and closed agencies.
//!
//! The keys' `CKA_ID`s are the labels of the configuration, so that they are found again without the store.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use signer::hsm::{Hsm, KeyId, KeySpec, TokenKey};
use signer::key::{PublicKey, SigningKey};
use signer::x509::issue::{self, Issuer, Profile, Publication, Subject, Validity};
use signer::x509::{Certificate, Chain};
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::store::authority::Record;
use crate::store::{self, Store};

const ROOT: &str = "root";
const ISSUING: &str = "issuing";
const DAY: i64 = 24 * 3600;
const ROOT_VALIDITY: SignedDuration = SignedDuration::from_secs(20 * 365 * DAY);
const ISSUING_VALIDITY: SignedDuration = SignedDuration::from_secs(15 * 365 * DAY);
/// Certificates begin a little early, for readers whose clock is slow; the authority's begin earlier still.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
const AUTHORITY_EARLY: SignedDuration = SignedDuration::from_hours(1);
/// How long the token may take for a key or a certificate.
const PATIENCE: Duration = Duration::from_secs(60);

/// The embedded authority.
#[derive(Debug)]
pub(crate) struct Embedded {
    settings: config::Authority,
    hsm: Hsm,
    publication: Publication,
    loaded: OnceCell<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    root: Certificate,
    issuing: Certificate,
    key: TokenKey,
}

impl Embedded {
    pub(crate) fn new(settings: config::Authority, hsm: Hsm) -> Self {
        Self {
            settings,
            hsm,
            publication: Publication::default(),
            loaded: OnceCell::new(),
        }
    }

    /// Makes keys and certificates that are not there yet.
    pub(crate) async fn provision(&self, store: &Store) -> Result<(), Error> {
        let root_key = self.key(&self.settings.root_key).await?;
        let root = match store::authority::by_role(store, ROOT).await? {
            Some(record) => Certificate::from_der(record.certificate)?,
            None => self.make_root(store, &root_key).await?,
        };
        if store::authority::by_role(store, ISSUING).await?.is_none() {
            let issuing_key = self.key(&self.settings.issuing_key).await?;
            let issuer = Issuer::new(&root, &root_key, &self.publication)?;
            let certificate = issue::issuing(
                &self.subject("Issuing CA"),
                issuing_key.public_key(),
                &issuer,
                &validity(AUTHORITY_EARLY, ISSUING_VALIDITY)?,
                deadline(),
            )
            .await?;
            keep(store, ISSUING, &issuing_key, &certificate).await?;
        }
        self.loaded(store).await.map(drop)
    }

    /// A certificate below the issuing authority, with its chain.
    pub(crate) async fn issue(
        &self,
        store: &Store,
        profile: &Profile,
        mut subject: Subject,
        public_key: &PublicKey,
    ) -> Result<Chain, Error> {
        let Loaded { root, issuing, key } = self.loaded(store).await?;
        let issuer = Issuer::new(issuing, key, &self.publication)?;
        subject.country = Some(self.settings.country.clone());
        let wanted = SignedDuration::try_from(self.settings.validity);
        let wanted = wanted.unwrap_or(ISSUING_VALIDITY);
        let left = issuing.not_after().duration_since(Timestamp::now());
        let validity = validity(EARLY, wanted.min(left))?;
        let leaf = issue::end_entity(
            profile,
            &subject,
            public_key,
            &issuer,
            &validity,
            deadline(),
        );
        let leaf = leaf.await?;
        Ok(Chain::new(vec![leaf, issuing.clone(), root.clone()])?)
    }

    /// The root's certificate.
    pub(crate) async fn root(&self, store: &Store) -> Result<Certificate, Error> {
        Ok(self.loaded(store).await?.root.clone())
    }

    async fn loaded(&self, store: &Store) -> Result<&Loaded, Error> {
        self.loaded
            .get_or_try_init(|| async {
                let (Some(root), Some(issuing)) = (
                    store::authority::by_role(store, ROOT).await?,
                    store::authority::by_role(store, ISSUING).await?,
                ) else {
                    return Err(Error::AuthorityMissing);
                };
                let root = Certificate::from_der(root.certificate)?;
                let key_id = KeyId::new(&issuing.key_id)?;
                let issuing = Certificate::from_der(issuing.certificate)?;
                let public = issuing.public_key()?;
                let in_token = self.hsm.public_key(key_id.clone(), deadline()).await?;
                if in_token.as_ref() != Some(&public) {
                    return Err(Error::KeyMismatch { id: key_id });
                }
                let algorithm = public.default_algorithm();
                Ok(Loaded {
                    root,
                    issuing,
                    key: self.hsm.key(key_id, public, algorithm),
                })
            })
            .await
    }

    async fn make_root(&self, store: &Store, key: &TokenKey) -> Result<Certificate, Error> {
        let subject = self.subject("Root CA");
        let validity = validity(AUTHORITY_EARLY, ROOT_VALIDITY)?;
        let root = issue::root(&subject, key, &validity, deadline()).await?;
        keep(store, ROOT, key, &root).await?;
        Ok(root)
    }

    /// The key with a label, made when the token does not have it.
    async fn key(&self, label: &str) -> Result<TokenKey, Error> {
        let id = KeyId::new(label.as_bytes())?;
        let public = match self.hsm.public_key(id.clone(), deadline()).await? {
            Some(public) => public,
            None => {
                let spec = KeySpec {
                    id: id.clone(),
                    label: label.to_owned(),
                    kind: self.settings.key_kind,
                };
                self.hsm.generate(spec, deadline()).await?
            }
        };
        let algorithm = public.default_algorithm();
        Ok(self.hsm.key(id, public, algorithm))
    }

    fn subject(&self, role: &str) -> Subject {
        Subject {
            common_name: format!("{} {role}", self.settings.organization),
            organization: Some(self.settings.organization.clone()),
            country: Some(self.settings.country.clone()),
            ..Subject::default()
        }
    }
}

async fn keep(
    store: &Store,
    role: &'static str,
    key: &TokenKey,
    certificate: &Certificate,
) -> Result<(), Error> {
    let record = Record {
        role,
        key_id: key.id().as_bytes().to_vec(),
        certificate: certificate.as_der().to_vec(),
    };
    Ok(store.writer.commit(record).await?)
}

fn validity(early: SignedDuration, length: SignedDuration) -> Result<Validity, Error> {
    let now = Timestamp::now();
    let outside = |_| Error::Input {
        what: "a certificate's validity",
    };
    let not_before = now.checked_sub(early).map_err(outside)?;
    let not_after = now.checked_add(length).map_err(outside)?;
    Ok(Validity::new(not_before, not_after)?)
}

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// What a TLS server is known by.
pub(crate) fn tls_server(names: Vec<String>, ips: Vec<IpAddr>) -> (Profile, Subject) {
    let common_name = names.first().cloned();
    let common_name = common_name.or_else(|| ips.first().map(IpAddr::to_string));
    let subject = Subject::named(common_name.unwrap_or_default());
    (Profile::TlsServer { names, ips }, subject)
}
