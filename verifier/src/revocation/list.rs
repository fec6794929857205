//! Certificate revocation lists (RFC 5280, section 5), complete ones of the issuer itself.

use const_oid::{ObjectIdentifier, db::rfc5280};
use jiff::Timestamp;

use super::{Revoked, Statement};
use crate::algorithm::{self, Digest, Identifier, PublicKey, Scheme};
use crate::asn1::{Error, Value, tag};
use crate::certificate::{Certificate, extension};
use crate::name::Name;
use crate::pool::Pool;

const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");

/// A list.
#[derive(Debug)]
pub(crate) struct RevocationList {
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    revoked: std::ops::Range<usize>,
    pub(crate) issuer: Name,
    issued: Timestamp,
    next: Option<Timestamp>,
    algorithm: Identifier,
    signature: Vec<u8>,
    scope: Scope,
    pub(crate) fingerprint: [u8; 32],
}

/// What a list is about (RFC 5280, 5.2.5).
#[derive(Clone, Copy, Debug, Default)]
struct Scope {
    only_users: bool,
    only_authorities: bool,
    unusable: Option<&'static str>,
}

impl RevocationList {
    pub(crate) fn read(der: &[u8]) -> Result<Self, Error> {
        let whole = Value::parse(der)?;
        let range = |part: &[u8]| {
            let start = part.as_ptr() as usize - der.as_ptr() as usize;
            start..start + part.len()
        };
        let mut outer = whole.reader();
        let tbs = outer.expect(tag::SEQUENCE)?;
        let algorithm = algorithm::identifier(&mut outer)?;
        let signature = outer.expect(tag::BIT_STRING)?.bits()?.to_vec();
        outer.end()?;
        let mut fields = tbs.reader();
        fields.optional(tag::INTEGER)?;
        let inner = algorithm::identifier(&mut fields)?;
        if inner.oid != algorithm.oid {
            return Err(Error("two signature algorithms"));
        }
        let issuer = Name::read(&fields.next()?)?;
        let issued = fields.next()?.time()?;
        let mut next = None;
        for time in [tag::UTC_TIME, tag::GENERALIZED_TIME] {
            if let Some(value) = fields.optional(time)? {
                next = Some(value.time()?);
            }
        }
        let revoked = fields
            .optional(tag::SEQUENCE)?
            .map_or(0..0, |revoked| range(revoked.content));
        let mut scope = Scope::default();
        if let Some(extensions) = fields.optional(tag::context(0))? {
            for value in extensions.reader().sequence()? {
                let extension = extension(&value?)?;
                match extension.oid {
                    rfc5280::ID_CE_ISSUING_DISTRIBUTION_POINT => {
                        scope.distribution_point(&extension.value)?;
                    }
                    rfc5280::ID_CE_DELTA_CRL_INDICATOR => scope.unusable = Some("it is a delta"),
                    _ if extension.critical => scope.unusable = Some("unknown critical extension"),
                    _ => {}
                }
            }
        }
        fields.end()?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(&Digest::Sha256.of(&[der]));
        Ok(Self {
            tbs: range(tbs.raw),
            revoked,
            der: der.to_vec(),
            issuer,
            issued,
            next,
            algorithm,
            signature,
            scope,
            fingerprint,
        })
    }

    fn verify(&self, key: &PublicKey) -> bool {
        let tbs = self.der.get(self.tbs.clone()).unwrap_or_default();
        Scheme::read(&self.algorithm, None)
            .and_then(|scheme| algorithm::verify(key, scheme, tbs, &self.signature))
            .is_ok()
    }

    /// What the list says about a certificate.
    pub(super) fn statement(
        &self,
        pool: &Pool<'_>,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<Statement, &'static str> {
        if let Some(why) = self.scope.unusable {
            return Err(why);
        }
        let authority = matches!(certificate.basic_constraints(), Ok(Some((true, _))));
        if (self.scope.only_users && authority) || (self.scope.only_authorities && !authority) {
            return Err("it is about other certificates");
        }
        self.check_signature(pool, issuer)?;
        Ok(Statement {
            issued: self.issued,
            next: self.next,
            entry: self
                .entry(certificate.serial())
                .map_err(|_| "an entry cannot be read")?,
        })
    }

    /// By the issuer's key, or by another key of the same authority.
    fn check_signature(&self, pool: &Pool<'_>, issuer: &Certificate) -> Result<(), &'static str> {
        let signed_by = |signer: &Certificate| {
            let allowed = signer
                .key_usage()
                .is_ok_and(|usage| usage.is_none_or(|usage| usage.may_sign_revocation_lists()));
            allowed
                && pool
                    .verified(self.fingerprint, signer.key(), |key| self.verify(key))
                    .unwrap_or(false)
        };
        if signed_by(issuer) {
            return Ok(());
        }
        // After a change of keys: a certificate of the same name that the same superior issued.
        let other = pool
            .with_subject(issuer.subject())
            .into_iter()
            .any(|other| {
                other != *issuer
                    && other.issuer() == issuer.issuer()
                    && signed_by(&other)
                    && (pool.issuers(issuer).iter().any(|superior| {
                        pool.issued(superior, issuer) && pool.issued(superior, &other)
                    }))
            });
        if other {
            Ok(())
        } else {
            Err("its signature is not the issuer's")
        }
    }

    fn entry(&self, serial: &[u8]) -> Result<Option<Revoked>, Error> {
        let revoked = self.der.get(self.revoked.clone()).unwrap_or_default();
        for entry in crate::asn1::Reader::new(revoked) {
            let mut fields = entry?.reader();
            if fields.expect(tag::INTEGER)?.content != serial {
                continue;
            }
            let at = fields.next()?.time()?;
            let mut held = false;
            if let Some(extensions) = fields.optional(tag::SEQUENCE)? {
                for value in extensions.reader() {
                    let extension = extension(&value?)?;
                    if extension.oid == REASON_CODE {
                        held = Value::parse(&extension.value)?.content == [6];
                    } else if extension.critical && extension.oid != INVALIDITY_DATE {
                        return Err(Error("unknown critical extension"));
                    }
                }
            }
            return Ok(Some(Revoked { at, held }));
        }
        Ok(None)
    }
}

impl Scope {
    fn distribution_point(&mut self, value: &[u8]) -> Result<(), Error> {
        for field in Value::parse(value)?.reader() {
            let field = field?;
            let set = field.content != [0];
            match field.tag {
                0xa0 => {}
                0x81 => self.only_users = set,
                0x82 => self.only_authorities = set,
                0x83 | 0xa3 => self.unusable = Some("it is about some reasons only"),
                0x84 if set => self.unusable = Some("it is indirect"),
                0x85 if set => self.unusable = Some("it is about attribute certificates"),
                0x84 | 0x85 => {}
                _ => self.unusable = Some("unknown scope"),
            }
        }
        Ok(())
    }
}
