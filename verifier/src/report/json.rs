//! The full report as JSON: every check, what it looked at, and the clause it implements.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    CertificateFacts, Change, Finding, Integrity, Outcome, Permission, Purpose, Report,
    SignatureReport, SubIndication, TimestampReport,
};

impl Report {
    /// The report as JSON. Names of indications are the standard's, all else is in English.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let signatures: Vec<Value> = self.signatures.iter().map(signature).collect();
        json!({
            "conclusion": self.conclusion.name(),
            "validationTime": self.validation_time.to_string(),
            "revisions": self.revisions,
            "encrypted": self.encrypted,
            "findings": findings(&self.findings),
            "signatures": signatures,
        })
    }
}

fn signature(one: &SignatureReport) -> Value {
    let changes: Vec<Value> = one.changes.iter().map(change).collect();
    let timestamps: Vec<Value> = one.timestamps.iter().map(timestamp).collect();
    json!({
        "field": one.field,
        "id": hexadecimal(&one.id),
        "purpose": purpose(one.purpose),
        "subFilter": one.sub_filter,
        "indication": one.indication.name(),
        "subIndication": one.sub_indication.map(SubIndication::name),
        "integrity": integrity(one.integrity),
        "trusted": one.trusted,
        "level": one.level.map(super::Level::name),
        "coverage": {
            "byteRange": one.coverage.byte_range,
            "revision": one.coverage.revision,
            "wholeDocument": one.coverage.whole_document,
        },
        "claimedTime": one.claimed_time.map(|time| time.to_string()),
        "provenTime": one.proven_time.map(|time| time.to_string()),
        "name": one.name,
        "reason": one.reason,
        "location": one.location,
        "contactInfo": one.contact_info,
        "digestAlgorithm": one.digest_algorithm,
        "signatureAlgorithm": one.signature_algorithm,
        "certificates": certificates(&one.chain),
        "timestamps": timestamps,
        "changes": changes,
        "findings": findings(&one.findings),
    })
}

fn timestamp(stamp: &TimestampReport) -> Value {
    json!({
        "id": hexadecimal(&stamp.id),
        "time": stamp.time.map(|time| time.to_string()),
        "indication": stamp.indication.name(),
        "subIndication": stamp.sub_indication.map(SubIndication::name),
        "certificates": certificates(&stamp.chain),
        "findings": findings(&stamp.findings),
    })
}

fn findings(all: &[Finding]) -> Vec<Value> {
    let one = |finding: &Finding| {
        let (outcome, sub) = match finding.outcome {
            Outcome::Passed => ("passed", None),
            Outcome::Noted => ("noted", None),
            Outcome::Warned => ("warned", None),
            Outcome::Undecided(sub) => ("undecided", Some(sub.name())),
            Outcome::Failed(sub) => ("failed", Some(sub.name())),
        };
        json!({
            "check": finding.check.name(),
            "clause": finding.check.clause(),
            "outcome": outcome,
            "subIndication": sub,
            "detail": finding.detail,
        })
    };
    all.iter().map(one).collect()
}

fn change(change: &Change) -> Value {
    json!({
        "revision": change.revision,
        "object": change.object,
        "page": change.page,
        "what": change.what,
        "permission": match change.permission {
            Permission::Permitted => "permitted",
            Permission::Unclear => "unclear",
            Permission::Forbidden => "forbidden",
        },
    })
}

fn certificates(chain: &[CertificateFacts]) -> Vec<Value> {
    let one = |facts: &CertificateFacts| {
        let certificate = &facts.certificate;
        json!({
            "subject": certificate.subject_dn(),
            "issuer": certificate.issuer_dn(),
            "serialNumber": hexadecimal(certificate.serial()),
            "notBefore": certificate.not_before().to_string(),
            "notAfter": certificate.not_after().to_string(),
            "key": facts.key,
            "signatureAlgorithm": facts.signature_algorithm,
            "keyUsages": facts.key_usages,
            "sha256": hexadecimal(&certificate.fingerprint()),
            "isAnchor": facts.is_anchor,
        })
    };
    chain.iter().map(one).collect()
}

fn purpose(purpose: Purpose) -> Value {
    match purpose {
        Purpose::Approval => json!("approval"),
        Purpose::Certification { permitted } => json!({ "certification": permitted }),
        Purpose::DocumentTimestamp => json!("document-timestamp"),
        Purpose::UsageRights => json!("usage-rights"),
    }
}

const fn integrity(integrity: Integrity) -> &'static str {
    match integrity {
        Integrity::Intact => "intact",
        Integrity::Broken => "broken",
        Integrity::Uncertain => "uncertain",
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}
