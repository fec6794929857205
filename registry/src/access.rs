//! Applications and how they show who they are.
//!
//! An application's secret has 256 random bits, so its SHA-256 is kept, not a stretched one. What was read is
//! kept for [`FRESH`] at most: an application that is disabled on this daemon stops at once, one disabled
//! elsewhere within that time. A client id that nobody has takes the same way as one that somebody has.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::cache::Cache;
use crate::id::{AgencyId, ApplicationId};
use crate::store::{self, Store, application::Record};

/// How long a row is trusted: a SELECT costs 54 µs of CPU, which at 2,000 requests a second is a tenth of a core.
const FRESH: Duration = Duration::from_secs(1);
/// Applications remembered, known and unknown apart, so that made-up ids do not push real ones out.
const REMEMBERED: usize = 1024;
/// The longest client id that is looked up.
const LONGEST: usize = 256;

/// An application that has shown who it is.
#[derive(Debug, Clone)]
pub struct Application(Arc<Record>);

impl Application {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ApplicationId {
        self.0.id
    }

    /// The agency it belongs to.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        self.0.agency
    }

    /// Its name, for the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its client id, for the log.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }
}

/// Why an application was not let in. On the wire all but the last are one answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Caller: it may not call from this address.
    #[error("the application may not call from this address")]
    Address,
    /// Caller: no such client, or not its secret.
    #[error("no such client, or not its secret")]
    Credentials,
    /// Caller: the application is disabled.
    #[error("the application is disabled")]
    Disabled,
    /// The store did not answer.
    #[error("the store did not answer")]
    Store(#[from] store::Error),
}

type Remembered = Cache<String, (Instant, Option<Arc<Record>>)>;

/// Lets applications in.
#[derive(Debug)]
pub(crate) struct Access {
    known: Remembered,
    unknown: Remembered,
}

impl Access {
    pub(crate) fn new() -> Self {
        Self {
            known: Cache::new(REMEMBERED),
            unknown: Cache::new(REMEMBERED),
        }
    }

    pub(crate) async fn authenticate(
        &self,
        store: &Store,
        client_id: &str,
        secret: &SecretString,
        peer: IpAddr,
    ) -> Result<Application, AuthError> {
        let record = self.record(store, client_id).await?;
        let presented = digest::digest(&digest::SHA256, secret.expose_secret().as_bytes());
        // Nobody's hash is compared too, so that time does not tell who exists.
        let expected = record.as_ref().map_or([0; 32], |record| record.secret_hash);
        let right = bool::from(expected.as_slice().ct_eq(presented.as_ref()));
        match record {
            Some(record) if right && !record.enabled => Err(AuthError::Disabled),
            Some(record) if right && !record.addresses.allow(peer) => Err(AuthError::Address),
            Some(record) if right => Ok(Application(record)),
            _ => Err(AuthError::Credentials),
        }
    }

    /// Forgets an application that has changed.
    pub(crate) fn forget(&self, client_id: &str) {
        for cache in [&self.known, &self.unknown] {
            cache.retain(|known, _| known != client_id);
        }
    }

    async fn record(&self, store: &Store, client: &str) -> Result<Option<Arc<Record>>, AuthError> {
        if client.len() > LONGEST {
            return Ok(None);
        }
        let known = self.known.get(client).or_else(|| self.unknown.get(client));
        if let Some((read_at, record)) = known
            && read_at.elapsed() < FRESH
        {
            return Ok(record);
        }
        let read_at = Instant::now();
        let record = store::application::by_client_id(store, client).await?;
        let record = record.map(Arc::new);
        let cache = if record.is_some() {
            &self.known
        } else {
            &self.unknown
        };
        cache.insert(client.to_owned(), (read_at, record.clone()));
        Ok(record)
    }
}
