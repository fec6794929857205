//! Distinguished names: compared as RFC 5280, 7.1 wants it, shown as RFC 4514 does.

use std::fmt::Write as _;

use const_oid::ObjectIdentifier;

use crate::asn1::{Error, Reader, Value, tag};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// A name: its bytes as received, and what it is compared by.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) der: Vec<u8>,
    /// One entry a relative name; attributes sorted, strings folded.
    pub(crate) folded: Vec<Vec<u8>>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Name {}

const MAX_RELATIVE_NAMES: usize = 64;

impl Name {
    pub(crate) fn read(value: &Value<'_>) -> Result<Self, Error> {
        if !value.is(tag::SEQUENCE) {
            return Err(Error("name"));
        }
        let mut folded = Vec::new();
        for relative in value.reader() {
            let relative = relative?;
            if !relative.is(tag::SET) || folded.len() >= MAX_RELATIVE_NAMES {
                return Err(Error("name"));
            }
            let mut attributes = Vec::new();
            for attribute in relative.reader() {
                let (oid, value) = pair(&attribute?)?;
                let mut key = oid.as_bytes().to_vec();
                key.push(0);
                match text(&value) {
                    Some(text) => key.extend(fold(&text).into_bytes()),
                    None => key.extend_from_slice(value.raw),
                }
                attributes.push(key);
            }
            attributes.sort();
            let mut whole = Vec::new();
            for attribute in attributes {
                whole.extend((attribute.len() as u64).to_be_bytes());
                whole.extend(attribute);
            }
            folded.push(whole);
        }
        Ok(Self {
            der: value.raw.to_vec(),
            folded,
        })
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.folded.is_empty()
    }

    /// Whether this name stands below or at `base` (RFC 5280, 4.2.1.10).
    pub(crate) fn is_within(&self, base: &Self) -> bool {
        self.folded.starts_with(&base.folded)
    }

    fn attributes(&self) -> Vec<(ObjectIdentifier, String)> {
        let Ok(name) = Value::parse(&self.der) else {
            return Vec::new();
        };
        name.reader()
            .flatten()
            .flat_map(|relative| relative.reader().flatten().collect::<Vec<_>>())
            .filter_map(|attribute| {
                let (oid, value) = pair(&attribute).ok()?;
                let text = text(&value).unwrap_or_else(|| {
                    value
                        .raw
                        .iter()
                        .take(64)
                        .fold("#".to_owned(), |mut hex, octet| {
                            let _ignored = write!(hex, "{octet:02x}");
                            hex
                        })
                });
                Some((oid, text))
            })
            .collect()
    }

    /// The common name, the most specific if there are several.
    pub(crate) fn common_name(&self) -> Option<String> {
        let attributes = self.attributes();
        attributes
            .into_iter()
            .rfind(|(oid, _)| *oid == COMMON_NAME)
            .map(|(_, text)| text)
    }

    /// The electronic mail addresses in the name (PKCS #9).
    pub(crate) fn email_addresses(&self) -> Vec<String> {
        let email = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
        self.attributes()
            .into_iter()
            .filter_map(|(oid, text)| (oid == email).then_some(text))
            .collect()
    }

    /// Most specific first, as RFC 4514 has it.
    pub(crate) fn display(&self) -> String {
        let mut shown = String::new();
        for (oid, text) in self.attributes().into_iter().rev() {
            if !shown.is_empty() {
                shown.push(',');
            }
            match short(&oid.to_string()) {
                Some(name) => shown.push_str(name),
                None => {
                    let _ignored = write!(shown, "{oid}");
                }
            }
            shown.push('=');
            for character in text.chars() {
                if matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
                    shown.push('\\');
                }
                shown.push(if character.is_control() {
                    '\u{fffd}'
                } else {
                    character
                });
            }
        }
        shown
    }
}

fn pair<'a>(attribute: &Value<'a>) -> Result<(ObjectIdentifier, Value<'a>), Error> {
    if !attribute.is(tag::SEQUENCE) {
        return Err(Error("name"));
    }
    let mut fields: Reader<'a> = attribute.reader();
    let oid = fields.oid()?;
    let value = fields.next()?;
    fields.end()?;
    Ok((oid, value))
}

/// A directory string as text.
pub(crate) fn text(value: &Value<'_>) -> Option<String> {
    match value.tag {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => String::from_utf8(value.content.to_vec()).ok(),
        // TeletexString: Latin-1 in practice
        0x14 => Some(
            value
                .content
                .iter()
                .map(|octet| char::from(*octet))
                .collect(),
        ),
        // BMPString
        0x1e => {
            let (pairs, rest) = value.content.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            rest.is_empty().then(|| String::from_utf16(&units).ok())?
        }
        _ => None,
    }
}

/// Case folded, white space squeezed.
fn fold(text: &str) -> String {
    text.split_whitespace()
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

fn short(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "SERIALNUMBER",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "T",
        "2.5.4.13" => "DESCRIPTION",
        "2.5.4.42" => "GIVENNAME",
        "2.5.4.97" => "ORGANIZATIONIDENTIFIER",
        "1.2.840.113549.1.9.1" => "E",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return None,
    })
}
