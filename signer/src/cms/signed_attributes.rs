//! What the signature is over (RFC 5652, section 5.3 and 11; EN 319 122-1, clause 6.3 for the baseline).
//!
//! Four attributes: content type, message digest, the signing certificate (RFC 5035) and algorithm protection (RFC 6211,
//! which keeps the two algorithm identifiers of the signer info from being exchanged). No signing time: PAdES has it in
//! the signature dictionary (EN 319 142-1, clause 6.3). The signing certificate is named by its digest alone; its issuer
//! and serial number stand in the signer info already.

use std::ops::Range;

use const_oid::{ObjectIdentifier, db::rfc5911};
use der::Encode;

use super::{Error, algorithm::DigestAlgorithm, algorithm::SignatureAlgorithm};
use crate::asn1::{self, tag};

/// id-aa-CMSAlgorithmProtect (RFC 6211, section 2).
const ALGORITHM_PROTECTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");

/// Signed attributes of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAttributes(pub(super) Vec<u8>);

impl SignedAttributes {
    /// The DER that is signed: a SET OF, whatever tag it has in the signer info (RFC 5652, section 5.4).
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

/// The signed attributes of every document of one signer, but for the digest.
#[derive(Clone, Debug)]
pub(super) struct Blank {
    der: Vec<u8>,
    digest: Range<usize>,
}

impl Blank {
    pub(super) fn new(certificate: &[u8], algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        let digest_length = algorithm.digest().output_len();
        let message_digest = attribute(
            rfc5911::ID_MESSAGE_DIGEST,
            &asn1::wrap(tag::OCTET_STRING, &[&vec![0; digest_length]]),
        )?;
        let mut attributes = [
            attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA.to_der()?)?,
            attribute(
                rfc5911::ID_AA_SIGNING_CERTIFICATE_V_2,
                &signing_certificate(certificate),
            )?,
            attribute(ALGORITHM_PROTECTION, &algorithm_protection(algorithm)?)?,
            message_digest.clone(),
        ];
        // The order of a SET OF in DER. No digest changes it: the elements differ in their lengths or identifiers.
        attributes.sort_unstable();
        let through_digest: usize = attributes
            .iter()
            .scan(false, |passed, attribute| {
                let before = !std::mem::replace(passed, *passed || *attribute == message_digest);
                before.then_some(attribute.len())
            })
            .sum();
        let content: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        let der = asn1::wrap(tag::SET, &content);
        let content_length: usize = attributes.iter().map(Vec::len).sum();
        let end = der.len() - content_length + through_digest;
        Ok(Self {
            der,
            digest: end - digest_length..end,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.der.len()
    }

    /// The attributes of the document with this digest.
    pub(super) fn fill(&self, digest: &[u8]) -> Result<SignedAttributes, Error> {
        let mut der = self.der.clone();
        match der.get_mut(self.digest.clone()) {
            Some(place) if place.len() == digest.len() => place.copy_from_slice(digest),
            _ => {
                return Err(Error::DigestLength {
                    expected: self.digest.len(),
                    got: digest.len(),
                });
            }
        }
        Ok(SignedAttributes(der))
    }
}

/// `Attribute` with one value.
pub(super) fn attribute(oid: ObjectIdentifier, value: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(asn1::wrap(
        tag::SEQUENCE,
        &[&oid.to_der()?, &asn1::wrap(tag::SET, &[value])],
    ))
}

/// `SigningCertificateV2` with one `ESSCertIDv2`; SHA-256 is its default and so may not be written in DER.
fn signing_certificate(certificate: &[u8]) -> Vec<u8> {
    let hash = asn1::wrap(
        tag::OCTET_STRING,
        &[&DigestAlgorithm::Sha256.digest(certificate)],
    );
    let identifiers = asn1::wrap(tag::SEQUENCE, &[&asn1::wrap(tag::SEQUENCE, &[&hash])]);
    asn1::wrap(tag::SEQUENCE, &[&identifiers])
}

/// `CMSAlgorithmProtection`: the digest algorithm and, as [1] IMPLICIT, the signature algorithm.
fn algorithm_protection(algorithm: SignatureAlgorithm) -> Result<Vec<u8>, Error> {
    let mut signature = algorithm.identifier().to_der()?;
    if let Some(first) = signature.first_mut() {
        *first = tag::CONTEXT_1;
    }
    Ok(asn1::wrap(
        tag::SEQUENCE,
        &[&algorithm.digest().identifier().to_der()?, &signature],
    ))
}
