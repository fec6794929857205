//! `[authority]`: the embedded certification authority.

use std::time::Duration;

use signer::key::KeyKind;
use toml::de::DeValue;

use crate::default;
use crate::reader::Section;
use crate::value::{self, Value};

const KEY_KINDS: [(&str, KeyKind); 5] = [
    ("rsa-2048", KeyKind::Rsa { bits: 2048 }),
    ("rsa-3072", KeyKind::Rsa { bits: 3072 }),
    ("rsa-4096", KeyKind::Rsa { bits: 4096 }),
    ("p256", KeyKind::P256),
    ("p384", KeyKind::P384),
];

impl Value for KeyKind {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        value::choice(value, &KEY_KINDS)
    }

    fn show(&self) -> String {
        value::word(*self, &KEY_KINDS)
    }
}

/// The embedded certification authority: root and issuing key in the first token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Authority {
    /// Label of the root's key in the token.
    pub root_key: String,
    /// Label of the issuing authority's key in the token.
    pub issuing_key: String,
    /// What kind both keys are, when they are made.
    pub key_kind: KeyKind,
    /// Organisation named in the authority's own certificates.
    pub organization: String,
    /// Country named in certificates, ISO 3166-1 alpha-2.
    pub country: String,
    /// How long a certificate of a person or seal holds.
    pub validity: Duration,
}

impl Default for Authority {
    fn default() -> Self {
        Self {
            root_key: default::ROOT_KEY.to_owned(),
            issuing_key: default::ISSUING_KEY.to_owned(),
            key_kind: default::AUTHORITY_KEY_KIND,
            organization: default::AUTHORITY_ORGANIZATION.to_owned(),
            country: default::AUTHORITY_COUNTRY.to_owned(),
            validity: default::CERTIFICATE_VALIDITY,
        }
    }
}

impl Authority {
    /// `None` when the section is faulty, `Some(None)` when it is absent.
    #[expect(clippy::option_option, reason = "absent and faulty are two things")]
    pub(crate) fn read(mut section: Section<'_>) -> Option<Option<Self>> {
        if !section.is_present() {
            return Some(None);
        }
        let default = Self::default();
        let authority = Self {
            root_key: section.or("root-key", default.root_key),
            issuing_key: section.or("issuing-key", default.issuing_key),
            key_kind: section.or("key-kind", default.key_kind),
            organization: section.or("organization", default.organization),
            country: section.or("country", default.country),
            validity: section.within(
                "validity",
                default.validity,
                Duration::from_hours(24)..=Duration::from_hours(24 * 365 * 10),
            ),
        };
        if authority.root_key == authority.issuing_key {
            section.fault("issuing-key", "must differ from root-key");
        }
        let letters = authority.country.chars().all(|c| c.is_ascii_uppercase());
        if authority.country.len() != 2 || !letters {
            section.fault("country", "must be two capital letters, such as \"ID\"");
        }
        section.finish();
        Some(Some(authority))
    }
}
