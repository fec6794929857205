//! Certificates and their keys, checked to belong together and kept ready.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signer::hsm::{Hsm, KeyId, TokenKey};
use signer::pades::SignerIdentity;
use signer::x509::{Certificate, Chain};

use crate::cache::Cache;
use crate::error::Error;
use crate::id::{CertificateId, HolderId};
use crate::store::holder::Record;
use crate::store::{Store, certificate, data_key};
use crate::vault::Vault;

/// Identities kept ready; one takes some 10 KB.
const IDENTITIES: usize = 4096;
/// How long the token may take to show a public key.
const PATIENCE: Duration = Duration::from_secs(10);

/// A certificate with its key, checked to belong together.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(super) identity: Arc<SignerIdentity>,
    pub(super) key: TokenKey,
    /// From when to when the certificate itself says that it is valid.
    pub(super) validity: (i64, i64),
}

/// What an identity is found by: holder, certificate and the holder's epoch. The holder is part of it, since which
/// certificate is whose is the store's word until the chain has been unsealed with the holder's own key.
type Place = (HolderId, CertificateId, i64);

/// Identities that are ready to sign.
#[derive(Debug)]
pub(crate) struct Custody {
    hsm: Hsm,
    ready: Cache<Place, Arc<Ready>>,
}

impl Custody {
    pub(crate) fn new(hsm: Hsm) -> Self {
        Self {
            hsm,
            ready: Cache::new(IDENTITIES),
        }
    }

    pub(super) async fn ready(
        &self,
        store: &Store,
        vault: &Vault,
        holder: &Record,
        certificate: CertificateId,
    ) -> Result<Arc<Ready>, Error> {
        let place = (holder.id, certificate, holder.key_epoch);
        if let Some(ready) = self.ready.get(&place) {
            return Ok(ready);
        }
        let ready = self.load(store, vault, holder.id, certificate).await?;
        let ready = Arc::new(ready);
        self.ready.insert(place, Arc::clone(&ready));
        Ok(ready)
    }

    async fn load(
        &self,
        store: &Store,
        vault: &Vault,
        holder: HolderId,
        id: CertificateId,
    ) -> Result<Ready, Error> {
        let record = certificate::by_id(store, id).await?.ok_or(Error::Unknown)?;
        let chain = chain(store, vault, holder, id, &record).await?;
        let algorithm = record.algorithm.parse().map_err(|_| Error::Sealed)?;
        let identity = SignerIdentity::new(&chain, algorithm)?;
        let key_id = KeyId::new(&record.key_id)?;
        let deadline = Instant::now() + PATIENCE;
        let in_token = self.hsm.public_key(key_id.clone(), deadline).await?;
        if in_token.as_ref() != Some(identity.public_key()) {
            return Err(Error::KeyMismatch { id: key_id });
        }
        let key = self
            .hsm
            .key(key_id, identity.public_key().clone(), algorithm);
        let leaf = chain.leaf();
        Ok(Ready {
            validity: (
                leaf.not_before().as_millisecond(),
                leaf.not_after().as_millisecond(),
            ),
            identity: Arc::new(identity),
            key,
        })
    }
}

/// The chain of a certificate, unsealed.
pub(crate) async fn chain(
    store: &Store,
    vault: &Vault,
    holder: HolderId,
    id: CertificateId,
    record: &certificate::Record,
) -> Result<Chain, Error> {
    let wrapped = data_key::of(store, holder.as_bytes()).await?;
    let keys = vault.keys().await?;
    let key = keys.data_key(holder.as_bytes(), &wrapped.ok_or(Error::Sealed)?)?;
    let sealed = &record.chain_sealed;
    let packed = key.open(CHAIN, id.as_bytes(), sealed)?;
    Ok(Chain::new(unpack(&packed)?)?)
}

/// The column of sealed chains.
pub(crate) const CHAIN: &str = "certificate.chain";

/// Certificates one after another; DER says itself where each ends.
fn unpack(mut packed: &[u8]) -> Result<Vec<Certificate>, Error> {
    let mut certificates = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Error::Sealed)?;
        let (der, rest) = rest.split_at_checked(length).ok_or(Error::Sealed)?;
        certificates.push(Certificate::from_der(der.to_vec())?);
        packed = rest;
    }
    Ok(certificates)
}

/// The form in which [`unpack`] reads a chain.
pub(crate) fn pack(chain: &Chain) -> Vec<u8> {
    let mut packed = Vec::new();
    for certificate in chain.certificates() {
        let der = certificate.as_der();
        let length = u32::try_from(der.len()).unwrap_or(u32::MAX);
        packed.extend_from_slice(&length.to_be_bytes());
        packed.extend_from_slice(der);
    }
    packed
}
