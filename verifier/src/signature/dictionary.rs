//! The signature dictionary (ISO 32000-2, table 255) and the transforms that say what may change (12.8.2).

use jiff::Timestamp;
use signer::pdf::{Dictionary, Object};

use super::Found;
use crate::document::text;
use crate::report::{Check, Findings, Purpose, SubIndication};

/// What a dictionary says, whether or not it is true.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) purpose: Purpose,
    pub(crate) sub_filter: Option<String>,
    pub(crate) modifications: Modifications,
    pub(crate) time: Option<Timestamp>,
}

/// What the signer permits others to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modifications {
    /// /P of a certification, or of a lock.
    pub(crate) permitted: Option<u8>,
    /// Fields that may not be filled in any more.
    pub(crate) locks: Vec<FieldLock>,
    /// Transforms that could not be read.
    pub(crate) unknown: bool,
}

/// Which fields are locked (ISO 32000-2, table 259).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldLock {
    All,
    Exclude(Vec<String>),
    Include(Vec<String>),
}

impl FieldLock {
    pub(crate) fn holds(&self, name: &str) -> bool {
        let named = |names: &[String]| {
            names.iter().any(|locked| {
                // A name stands for the fields below it too.
                name == locked
                    || name
                        .strip_prefix(locked.as_str())
                        .is_some_and(|rest| rest.starts_with('.'))
            })
        };
        match self {
            Self::All => true,
            Self::Include(names) => named(names),
            Self::Exclude(names) => !named(names),
        }
    }
}

const SUB_FILTERS: [&str; 5] = [
    "ETSI.CAdES.detached",
    "ETSI.RFC3161",
    "adbe.pkcs7.detached",
    "adbe.pkcs7.sha1",
    "adbe.x509.rsa_sha1",
];

pub(crate) fn read(found: &Found, findings: &mut Findings) -> Facts {
    let mut facts = Facts {
        purpose: Purpose::Approval,
        sub_filter: None,
        modifications: Modifications::default(),
        time: None,
    };
    let dictionary = match &found.dictionary {
        Ok(dictionary) => dictionary,
        Err(error) => {
            findings.fail(
                Check::SignatureDictionary,
                SubIndication::FormatFailure,
                format!("it cannot be read: {error}"),
            );
            return facts;
        }
    };
    let name = |key: &[u8]| {
        let name = dictionary.get(key).ok()?.as_name().ok()?;
        Some(String::from_utf8_lossy(name).into_owned())
    };
    facts.sub_filter = name(b"SubFilter");
    facts.time = dictionary
        .get(b"M")
        .ok()
        .and_then(text)
        .and_then(|date| self::date(&date));
    let kind = name(b"Type");
    match kind.as_deref() {
        None | Some("Sig" | "DocTimeStamp") => {}
        Some(other) => findings.doubt(
            Check::SignatureDictionary,
            SubIndication::FormatFailure,
            format!("/Type is {other}"),
        ),
    }
    match facts.sub_filter.as_deref() {
        Some(known) if SUB_FILTERS.contains(&known) => {
            findings.pass(Check::SignatureDictionary, format!("/SubFilter {known}"));
        }
        Some(other) => findings.fail(
            Check::SignatureDictionary,
            SubIndication::FormatFailure,
            format!("/SubFilter {other} is not known"),
        ),
        None => findings.fail(
            Check::SignatureDictionary,
            SubIndication::FormatFailure,
            "no /SubFilter",
        ),
    }
    if facts.sub_filter.as_deref() == Some("ETSI.RFC3161") {
        facts.purpose = Purpose::DocumentTimestamp;
    } else if kind.as_deref() == Some("DocTimeStamp") {
        findings.fail(
            Check::SignatureDictionary,
            SubIndication::FormatFailure,
            "a document timestamp with the encoding of a signature",
        );
    }
    references(dictionary, &mut facts);
    if facts.modifications.unknown {
        findings.warn(
            Check::SignatureDictionary,
            "/Reference holds a transform that is not known",
        );
    }
    facts
}

fn references(dictionary: &Dictionary, facts: &mut Facts) {
    let Ok(Object::Array(references)) = dictionary.get(b"Reference") else {
        facts.modifications.unknown |= dictionary.has(b"Reference");
        return;
    };
    for reference in references.iter().take(32) {
        let Ok(reference) = reference.as_dict() else {
            facts.modifications.unknown = true;
            continue;
        };
        static EMPTY: std::sync::LazyLock<Dictionary> = std::sync::LazyLock::new(Dictionary::new);
        let parameters = reference
            .get(b"TransformParams")
            .and_then(Object::as_dict)
            .unwrap_or(&EMPTY);
        let permitted = parameters
            .get(b"P")
            .and_then(Object::as_i64)
            .ok()
            .and_then(|permitted| u8::try_from(permitted).ok());
        match reference.get(b"TransformMethod").and_then(Object::as_name) {
            Ok(b"DocMDP") => {
                // Without /P it is 2 (table 257); an unknown one permits nothing.
                let permitted = match permitted {
                    None => 2,
                    Some(known @ 1..=3) => known,
                    Some(_) => 1,
                };
                facts.purpose = Purpose::Certification { permitted };
                restrict(&mut facts.modifications, permitted);
            }
            Ok(b"FieldMDP") => {
                if let Some(permitted @ 1..=3) = permitted {
                    restrict(&mut facts.modifications, permitted);
                }
                let names = || -> Vec<String> {
                    let fields = parameters.get(b"Fields").and_then(Object::as_array);
                    fields
                        .map(|fields| fields.iter().filter_map(text).collect())
                        .unwrap_or_default()
                };
                match parameters.get(b"Action").and_then(Object::as_name) {
                    Ok(b"All") => facts.modifications.locks.push(FieldLock::All),
                    Ok(b"Include") => facts.modifications.locks.push(FieldLock::Include(names())),
                    Ok(b"Exclude") => facts.modifications.locks.push(FieldLock::Exclude(names())),
                    _ => facts.modifications.unknown = true,
                }
            }
            Ok(b"UR" | b"UR3") => facts.purpose = Purpose::UsageRights,
            _ => facts.modifications.unknown = true,
        }
    }
}

fn restrict(modifications: &mut Modifications, permitted: u8) {
    modifications.permitted = Some(
        modifications
            .permitted
            .map_or(permitted, |before| before.min(permitted)),
    );
}

/// A date (ISO 32000-2, 7.9.4). Without an offset it is taken for UTC.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let text = text.strip_prefix("D:").unwrap_or(text);
    let digits: String = text
        .chars()
        .take_while(char::is_ascii_digit)
        .take(14)
        .collect();
    let part = |range: std::ops::Range<usize>, default: i8| -> Option<i8> {
        match digits.get(range) {
            Some(part) => part.parse().ok(),
            None => Some(default),
        }
    };
    let year: i16 = digits.get(0..4)?.parse().ok()?;
    let civil = jiff::civil::Date::new(year, part(4..6, 1)?, part(6..8, 1)?)
        .ok()?
        .at(0, 0, 0, 0)
        .with()
        .hour(part(8..10, 0)?)
        .minute(part(10..12, 0)?)
        .second(part(12..14, 0)?.min(59))
        .build()
        .ok()?;
    let rest = text.get(digits.len()..)?;
    let mut offset = 0;
    if let Some(sign @ ('+' | '-')) = rest.chars().next() {
        let digits: Vec<i32> = rest
            .chars()
            .skip(1)
            .filter_map(|character| character.to_digit(10))
            .filter_map(|digit| i32::try_from(digit).ok())
            .take(4)
            .collect();
        if let [ten, one, minutes @ ..] = digits.as_slice() {
            let minutes = minutes.iter().fold(0, |value, digit| value * 10 + digit);
            offset = (ten * 10 + one) * 3600 + minutes * 60;
            if sign == '-' {
                offset = -offset;
            }
        }
    }
    let offset = jiff::tz::Offset::from_seconds(offset).ok()?;
    offset.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_come() {
        let read = |text| date(text).map(|time: Timestamp| time.to_string());
        assert_eq!(
            read("D:20240903190307+07'00'").as_deref(),
            Some("2024-09-03T12:03:07Z")
        );
        assert_eq!(
            read("D:20240903190307Z").as_deref(),
            Some("2024-09-03T19:03:07Z")
        );
        assert_eq!(read("D:2024").as_deref(), Some("2024-01-01T00:00:00Z"));
        assert_eq!(read("20240903"), Some("2024-09-03T00:00:00Z".to_owned()));
        for bad in ["", "D:", "D:20241403", "later"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn locks_hold_fields_and_what_is_below_them() {
        let lock = FieldLock::Include(vec!["a.b".to_owned()]);
        assert!(lock.holds("a.b") && lock.holds("a.b.c") && !lock.holds("a.bc"));
        assert!(!FieldLock::Exclude(vec!["a".to_owned()]).holds("a.x"));
        assert!(FieldLock::All.holds("x"));
    }
}
