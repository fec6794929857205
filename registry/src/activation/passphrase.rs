//! Passphrases: Argon2id (RFC 9106), then a key of the token, then HKDF (RFC 5869), then AES-256-GCM.
//!
//! Nothing to compare a passphrase with is stored. It opens an envelope with a random secret, or it does not; so
//! a wrong one is a failed decryption. The envelope is bound to the holder and to its purpose.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::id::{HolderId, random};
use crate::store::passphrase::Record;
use crate::vault::expand;

/// The way of sealing described above.
pub(crate) const SCHEME: i64 = 1;
const PURPOSE: &[u8] = b"segeld passphrase envelope 1";
/// The most memory that an envelope may ask for, whatever the store says: 1 GiB.
const MOST_KIB: u32 = 1 << 20;
/// The most passes that an envelope may ask for.
const MOST_ITERATIONS: u32 = 16;

/// What stretching costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) iterations: u32,
}

impl Cost {
    /// The cost of passphrases set from now on.
    pub(crate) fn of(settings: &config::Activation) -> Self {
        Self {
            memory_kib: u32::try_from(settings.argon2_memory.get() >> 10).unwrap_or(MOST_KIB),
            iterations: settings.argon2_iterations,
        }
    }

    /// The parameters of Argon2id with one lane.
    pub(crate) fn params(self) -> Result<argon2::Params, Error> {
        if self.memory_kib > MOST_KIB || self.iterations > MOST_ITERATIONS {
            return Err(Error::Sealed);
        }
        argon2::Params::new(self.memory_kib, self.iterations, 1, Some(32))
            .map_err(|_| Error::Sealed)
    }
}

impl From<&Record> for Cost {
    fn from(record: &Record) -> Self {
        Self {
            memory_kib: record.memory_kib,
            iterations: record.iterations,
        }
    }
}

/// A sealed envelope.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) nonce: [u8; NONCE_LEN],
    pub(crate) ciphertext: Vec<u8>,
}

/// Seals a fresh random secret.
pub(crate) fn seal(holder: HolderId, stretched: &[u8; 32]) -> Result<Sealed, Error> {
    let nonce = random()?;
    let secret = Zeroizing::new(random::<32>()?);
    let mut ciphertext = Vec::with_capacity(secret.len() + AES_256_GCM.tag_len());
    ciphertext.extend_from_slice(secret.as_slice());
    key(stretched)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context(holder)),
            &mut ciphertext,
        )
        .map_err(|_| Error::Sealed)?;
    Ok(Sealed { nonce, ciphertext })
}

/// The secret in the envelope, if the passphrase was right.
pub(crate) fn open(envelope: &Record, stretched: &[u8; 32]) -> Option<Zeroizing<Vec<u8>>> {
    if envelope.scheme != SCHEME {
        return None;
    }
    let mut secret = Zeroizing::new(envelope.ciphertext.clone());
    let length = key(stretched)
        .ok()?
        .open_in_place(
            Nonce::assume_unique_for_key(envelope.nonce),
            Aad::from(context(envelope.holder)),
            &mut secret,
        )
        .ok()?
        .len();
    secret.truncate(length);
    Some(secret)
}

fn key(stretched: &[u8; 32]) -> Result<LessSafeKey, Error> {
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(stretched);
    let key = UnboundKey::new(&AES_256_GCM, &*expand(&root, PURPOSE));
    key.map(LessSafeKey::new).map_err(|_| Error::Sealed)
}

fn context(holder: HolderId) -> Vec<u8> {
    [PURPOSE, holder.as_bytes()].concat()
}

/// Whether a passphrase may be set: eight characters with a capital and a digit, or a long phrase.
pub(crate) fn acceptable(passphrase: &SecretString) -> bool {
    let text = passphrase.expose_secret();
    let length = text.chars().count();
    let mixed = text.chars().any(char::is_uppercase) && text.chars().any(char::is_numeric);
    text.len() <= 1024 && (length >= 20 || (length >= 8 && mixed))
}

#[cfg(test)]
mod tests {
    use super::{Cost, SCHEME, acceptable, open, seal};
    use crate::id::HolderId;
    use crate::store::passphrase::Record;

    #[test]
    fn an_envelope_opens_with_its_key_for_its_holder_only() {
        let holder = HolderId::random().unwrap();
        let sealed = seal(holder, &[1; 32]).unwrap();
        let mut record = Record {
            holder,
            scheme: SCHEME,
            salt: [0; 16],
            memory_kib: 8192,
            iterations: 1,
            nonce: sealed.nonce,
            ciphertext: sealed.ciphertext,
            first_lock: 0,
        };
        assert_eq!(open(&record, &[1; 32]).unwrap().len(), 32);
        assert!(open(&record, &[2; 32]).is_none());
        record.holder = HolderId::random().unwrap();
        assert!(open(&record, &[1; 32]).is_none());
        record.holder = holder;
        record.ciphertext.clear();
        assert!(open(&record, &[1; 32]).is_none());
    }

    #[test]
    fn a_store_that_was_tampered_with_cannot_ask_for_absurd_costs() {
        let cost = |memory_kib, iterations| Cost {
            memory_kib,
            iterations,
        };
        assert!(cost(19 * 1024, 2).params().is_ok());
        assert!(cost(u32::MAX, 2).params().is_err());
        assert!(cost(19 * 1024, 1_000_000).params().is_err());
        assert!(cost(0, 0).params().is_err());
    }

    #[test]
    fn rules_for_new_passphrases() {
        for good in ["Rahasia1", "panjang sekali tanpa angka", "\u{dc}mlaute9"] {
            assert!(acceptable(&good.into()), "{good}");
        }
        for bad in ["", "Pendek1", "tanpakapital1", "TanpaAngka"] {
            assert!(!acceptable(&bad.into()), "{bad}");
        }
    }
}
