//! One certificate, as received (RFC 5280, section 4).

mod parts;

use std::{fmt, ops::Range, sync::Arc};

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::Decode;
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage,
            SubjectKeyIdentifier, name::DirectoryString,
        },
    },
    name::Name,
};

use parts::Parts;

use super::Error;
use crate::{cms::algorithm::Scheme, key::PublicKey};

/// Octets of the longest certificate read.
const MAX_LENGTH: usize = 64 * 1024;
/// A certificate and the bytes it was received as. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    parts: Parts,
}

impl Certificate {
    /// Reads one certificate in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::Inconsistent`] or [`Error::Limit`]; an unknown kind of key or signature is no
    /// error before it is asked for.
    pub fn from_der(der: Vec<u8>) -> Result<Self, Error> {
        if der.len() > MAX_LENGTH {
            return Err(Error::Limit {
                what: "certificate length",
                limit: MAX_LENGTH,
            });
        }
        let parts = Parts::read(&der).map_err(|source| Error::Malformed {
            what: "certificate",
            source,
        })?;
        parts.check()?;
        Ok(Self(Arc::new(Inner { der, parts })))
    }

    /// The bytes as received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The subject's common name, if it has one that can be read as text.
    #[must_use]
    pub fn subject_common_name(&self) -> Option<String> {
        let name = Name::from_der(self.subject_der()).ok()?;
        let common_name = name
            .by_oid::<DirectoryString>(const_oid::db::rfc4519::COMMON_NAME)
            .ok()??;
        Some(common_name.value().into_owned())
    }

    /// The subject's distinguished name (RFC 4514).
    #[must_use]
    pub fn subject_dn(&self) -> String {
        distinguished_name(self.subject_der())
    }

    /// The issuer's distinguished name (RFC 4514).
    #[must_use]
    pub fn issuer_dn(&self) -> String {
        distinguished_name(self.issuer_der())
    }

    /// The DER of the subject's Name.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        self.part(&self.0.parts.subject)
    }

    /// The DER of the issuer's Name.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        self.part(&self.0.parts.issuer)
    }

    /// The DER of the serial number.
    #[must_use]
    pub fn serial_der(&self) -> &[u8] {
        self.part(&self.0.parts.serial)
    }

    /// The serial number in lower-case hexadecimal, without the octet that keeps it positive.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        // The INTEGER was decoded as at most 127 octets when read, so that its header has two.
        let content = self.serial_der().get(2..).unwrap_or_default();
        let value = match content {
            [0, value @ ..] if !value.is_empty() => value,
            value => value,
        };
        value.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The start of the validity period.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.parts.not_before
    }

    /// The end of the validity period, itself part of it.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.parts.not_after
    }

    /// Whether `time` lies in the validity period.
    #[must_use]
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        // The period's ends are whole seconds and the last one counts in full (RFC 5280, section 4.1.2.5).
        self.not_before() <= time && time.as_second() <= self.not_after().as_second()
    }

    /// The subject's public key.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if it is of no accepted kind.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        Ok(PublicKey::from_spki(self.part(&self.0.parts.public_key))?)
    }

    /// The algorithm the certificate is signed with.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifierOwned {
        &self.0.parts.algorithm
    }

    /// Verifies the certificate's signature with a public key; names and rights are not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Algorithm`] if the algorithm is not accepted, [`Error::Key`] if the signature does not verify.
    pub fn verify(&self, issuer: &PublicKey) -> Result<(), Error> {
        let parts = &self.0.parts;
        let scheme = Scheme::from_identifier(&parts.algorithm, None).ok_or(Error::Algorithm {
            oid: parts.algorithm.oid,
        })?;
        Ok(issuer.verify(scheme, self.part(&parts.tbs), &parts.signature)?)
    }

    /// Whether the certificate names its subject as its issuer.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer_der() == self.subject_der()
    }

    /// The extensions in their order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.0.parts.extensions
    }

    /// One extension, decoded.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if it is there and does not decode.
    pub fn extension<T>(&self) -> Result<Option<T>, Error>
    where
        T: AssociatedOid + for<'a> Decode<'a, Error = der::Error>,
    {
        self.extensions()
            .iter()
            .find(|extension| extension.extn_id == T::OID)
            .map(|extension| T::from_der(extension.extn_value.as_bytes()))
            .transpose()
            .map_err(|source| Error::Malformed {
                what: "certificate extension",
                source,
            })
    }

    /// The key usage, if restricted.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if the extension does not decode.
    pub fn key_usage(&self) -> Result<Option<KeyUsage>, Error> {
        self.extension()
    }

    /// The extended key usage, if restricted.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if the extension does not decode.
    pub fn extended_key_usage(&self) -> Result<Option<Vec<ObjectIdentifier>>, Error> {
        Ok(self.extension::<ExtendedKeyUsage>()?.map(|usage| usage.0))
    }

    /// Whether the subject is an authority, and how many more may follow below it.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if the extension does not decode.
    pub fn basic_constraints(&self) -> Result<Option<BasicConstraints>, Error> {
        self.extension()
    }

    /// The identifier of the subject's key, if stated.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if the extension does not decode.
    pub fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self
            .extension::<SubjectKeyIdentifier>()?
            .map(|identifier| identifier.0.as_bytes().to_vec()))
    }

    /// The identifier of the issuer's key, if stated.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if the extension does not decode.
    pub fn authority_key_identifier(&self) -> Result<Option<Vec<u8>>, Error> {
        let extension = self.extension::<AuthorityKeyIdentifier>()?;
        Ok(extension
            .and_then(|identifier| identifier.key_identifier)
            .map(|octets| octets.as_bytes().to_vec()))
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    /// The serial number alone: the subject may be a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("serial", &self.serial_hex())
            .finish_non_exhaustive()
    }
}

fn distinguished_name(der: &[u8]) -> String {
    // The Name decoded when the certificate was read.
    Name::from_der(der)
        .map(|name| name.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
