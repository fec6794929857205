//! What is answered: a conclusion for the document and one report a signature, each with its findings.
//!
//! Every check leaves a [`Finding`], also when it passes. The indication follows from the findings alone: the first
//! failure decides, else the first doubt (EN 319 102-1, 5.1.3).

mod check;
mod json;
mod verdict;

use jiff::Timestamp;

pub use check::Check;
pub(crate) use verdict::conclusion;
pub use verdict::{Conclusion, Indication, SubIndication};

use crate::certificate::Certificate;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Worth knowing, no reason for doubt.
    Noted,
    /// A reason to look closer that does not decide.
    Warned,
    /// It cannot be decided.
    Undecided(SubIndication),
    /// Decided against the signature.
    Failed(SubIndication),
}

/// One check and what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// What it came to.
    pub outcome: Outcome,
    /// What was looked at and what was found.
    pub detail: String,
}

/// The report on one document.
#[derive(Clone, Debug)]
pub struct Report {
    /// All signatures together.
    pub conclusion: Conclusion,
    /// The time validity was asked for.
    pub validation_time: Timestamp,
    /// What concerns the document as a whole.
    pub findings: Vec<Finding>,
    /// One a signature, in the order of their revisions.
    pub signatures: Vec<SignatureReport>,
    /// How often the document was saved, as far as its cross-reference tells.
    pub revisions: usize,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An approval by a person or an organisation.
    Approval,
    /// A certification that permits some changes (ISO 32000-2, 12.8.2.2).
    Certification {
        /// /P: 1 nothing, 2 filling in and signing, 3 annotations as well.
        permitted: u8,
    },
    /// A document timestamp (ISO 32000-2, 12.8.5).
    DocumentTimestamp,
    /// Usage rights (ISO 32000-2, 12.8.2.3), which say nothing about the content.
    UsageRights,
}

/// What is left of the content that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// All that is shown was signed, or was permitted to be added.
    Intact,
    /// It was changed, or the signature does not fit it.
    Broken,
    /// It cannot be told.
    Uncertain,
}

/// The level of the signature (EN 319 142-1, clause 6; `Pkcs7` where the older encoding is used).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// PAdES-BASELINE-B.
    BaselineB,
    /// PAdES-BASELINE-T: with a timestamp.
    BaselineT,
    /// PAdES-BASELINE-LT: with the material to validate it later.
    BaselineLt,
    /// PAdES-BASELINE-LTA: with a timestamp over that material.
    BaselineLta,
    /// CMS as Acrobat 6 wrote it.
    Pkcs7B,
    /// The same with a timestamp.
    Pkcs7T,
    /// The same with a timestamp and the material to validate it later.
    Pkcs7Lt,
    /// The same with a timestamp over that material.
    Pkcs7Lta,
}

impl Level {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BaselineB => "PAdES-BASELINE-B",
            Self::BaselineT => "PAdES-BASELINE-T",
            Self::BaselineLt => "PAdES-BASELINE-LT",
            Self::BaselineLta => "PAdES-BASELINE-LTA",
            Self::Pkcs7B => "PKCS7-B",
            Self::Pkcs7T => "PKCS7-T",
            Self::Pkcs7Lt => "PKCS7-LT",
            Self::Pkcs7Lta => "PKCS7-LTA",
        }
    }

    /// Whether it can be validated when its certificates have expired.
    #[must_use]
    pub const fn is_long_term(self) -> bool {
        matches!(
            self,
            Self::BaselineLt | Self::BaselineLta | Self::Pkcs7Lt | Self::Pkcs7Lta
        )
    }
}

/// The bytes a signature covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// /`ByteRange`, if it is four numbers.
    pub byte_range: Option<[u64; 4]>,
    /// The revision it ends, counted from 1.
    pub revision: Option<usize>,
    /// Whether nothing follows it.
    pub whole_document: bool,
}

/// Something that a later revision changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The revision that changed it, counted from 1.
    pub revision: usize,
    /// The object's number, if one object is meant.
    pub object: Option<u32>,
    /// What kind of object, and what happened to it.
    pub what: String,
    /// The page it is on, counted from 1.
    pub page: Option<u32>,
    /// Whether the signature permits it.
    pub permission: Permission,
}

/// Whether a change is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// It is.
    Permitted,
    /// It cannot be told.
    Unclear,
    /// It is not.
    Forbidden,
}

/// The report on one signature.
#[derive(Clone, Debug)]
pub struct SignatureReport {
    /// The field's fully qualified name; none for a signature that no field refers to.
    pub field: Option<String>,
    /// SHA-256 over the field's name and /Contents, to tell signatures apart.
    pub id: [u8; 32],
    /// What it is for.
    pub purpose: Purpose,
    /// /`SubFilter`, as written.
    pub sub_filter: Option<String>,
    /// The main indication.
    pub indication: Indication,
    /// Why it is not TOTAL-PASSED.
    pub sub_indication: Option<SubIndication>,
    /// Whether what was signed is still what is shown.
    pub integrity: Integrity,
    /// Every check.
    pub findings: Vec<Finding>,
    /// The bytes it covers.
    pub coverage: Coverage,
    /// What was changed after it.
    pub changes: Vec<Change>,
    /// The level of its encoding.
    pub level: Option<Level>,
    /// The signer's certificate first, the trust anchor last if one was reached.
    pub chain: Vec<CertificateFacts>,
    /// Whether the chain reaches a trust anchor and holds at the time that counts.
    pub trusted: bool,
    /// The time the signer claims.
    pub claimed_time: Option<Timestamp>,
    /// The earliest time the signature is proven to have existed.
    pub proven_time: Option<Timestamp>,
    /// /Name.
    pub name: Option<String>,
    /// /Reason.
    pub reason: Option<String>,
    /// /Location.
    pub location: Option<String>,
    /// /`ContactInfo`.
    pub contact_info: Option<String>,
    /// The digest of the content.
    pub digest_algorithm: Option<&'static str>,
    /// As "RSA with SHA256".
    pub signature_algorithm: Option<String>,
    /// Its timestamps.
    pub timestamps: Vec<TimestampReport>,
}

/// What is told of a certificate.
#[derive(Clone, Debug)]
pub struct CertificateFacts {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether it is a trust anchor.
    pub is_anchor: bool,
    /// As "RSA with SHA256".
    pub signature_algorithm: Option<String>,
    /// The key, as "RSA-2048".
    pub key: String,
    /// Names of the bits of its key usage.
    pub key_usages: Vec<&'static str>,
}

impl CertificateFacts {
    pub(crate) fn new(certificate: Certificate, is_anchor: bool) -> Self {
        Self {
            is_anchor,
            signature_algorithm: certificate.scheme().ok().map(|scheme| scheme.name()),
            key: certificate.key().kind.to_string(),
            key_usages: certificate
                .key_usage()
                .ok()
                .flatten()
                .map(|usage| usage.names())
                .unwrap_or_default(),
            certificate,
        }
    }
}

/// The report on one timestamp.
#[derive(Clone, Debug)]
pub struct TimestampReport {
    /// SHA-256 over the token.
    pub id: [u8; 32],
    /// The time it states.
    pub time: Option<Timestamp>,
    /// Its main indication.
    pub indication: Indication,
    /// Why it is not TOTAL-PASSED.
    pub sub_indication: Option<SubIndication>,
    /// Every check.
    pub findings: Vec<Finding>,
    /// The timestamp authority's certificate first.
    pub chain: Vec<CertificateFacts>,
}

/// Findings in the order they were made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

/// A hostile document could have any number.
const MAX_FINDINGS: usize = 400;

impl Findings {
    pub(crate) fn add(&mut self, check: Check, outcome: Outcome, detail: impl Into<String>) {
        if self.0.len() < MAX_FINDINGS {
            let detail = detail.into();
            let finding = Finding {
                check,
                outcome,
                detail,
            };
            if !self.0.contains(&finding) {
                self.0.push(finding);
            }
        }
    }

    pub(crate) fn pass(&mut self, check: Check, detail: impl Into<String>) {
        self.add(check, Outcome::Passed, detail);
    }

    pub(crate) fn note(&mut self, check: Check, detail: impl Into<String>) {
        self.add(check, Outcome::Noted, detail);
    }

    pub(crate) fn warn(&mut self, check: Check, detail: impl Into<String>) {
        self.add(check, Outcome::Warned, detail);
    }

    pub(crate) fn doubt(&mut self, check: Check, sub: SubIndication, detail: impl Into<String>) {
        self.add(check, Outcome::Undecided(sub), detail);
    }

    pub(crate) fn fail(&mut self, check: Check, sub: SubIndication, detail: impl Into<String>) {
        self.add(check, Outcome::Failed(sub), detail);
    }

    pub(crate) fn indication(&self) -> (Indication, Option<SubIndication>) {
        verdict::indication(&self.0)
    }

    pub(crate) fn integrity(&self) -> Integrity {
        verdict::integrity(&self.0)
    }
}
