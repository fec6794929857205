//! Encryption (ISO 32000-2, 7.6): the standard security handler, revisions 2 to 6, with lopdf's ciphers.
//!
//! Public-key handlers and documents with an integrity code (ISO/TS 32004) are refused.

use std::fmt;

use lopdf::encryption::{decrypt_object, encrypt_object};
use lopdf::{Dictionary, Document, EncryptionState, Object, ObjectId, Permissions};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::{Error, Pdf};

/// Which password opened the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner's, which grants everything.
    Owner,
    /// The user's, which grants what the permissions say.
    User,
}

/// How an unlocked document's strings and streams are encrypted.
pub struct Encryption {
    state: EncryptionState,
    access: Access,
    by_empty_password: bool,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Encryption")
            .field("revision", &self.state.revision())
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Encryption {
    /// Encrypts the strings and streams of an object that is written as `id`; the /Contents of a signature
    /// dictionary stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::BrokenEncryption`] if the document's key does not fit its cipher.
    pub fn encrypt_object(&self, id: ObjectId, object: &mut Object) -> Result<(), Error> {
        encrypt_object(&self.state, id, object).map_err(|error| broken(&error))
    }

    pub(super) fn decrypt_object(&self, id: ObjectId, object: &mut Object) -> Result<(), Error> {
        decrypt_object(&self.state, id, object).map_err(|error| broken(&error))
    }

    /// Whose password opened the document.
    #[must_use]
    pub const fn access(&self) -> Access {
        self.access
    }

    /// Whether anybody can open the document: it was opened without a password.
    #[must_use]
    pub const fn by_empty_password(&self) -> bool {
        self.by_empty_password
    }

    /// Whether the permissions let a signature be put into an existing field (bits 6 and 9 of /P).
    #[must_use]
    pub fn may_fill_fields(&self) -> bool {
        self.allows(Permissions::FILLABLE) || self.allows(Permissions::ANNOTABLE)
    }

    /// Whether the permissions let a signature field be added. /P wants bits 4 and 6 for it; readers ask for bit
    /// 6, or for the right to fill and sign fields, alone, and so do we.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        self.may_fill_fields()
    }

    fn allows(&self, permission: Permissions) -> bool {
        self.access == Access::Owner || self.state.permissions().contains(permission)
    }
}

/// Tries the password as it may have been typed, and the empty one.
pub(super) fn unlock(pdf: &Pdf<'_>, password: Option<&SecretString>) -> Result<Encryption, Error> {
    let dictionary = encrypt_dictionary(pdf)?;
    supported(&dictionary)?;
    let document = skeleton(pdf, normalised(dictionary))?;
    let algorithm = lopdf::encryption::PasswordAlgorithm::try_from(&document)
        .map_err(|error| broken(&error))?;
    let mut candidates: Vec<SecretSlice<u8>> = Vec::new();
    let given = password.map(ExposeSecret::expose_secret);
    for password in given.into_iter().chain([""]) {
        // As the revision wants it: PDFDocEncoding, or UTF-8 with SASLprep.
        let prepared = algorithm.sanitize_password(password).ok();
        let older = as_of_unicode_3_2(password)
            .and_then(|older| algorithm.sanitize_password(older.expose_secret()).ok());
        let typed = [
            prepared,
            older,
            Some(password.as_bytes().to_vec()),
            latin1(password),
        ];
        for candidate in typed.into_iter().flatten().map(SecretSlice::from) {
            let known =
                |other: &SecretSlice<u8>| other.expose_secret() == candidate.expose_secret();
            if !candidates.iter().any(known) {
                candidates.push(candidate);
            }
        }
    }
    for candidate in &candidates {
        let candidate = candidate.expose_secret();
        let access = if document.authenticate_raw_owner_password(candidate).is_ok() {
            Access::Owner
        } else if document.authenticate_raw_user_password(candidate).is_ok() {
            Access::User
        } else {
            continue;
        };
        let state =
            EncryptionState::decode(&document, candidate).map_err(|error| broken(&error))?;
        return Ok(Encryption {
            state,
            access,
            by_empty_password: candidate.is_empty(),
        });
    }
    Err(if password.is_some() {
        Error::PasswordIncorrect
    } else {
        Error::PasswordRequired
    })
}

fn encrypt_dictionary(pdf: &Pdf<'_>) -> Result<Dictionary, Error> {
    let dictionary = pdf.get(pdf.trailer(), b"Encrypt")?;
    let Ok(dictionary) = dictionary.as_dict() else {
        return Err(broken_dictionary("/Encrypt is no dictionary"));
    };
    // The dictionary, the crypt filters in it, and what these consist of.
    direct(pdf, dictionary, 3)
}

fn direct(pdf: &Pdf<'_>, dictionary: &Dictionary, levels: usize) -> Result<Dictionary, Error> {
    let mut direct = Dictionary::new();
    for (key, value) in dictionary {
        let value = match pdf.resolve(value)?.into_owned() {
            Object::Dictionary(inner) if levels > 1 => {
                Object::Dictionary(self::direct(pdf, &inner, levels.saturating_sub(1))?)
            }
            value => value,
        };
        direct.set(key.clone(), value);
    }
    Ok(direct)
}

fn supported(dictionary: &Dictionary) -> Result<(), Error> {
    let unsupported = |what: String| Err(Error::UnsupportedEncryption { what });
    let number = |key: &[u8]| dictionary.get(key).and_then(Object::as_i64).ok();
    match dictionary.get(b"Filter").and_then(Object::as_name) {
        Ok(b"Standard") => {}
        Ok(other) => {
            return unsupported(format!("security handler {}", printable(other)));
        }
        Err(_) => return Err(broken_dictionary("no security handler named")),
    }
    match (number(b"V"), number(b"R")) {
        (Some(1), Some(2 | 3)) | (Some(2), Some(3)) => Ok(()),
        (Some(4), Some(4)) => crypt_filters(dictionary, &[b"V2", b"AESV2"]),
        (Some(5), Some(5 | 6)) => crypt_filters(dictionary, &[b"AESV3"]),
        (Some(version), Some(revision)) => {
            unsupported(format!("version {version}, revision {revision}"))
        }
        _ => Err(broken_dictionary("no version or revision")),
    }
}

/// Whether strings and streams are encrypted by methods that are known; lopdf would take RC4 for others.
fn crypt_filters(dictionary: &Dictionary, methods: &[&[u8]]) -> Result<(), Error> {
    for key in [&b"StmF"[..], b"StrF"] {
        let name = match dictionary.get(key).and_then(Object::as_name) {
            Ok(b"Identity") | Err(_) => continue,
            Ok(name) => name,
        };
        let filter = dictionary
            .get(b"CF")
            .and_then(Object::as_dict)
            .and_then(|filters| filters.get(name))
            .and_then(Object::as_dict)
            .map_err(|_| broken_dictionary("a crypt filter that is not there"))?;
        match filter.get(b"CFM").and_then(Object::as_name) {
            Ok(method) if methods.contains(&method) || method == b"Identity" => {}
            Ok(method) => {
                return Err(Error::UnsupportedEncryption {
                    what: format!("crypt filter method {}", printable(method)),
                });
            }
            Err(_) => {
                return Err(Error::UnsupportedEncryption {
                    what: "crypt filter without method".to_owned(),
                });
            }
        }
    }
    Ok(())
}

fn printable(name: &[u8]) -> String {
    let name: String = String::from_utf8_lossy(name).chars().take(40).collect();
    name.escape_debug().to_string()
}

/// The dictionary with what other readers overlook made right: lengths that the version fixes anyway, and
/// password entries with padding behind them.
fn normalised(mut dictionary: Dictionary) -> Dictionary {
    let version = dictionary.get(b"V").and_then(Object::as_i64).unwrap_or(0);
    if version != 2 {
        dictionary.remove(b"Length");
    }
    if version < 5 {
        for key in [&b"O"[..], b"U"] {
            if let Ok(Object::String(value, _)) = dictionary.get_mut(key) {
                value.truncate(32);
            }
        }
    }
    dictionary
}

/// A document of nothing but what the security handler looks at.
fn skeleton(pdf: &Pdf<'_>, dictionary: Dictionary) -> Result<Document, Error> {
    const ENCRYPT: ObjectId = (1, 0);
    let mut document = Document::new();
    let identifier = pdf.get(pdf.trailer(), b"ID")?;
    let first = identifier.as_array().ok().and_then(|both| both.first());
    let first = match first {
        Some(first) => pdf.resolve(first)?.into_owned(),
        None => Object::Null,
    };
    let first = match first {
        Object::String(..) => first,
        // Without an identifier the key is made without one.
        _ => Object::string_literal(Vec::new()),
    };
    document.trailer.set("ID", Object::Array(vec![first]));
    document.trailer.set("Encrypt", Object::Reference(ENCRYPT));
    document
        .objects
        .insert(ENCRYPT, Object::Dictionary(dictionary));
    Ok(document)
}

/// The password with the five ideographs whose decomposition corrigendum 4 of Unicode changed decomposed as `SASLprep`
/// wants it, which keeps to Unicode 3.2; `None` if there are none. Tools differ, so both are tried.
fn as_of_unicode_3_2(password: &str) -> Option<SecretString> {
    const CHANGED: [(char, char); 5] = [
        ('\u{2f868}', '\u{2136a}'),
        ('\u{2f874}', '\u{5f33}'),
        ('\u{2f91f}', '\u{43ab}'),
        ('\u{2f95f}', '\u{7aae}'),
        ('\u{2f9bf}', '\u{4d57}'),
    ];
    let older = |character| {
        CHANGED
            .iter()
            .find(|pair| pair.0 == character)
            .map(|pair| pair.1)
    };
    password
        .chars()
        .any(|character| older(character).is_some())
        .then(|| {
            let decomposed: String = password
                .chars()
                .map(|character| older(character).unwrap_or(character))
                .collect();
            SecretString::from(decomposed)
        })
}

fn latin1(password: &str) -> Option<Vec<u8>> {
    password
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

fn broken(error: &dyn std::error::Error) -> Error {
    let innermost = std::iter::successors(Some(error), |error| error.source()).last();
    broken_dictionary(&innermost.unwrap_or(error).to_string())
}

fn broken_dictionary(what: &str) -> Error {
    Error::BrokenEncryption {
        what: what.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests;
