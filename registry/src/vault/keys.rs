//! The vault's keys and what is done with them.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::id::{AgencyId, random};

/// A data key as the store keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Wrapped(pub(crate) Vec<u8>);

/// The keys that descend from the token's.
pub(crate) struct Keys {
    index: hmac::Key,
    wrap: LessSafeKey,
    pepper: hmac::Key,
}

impl Keys {
    /// Derives the keys (HKDF, RFC 5869), one for each purpose.
    pub(crate) fn derive(root: &[u8; 32]) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"segeld vault").extract(root);
        Self {
            index: hmac::Key::new(hmac::HMAC_SHA256, &*expand(&root, b"blind index 1")),
            wrap: aead_key(&expand(&root, b"data key wrap 1")),
            pepper: hmac::Key::new(hmac::HMAC_SHA256, &*expand(&root, b"passphrase pepper 1")),
        }
    }

    /// The blind index of a value: equal values of one agency and kind have equal indexes, and nothing else
    /// can be learnt from them without the key.
    pub(crate) fn index(&self, agency: AgencyId, kind: &str, value: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(agency.as_bytes());
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        context.sign().as_ref().to_vec()
    }

    /// Mixes what came out of Argon2id with a key of the token, so that a guess cannot be tested without it.
    pub(crate) fn pepper(&self, owner: &[u8; 16], stretched: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut context = hmac::Context::with_key(&self.pepper);
        context.update(owner);
        context.update(stretched);
        let mut out = Zeroizing::new([0; 32]);
        for (out, byte) in out.iter_mut().zip(context.sign().as_ref()) {
            *out = *byte;
        }
        out
    }

    /// A new data key and its wrapped form.
    pub(crate) fn new_data_key(&self, owner: &[u8; 16]) -> Result<(DataKey, Wrapped), Error> {
        let key = Zeroizing::new(random::<32>()?);
        let wrapped = seal(&self.wrap, &wrap_context(owner), &*key)?;
        Ok((DataKey::new(owner, &key), Wrapped(wrapped)))
    }

    /// Opens a wrapped data key.
    pub(crate) fn data_key(&self, owner: &[u8; 16], wrapped: &Wrapped) -> Result<DataKey, Error> {
        let key = open(&self.wrap, &wrap_context(owner), &wrapped.0)?;
        let key: &[u8; 32] = key.as_slice().try_into().map_err(|_| Error::Sealed)?;
        Ok(DataKey::new(owner, key))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// The key to the sealed fields of one holder or custodian.
pub(crate) struct DataKey {
    owner: [u8; 16],
    key: LessSafeKey,
}

impl DataKey {
    fn new(owner: &[u8; 16], key: &[u8; 32]) -> Self {
        Self {
            owner: *owner,
            key: aead_key(key),
        }
    }

    /// Seals a value for a column of a row.
    pub(crate) fn seal(
        &self,
        column: &str,
        row: &[u8; 16],
        value: &[u8],
    ) -> Result<Vec<u8>, Error> {
        seal(&self.key, &self.context(column, row), value)
    }

    /// Opens the value of a column of a row.
    pub(crate) fn open(
        &self,
        column: &str,
        row: &[u8; 16],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        open(&self.key, &self.context(column, row), sealed)
    }

    fn context(&self, column: &str, row: &[u8; 16]) -> Vec<u8> {
        [b"field", column.as_bytes(), &[0], &self.owner, row].concat()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey").finish_non_exhaustive()
    }
}

fn wrap_context(owner: &[u8; 16]) -> Vec<u8> {
    [b"data key".as_slice(), owner].concat()
}

/// 32 bytes of HKDF-Expand for one purpose.
pub(crate) fn expand(key: &hkdf::Prk, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    #[expect(
        clippy::expect_used,
        reason = "HKDF-SHA-256 refuses only more than 8,160 bytes of output"
    )]
    key.expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .expect("32 bytes are within the bounds of HKDF");
    out
}

fn aead_key(key: &[u8; 32]) -> LessSafeKey {
    #[expect(clippy::expect_used, reason = "an AES-256 key has 32 bytes")]
    let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are an AES-256 key");
    LessSafeKey::new(key)
}

/// Nonce, ciphertext and tag of AES-256-GCM.
fn seal(key: &LessSafeKey, context: &[u8], value: &[u8]) -> Result<Vec<u8>, Error> {
    let nonce = random::<NONCE_LEN>()?;
    // Room for the tag from the start, so that no growing buffer leaves the value behind.
    let mut sealed = Vec::with_capacity(value.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(value);
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(context),
        &mut sealed,
    )
    .map_err(|_| Error::Sealed)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(key: &LessSafeKey, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(Error::Sealed)?;
    let mut value = Zeroizing::new(sealed.to_vec());
    let length = key
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context),
            &mut value,
        )
        .map_err(|_| Error::Sealed)?
        .len();
    value.truncate(length);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{Keys, Wrapped};
    use crate::id::AgencyId;

    #[test]
    fn a_field_opens_in_its_own_place_only() {
        let keys = Keys::derive(&[7; 32]);
        let (key, wrapped) = keys.new_data_key(&[1; 16]).unwrap();
        let sealed = key.seal("nik", &[2; 16], b"3171000000000001").unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"3171"));
        let again = keys.data_key(&[1; 16], &wrapped).unwrap();
        assert_eq!(
            *again.open("nik", &[2; 16], &sealed).unwrap(),
            b"3171000000000001"
        );
        assert!(again.open("name", &[2; 16], &sealed).is_err());
        assert!(again.open("nik", &[3; 16], &sealed).is_err());
        assert!(keys.data_key(&[2; 16], &wrapped).is_err());
        assert!(Keys::derive(&[8; 32]).data_key(&[1; 16], &wrapped).is_err());
        assert!(keys.data_key(&[1; 16], &Wrapped(vec![0; 3])).is_err());
    }

    #[test]
    fn indexes_tell_agencies_kinds_and_values_apart() {
        let keys = Keys::derive(&[7; 32]);
        let [one, two] = [AgencyId::random().unwrap(), AgencyId::random().unwrap()];
        let index = keys.index(one, "nik", "1");
        assert_eq!(index, keys.index(one, "nik", "1"));
        assert_ne!(index, keys.index(two, "nik", "1"));
        assert_ne!(index, keys.index(one, "email", "1"));
        assert_ne!(index, Keys::derive(&[8; 32]).index(one, "nik", "1"));
    }
}
