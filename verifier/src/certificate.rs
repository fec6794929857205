//! X.509 certificates as received (RFC 5280, section 4).
//!
//! Read for judging, not for writing: what a certificate of another maker gets wrong is kept for a finding where it
//! matters, and only what cannot be read at all is refused.

mod extension;

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use jiff::Timestamp;

pub(crate) use extension::{GeneralName, general_names};

use crate::algorithm::{self, Digest, Identifier, PublicKey, Scheme, Trouble};
use crate::asn1::{Error, Value, tag};
use crate::name::Name;

/// Octets of the longest certificate read.
const MAX_LENGTH: usize = 64 * 1024;

/// A certificate. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    key: PublicKey,
    algorithm: Identifier,
    algorithms_agree: bool,
    signature: Vec<u8>,
    extensions: Vec<Extension>,
    fingerprint: [u8; 32],
}

#[derive(Clone, Debug)]
pub(crate) struct Extension {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) critical: bool,
    pub(crate) value: Vec<u8>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for Certificate {}

/// Bytes that are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate: {0}")]
pub struct NotACertificate(&'static str);

impl Certificate {
    /// Reads one certificate.
    ///
    /// # Errors
    ///
    /// [`NotACertificate`].
    pub fn from_der(der: &[u8]) -> Result<Self, NotACertificate> {
        if der.len() > MAX_LENGTH {
            return Err(NotACertificate("too long"));
        }
        read(der).map_err(|error| NotACertificate(error.0))
    }

    /// The bytes as received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 over the bytes.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint
    }

    /// The content octets of the serial number, as received.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The start of the validity period.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// The end of the validity period.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// The subject's distinguished name.
    #[must_use]
    pub fn subject_dn(&self) -> String {
        self.0.subject.display()
    }

    /// The issuer's distinguished name.
    #[must_use]
    pub fn issuer_dn(&self) -> String {
        self.0.issuer.display()
    }

    /// The issuer's common name.
    #[must_use]
    pub fn issuer_common_name(&self) -> Option<String> {
        self.0.issuer.common_name()
    }

    /// The subject's common name.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        self.0.subject.common_name()
    }

    pub(crate) fn subject(&self) -> &Name {
        &self.0.subject
    }

    pub(crate) fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.0.key
    }

    pub(crate) fn is_valid_at(&self, time: Timestamp) -> bool {
        self.0.not_before <= time && time <= self.0.not_after
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// How the issuer signed it.
    pub(crate) fn scheme(&self) -> Result<Scheme, Trouble> {
        if self.0.algorithms_agree {
            Scheme::read(&self.0.algorithm, None)
        } else {
            Err(Trouble::Contradiction)
        }
    }

    /// Verifies the issuer's signature.
    pub(crate) fn verify(&self, issuer: &PublicKey) -> Result<(), Trouble> {
        let tbs = self.0.der.get(self.0.tbs.clone()).unwrap_or_default();
        algorithm::verify(issuer, self.scheme()?, tbs, &self.0.signature)
    }

    pub(crate) fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    pub(crate) fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.0
            .extensions
            .iter()
            .find(|extension| extension.oid == oid)
    }
}

fn read(der: &[u8]) -> Result<Certificate, Error> {
    let whole = Value::parse(der)?;
    let mut outer = whole.reader();
    let tbs = outer.expect(tag::SEQUENCE)?;
    let algorithm = algorithm::identifier(&mut outer)?;
    let signature = outer.expect(tag::BIT_STRING)?.bits()?.to_vec();
    outer.end()?;
    let mut fields = tbs.reader();
    fields.optional(tag::context(0))?;
    let serial = fields.expect(tag::INTEGER)?.content.to_vec();
    if serial.is_empty() || serial.len() > 128 {
        return Err(Error("serial number"));
    }
    let inner = algorithm::identifier(&mut fields)?;
    let issuer = Name::read(&fields.next()?)?;
    let mut validity = fields.sequence()?;
    let (not_before, not_after) = (validity.next()?.time()?, validity.next()?.time()?);
    let subject = Name::read(&fields.next()?)?;
    let key = PublicKey::from_spki(&fields.expect(tag::SEQUENCE)?)?;
    fields.optional(tag::implicit(1))?;
    fields.optional(tag::implicit(2))?;
    let mut extensions = Vec::new();
    if let Some(list) = fields.optional(tag::context(3))? {
        for extension in list.reader().sequence()? {
            let extension = self::extension(&extension?)?;
            if extensions
                .iter()
                .any(|other: &Extension| other.oid == extension.oid)
            {
                return Err(Error("an extension comes twice"));
            }
            extensions.push(extension);
        }
    }
    fields.end()?;
    // The outer value starts the bytes, the inner one follows its header.
    let start = tbs.raw.as_ptr() as usize - der.as_ptr() as usize;
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(&Digest::Sha256.of(&[der]));
    Ok(Certificate(Arc::new(Parts {
        der: der.to_vec(),
        tbs: start..start + tbs.raw.len(),
        serial,
        issuer,
        subject,
        not_before,
        not_after,
        key,
        algorithms_agree: same(&algorithm, &inner),
        algorithm,
        signature,
        extensions,
        fingerprint,
    })))
}

/// NULL and absent parameters mean the same.
fn same(one: &Identifier, other: &Identifier) -> bool {
    let bare = |identifier: &Identifier| {
        identifier
            .parameters
            .clone()
            .filter(|parameters| parameters.as_slice() != [tag::NULL, 0])
    };
    one.oid == other.oid && bare(one) == bare(other)
}

pub(crate) fn extension(value: &Value<'_>) -> Result<Extension, Error> {
    let mut fields = value.reader();
    let oid = fields.oid()?;
    let critical = match fields.optional(tag::BOOLEAN)? {
        Some(critical) => critical.boolean()?,
        None => false,
    };
    let value = fields.expect(tag::OCTET_STRING)?.octets()?.into_owned();
    fields.end()?;
    Ok(Extension {
        oid,
        critical,
        value,
    })
}
