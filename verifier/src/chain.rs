//! Certificate paths: built from what is at hand, and validated at a time (RFC 5280, section 6; EN 319 102-1, 5.2.6).

mod constraint;
mod policy_set;
mod usage;

use jiff::Timestamp;

pub(crate) use usage::Use;

use crate::certificate::Certificate;
use crate::pool::Pool;
use crate::report::{Check, Findings, SubIndication};
use crate::revocation::{Status, status};

/// Certificates from the leaf up, the anchor last.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) certificates: Vec<Certificate>,
    /// Index of the anchor among the policy's.
    pub(crate) anchor: Option<usize>,
}

/// What a path came to.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) path: Path,
    pub(crate) findings: Findings,
    /// Whether revocation data were found for every certificate that needs them.
    pub(crate) has_revocation_data: bool,
}

const MAX_DEPTH: usize = 12;
const MAX_PATHS: usize = 8;

/// The best path for a certificate at a time: the first that holds, else the first.
pub(crate) fn judge(
    pool: &Pool<'_>,
    leaf: &Certificate,
    purpose: Use,
    time: Timestamp,
    proven: bool,
) -> Judged {
    let mut search = Search {
        pool,
        purpose,
        complete: Vec::new(),
        longest: vec![leaf.clone()],
        steps: 0,
    };
    search.extend(&mut vec![leaf.clone()]);
    let longest = search.longest;
    let mut best: Option<Judged> = None;
    for path in search.complete {
        let judged = validate(pool, path, purpose, time, proven);
        let passed = judged.findings.indication().1.is_none();
        if passed || best.is_none() {
            best = Some(judged);
        }
        if passed {
            break;
        }
    }
    best.unwrap_or_else(|| {
        let mut findings = Findings::default();
        findings.doubt(
            Check::CertificatePath,
            SubIndication::NoCertificateChainFound,
            format!(
                "no path to a trust anchor; it ends at {}",
                longest
                    .last()
                    .map(Certificate::issuer_dn)
                    .unwrap_or_default()
            ),
        );
        Judged {
            path: Path {
                certificates: longest,
                anchor: None,
            },
            findings,
            has_revocation_data: false,
        }
    })
}

struct Search<'s, 'p> {
    pool: &'s Pool<'p>,
    purpose: Use,
    complete: Vec<Path>,
    longest: Vec<Certificate>,
    steps: usize,
}

impl Search<'_, '_> {
    fn extend(&mut self, path: &mut Vec<Certificate>) {
        const MAX_STEPS: usize = 500;
        self.steps += 1;
        let Some(last) = path.last().cloned() else {
            return;
        };
        if self.steps > MAX_STEPS || self.complete.len() >= MAX_PATHS {
            return;
        }
        if path.len() > self.longest.len() {
            self.longest.clone_from(path);
        }
        for (index, anchor) in self.pool.anchors().iter().enumerate() {
            if !self.purpose.trusts(anchor.trust) {
                continue;
            }
            if anchor.certificate == last {
                self.complete.push(Path {
                    certificates: path.clone(),
                    anchor: Some(index),
                });
                return;
            }
            // The same authority under another certificate is the same anchor (RFC 5280, 6.1.1 d).
            if anchor.certificate.subject() == last.issuer()
                && self.pool.issued(&anchor.certificate, &last)
            {
                let mut certificates = path.clone();
                certificates.push(anchor.certificate.clone());
                self.complete.push(Path {
                    certificates,
                    anchor: Some(index),
                });
            }
        }
        if path.len() >= MAX_DEPTH {
            return;
        }
        for issuer in self.pool.issuers(&last) {
            let looped = path
                .iter()
                .any(|below| below.subject() == issuer.subject() && below.key() == issuer.key());
            if !looped && self.pool.issued(&issuer, &last) {
                path.push(issuer);
                self.extend(path);
                path.pop();
            }
        }
    }
}

fn validate(pool: &Pool<'_>, path: Path, purpose: Use, time: Timestamp, proven: bool) -> Judged {
    let mut findings = Findings::default();
    let anchor = path.anchor.and_then(|index| pool.anchors().get(index));
    findings.pass(
        Check::CertificatePath,
        format!(
            "{} certificates up to {}",
            path.certificates.len(),
            path.certificates
                .last()
                .map(Certificate::subject_dn)
                .unwrap_or_default()
        ),
    );
    if anchor.is_none_or(|anchor| !anchor.holds_at(time)) {
        findings.doubt(
            Check::Validity,
            SubIndication::OutOfBoundsNoPoe,
            format!("the trust anchor is not trusted at {time}"),
        );
    }
    let below = path.certificates.len().saturating_sub(1);
    for (index, certificate) in path.certificates.iter().enumerate() {
        if index == 0 || index < below {
            validity(certificate, index, time, proven, &mut findings);
            algorithms(pool, &path, index, time, &mut findings);
            constraint::extensions(certificate, &mut findings);
        }
        if index > 0 {
            authority(&path, index, index == below, &mut findings);
        }
    }
    usage::check(path.certificates.first(), purpose, &mut findings);
    constraint::names(&path, &mut findings);
    policy_set::check(&path, &mut findings);
    let has_revocation_data = revocation(pool, &path, time, proven, &mut findings);
    Judged {
        path,
        findings,
        has_revocation_data,
    }
}

fn validity(
    certificate: &Certificate,
    index: usize,
    time: Timestamp,
    proven: bool,
    findings: &mut Findings,
) {
    let who = if index == 0 {
        "the certificate"
    } else {
        "an authority's certificate"
    };
    if time > certificate.not_after() {
        findings.doubt(
            Check::Validity,
            SubIndication::OutOfBoundsNoPoe,
            format!(
                "{who} expired at {}, {time} counts",
                certificate.not_after()
            ),
        );
    } else if time < certificate.not_before() {
        let detail = format!(
            "{who} is valid from {}, {time} counts",
            certificate.not_before()
        );
        if proven && index == 0 {
            findings.fail(Check::Validity, SubIndication::NotYetValid, detail);
        } else {
            findings.doubt(Check::Validity, SubIndication::OutOfBoundsNoPoe, detail);
        }
    } else if index == 0 {
        findings.pass(
            Check::Validity,
            format!(
                "valid from {} to {}, {time} counts",
                certificate.not_before(),
                certificate.not_after()
            ),
        );
    }
}

fn algorithms(
    pool: &Pool<'_>,
    path: &Path,
    index: usize,
    time: Timestamp,
    findings: &mut Findings,
) {
    let Some(certificate) = path.certificates.get(index) else {
        return;
    };
    let policy = &pool.policy.algorithms;
    let sub = SubIndication::CryptoConstraintsFailureNoPoe;
    if !policy.key(&certificate.key().kind, time) {
        findings.doubt(
            Check::Algorithms,
            sub,
            format!(
                "a key of kind {} is not accepted at {time}",
                certificate.key().kind
            ),
        );
    }
    // Nobody relies on the signature of an anchor.
    let is_anchor = index + 1 == path.certificates.len();
    let digest = certificate
        .scheme()
        .ok()
        .and_then(crate::algorithm::Scheme::digest);
    if let Some(digest) = digest
        && !is_anchor
        && !policy.digest(digest, time)
    {
        findings.doubt(
            Check::Algorithms,
            sub,
            format!(
                "a certificate signed with {} is not accepted at {time}",
                digest.name()
            ),
        );
    }
}

/// An authority may be one, and for as many below it (RFC 5280, 6.1.4 k to n).
fn authority(path: &Path, index: usize, is_anchor: bool, findings: &mut Findings) {
    let Some(certificate) = path.certificates.get(index) else {
        return;
    };
    let sub = SubIndication::ChainConstraintsFailure;
    let mut fail = |why: &str| {
        findings.doubt(
            Check::CertificatePath,
            sub,
            format!("{}: {why}", certificate.subject_dn()),
        );
    };
    match certificate.basic_constraints() {
        Ok(Some((true, depth))) => {
            let between = path.certificates.get(1..index).unwrap_or_default();
            let counted = between
                .iter()
                .filter(|below| !below.is_self_issued())
                .count() as u64;
            if depth.is_some_and(|depth| counted > depth) {
                fail("too many authorities below it");
            }
        }
        // Roots of version 1 have no extensions; trust in them is the policy's.
        Ok(None) if is_anchor => {}
        Ok(_) => fail("it is no authority"),
        Err(_) => fail("its basic constraints cannot be read"),
    }
    match certificate.key_usage() {
        Ok(Some(usage)) if !usage.may_sign_certificates() => {
            fail("its key is not for signing certificates");
        }
        Ok(_) => {}
        Err(_) => fail("its key usage cannot be read"),
    }
}

fn revocation(
    pool: &Pool<'_>,
    path: &Path,
    time: Timestamp,
    proven: bool,
    findings: &mut Findings,
) -> bool {
    let mut complete = true;
    for (index, pair) in path.certificates.windows(2).enumerate() {
        let [certificate, issuer] = pair else {
            continue;
        };
        let who = if index == 0 {
            "the certificate"
        } else {
            "an authority's certificate"
        };
        let revoked = if index == 0 {
            SubIndication::RevokedNoPoe
        } else {
            SubIndication::RevokedCaNoPoe
        };
        match status(pool, certificate, issuer, time) {
            Status::Good(at) => {
                findings.pass(
                    Check::Revocation,
                    format!("{who} was not revoked, by data of {at}"),
                );
            }
            Status::Revoked(at) if proven && time < at => findings.pass(
                Check::Revocation,
                format!("{who} was revoked at {at}, after {time}, which counts"),
            ),
            Status::Revoked(at) => findings.doubt(
                Check::Revocation,
                revoked,
                format!("{who} was revoked at {at}"),
            ),
            Status::Held(at) => findings.doubt(
                Check::Revocation,
                SubIndication::TryLater,
                format!("{who} is on hold since {at}"),
            ),
            Status::Unknown(why) => {
                complete = false;
                let why = why.join("; ");
                let needed = pool.policy.revocation == crate::policy::RevocationPolicy::Required;
                if needed {
                    findings.doubt(
                        Check::Revocation,
                        SubIndication::TryLater,
                        format!("nothing usable about {who}; {why}"),
                    );
                } else if certificate.names_revocation_source() {
                    findings.warn(
                        Check::Revocation,
                        format!("whether {who} was revoked is not known; {why}"),
                    );
                } else {
                    findings.note(
                        Check::Revocation,
                        format!("{who} says no place to ask; {why}"),
                    );
                }
            }
        }
    }
    complete
}
