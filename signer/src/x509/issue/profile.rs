//! What certificates of each kind say of themselves (RFC 5280, section 4.2).

use std::net::IpAddr;

use const_oid::{
    ObjectIdentifier,
    db::{rfc5280, rfc6960},
};
use der::{
    Encode,
    asn1::{Ia5String, Null, OctetString},
};
use x509_cert::ext::{
    Extension,
    pkix::{
        AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
        CertificatePolicies, CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages,
        SubjectAltName, SubjectKeyIdentifier,
        certpolicy::PolicyInformation,
        crl::dp::DistributionPoint,
        name::{DistributionPointName, GeneralName},
    },
};

use super::{Issuer, Publication};
use crate::{
    key::PublicKey,
    x509::{Error, signed},
};

/// What an end entity's certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// Answers about the revocation of its issuer's certificates; is itself not asked about (RFC 6960, section 4.2.2.2).
    OcspResponder,
    /// Seals of an organisation.
    Seal,
    /// Signatures of a person.
    Signer,
    /// Timestamps (RFC 3161, section 2.3).
    TimeStamping,
    /// A TLS server.
    TlsServer {
        /// Its DNS names.
        names: Vec<String>,
        /// Its addresses.
        ips: Vec<IpAddr>,
    },
}

impl Profile {
    pub(super) fn extensions(
        &self,
        key: &PublicKey,
        issuer: &Issuer<'_>,
    ) -> Result<Vec<Extension>, Error> {
        let mut extensions = identifiers(key, Some(issuer))?;
        extensions.push(signed::extension(true, &KeyUsage(self.key_usage()))?);
        if let Some((critical, purpose)) = self.purpose() {
            extensions.push(signed::extension(
                critical,
                &ExtendedKeyUsage(vec![purpose]),
            )?);
        }
        match self {
            Self::OcspResponder => {
                let no_check = OctetString::new(Null.to_der()?)?;
                let extn_id = rfc6960::ID_PKIX_OCSP_NOCHECK;
                extensions.push(Extension {
                    extn_id,
                    critical: false,
                    extn_value: no_check,
                });
            }
            Self::TlsServer { names, ips } => {
                extensions.push(signed::extension(false, &alternative_names(names, ips)?)?);
            }
            Self::Seal | Self::Signer | Self::TimeStamping => {}
        }
        extensions.extend(publication(issuer.publication)?);
        Ok(extensions)
    }

    fn key_usage(&self) -> der::flagset::FlagSet<KeyUsages> {
        match self {
            Self::Seal | Self::Signer => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
            Self::OcspResponder | Self::TimeStamping | Self::TlsServer { .. } => {
                KeyUsages::DigitalSignature.into()
            }
        }
    }

    /// The extended key usage and whether it is critical.
    ///
    /// Signers and seals have none: readers that know CMS from mail (NSS and openssl by default) refuse signatures by
    /// certificates limited to other purposes, document signing (RFC 9336) included.
    fn purpose(&self) -> Option<(bool, ObjectIdentifier)> {
        match self {
            Self::OcspResponder => Some((false, rfc5280::ID_KP_OCSP_SIGNING)),
            Self::Seal | Self::Signer => None,
            Self::TimeStamping => Some((true, rfc5280::ID_KP_TIME_STAMPING)),
            Self::TlsServer { .. } => Some((false, rfc5280::ID_KP_SERVER_AUTH)),
        }
    }
}

/// Extensions of an authority below which `path_length` more may follow.
pub(super) fn authority(
    key: &PublicKey,
    path_length: u8,
    issuer: Option<&Issuer<'_>>,
) -> Result<Vec<Extension>, Error> {
    let mut extensions = identifiers(key, issuer)?;
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: Some(path_length),
    };
    extensions.push(signed::extension(true, &constraints)?);
    let usage = KeyUsages::KeyCertSign | KeyUsages::CRLSign;
    extensions.push(signed::extension(true, &KeyUsage(usage))?);
    if let Some(issuer) = issuer {
        extensions.extend(publication(issuer.publication)?);
    }
    Ok(extensions)
}

/// Who the subject's and the issuer's keys are; the issuer's as its own certificate has it.
fn identifiers(key: &PublicKey, issuer: Option<&Issuer<'_>>) -> Result<Vec<Extension>, Error> {
    let mut extensions = vec![signed::extension(
        false,
        &SubjectKeyIdentifier(signed::key_identifier(key)?),
    )?];
    if let Some(issuer) = issuer {
        extensions.push(authority_key(issuer)?);
    }
    Ok(extensions)
}

/// The issuer's key identifier, for certificates and revocation lists.
pub(in crate::x509) fn authority_key(issuer: &Issuer<'_>) -> Result<Extension, Error> {
    let identifier = match issuer.certificate.subject_key_identifier()? {
        Some(identifier) => OctetString::new(identifier)?,
        None => signed::key_identifier(issuer.key.public_key())?,
    };
    signed::extension(
        false,
        &AuthorityKeyIdentifier {
            key_identifier: Some(identifier),
            ..Default::default()
        },
    )
}

fn publication(publication: &Publication) -> Result<Vec<Extension>, Error> {
    let mut extensions = Vec::new();
    if !publication.policies.is_empty() {
        let policy = |policy_identifier: &ObjectIdentifier| PolicyInformation {
            policy_identifier: *policy_identifier,
            policy_qualifiers: None,
        };
        let policies = publication.policies.iter().map(policy).collect();
        extensions.push(signed::extension(false, &CertificatePolicies(policies))?);
    }
    if !publication.revocation_lists.is_empty() {
        let names: Result<Vec<_>, _> = publication
            .revocation_lists
            .iter()
            .map(|url| signed::uri(url))
            .collect();
        let point = DistributionPoint {
            distribution_point: Some(DistributionPointName::FullName(names?)),
            reasons: None,
            crl_issuer: None,
        };
        extensions.push(signed::extension(
            false,
            &CrlDistributionPoints(vec![point]),
        )?);
    }
    let responders = publication
        .ocsp_responders
        .iter()
        .map(|url| (rfc5280::ID_AD_OCSP, url));
    let authorities = publication
        .authority_certificates
        .iter()
        .map(|url| (rfc5280::ID_AD_CA_ISSUERS, url));
    let access: Result<Vec<_>, Error> = responders
        .chain(authorities)
        .map(|(access_method, url)| {
            Ok(AccessDescription {
                access_method,
                access_location: signed::uri(url)?,
            })
        })
        .collect();
    let access = access?;
    if !access.is_empty() {
        extensions.push(signed::extension(
            false,
            &AuthorityInfoAccessSyntax(access),
        )?);
    }
    Ok(extensions)
}

fn alternative_names(names: &[String], ips: &[IpAddr]) -> Result<SubjectAltName, Error> {
    let plausible = |name: &String| {
        (1..=253).contains(&name.len())
            && name.bytes().all(|octet| {
                octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'*' | b'_')
            })
    };
    if names.is_empty() && ips.is_empty() {
        return Err(Error::Request {
            context: "a server has neither name nor address",
        });
    }
    if !names.iter().all(plausible) {
        return Err(Error::Request {
            context: "a server's name is not a DNS name",
        });
    }
    let names = names
        .iter()
        .map(|name| Ok(GeneralName::DnsName(Ia5String::new(name)?)));
    let ips = ips.iter().map(|ip| Ok(GeneralName::from(*ip)));
    let all: Result<Vec<_>, Error> = names.chain(ips).collect();
    Ok(SubjectAltName(all?))
}
