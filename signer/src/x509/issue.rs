//! Issuing certificates with a key in a token (RFC 5280, section 4; EN 319 412-2 and -3 for people and organisations).
//!
//! The issuer's name goes into a certificate octet by octet as in the issuer's own, so that chains hold for readers that
//! compare names so. A certificate is read back and checked against its issuer before it is handed out.

mod profile;
mod subject;

use std::time::Instant;

use const_oid::ObjectIdentifier;
use jiff::Timestamp;
use x509_cert::{ext::Extension, time::Validity as Encoded};

pub use profile::Profile;
pub(super) use profile::authority_key;
pub use subject::Subject;

use super::{Certificate, Error, signed};
use crate::{
    asn1::{self, tag},
    key::{PublicKey, SigningKey},
};

/// `[0]` with the integer 2: version 3.
const VERSION_3: [u8; 5] = [tag::CONTEXT_0, 3, 0x02, 0x01, 2];

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// A period, both ends part of it; fractions of seconds are cut off.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if it ends before it starts.
    pub fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, Error> {
        if not_before > not_after {
            return Err(Error::Request {
                context: "validity ends before it starts",
            });
        }
        Ok(Self {
            not_before,
            not_after,
        })
    }
}

/// Where an authority publishes what concerns its certificates; every part may be empty.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// Policies that certificates are issued under.
    pub policies: Vec<ObjectIdentifier>,
    /// URLs of the revocation list.
    pub revocation_lists: Vec<String>,
    /// URLs of the OCSP responder.
    pub ocsp_responders: Vec<String>,
    /// URLs of the authority's own certificate.
    pub authority_certificates: Vec<String>,
}

/// An authority: its certificate, the key that belongs to it, and what it publishes.
#[derive(Clone, Copy)]
pub struct Issuer<'a> {
    certificate: &'a Certificate,
    key: &'a dyn SigningKey,
    publication: &'a Publication,
}

impl std::fmt::Debug for Issuer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("certificate", self.certificate)
            .finish_non_exhaustive()
    }
}

impl<'a> Issuer<'a> {
    /// Joins an authority's certificate and its key.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the certificate is not an authority's or not this key's.
    pub fn new(
        certificate: &'a Certificate,
        key: &'a dyn SigningKey,
        publication: &'a Publication,
    ) -> Result<Self, Error> {
        let authority = certificate
            .basic_constraints()?
            .is_some_and(|constraints| constraints.ca)
            && certificate
                .key_usage()?
                .is_some_and(|usage| usage.key_cert_sign());
        if !authority {
            return Err(Error::Request {
                context: "issuer's certificate is not an authority's",
            });
        }
        if certificate.public_key()? != *key.public_key() {
            return Err(Error::Request {
                context: "issuer's certificate and key do not belong together",
            });
        }
        Ok(Self {
            certificate,
            key,
            publication,
        })
    }

    /// The authority's certificate.
    #[must_use]
    pub const fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    pub(super) const fn key(&self) -> &'a dyn SigningKey {
        self.key
    }
}

/// A self-signed authority, below which one level of issuing authorities may follow.
///
/// # Errors
///
/// [`Error::Request`] for arguments that do not go together, [`Error::Sign`] if the key does not sign.
pub async fn root(
    subject: &Subject,
    key: &dyn SigningKey,
    validity: &Validity,
    deadline: Instant,
) -> Result<Certificate, Error> {
    let name = subject.to_der()?;
    let content = Content {
        issuer: &name,
        subject: &name,
        public_key: key.public_key(),
        validity,
        extensions: profile::authority(key.public_key(), 1, None)?,
    };
    let certificate = content.sign(key, deadline).await?;
    certificate.verify(key.public_key())?;
    Ok(certificate)
}

/// An authority that issues to end entities only.
///
/// # Errors
///
/// [`Error::Request`] for arguments that do not go together, [`Error::Sign`] if the issuer's key does not sign.
pub async fn issuing(
    subject: &Subject,
    public_key: &PublicKey,
    issuer: &Issuer<'_>,
    validity: &Validity,
    deadline: Instant,
) -> Result<Certificate, Error> {
    let constraints = issuer.certificate.basic_constraints()?;
    if constraints.and_then(|constraints| constraints.path_len_constraint) == Some(0) {
        return Err(Error::Request {
            context: "issuer may not issue to authorities",
        });
    }
    let extensions = profile::authority(public_key, 0, Some(issuer))?;
    issue(subject, public_key, issuer, validity, extensions, deadline).await
}

/// A certificate for someone or something that issues none.
///
/// # Errors
///
/// [`Error::Request`] for arguments that do not go together, [`Error::Sign`] if the issuer's key does not sign.
pub async fn end_entity(
    profile: &Profile,
    subject: &Subject,
    public_key: &PublicKey,
    issuer: &Issuer<'_>,
    validity: &Validity,
    deadline: Instant,
) -> Result<Certificate, Error> {
    let extensions = profile.extensions(public_key, issuer)?;
    issue(subject, public_key, issuer, validity, extensions, deadline).await
}

async fn issue(
    subject: &Subject,
    public_key: &PublicKey,
    issuer: &Issuer<'_>,
    validity: &Validity,
    extensions: Vec<Extension>,
    deadline: Instant,
) -> Result<Certificate, Error> {
    if validity.not_after > issuer.certificate.not_after() {
        return Err(Error::Request {
            context: "validity outlasts the issuer's",
        });
    }
    if public_key == issuer.key.public_key() {
        return Err(Error::Request {
            context: "subject has the issuer's key",
        });
    }
    let name = subject.to_der()?;
    let content = Content {
        issuer: issuer.certificate.subject_der(),
        subject: &name,
        public_key,
        validity,
        extensions,
    };
    let certificate = content.sign(issuer.key, deadline).await?;
    certificate.verify(issuer.key.public_key())?;
    Ok(certificate)
}

/// `TBSCertificate`, but for what is the same in all.
struct Content<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    public_key: &'a PublicKey,
    validity: &'a Validity,
    extensions: Vec<Extension>,
}

impl Content<'_> {
    async fn sign(self, key: &dyn SigningKey, deadline: Instant) -> Result<Certificate, Error> {
        let validity: Encoded = Encoded::new(
            signed::time(self.validity.not_before)?,
            signed::time(self.validity.not_after)?,
        );
        let content = asn1::wrap(
            tag::SEQUENCE,
            &[
                &VERSION_3,
                &serial_number()?,
                &signed::algorithm(key)?,
                self.issuer,
                &signed::encode(&validity)?,
                self.subject,
                self.public_key.spki(),
                &asn1::wrap(tag::CONTEXT_3, &[&signed::encode(&self.extensions)?]),
            ],
        );
        Certificate::from_der(signed::sign(content, key, deadline).await?)
    }
}

/// 126 random bits in a positive INTEGER of 16 octets.
fn serial_number() -> Result<Vec<u8>, Error> {
    let mut serial = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| Error::Random)?;
    serial[0] = (serial[0] & 0x3f) | 0x40;
    Ok(asn1::wrap(tag::INTEGER, &[&serial]))
}

#[cfg(test)]
mod tests;
