//! The CMS of a signature or of a timestamp: who signed, and whether the signature value is right over what it signs.

use aws_lc_rs::digest;
use const_oid::{ObjectIdentifier, db::rfc5911};

use super::{Cms, attributes};
use crate::algorithm::{self, Digest, Scheme, Trouble};
use crate::certificate::Certificate;
use crate::cms::{SignedData, SignerIdentifier};
use crate::report::{Check, Findings, SubIndication};
use crate::timestamp::TimeStampToken;

pub(crate) const TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// What the CMS signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The SHA-1 digest of the bytes, which is inside (`adbe.pkcs7.sha1`).
    DigestOfRange,
    /// The bytes themselves, which are outside.
    Range,
    /// A `TSTInfo` with their digest, which is inside.
    TimeStampInfo,
}

/// What is expected of a CMS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    pub(crate) content: Content,
    pub(crate) is_cades: bool,
}

/// Checks a CMS. `content` computes the digest of what is signed from outside.
pub(crate) fn check_message(
    signed_data: &SignedData<'_>,
    message: &Message,
    findings: &mut Findings,
    mut content: impl FnMut(Digest) -> Option<digest::Digest>,
) -> Cms {
    let signer_info = &signed_data.signer;
    let mut cms = Cms {
        signer: None,
        certificates: certificates(signed_data, findings),
        revocation_lists: signed_data
            .revocation_lists
            .iter()
            .map(|der| der.to_vec())
            .collect(),
        ocsp_responses: signed_data
            .ocsp_responses
            .iter()
            .map(|der| der.to_vec())
            .collect(),
        timestamps: Vec::new(),
        signature: signer_info.signature.to_vec(),
        digest: signer_info.digest.digest(),
        scheme: None,
        token: None,
        is_cades: message.is_cades,
    };
    for value in signer_info.unsigned_values(attributes::SIGNATURE_TIME_STAMP) {
        cms.timestamps.push(value.raw.to_vec());
    }
    unsigned_attributes(signed_data, findings);
    for value in signer_info
        .signed_values(attributes::REVOCATION_INFO_ARCHIVAL)
        .1
    {
        if let Ok([lists, responses]) = attributes::revocation_data(&value) {
            cms.revocation_lists.extend(lists);
            cms.ocsp_responses.extend(responses);
        }
    }
    structure(signed_data, message, findings);
    cms.signer = find_signer(signed_data, &cms.certificates).cloned();
    match &cms.signer {
        Some(certificate) => findings.pass(
            Check::SigningCertificate,
            format!("identified as {}", certificate.subject_dn()),
        ),
        None => findings.doubt(
            Check::SigningCertificate,
            SubIndication::NoSigningCertificateFound,
            "the signer's certificate is not there",
        ),
    }
    if let Some(certificate) = &cms.signer {
        signing_certificate(signed_data, certificate, message, findings);
    }
    let Some(digest) = cms.digest else {
        findings.doubt(
            Check::Algorithms,
            SubIndication::CryptoConstraintsFailureNoPoe,
            format!(
                "the digest algorithm {} is not supported",
                signer_info.digest.oid
            ),
        );
        return cms;
    };
    let Some(expected) = expected_digest(
        signed_data,
        message,
        digest,
        &mut cms,
        findings,
        &mut content,
    ) else {
        return cms;
    };
    value(signed_data, &expected, message, &mut cms, findings);
    cms
}

fn certificates(signed_data: &SignedData<'_>, findings: &mut Findings) -> Vec<Certificate> {
    let mut certificates: Vec<Certificate> = Vec::new();
    for der in &signed_data.certificates {
        match Certificate::from_der(der) {
            Ok(certificate) if !certificates.contains(&certificate) => {
                certificates.push(certificate);
            }
            Ok(_) => {}
            Err(error) => findings.warn(Check::CmsStructure, format!("one certificate: {error}")),
        }
    }
    certificates
}

/// Attributes that count are known; any other could be a known one that was spoilt.
fn unsigned_attributes(signed_data: &SignedData<'_>, findings: &mut Findings) {
    for attribute in &signed_data.signer.unsigned {
        if attribute.oid != attributes::SIGNATURE_TIME_STAMP {
            findings.warn(
                Check::SignedAttributes,
                format!("unsigned attribute {} is not used", attribute.oid),
            );
        }
        if attribute.values.is_empty() {
            findings.warn(
                Check::SignedAttributes,
                format!("unsigned attribute {} has no value", attribute.oid),
            );
        }
    }
}

fn structure(signed_data: &SignedData<'_>, message: &Message, findings: &mut Findings) {
    let mut fail =
        |why: String| findings.fail(Check::CmsStructure, SubIndication::FormatFailure, why);
    let expected_type = match message.content {
        Content::TimeStampInfo => TST_INFO,
        Content::DigestOfRange | Content::Range => rfc5911::ID_DATA,
    };
    if signed_data.content_type != expected_type {
        fail(format!("the content type is {}", signed_data.content_type));
    }
    match (message.content, &signed_data.content) {
        (Content::Range, Some(_)) => fail("a detached signature carries content".to_owned()),
        (Content::DigestOfRange | Content::TimeStampInfo, None) => {
            fail("the content is missing".to_owned());
        }
        _ => {}
    }
    let signer_info = &signed_data.signer;
    if !signed_data
        .digest_algorithms
        .iter()
        .any(|listed| listed.oid == signer_info.digest.oid)
    {
        findings.doubt(
            Check::CmsStructure,
            SubIndication::FormatFailure,
            "the signer's digest algorithm is not among those announced",
        );
    }
    let mut seen = Vec::new();
    for attribute in &signer_info.attributes {
        if seen.contains(&attribute.oid) {
            findings.fail(
                Check::SignedAttributes,
                SubIndication::FormatFailure,
                format!("signed attribute {} comes twice", attribute.oid),
            );
        }
        seen.push(attribute.oid);
    }
    if let (1.., values) = signer_info.signed_values(attributes::ALGORITHM_PROTECTION) {
        let right = matches!(values.as_slice(), [value] if attributes::protects(value, signer_info) == Ok(true));
        if !right {
            findings.fail(
                Check::SignedAttributes,
                SubIndication::FormatFailure,
                "the algorithms are not those that were signed",
            );
        }
    }
}

/// The certificate that the signer's identifier names.
pub(crate) fn find_signer<'c>(
    signed_data: &SignedData<'_>,
    certificates: &'c [Certificate],
) -> Option<&'c Certificate> {
    let is_named = |certificate: &&Certificate| match &signed_data.signer.identifier {
        SignerIdentifier::IssuerAndSerial(issuer, serial) => {
            certificate.issuer() == issuer && certificate.serial() == serial.as_slice()
        }
        SignerIdentifier::SubjectKey(identifier) => {
            certificate.subject_key_identifier().as_deref() == Some(identifier.as_slice())
        }
    };
    certificates.iter().find(is_named)
}

/// Whether the certificate is the one that was signed along (EN 319 102-1, 5.2.3.4).
fn signing_certificate(
    signed_data: &SignedData<'_>,
    certificate: &Certificate,
    message: &Message,
    findings: &mut Findings,
) {
    let signer = &signed_data.signer;
    let mut named = false;
    for (oid, version) in [
        (attributes::SIGNING_CERTIFICATE_V2, 2),
        (attributes::SIGNING_CERTIFICATE, 1),
    ] {
        let (count, values) = signer.signed_values(oid);
        if count == 0 {
            continue;
        }
        named = true;
        let ess = match values.as_slice() {
            [value] => attributes::ess(value, version),
            _ => Err(crate::asn1::Error("it does not have one value")),
        };
        match ess {
            Ok(ess) if ess.digest.is_none() => findings.doubt(
                Check::SigningCertificate,
                SubIndication::CryptoConstraintsFailureNoPoe,
                "the digest of the signing certificate attribute is not supported",
            ),
            Ok(ess) if !ess.names(certificate) => findings.doubt(
                Check::SigningCertificate,
                SubIndication::NoSigningCertificateFound,
                "the certificate is not the one that was signed along",
            ),
            Ok(ess) if !ess.agrees(certificate) => findings.doubt(
                Check::SigningCertificate,
                SubIndication::SigConstraintsFailure,
                "issuer and serial number that were signed along are those of another certificate",
            ),
            Ok(_) => findings.pass(Check::SigningCertificate, "its digest is signed along"),
            Err(error) => findings.fail(
                Check::SigningCertificate,
                SubIndication::FormatFailure,
                format!("signing certificate attribute: {error}"),
            ),
        }
    }
    if !named && (message.is_cades || message.content == Content::TimeStampInfo) {
        findings.doubt(
            Check::SigningCertificate,
            SubIndication::SigConstraintsFailure,
            "the attribute that binds the signer's certificate is missing",
        );
    } else if !named {
        findings.note(
            Check::SigningCertificate,
            "the signer's certificate is not signed along, which the older encoding does not want",
        );
    }
}

/// The digest that message-digest has to be, after looking at content that is inside.
fn expected_digest(
    signed_data: &SignedData<'_>,
    message: &Message,
    digest: Digest,
    cms: &mut Cms,
    findings: &mut Findings,
    content: &mut impl FnMut(Digest) -> Option<digest::Digest>,
) -> Option<digest::Digest> {
    let mut outside = |digest: Digest, findings: &mut Findings| {
        let computed = content(digest);
        if computed.is_none() {
            findings.doubt(
                Check::MessageDigest,
                SubIndication::Generic,
                "too much would have to be hashed",
            );
        }
        computed
    };
    let inside = signed_data.content.as_deref().unwrap_or_default();
    match message.content {
        Content::Range => outside(digest, findings),
        Content::DigestOfRange => {
            if outside(Digest::Sha1, findings)?.as_ref() == inside {
                findings.pass(
                    Check::MessageDigest,
                    "the content is the SHA-1 digest of the signed bytes",
                );
            } else {
                findings.fail(
                    Check::MessageDigest,
                    SubIndication::HashFailure,
                    "the content is not the digest of the signed bytes",
                );
            }
            Some(digest.compute(&[inside]))
        }
        Content::TimeStampInfo => {
            let token = match TimeStampToken::read(inside) {
                Ok(token) => token,
                Err(error) => {
                    findings.fail(
                        Check::Timestamp,
                        SubIndication::FormatFailure,
                        format!("no TSTInfo: {error}"),
                    );
                    return None;
                }
            };
            match token.digest {
                Some(imprint) => {
                    if outside(imprint, findings)?.as_ref() == token.imprint {
                        findings.pass(
                            Check::MessageDigest,
                            "the imprint is the digest of what is stamped",
                        );
                    } else {
                        findings.fail(
                            Check::MessageDigest,
                            SubIndication::HashFailure,
                            "the imprint is not the digest of what is stamped",
                        );
                    }
                }
                None => findings.doubt(
                    Check::Algorithms,
                    SubIndication::CryptoConstraintsFailureNoPoe,
                    "the digest of the imprint is not supported",
                ),
            }
            cms.token = Some(token);
            Some(digest.compute(&[inside]))
        }
    }
}

fn value(
    signed_data: &SignedData<'_>,
    expected: &digest::Digest,
    message: &Message,
    cms: &mut Cms,
    findings: &mut Findings,
) {
    let signer = &signed_data.signer;
    let scheme = match Scheme::read(&signer.algorithm, cms.digest) {
        Ok(scheme) => scheme,
        Err(Trouble::Contradiction | Trouble::Wrong) => {
            findings.fail(
                Check::SignatureValue,
                SubIndication::SigCryptoFailure,
                "digest and signature algorithm contradict each other",
            );
            return;
        }
        Err(Trouble::Unsupported) => {
            findings.doubt(
                Check::SignatureValue,
                SubIndication::CryptoConstraintsFailureNoPoe,
                format!(
                    "the signature algorithm {} is not supported",
                    signer.algorithm.oid
                ),
            );
            return;
        }
    };
    cms.scheme = Some(scheme);
    let Some(certificate) = cms.signer.clone() else {
        return;
    };
    let outcome = match &signer.signed {
        Some(signed) => {
            signed_digest(signed_data, expected.as_ref(), findings);
            algorithm::verify(certificate.key(), scheme, signed, &signer.signature)
        }
        None => {
            // Without attributes the content itself is signed (RFC 5652, 5.4).
            unattributed(message, findings);
            algorithm::verify_digest(certificate.key(), scheme, expected, &signer.signature)
        }
    };
    match outcome {
        Ok(()) => findings.pass(
            Check::SignatureValue,
            format!(
                "{} with a key of kind {}",
                scheme.name(),
                certificate.key().kind
            ),
        ),
        Err(Trouble::Wrong) => findings.fail(
            Check::SignatureValue,
            SubIndication::SigCryptoFailure,
            "the signature value is wrong",
        ),
        Err(Trouble::Contradiction) => findings.fail(
            Check::SignatureValue,
            SubIndication::SigCryptoFailure,
            format!(
                "a key of kind {} does not make {}",
                certificate.key().kind,
                scheme.name()
            ),
        ),
        Err(Trouble::Unsupported) => findings.doubt(
            Check::SignatureValue,
            SubIndication::CryptoConstraintsFailureNoPoe,
            format!(
                "{} with a key of kind {} is not supported",
                scheme.name(),
                certificate.key().kind
            ),
        ),
    }
}

fn unattributed(message: &Message, findings: &mut Findings) {
    if message.is_cades || message.content == Content::TimeStampInfo {
        findings.fail(
            Check::SignedAttributes,
            SubIndication::FormatFailure,
            "there are no signed attributes",
        );
    } else {
        findings.warn(
            Check::SignedAttributes,
            "there are no signed attributes, which the older encoding does not want",
        );
    }
}

/// content-type and message-digest, once each.
fn signed_digest(signed_data: &SignedData<'_>, expected: &[u8], findings: &mut Findings) {
    let signer = &signed_data.signer;
    let (count, values) = signer.signed_values(rfc5911::ID_CONTENT_TYPE);
    match (count, values.as_slice()) {
        (1, [value]) if value.oid() == Ok(signed_data.content_type) => {
            findings.pass(
                Check::SignedAttributes,
                "content-type is that of the content",
            );
        }
        _ => findings.fail(
            Check::SignedAttributes,
            SubIndication::FormatFailure,
            "content-type is missing, repeated or another one",
        ),
    }
    let (count, values) = signer.signed_values(rfc5911::ID_MESSAGE_DIGEST);
    match (count, values.as_slice()) {
        (1, [value]) => {
            if value.octets().is_ok_and(|octets| *octets == *expected) {
                findings.pass(Check::MessageDigest, "it is the digest of what is signed");
            } else {
                findings.fail(
                    Check::MessageDigest,
                    SubIndication::HashFailure,
                    "it is not the digest of what is signed: the content was changed",
                );
            }
        }
        _ => findings.fail(
            Check::MessageDigest,
            SubIndication::FormatFailure,
            "message-digest is missing or repeated",
        ),
    }
}
