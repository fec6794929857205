//! Version 2: every signature with its certificates. Misspelt keys are on the wire.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use verifier::{
    CertificateFacts, Finding, Integrity, Level, Outcome, Report, SignatureReport, TimestampReport,
};

use super::{Summary, description, signatures, signed_at, summary};
use crate::problem::text::Language;

/// Warnings in one answer.
const MOST_WARNINGS: usize = 50;

pub(super) fn answer(report: &Report, language: Language) -> Json {
    let all = signatures(report);
    let conclusion = match summary(report) {
        Summary::Invalid => "INVALID",
        Summary::Unsigned => "NO_SIGNATURE",
        Summary::Valid => "VALID",
    };
    let information: Vec<Json> = all
        .iter()
        .enumerate()
        .map(|(index, one)| signature(one, index + 1 == all.len()))
        .collect();
    json!({
        "conclusion": conclusion,
        "description": description(report, language),
        "signatureCount": information.len(),
        "warning": warnings(report, &all),
        "signatureInformations": information,
    })
}

/// What was not as it should be, with the field it concerns.
fn warnings(report: &Report, signatures: &[&SignatureReport]) -> Vec<String> {
    let told = |finding: &&Finding| !matches!(finding.outcome, Outcome::Passed | Outcome::Noted);
    let document = report
        .findings
        .iter()
        .filter(told)
        .map(|finding| finding.detail.clone());
    let own = signatures.iter().flat_map(|one| {
        let field = one.field.as_deref().unwrap_or("-");
        one.findings
            .iter()
            .filter(told)
            .map(move |finding| format!("{field}: {}", finding.detail))
    });
    document.chain(own).take(MOST_WARNINGS).collect()
}

fn signature(one: &SignatureReport, last: bool) -> Json {
    let signer = one.chain.first();
    let name = signer.and_then(|facts| facts.certificate.common_name());
    let certificates: Vec<Json> = one.chain.iter().map(certificate).collect();
    json!({
        "id": format!("S-{}", hexadecimal(&one.id)),
        "fieldName": one.field,
        "signatureFormat": format_of(one),
        "signerName": name.or_else(|| one.name.clone()),
        "signatureDate": signed_at(one).map(moment),
        "reason": one.reason,
        "location": one.location,
        "certLevelCode": 0,
        "signatureAlgorithm": one.signature_algorithm,
        "digestAlgorithm": one.digest_algorithm,
        "timestampInfomation": one.timestamps.first().map(timestamp),
        "certificateDetails": certificates,
        "integrityValid": one.integrity == Integrity::Intact,
        "certificateTrusted": one.trusted,
        "lastSignature": last,
        "ltv": one.level.is_some_and(Level::is_long_term),
    })
}

/// The contract's names; it has none for the older encoding with more than a timestamp.
fn format_of(one: &SignatureReport) -> &'static str {
    match one.level {
        Some(Level::Pkcs7Lt | Level::Pkcs7Lta) => Level::Pkcs7T.name(),
        Some(level) => level.name(),
        None if one.sub_filter.as_deref() == Some("ETSI.CAdES.detached") => Level::BaselineB.name(),
        None => Level::Pkcs7B.name(),
    }
}

fn timestamp(stamp: &TimestampReport) -> Json {
    let authority = stamp.chain.first();
    json!({
        "id": format!("T-{}", hexadecimal(&stamp.id)),
        "signerName": authority.and_then(|facts| facts.certificate.common_name()),
        "timestampDate": stamp.time.map(moment),
    })
}

fn certificate(facts: &CertificateFacts) -> Json {
    let certificate = &facts.certificate;
    let issuer = certificate.issuer_common_name();
    json!({
        "id": format!("C-{}", hexadecimal(&certificate.fingerprint())),
        "commonName": certificate.common_name(),
        "issuerName": issuer.unwrap_or_else(|| certificate.issuer_dn()),
        "serialNumber": decimal(certificate.serial()),
        "notBeforeDate": moment(certificate.not_before()),
        "notAfterDate": moment(certificate.not_after()),
        "signatureAlgoritm": facts.signature_algorithm,
        "keyUsages": facts.key_usages,
    })
}

/// `2025-03-18T12:03:45.000+00:00`.
fn moment(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::UTC);
    format!(
        "{}.{:03}+00:00",
        time.strftime("%Y-%m-%dT%H:%M:%S"),
        time.millisecond()
    )
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02X}");
        text
    })
}

/// A serial number, of at most 128 octets, in decimal.
fn decimal(octets: &[u8]) -> String {
    let mut digits: Vec<u8> = vec![0];
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or(0);
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or(0));
            carry /= 10;
        }
    }
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_decimal() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[0, 0xff]), "255");
        assert_eq!(
            decimal(&[1, 0, 0, 0, 0, 0, 0, 0, 0]),
            "18446744073709551616"
        );
    }

    #[test]
    fn times_have_milliseconds_and_an_offset() {
        let time: Timestamp = "2025-03-18T12:03:45Z".parse().unwrap();
        assert_eq!(moment(time), "2025-03-18T12:03:45.000+00:00");
    }
}
