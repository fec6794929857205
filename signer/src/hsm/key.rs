//! Keys by name: `CKA_ID`, what a key is to be, and the key that signs for its holder.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use crate::cms::algorithm::SignatureAlgorithm;
use crate::key::{KeyKind, PublicKey, Signing, SigningKey};

use super::Hsm;
use super::error::Error;
use super::job::Kind;
use super::session::Signer;

/// `CKA_ID`: what a key of a token is found by, together with its class.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Arc<[u8]>);

impl KeyId {
    /// Takes the octets of a `CKA_ID`.
    ///
    /// # Errors
    /// [`Error::Setting`] when there are none, which would find every key, or more than tokens keep.
    pub fn new(octets: &[u8]) -> Result<Self, Error> {
        if octets.is_empty() || octets.len() > MAX_ID {
            return Err(Error::Setting {
                what: "a key identifier has 1 to 128 octets",
            });
        }
        Ok(Self(octets.into()))
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(hex: &str) -> Result<Self, Error> {
        let malformed = Error::Setting {
            what: "a key identifier is written in hexadecimal",
        };
        if !hex.len().is_multiple_of(2) || hex.len() > 2 * MAX_ID {
            return Err(malformed);
        }
        let digits: Option<Vec<u8>> = hex
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let octets: Vec<u8> = digits
            .ok_or(malformed)?
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |octet, digit| (octet << 4) | digit))
            .collect();
        Self::new(&octets)
    }
}

/// A resident key pair to be made.
#[derive(Debug, Clone)]
pub struct KeySpec {
    /// `CKA_ID` of both halves.
    pub id: KeyId,
    /// `CKA_LABEL` of both halves, for people who look at the token.
    pub label: String,
    /// What kind of key.
    pub kind: KeyKind,
}

/// A resident key that signs: its private half never leaves the token.
#[derive(Clone)]
pub struct TokenKey {
    hsm: Hsm,
    signer: Arc<Signer>,
}

impl TokenKey {
    pub(super) fn new(hsm: Hsm, signer: Signer) -> Self {
        Self {
            hsm,
            signer: Arc::new(signer),
        }
    }

    /// The key's `CKA_ID`.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        self.signer.id()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenKey").field(&self.signer).finish()
    }
}

impl SigningKey for TokenKey {
    fn public_key(&self) -> &PublicKey {
        self.signer.public()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.signer.algorithm()
    }

    fn sign(&self, message: Vec<u8>, deadline: Instant) -> Signing {
        if !self.signer.public().signs_with(self.signer.algorithm()) {
            let error = Error::Unsupported {
                what: "the algorithm with this kind of key",
            };
            return Box::pin(std::future::ready(Err(error)));
        }
        let signer = Arc::clone(&self.signer);
        let answer = self.hsm.submit(Kind::Sign, deadline, move |desk| {
            desk.sign(&signer, &message)
        });
        Box::pin(answer)
    }
}

const MAX_ID: usize = 128;
