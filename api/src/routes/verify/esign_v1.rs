//! Version 1: notes and local times.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value as Json, json};
use verifier::{Integrity, Report, SignatureReport};

use super::{Summary, description, signatures, signed_at, summary};
use crate::problem::text::Language;

pub(super) fn answer(report: &Report, name: &str, language: Language) -> Json {
    let all = signatures(report);
    let (summary, notes) = match summary(report) {
        Summary::Unsigned => (None, None),
        Summary::Invalid => (Some("INVALID"), Some(description(report, language))),
        Summary::Valid if all.iter().any(|one| one.timestamps.is_empty()) => (
            Some("VALID"),
            Some(language.of_two(
                "Dokumen asli dan valid, tetapi dokumen tidak menggunakan waktu TSA",
                "The document is genuine and valid, but has no time of a timestamp authority",
            )),
        ),
        Summary::Valid => (Some("VALID"), Some(description(report, language))),
    };
    let details: Vec<Json> = all.iter().map(|one| detail(one)).collect();
    json!({
        "nama_dokumen": name,
        "jumlah_signature": details.len(),
        "notes": notes,
        "summary": summary,
        "details": details,
    })
}

fn detail(one: &SignatureReport) -> Json {
    let stamp = one.timestamps.first();
    let authority = stamp.and_then(|stamp| stamp.chain.first());
    let signer = one.chain.first();
    let validity = |certificate: &verifier::Certificate| {
        format!(
            "{} to {}",
            local(certificate.not_before()),
            local(certificate.not_after())
        )
    };
    json!({
        "info_tsa": {
            "name": authority.and_then(|facts| facts.certificate.common_name()),
            "tsa_cert_validity": authority.map(|facts| validity(&facts.certificate)),
        },
        "signature_field": one.field,
        "info_signer": {
            "issuer_dn": signer.map(|facts| facts.certificate.issuer_dn()),
            "signer_name": signer
                .and_then(|facts| facts.certificate.common_name())
                .or_else(|| one.name.clone()),
            "signer_cert_validity": signer.map(|facts| validity(&facts.certificate)),
            "signer_dn": signer.map(|facts| facts.certificate.subject_dn()),
            "cert_user_certified": one.trusted,
        },
        "signature_document": {
            "signed_using_tsa": stamp.is_some(),
            "reason": one.reason,
            "location": one.location,
            "document_integrity": one.integrity == Integrity::Intact,
            "signature_value": null,
            "hash_value": null,
            "signed_in": signed_at(one).map(local),
        },
    })
}

/// Jakarta time, hundredths of a second.
fn local(time: Timestamp) -> String {
    let jakarta = time.to_zoned(TimeZone::fixed(Offset::constant(7)));
    format!(
        "{}.{:02}",
        jakarta.strftime("%Y-%m-%d %H:%M:%S"),
        jakarta.millisecond() / 10
    )
}
