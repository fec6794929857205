//! Private keys that live outside the token, wrapped under a key of the token (AES key wrap with padding, RFC 5649).
//!
//! A wrapped key is in the token only while it signs: unwrapping, signing and destroying are one job on one session. A
//! session object dies with the session that made it, so that a lost session leaves nothing behind, and none needs another's.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use cryptoki::error::RvError;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};

use crate::cms::algorithm::SignatureAlgorithm;
use crate::key::{KeyKind, PublicKey, Signature, Signing, SigningKey};

use super::Hsm;
use super::error::Error;
use super::generate::{key_type, make_pair};
use super::job::Kind;
use super::key::KeyId;
use super::secret::Purpose;
use super::session::{Desk, PrivateKey, Signer};
use super::spki;

/// A key pair whose private half is wrapped.
#[derive(Clone)]
pub struct Wrapped {
    /// The key of the token that unwraps it.
    pub wrapping: KeyId,
    /// The public half.
    pub public: PublicKey,
    /// The wrapped private half; useless to whoever lacks the token.
    pub blob: Arc<[u8]>,
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapped")
            .field("wrapping", &self.wrapping)
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// A wrapped key that signs.
#[derive(Debug, Clone)]
pub struct WrappedKey {
    hsm: Hsm,
    /// Its identifier is the wrapping key's.
    signer: Arc<Signer>,
    blob: Arc<[u8]>,
}

impl Hsm {
    /// Makes an AES key of the token that wraps and unwraps, and does nothing else.
    ///
    /// # Errors
    /// As [`Hsm::generate`].
    pub async fn generate_wrapping_key(
        &self,
        id: KeyId,
        label: String,
        deadline: Instant,
    ) -> Result<(), Error> {
        self.generate_secret(Purpose::Wrap, id, label, deadline)
            .await
    }

    /// Makes a key pair that leaves the token wrapped. It has been unwrapped and has signed before it is answered.
    ///
    /// # Errors
    /// [`Error::KeyMissing`] without the wrapping key, [`Error::Unsupported`] when the token does not wrap so, and any
    /// error of the token.
    pub async fn generate_wrapped(
        &self,
        wrapping: KeyId,
        kind: KeyKind,
        deadline: Instant,
    ) -> Result<Wrapped, Error> {
        self.submit(Kind::Pass, deadline, move |desk| {
            desk.generate_wrapped(&wrapping, kind)
        })
        .await
    }

    /// A wrapped key as one that signs. Nothing is unwrapped before it does.
    #[must_use]
    pub fn wrapped_key(&self, wrapped: &Wrapped) -> WrappedKey {
        WrappedKey {
            hsm: self.clone(),
            signer: Arc::new(wrapped.signer()),
            blob: Arc::clone(&wrapped.blob),
        }
    }
}

impl Wrapped {
    fn signer(&self) -> Signer {
        let algorithm = self.public.default_algorithm();
        Signer::new(self.wrapping.clone(), self.public.clone(), algorithm)
    }
}

impl SigningKey for WrappedKey {
    fn public_key(&self) -> &PublicKey {
        self.signer.public()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.signer.algorithm()
    }

    /// The error is [`Error::Ciphertext`] when the blob was tampered with or made under another key.
    fn sign(&self, message: Vec<u8>, deadline: Instant) -> Signing {
        let (signer, blob) = (Arc::clone(&self.signer), Arc::clone(&self.blob));
        let work = move |desk: &mut Desk| desk.sign_wrapped(&signer, &blob, &message);
        Box::pin(self.hsm.submit(Kind::SignUnwrapped, deadline, work))
    }
}

impl Desk {
    fn generate_wrapped(&mut self, wrapping: &KeyId, kind: KeyKind) -> Result<Wrapped, Error> {
        let mechanism = self.wrapping_mechanism()?;
        let wrapping_key = self.secret_key(wrapping)?;
        let (public, private) = make_pair(
            self.session(),
            kind,
            &public_template(kind),
            &template(kind, true),
        )?;
        let outcome: Result<Wrapped, Error> = (|| {
            let attributes = self.session().get_attributes(public, &spki::ATTRIBUTES)?;
            let key = spki::public_key(&attributes).filter(|key| key.kind() == kind);
            let key = key.ok_or(Error::Unsupported {
                what: "the public key that the token made",
            })?;
            let blob = self.session().wrap_key(&mechanism, wrapping_key, private);
            let blob = blob
                .map_err(Error::from)
                .inspect_err(|error| self.forget(wrapping, error))?;
            Ok(Wrapped {
                wrapping: wrapping.clone(),
                public: key,
                blob: blob.into(),
            })
        })();
        self.discard(&[public, private]);
        let wrapped = outcome?;
        // What cannot be used is not handed out: a blob that was damaged on its way, or a token that wraps but does not unwrap.
        match self.sign_wrapped(&wrapped.signer(), &wrapped.blob, PROBE) {
            Ok(_) => Ok(wrapped),
            Err(Error::Ciphertext) => Err(Error::Faulty),
            Err(error) => Err(error),
        }
    }

    fn sign_wrapped(
        &mut self,
        key: &Signer,
        blob: &[u8],
        message: &[u8],
    ) -> Result<Signature, Error> {
        if blob.len() > MAX_BLOB {
            return Err(Error::Ciphertext);
        }
        let mechanism = self.wrapping_mechanism()?;
        let wrapping_key = self.secret_key(key.id())?;
        let template = template(key.public().kind(), false);
        let unwrap = |desk: &Self| {
            let unwrapped = desk
                .session()
                .unwrap_key(&mechanism, wrapping_key, blob, &template);
            unwrapped.map_err(Error::from)
        };
        let handle = match unwrap(self) {
            // The answer to bytes that were tampered with is often also the answer to a passing trouble, which does not come
            // twice; nothing stronger than asking again is done about it.
            Err(Error::Function { rv, .. }) if is_ambiguous(rv) => unwrap(self),
            outcome => outcome,
        };
        let handle = handle.inspect_err(|error| self.forget(key.id(), error));
        let handle: ObjectHandle = handle.map_err(|error| match error {
            Error::Function { rv, .. } if is_ambiguous(rv) || denies_blob(rv) => Error::Ciphertext,
            error => error,
        })?;
        let attended = false;
        let outcome = self.sign_with(PrivateKey { handle, attended }, key, message);
        self.discard(&[handle]);
        outcome
    }

    /// Destroys session objects. When that fails the session is at fault, and takes them along.
    fn discard(&self, objects: &[ObjectHandle]) {
        for object in objects {
            if let Err(error) = self.session().destroy_object(*object) {
                tracing::debug!(%error, "a session object cannot be destroyed");
            }
        }
    }

    fn wrapping_mechanism(&self) -> Result<Mechanism<'static>, Error> {
        let what = "AES key wrap with padding (CKM_AES_KEY_WRAP_PAD)";
        let mechanisms = &self.link.mechanisms;
        if mechanisms.contains(&MechanismType::AES_KEY_WRAP_PAD) {
            Ok(Mechanism::AesKeyWrapPad)
        } else {
            Err(Error::Unsupported { what })
        }
    }
}

/// A private key of 4096 bits wraps to some 2,400 octets.
const MAX_BLOB: usize = 8192;
/// What a new key signs first; no protocol signs the like of it.
const PROBE: &[u8] = b"segeld: a new key's first signature";

const fn is_ambiguous(rv: RvError) -> bool {
    matches!(
        rv,
        RvError::FunctionFailed
            | RvError::GeneralError
            | RvError::UnknownErrorCode(_)
            | RvError::VendorDefined(_)
    )
}

const fn denies_blob(rv: RvError) -> bool {
    matches!(
        rv,
        RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::WrappedKeyInvalid
            | RvError::WrappedKeyLenRange
    )
}

/// What the private half is, when it is made and each time it is unwrapped; only when it is made may it leave.
fn template(kind: KeyKind, extractable: bool) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(key_type(kind)),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(extractable),
        Attribute::Sign(true),
        Attribute::SignRecover(false),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
    ]
}

fn public_template(kind: KeyKind) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Token(false),
        Attribute::Private(false),
        Attribute::KeyType(key_type(kind)),
        Attribute::Verify(true),
    ];
    if let KeyKind::Rsa { bits } = kind {
        template.push(Attribute::ModulusBits(u64::from(bits).into()));
        template.push(Attribute::PublicExponent(vec![1, 0, 1]));
    }
    template
}
