//! What certificates, requests and revocation lists have in common: content, algorithm, signature (RFC 5280, section 4.1.1).

use std::time::Instant;

use der::{
    DateTime, Encode,
    asn1::{Ia5String, OctetString},
};
use jiff::Timestamp;
use x509_cert::{
    ext::{Extension, pkix::name::GeneralName},
    time::Time,
};

use super::Error;
use crate::{
    asn1::{self, tag},
    cms::algorithm::DigestAlgorithm,
    key::{self, PublicKey, SigningKey},
};

/// Has `content` signed and puts the signature beside it.
///
/// `content` names the key's algorithm where its structure has a place for it.
pub(super) async fn sign(
    content: Vec<u8>,
    key: &dyn SigningKey,
    deadline: Instant,
) -> Result<Vec<u8>, Error> {
    let algorithm = algorithm(key)?;
    let signature = key.sign(content.clone(), deadline).await?;
    if signature.algorithm() != key.algorithm() || !signature.is_for(key.public_key(), &content) {
        return Err(key::Error::Faulty.into());
    }
    let signature = asn1::wrap(tag::BIT_STRING, &[&[0], signature.as_bytes()]);
    Ok(asn1::wrap(
        tag::SEQUENCE,
        &[&content, &algorithm, &signature],
    ))
}

/// The DER of the identifier of the algorithm the key signs with.
pub(super) fn algorithm(key: &dyn SigningKey) -> Result<Vec<u8>, Error> {
    encode(&key.algorithm().identifier())
}

pub(super) fn encode(value: &impl Encode) -> Result<Vec<u8>, Error> {
    Ok(value.to_der()?)
}

/// The identifier of a key: the first 160 bits of the SHA-256 of its bits (RFC 7093, section 2, method 1).
pub(super) fn key_identifier(key: &PublicKey) -> Result<OctetString, Error> {
    let mut identifier = DigestAlgorithm::Sha256.digest(key.subject_public_key());
    identifier.truncate(20);
    Ok(OctetString::new(identifier)?)
}

/// A point in time as certificates have it: whole seconds, `UTCTime` through 2049 (RFC 5280, section 4.1.2.5).
pub(super) fn time(timestamp: Timestamp) -> Result<Time, Error> {
    let seconds = u64::try_from(timestamp.as_second()).map_err(|_| Error::Request {
        context: "time before 1970",
    })?;
    Ok(DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))?.into())
}

pub(super) fn extension<T: const_oid::AssociatedOid + Encode>(
    critical: bool,
    value: &T,
) -> Result<Extension, Error> {
    Ok(Extension {
        extn_id: T::OID,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

pub(super) fn uri(uri: &str) -> Result<GeneralName, Error> {
    if uri.is_empty() || !uri.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(Error::Request {
            context: "not a URI",
        });
    }
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?))
}
