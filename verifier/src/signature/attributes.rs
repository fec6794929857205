//! Signed attributes (RFC 5652, section 11; RFC 5035; EN 319 122-1, clause 5): read one by one, each where it counts.

use const_oid::{ObjectIdentifier, db::rfc5911};
use jiff::Timestamp;

use crate::algorithm::{Digest, Identifier};
use crate::asn1::{Error, Value, tag};
use crate::certificate::{Certificate, GeneralName};
use crate::cms::{SignedData, SignerInfo};

pub(super) const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
pub(super) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
pub(super) const ALGORITHM_PROTECTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");
pub(super) const REVOCATION_INFO_ARCHIVAL: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113583.1.1.8");
pub(super) const SIGNATURE_TIME_STAMP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");

/// A certificate as an ESS attribute names it.
#[derive(Debug)]
pub(super) struct EssCertificate {
    pub(super) digest: Option<Digest>,
    pub(super) hash: Vec<u8>,
    pub(super) issuer_serial: Option<(Vec<GeneralName>, Vec<u8>)>,
}

impl EssCertificate {
    pub(super) fn names(&self, certificate: &Certificate) -> bool {
        self.digest
            .is_some_and(|digest| digest.of(&[certificate.as_der()]) == self.hash)
    }

    /// Whether issuer and serial number, if they are there, agree.
    pub(super) fn agrees(&self, certificate: &Certificate) -> bool {
        let Some((issuer, serial)) = &self.issuer_serial else {
            return true;
        };
        let issued = issuer.iter().any(
            |name| matches!(name, GeneralName::Directory(name) if name == certificate.issuer()),
        );
        issued && trimmed(serial) == trimmed(certificate.serial())
    }
}

fn trimmed(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|octet| **octet == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

/// The first certificate of `signing-certificate` or `signing-certificate-v2`; it is the signer's.
pub(super) fn ess(value: &Value<'_>, version: u8) -> Result<EssCertificate, Error> {
    if !value.is(tag::SEQUENCE) {
        return Err(Error("signing certificate attribute"));
    }
    let certificates = value.reader().expect(tag::SEQUENCE)?;
    let first = certificates.reader().expect(tag::SEQUENCE)?;
    let mut fields = first.reader();
    let mut digest = Some(if version == 1 {
        Digest::Sha1
    } else {
        Digest::Sha256
    });
    if version == 2
        && let Some(identifier) = fields.optional(tag::SEQUENCE)?
    {
        digest = Identifier::read(&identifier)?.digest();
    }
    let hash = fields.expect(tag::OCTET_STRING)?.octets()?.into_owned();
    let issuer_serial = match fields.optional(tag::SEQUENCE)? {
        Some(pair) => {
            let mut pair = pair.reader();
            let names = crate::certificate::general_names(pair.expect(tag::SEQUENCE)?.content)?;
            Some((names, pair.expect(tag::INTEGER)?.content.to_vec()))
        }
        None => None,
    };
    Ok(EssCertificate {
        digest,
        hash,
        issuer_serial,
    })
}

/// `CMSAlgorithmProtection` (RFC 6211): whether the algorithms are those that were signed.
pub(super) fn protects(value: &Value<'_>, signer: &SignerInfo<'_>) -> Result<bool, Error> {
    let mut fields = value.reader();
    let digest = Identifier::read(&fields.next()?)?;
    if digest.oid != signer.digest.oid {
        return Ok(false);
    }
    match fields.optional(tag::context(1))? {
        // IMPLICIT: the fields of the identifier under another tag.
        Some(signature) => Ok(signature.reader().oid()? == signer.algorithm.oid),
        None => Ok(false),
    }
}

/// The time the signer claims.
pub(super) fn signing_time(signed_data: &SignedData<'_>) -> Option<Timestamp> {
    let (_, values) = signed_data.signer.signed_values(rfc5911::ID_SIGNING_TIME);
    values.first()?.time().ok()
}

/// Revocation data that Acrobat signs along (ISO 32000-2, 12.8.3.3.2).
pub(super) fn revocation_data(value: &Value<'_>) -> Result<[Vec<Vec<u8>>; 2], Error> {
    const MAX: usize = 64;
    let mut fields = value.reader();
    let mut list = |number| -> Result<Vec<Vec<u8>>, Error> {
        let Some(explicit) = fields.optional(tag::context(number))? else {
            return Ok(Vec::new());
        };
        let list = Value::parse(explicit.content)?;
        list.reader()
            .take(MAX)
            .map(|item| Ok(item?.raw.to_vec()))
            .collect()
    };
    Ok([list(0)?, list(1)?])
}
