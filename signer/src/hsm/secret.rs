//! Secret keys of the token: HMAC-SHA-256, AES-256-GCM and AES key wrap.
//!
//! They never leave the token, and each does one thing: a key that wraps and decrypts could be made to give away what it
//! wraps.

use aws_lc_rs::rand;
use cryptoki::error::RvError;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use zeroize::Zeroizing;

use super::error::Error;
use super::generate::MADE_HERE;
use super::key::KeyId;
use super::session::Desk;

/// What a secret key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Encrypt,
    Mac,
    /// Wraps and unwraps, and must not decrypt: it could open what it wrapped.
    Wrap,
}

/// Octets that pass through a token key at once: it is for keys and digests, not for documents.
const MAX_DATA: usize = 64 * 1024;
const NONCE: usize = 12;
const TAG: usize = 16;

impl Desk {
    /// Makes a secret key of 32 octets.
    ///
    /// `begun` is set before the key is made: an attempt that fails later leaves a key, which the next one takes over.
    pub(super) fn generate_secret(
        &mut self,
        purpose: Purpose,
        id: &KeyId,
        label: &str,
        begun: &mut bool,
    ) -> Result<(), Error> {
        let template = template(purpose, id, label);
        let handle = match self.find(ObjectClass::SECRET_KEY, id)? {
            Some(handle) if *begun => handle,
            Some(_) => return Err(Error::KeyExists { id: id.clone() }),
            None => {
                *begun = true;
                let mechanism = match purpose {
                    Purpose::Encrypt | Purpose::Wrap => Mechanism::AesKeyGen,
                    Purpose::Mac => Mechanism::GenericSecretKeyGen,
                };
                let mut wanted = template.clone();
                wanted.push(Attribute::ValueLen(32.into()));
                self.session().generate_key(&mechanism, &wanted)?
            }
        };
        let outcome = self.confirm(id, handle, template.iter().chain(&MADE_HERE));
        if let Err(Error::Attribute { .. }) = outcome {
            self.destroy(&[handle]);
        }
        outcome
    }

    /// HMAC-SHA-256.
    pub(super) fn hmac(&mut self, id: &KeyId, data: &[u8]) -> Result<[u8; 32], Error> {
        let handle = self.secret_key(id)?;
        let mac = self.session().sign(&Mechanism::Sha256Hmac, handle, data);
        let mac = mac
            .map_err(Error::from)
            .inspect_err(|error| self.forget(id, error))?;
        mac.try_into().map_err(|_| Error::Faulty)
    }

    /// AES-256-GCM with a random nonce, which comes first.
    pub(super) fn encrypt(
        &mut self,
        id: &KeyId,
        context: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        check_length(plaintext)?;
        let handle = self.secret_key(id)?;
        let mut nonce = [0; NONCE];
        rand::fill(&mut nonce).map_err(|_| Error::Unsupported {
            what: "randomness of the system",
        })?;
        let mut sealed = nonce.to_vec();
        let mechanism = gcm(&mut nonce, context)?;
        let ciphertext = self.session().encrypt(&mechanism, handle, plaintext);
        let ciphertext = ciphertext
            .map_err(Error::from)
            .inspect_err(|error| self.forget(id, error))?;
        if ciphertext.len() != plaintext.len() + TAG {
            return Err(Error::Faulty);
        }
        sealed.extend(ciphertext);
        Ok(sealed)
    }

    /// The reverse of [`Desk::encrypt`].
    pub(super) fn decrypt(
        &mut self,
        id: &KeyId,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        check_length(sealed)?;
        let (nonce, ciphertext) = sealed
            .split_first_chunk::<NONCE>()
            .ok_or(Error::Ciphertext)?;
        if ciphertext.len() < TAG {
            return Err(Error::Ciphertext);
        }
        let handle = self.secret_key(id)?;
        let mut nonce = *nonce;
        let mechanism = gcm(&mut nonce, context)?;
        let plaintext = self.session().decrypt(&mechanism, handle, ciphertext);
        let plaintext = plaintext
            .map_err(Error::from)
            .inspect_err(|error| self.forget(id, error));
        plaintext.map(Zeroizing::new).map_err(|error| match error {
            Error::Function { rv, .. } if denies_ciphertext(rv) => Error::Ciphertext,
            error => error,
        })
    }
}

fn check_length(data: &[u8]) -> Result<(), Error> {
    let what = "more than 64 KiB through a token key";
    if data.len() > MAX_DATA {
        Err(Error::Unsupported { what })
    } else {
        Ok(())
    }
}

fn gcm<'a>(nonce: &'a mut [u8], context: &'a [u8]) -> Result<Mechanism<'a>, Error> {
    let tag_bits = 128.into();
    Ok(Mechanism::AesGcm(GcmParams::new(nonce, context, tag_bits)?))
}

/// What tokens answer to a tag that does not fit.
const fn denies_ciphertext(rv: RvError) -> bool {
    matches!(
        rv,
        RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::DataInvalid
            | RvError::FunctionFailed
            | RvError::GeneralError
            | RvError::SignatureInvalid
    )
}

fn template(purpose: Purpose, id: &KeyId, label: &str) -> Vec<Attribute> {
    let (encrypts, wraps) = (purpose == Purpose::Encrypt, purpose == Purpose::Wrap);
    let authenticates = purpose == Purpose::Mac;
    let key_type = if authenticates {
        KeyType::GENERIC_SECRET
    } else {
        KeyType::AES
    };
    vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Modifiable(false),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.as_bytes().to_vec()),
        Attribute::KeyType(key_type),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(authenticates),
        Attribute::Verify(authenticates),
        Attribute::Encrypt(encrypts),
        Attribute::Decrypt(encrypts),
        Attribute::Wrap(wraps),
        Attribute::Unwrap(wraps),
        Attribute::Derive(false),
    ]
}
