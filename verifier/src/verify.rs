//! The order of things: open, find, examine, compare, and judge the signers (EN 319 102-1, clause 5).

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};

use signer::pdf::{self, Anomaly, Pdf};

use crate::algorithm::Digest;
use crate::document::{Stages, looks_signed};
use crate::evidence::Evidence;
use crate::hidden;
use crate::policy::Policy;
use crate::pool::Pool;
use crate::proof::{self, Proven, Token};
use crate::report::{
    Change, Check, Conclusion, Findings, Integrity, Report, SignatureReport, SubIndication,
    conclusion,
};
use crate::revision::History;
use crate::signature::{ContentDigests, Examined, Found, examine, find};

/// Objects of a document that is searched for hidden content whenever it is verified.
const MOST_SEARCHED: u32 = 1_000;

/// Judges every signature of a document. There is no input that is not answered.
#[must_use]
pub fn verify(document: &[u8], policy: &Policy, source: &dyn Evidence) -> Report {
    let judge = || {
        let stages = Stages::new(document, policy);
        match stages.at(document.len()) {
            Ok(pdf) => readable(&pdf, &stages, policy, source),
            Err(error) => unreadable(document, &error, policy),
        }
    };
    // Filters and security handlers are others' code: what they do on hostile input is a verdict too.
    panic::catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| {
        let mut findings = Findings::default();
        findings.doubt(
            Check::DocumentStructure,
            SubIndication::Generic,
            "reading the document ended abnormally",
        );
        Report {
            conclusion: Conclusion::Indeterminate,
            validation_time: policy.time,
            findings: findings.0,
            signatures: Vec::new(),
            revisions: 0,
            encrypted: false,
        }
    })
}

fn readable(
    pdf: &Pdf<'_>,
    stages: &Stages<'_, '_>,
    policy: &Policy,
    source: &dyn Evidence,
) -> Report {
    let mut document = Findings::default();
    let mut digests = ContentDigests::new(stages.bytes(), policy.limits.max_hashed);
    let mut examined: Vec<Examined> = find(pdf, policy, &mut document)
        .into_iter()
        .map(|found| examine(found, stages, &mut digests, policy))
        .collect();
    examined.sort_by_key(|one| one.end.unwrap_or(usize::MAX));
    let pool = Pool::new(policy, source);
    pool.add_store(pdf);
    let mut tokens: Vec<Vec<Token>> = Vec::new();
    for one in &mut examined {
        let own = one
            .cms
            .as_ref()
            .map(|cms| proof::tokens(cms, &mut one.findings))
            .unwrap_or_default();
        for cms in one.cms.iter().chain(own.iter().filter_map(Token::cms)) {
            pool.add_cms(cms);
        }
        tokens.push(own);
    }
    let proven = proof::judge_all(&mut examined, tokens, stages, &pool);
    // A large document takes long to search; who wants to know asks for it.
    if !examined.is_empty() && pdf.size() <= MOST_SEARCHED {
        hidden::warn(pdf, &policy.limits, &mut document);
    }
    let history = History::read(pdf, stages, &examined, policy);
    let sound: HashMap<String, Integrity> = examined
        .iter()
        .filter_map(|one| Some((one.found.field.clone()?, one.findings.integrity())))
        .collect();
    let structure = structure(pdf);
    let signatures: Vec<SignatureReport> = examined
        .into_iter()
        .zip(proven)
        .map(|(mut one, proven)| {
            let (changes, findings) = history.judge(&one, &sound);
            for finding in findings.0.iter().chain(&structure.0) {
                one.findings
                    .add(finding.check, finding.outcome, finding.detail.clone());
            }
            report(one, proven, changes)
        })
        .collect();
    Report {
        conclusion: conclusion(&document.0, &signatures),
        validation_time: policy.time,
        findings: document.0,
        signatures,
        revisions: pdf.revisions().len(),
        encrypted: pdf.is_encrypted(),
    }
}

/// What makes readers disagree about the whole document, whoever signed it.
fn structure(pdf: &Pdf<'_>) -> Findings {
    let mut findings = Findings::default();
    for anomaly in pdf.anomalies() {
        let (why, doubtful) = match anomaly {
            Anomaly::DuplicateKey { id } => (format!("object {} has a key twice", id.0), true),
            Anomaly::ObjectStreamIndex { id } => (
                format!("object {} is not where its object stream has it", id.0),
                true,
            ),
            Anomaly::JunkBeforeHeader => ("the header is not at the beginning".to_owned(), true),
            Anomaly::ObjectsAfterEnd => (
                "objects stand behind the end of the document".to_owned(),
                true,
            ),
            other => (format!("{other:?}"), false),
        };
        if doubtful {
            findings.doubt(Check::DocumentStructure, SubIndication::FormatFailure, why);
        } else {
            findings.note(Check::DocumentStructure, why);
        }
    }
    if pdf.revisions().iter().any(pdf::Revision::is_contradictory) {
        findings.doubt(
            Check::DocumentStructure,
            SubIndication::FormatFailure,
            "readers that know cross-reference streams find other objects than those that do not",
        );
    }
    findings
}

/// A document that cannot be opened: what looks like a signature in it is none that can be relied on.
fn unreadable(document: &[u8], error: &pdf::Error, policy: &Policy) -> Report {
    let mut findings = Findings::default();
    let mut conclusion = Conclusion::Unsigned;
    if looks_signed(document) {
        let (check, sub) = match error {
            pdf::Error::PasswordRequired
            | pdf::Error::PasswordIncorrect
            | pdf::Error::UnsupportedEncryption { .. }
            | pdf::Error::BrokenEncryption { .. } => {
                (Check::Decryption, SubIndication::SignedDataNotFound)
            }
            _ => (Check::DocumentStructure, SubIndication::FormatFailure),
        };
        if check == Check::Decryption {
            conclusion = Conclusion::Indeterminate;
            findings.doubt(
                check,
                sub,
                format!("the document cannot be opened: {error}"),
            );
        } else {
            conclusion = Conclusion::Invalid;
            findings.fail(
                check,
                sub,
                format!("the document cannot be read, readers will not agree on it: {error}"),
            );
        }
    } else {
        findings.warn(
            Check::DocumentStructure,
            format!("the document cannot be read: {error}"),
        );
    }
    Report {
        conclusion,
        validation_time: policy.time,
        findings: findings.0,
        signatures: Vec::new(),
        revisions: 0,
        encrypted: false,
    }
}

fn report(one: Examined, proven: Proven, changes: Vec<Change>) -> SignatureReport {
    let (indication, sub_indication) = one.findings.indication();
    let integrity: Integrity = one.findings.integrity();
    let text = |key: &[u8]| {
        let dictionary = one.found.dictionary.as_ref().ok()?;
        crate::document::text(dictionary.get(key).ok()?)
    };
    SignatureReport {
        id: identifier(&one.found),
        name: text(b"Name"),
        reason: text(b"Reason"),
        location: text(b"Location"),
        contact_info: text(b"ContactInfo"),
        field: one.found.field.clone(),
        purpose: one.purpose,
        sub_filter: one.sub_filter,
        indication,
        sub_indication,
        integrity,
        findings: one.findings.0,
        coverage: one.coverage,
        changes,
        level: proven.level,
        chain: proven.chain,
        trusted: proven.trusted,
        claimed_time: one.claimed_time,
        proven_time: proven.proven_time,
        digest_algorithm: one
            .cms
            .as_ref()
            .and_then(|cms| cms.digest)
            .map(Digest::name),
        signature_algorithm: one
            .cms
            .as_ref()
            .and_then(|cms| cms.scheme)
            .map(|scheme| scheme.name()),
        timestamps: proven.timestamps,
    }
}

fn identifier(found: &Found) -> [u8; 32] {
    let name = found.field.clone().unwrap_or_default();
    let contents = match found
        .dictionary
        .as_ref()
        .map(|dictionary| dictionary.get(b"Contents"))
    {
        Ok(Ok(pdf::Object::String(contents, _))) => contents.clone(),
        _ => Vec::new(),
    };
    let mut identifier = [0; 32];
    identifier.copy_from_slice(&Digest::Sha256.of(&[name.as_bytes(), &[0], &contents]));
    identifier
}
