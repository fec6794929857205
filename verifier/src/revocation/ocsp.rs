//! OCSP responses (RFC 6960), signed by the issuer or by a responder it delegated to.

use const_oid::{ObjectIdentifier, db::rfc5280};
use jiff::Timestamp;

use super::{Revoked, Statement};
use crate::algorithm::{self, Digest, Identifier, PublicKey, Scheme};
use crate::asn1::{Error, Value, tag};
use crate::certificate::Certificate;
use crate::name::Name;
use crate::pool::Pool;

const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// A basic response.
#[derive(Debug)]
pub(crate) struct OcspResponse {
    data: Vec<u8>,
    responder: Responder,
    produced: Timestamp,
    singles: Vec<Single>,
    algorithm: Identifier,
    signature: Vec<u8>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) fingerprint: [u8; 32],
}

#[derive(Debug)]
enum Responder {
    Key(Vec<u8>),
    Name(Name),
}

#[derive(Debug)]
struct Single {
    digest: Option<Digest>,
    issuer_name: Vec<u8>,
    issuer_key: Vec<u8>,
    serial: Vec<u8>,
    /// `None` where the responder does not know the certificate.
    status: Option<Option<Revoked>>,
    issued: Timestamp,
    next: Option<Timestamp>,
}

const MAX_SINGLES: usize = 256;
const MAX_CERTIFICATES: usize = 16;

impl OcspResponse {
    /// Reads an `OCSPResponse`, or the `BasicOCSPResponse` by itself.
    pub(crate) fn read(der: &[u8]) -> Result<Self, Error> {
        let whole = Value::parse(der)?;
        let mut outer = whole.reader();
        if outer.optional(tag::ENUMERATED)?.is_none() {
            return Self::basic(whole.raw);
        }
        let mut bytes = Value::parse(outer.expect(tag::context(0))?.content)?.reader();
        if bytes.oid()? != BASIC {
            return Err(Error("no basic response"));
        }
        Self::basic(&bytes.expect(tag::OCTET_STRING)?.octets()?)
    }

    fn basic(der: &[u8]) -> Result<Self, Error> {
        let whole = Value::parse(der)?;
        let mut outer = whole.reader();
        let data = outer.expect(tag::SEQUENCE)?;
        let algorithm = algorithm::identifier(&mut outer)?;
        let signature = outer.expect(tag::BIT_STRING)?.bits()?.to_vec();
        let mut certificates = Vec::new();
        if let Some(list) = outer.optional(tag::context(0))? {
            for certificate in Value::parse(list.content)?.reader().take(MAX_CERTIFICATES) {
                certificates.extend(Certificate::from_der(certificate?.raw));
            }
        }
        let mut fields = data.reader();
        fields.optional(tag::context(0))?;
        let responder = fields.next()?;
        let inner = Value::parse(responder.content)?;
        let responder = match responder.tag {
            0xa1 => Responder::Name(Name::read(&inner)?),
            0xa2 => Responder::Key(inner.octets()?.into_owned()),
            _ => return Err(Error("responder")),
        };
        let produced = fields.expect(tag::GENERALIZED_TIME)?.time()?;
        let singles = fields
            .sequence()?
            .take(MAX_SINGLES)
            .map(|single| Single::read(&single?))
            .collect::<Result<_, _>>()?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(&Digest::Sha256.of(&[der]));
        Ok(Self {
            data: data.raw.to_vec(),
            responder,
            produced,
            singles,
            algorithm,
            signature,
            certificates,
            fingerprint,
        })
    }

    pub(crate) fn speaks_of(&self, serial: &[u8]) -> bool {
        self.singles.iter().any(|single| single.serial == serial)
    }

    fn verify(&self, key: &PublicKey) -> bool {
        Scheme::read(&self.algorithm, None)
            .and_then(|scheme| algorithm::verify(key, scheme, &self.data, &self.signature))
            .is_ok()
    }

    /// What the response says about a certificate, if anything.
    pub(super) fn statement(
        &self,
        pool: &Pool<'_>,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<Option<Statement>, &'static str> {
        let Some(single) = self
            .singles
            .iter()
            .find(|single| single.is_about(certificate, issuer))
        else {
            return Ok(None);
        };
        self.check_signature(pool, issuer)?;
        match single.status {
            Some(entry) => Ok(Some(Statement {
                issued: single.issued,
                next: single.next,
                entry,
            })),
            None => Err("the responder does not know the certificate"),
        }
    }

    fn check_signature(&self, pool: &Pool<'_>, issuer: &Certificate) -> Result<(), &'static str> {
        let signed_by = |signer: &Certificate| {
            self.is_responder(signer)
                && pool
                    .verified(self.fingerprint, signer.key(), |key| self.verify(key))
                    .unwrap_or(false)
        };
        if signed_by(issuer) {
            return Ok(());
        }
        let mut why = "its responder is not the issuer's";
        for responder in &self.certificates {
            let delegated = responder
                .extended_key_usage()
                .ok()
                .flatten()
                .is_some_and(|(purposes, _)| purposes.contains(&rfc5280::ID_KP_OCSP_SIGNING));
            if !signed_by(responder) {
                continue;
            }
            // Only the issuer itself delegates (RFC 6960, 4.2.2.2).
            if !delegated
                || responder.issuer() != issuer.subject()
                || !pool.issued(issuer, responder)
            {
                why = "its responder was not delegated by the issuer";
            } else if !responder.is_valid_at(self.produced) {
                why = "its responder's certificate was not valid";
            } else if !responder.has_ocsp_no_check() && revoked_by_list(pool, responder, issuer) {
                why = "its responder's certificate is revoked";
            } else {
                return Ok(());
            }
        }
        Err(why)
    }

    fn is_responder(&self, certificate: &Certificate) -> bool {
        match &self.responder {
            Responder::Name(name) => certificate.subject() == name,
            Responder::Key(hash) => Digest::Sha1.of(&[&certificate.key().raw]) == *hash,
        }
    }
}

fn revoked_by_list(pool: &Pool<'_>, responder: &Certificate, issuer: &Certificate) -> bool {
    pool.lists(responder).iter().any(|list| {
        list.statement(pool, responder, issuer)
            .is_ok_and(|statement| statement.entry.is_some())
    })
}

impl Single {
    fn read(value: &Value<'_>) -> Result<Self, Error> {
        let mut fields = value.reader();
        let mut id = fields.sequence()?;
        let digest = algorithm::identifier(&mut id)?.digest();
        let issuer_name = id.expect(tag::OCTET_STRING)?.octets()?.into_owned();
        let issuer_key = id.expect(tag::OCTET_STRING)?.octets()?.into_owned();
        let serial = id.expect(tag::INTEGER)?.content.to_vec();
        let status = fields.next()?;
        let status = match status.tag {
            0x80 => Some(None),
            0xa1 => {
                let mut revoked = status.reader();
                let at = revoked.next()?.time()?;
                let reason = revoked.optional(tag::context(0))?;
                let held = match reason {
                    Some(reason) => Value::parse(reason.content)?.content == [6],
                    None => false,
                };
                Some(Some(Revoked { at, held }))
            }
            0x82 => None,
            _ => return Err(Error("certificate status")),
        };
        let issued = fields.expect(tag::GENERALIZED_TIME)?.time()?;
        let next = match fields.optional(tag::context(0))? {
            Some(next) => Some(Value::parse(next.content)?.time()?),
            None => None,
        };
        Ok(Self {
            digest,
            issuer_name,
            issuer_key,
            serial,
            status,
            issued,
            next,
        })
    }

    fn is_about(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let Some(digest) = self.digest else {
            return false;
        };
        self.serial == certificate.serial()
            && self.issuer_key == digest.of(&[&issuer.key().raw])
            && self.issuer_name == digest.of(&[&certificate.issuer().der])
    }
}
