//! Critical extensions and name constraints (RFC 5280, 4.2.1.10 and 6.1.3 b, c).

use const_oid::{ObjectIdentifier, db::rfc5280};

use super::Path;
use crate::certificate::{Certificate, GeneralName};
use crate::report::{Check, Findings, SubIndication};

const PROCESSED: [ObjectIdentifier; 11] = [
    // Lists are looked for wherever they come from.
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_POLICY_MAPPINGS,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
    // qcStatements change nothing about a path.
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.3"),
];

/// No critical extension may be left unprocessed.
pub(super) fn extensions(certificate: &Certificate, findings: &mut Findings) {
    for extension in certificate.extensions() {
        if extension.critical && !PROCESSED.contains(&extension.oid) {
            findings.doubt(
                Check::CertificatePath,
                SubIndication::ChainConstraintsFailure,
                format!(
                    "{}: critical extension {} is not known",
                    certificate.subject_dn(),
                    extension.oid
                ),
            );
        }
    }
}

pub(super) fn names(path: &Path, findings: &mut Findings) {
    let mut fail = |why: String| {
        findings.doubt(
            Check::CertificatePath,
            SubIndication::ChainConstraintsFailure,
            why,
        );
    };
    for (index, authority) in path.certificates.iter().enumerate().skip(1) {
        let constraints = match authority.name_constraints() {
            Ok(Some(constraints)) => constraints,
            Ok(None) => continue,
            Err(_) => {
                fail(format!(
                    "{}: its name constraints cannot be read",
                    authority.subject_dn()
                ));
                continue;
            }
        };
        for (below, certificate) in path.certificates.iter().take(index).enumerate() {
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            let Ok(names) = subjects(certificate) else {
                fail(format!(
                    "{}: its alternative names cannot be read",
                    certificate.subject_dn()
                ));
                continue;
            };
            for name in names {
                let excluded = constraints
                    .excluded
                    .iter()
                    .any(|base| within(&name, base) != Some(false) && same_kind(&name, base));
                let bases: Vec<_> = constraints
                    .permitted
                    .iter()
                    .filter(|base| same_kind(&name, base))
                    .collect();
                let permitted =
                    bases.is_empty() || bases.iter().any(|base| within(&name, base) == Some(true));
                if excluded || !permitted {
                    fail(format!(
                        "{}: a name is outside the constraints of {}",
                        certificate.subject_dn(),
                        authority.subject_dn()
                    ));
                }
            }
        }
    }
}

fn subjects(certificate: &Certificate) -> Result<Vec<GeneralName>, crate::asn1::Error> {
    let mut names = certificate.alternative_names()?;
    if !certificate.subject().is_empty() {
        names.push(GeneralName::Directory(certificate.subject().clone()));
    }
    let has_email = names
        .iter()
        .any(|name| matches!(name, GeneralName::Email(_)));
    if !has_email {
        names.extend(
            certificate
                .subject()
                .email_addresses()
                .into_iter()
                .map(GeneralName::Email),
        );
    }
    Ok(names)
}

fn same_kind(one: &GeneralName, other: &GeneralName) -> bool {
    match (one, other) {
        (GeneralName::Other(one), GeneralName::Other(other)) => one == other,
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// Whether a name is in a subtree; `None` where that cannot be told.
fn within(name: &GeneralName, base: &GeneralName) -> Option<bool> {
    let host_within = |host: &str, base: &str| {
        let (host, base) = (host.to_lowercase(), base.to_lowercase());
        let base = base.as_str();
        match base.strip_prefix('.') {
            Some(_) => host.ends_with(base),
            None => base.is_empty() || host == base || host.ends_with(&format!(".{base}")),
        }
    };
    match (name, base) {
        (GeneralName::Directory(name), GeneralName::Directory(base)) => Some(name.is_within(base)),
        (GeneralName::Dns(name), GeneralName::Dns(base)) => Some(host_within(name, base)),
        (GeneralName::Email(name), GeneralName::Email(base)) => {
            if base.contains('@') {
                return Some(name.eq_ignore_ascii_case(base));
            }
            let host = name.rsplit('@').next().unwrap_or_default().to_lowercase();
            let base = base.to_lowercase();
            Some(if base.starts_with('.') {
                host.ends_with(&base)
            } else {
                host == base
            })
        }
        (GeneralName::Uri(name), GeneralName::Uri(base)) => {
            let host = name.split_once("://")?.1;
            let host = host.split(['/', '?', '#']).next()?.rsplit('@').next()?;
            let host = host.split(':').next()?.to_lowercase();
            let base = base.to_lowercase();
            Some(if base.starts_with('.') {
                host.ends_with(&base)
            } else {
                host == base
            })
        }
        (GeneralName::Address(name), GeneralName::Address(base)) => {
            let (address, mask) = base.split_at_checked(name.len())?;
            if mask.len() != address.len() {
                return None;
            }
            let mut octets = name.iter().zip(address).zip(mask);
            Some(octets.all(|((name, address), mask)| name & mask == address & mask))
        }
        _ => None,
    }
}
