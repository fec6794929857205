//! Seed values: what the author of a form demands of a signature (ISO 32000-2, 12.7.5.5, tables 237 to 239).
//!
//! Only what is demanded is kept; what is merely recommended binds nobody.

use lopdf::{Dictionary, Object};

use crate::pdf::acro_form::text;
use crate::pdf::{Error, Pdf};

/// What a signature field demands.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeedValue {
    /// The signature handler.
    pub filter: Option<Vec<u8>>,
    /// The encodings that are allowed.
    pub sub_filters: Option<Vec<Vec<u8>>>,
    /// The version of the seed value dictionary that has to be understood.
    pub version: Option<i64>,
    /// The reasons that are allowed. Empty, or a single full stop: none may be given.
    pub reasons: Option<Vec<String>>,
    /// The digests that are allowed.
    pub digest_methods: Option<Vec<Vec<u8>>>,
    /// Certificates one of which has to be the signer's.
    pub subjects: Option<Vec<Vec<u8>>>,
    /// Certificates one of which has to be in the signer's chain.
    pub issuers: Option<Vec<Vec<u8>>>,
    /// Whether the field is for a certification.
    pub certification: bool,
    /// Demands that this signer does not know how to meet, by their key.
    pub unsupported: Vec<&'static str>,
}

/// Bits of `/Ff` (table 237).
const FILTER: i64 = 1;
const SUB_FILTER: i64 = 1 << 1;
const VERSION: i64 = 1 << 2;
const REASONS: i64 = 1 << 3;
const LEGAL_ATTESTATION: i64 = 1 << 4;
const ADD_REV_INFO: i64 = 1 << 5;
const DIGEST_METHOD: i64 = 1 << 6;
const LOCK_DOCUMENT: i64 = 1 << 7;
const APPEARANCE_FILTER: i64 = 1 << 8;

/// Bits of `/Ff` of the certificate's part (table 238).
const CERT_SUBJECT: i64 = 1;
const CERT_ISSUER: i64 = 1 << 1;
const CERT_OTHERS: [(i64, &str); 4] = [
    (1 << 2, "Cert/OID"),
    (1 << 3, "Cert/SubjectDN"),
    (1 << 5, "Cert/KeyUsage"),
    (1 << 6, "Cert/URL"),
];

impl SeedValue {
    /// Reads a seed value dictionary.
    ///
    /// # Errors
    ///
    /// When an object it refers to is damaged.
    pub fn read(pdf: &Pdf<'_>, dict: &Dictionary) -> Result<Self, Error> {
        let flags = integer(pdf, dict, b"Ff")?.unwrap_or(0);
        let demanded = |bit: i64| flags & bit != 0;
        let mut seed = Self::default();
        if demanded(FILTER) {
            seed.filter = pdf.get(dict, b"Filter")?.as_name().ok().map(<[u8]>::to_vec);
        }
        if demanded(SUB_FILTER) {
            seed.sub_filters = array(pdf, dict, b"SubFilter", |item| {
                item.as_name().ok().map(<[u8]>::to_vec)
            })?;
        }
        if demanded(VERSION) {
            seed.version = match &*pdf.get(dict, b"V")? {
                Object::Integer(version) => Some(*version),
                // A version between two is more than the lower.
                Object::Real(version) if *version > 2.0 => Some(3),
                _ => None,
            };
        }
        if demanded(REASONS) {
            seed.reasons =
                Some(array(pdf, dict, b"Reasons", |item| Some(text(item)))?.unwrap_or_default());
        }
        if demanded(DIGEST_METHOD) {
            seed.digest_methods = array(pdf, dict, b"DigestMethod", digest_name)?;
        }
        if let Ok(mdp) = pdf.get(dict, b"MDP")?.as_dict() {
            // P of 0 asks for an approval signature, which is what is made.
            seed.certification = integer(pdf, mdp, b"P")?.unwrap_or(0) != 0;
        }
        seed.unsupported.extend(unsupported(pdf, dict, flags)?);
        if let Ok(cert) = pdf.get(dict, b"Cert")?.as_dict() {
            seed.certificate(pdf, cert)?;
        }
        Ok(seed)
    }

    fn certificate(&mut self, pdf: &Pdf<'_>, cert: &Dictionary) -> Result<(), Error> {
        let flags = integer(pdf, cert, b"Ff")?.unwrap_or(0);
        let der = |item: &Object| item.as_str().ok().map(<[u8]>::to_vec);
        if flags & CERT_SUBJECT != 0 {
            self.subjects = array(pdf, cert, b"Subject", der)?;
        }
        if flags & CERT_ISSUER != 0 {
            self.issuers = array(pdf, cert, b"Issuer", der)?;
        }
        self.unsupported.extend(
            CERT_OTHERS
                .iter()
                .filter(|(bit, _)| flags & bit != 0)
                .map(|(_, key)| *key),
        );
        Ok(())
    }
}

fn unsupported(pdf: &Pdf<'_>, dict: &Dictionary, flags: i64) -> Result<Vec<&'static str>, Error> {
    let mut keys = Vec::new();
    if flags & LEGAL_ATTESTATION != 0 && dict.has(b"LegalAttestation") {
        keys.push("LegalAttestation");
    }
    if flags & ADD_REV_INFO != 0 && pdf.get(dict, b"AddRevInfo")?.as_bool().unwrap_or(false) {
        keys.push("AddRevInfo");
    }
    if flags & LOCK_DOCUMENT != 0
        && pdf
            .get(dict, b"LockDocument")?
            .as_name()
            .is_ok_and(|lock| lock != b"false")
    {
        keys.push("LockDocument");
    }
    if flags & APPEARANCE_FILTER != 0 && dict.has(b"AppearanceFilter") {
        keys.push("AppearanceFilter");
    }
    if let Ok(stamp) = pdf.get(dict, b"TimeStamp")?.as_dict()
        && integer(pdf, stamp, b"Ff")?.unwrap_or(0) & 1 != 0
    {
        keys.push("TimeStamp");
    }
    Ok(keys)
}

fn integer(pdf: &Pdf<'_>, dict: &Dictionary, key: &[u8]) -> Result<Option<i64>, Error> {
    Ok(pdf.get(dict, key)?.as_i64().ok())
}

fn array<T>(
    pdf: &Pdf<'_>,
    dict: &Dictionary,
    key: &[u8],
    item: impl Fn(&Object) -> Option<T>,
) -> Result<Option<Vec<T>>, Error> {
    let value = pdf.get(dict, key)?;
    let Ok(items) = value.as_array() else {
        return Ok(None);
    };
    let mut out = Vec::with_capacity(items.len());
    for object in items {
        out.extend(item(&*pdf.resolve(object)?));
    }
    Ok(Some(out))
}

/// Digests come as names and, from some writers, as strings.
fn digest_name(item: &Object) -> Option<Vec<u8>> {
    item.as_name()
        .or_else(|_| item.as_str())
        .ok()
        .map(<[u8]>::to_vec)
}
