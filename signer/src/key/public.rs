//! Public keys as certificates carry them (RFC 5280, section 4.1.2.7; RFC 3279, RFC 5480, RFC 8410).

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::{
    digest::Digest,
    signature::{self, ParsedPublicKey, VerificationAlgorithm},
};
use const_oid::db::{rfc5912, rfc8410};
use der::{Decode, asn1::AnyRef};
use spki::SubjectPublicKeyInfoRef;

use crate::cms::algorithm::{DigestAlgorithm, Scheme, SignatureAlgorithm};

use super::{Error, KeyKind, kind};

/// No key that passes the bounds of its kind is longer than this.
const MAX_SPKI: usize = 1024;

/// A public key that has been looked at: of an accepted kind and strength, and on its curve. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    spki: Vec<u8>,
    kind: KeyKind,
    /// What the verification library takes: the RSA public key, the point, or the Ed25519 key.
    raw: Vec<u8>,
    /// For the algorithm the key signs with by default.
    parsed: ParsedPublicKey,
    /// For RSA keys that sign with PSS.
    parsed_pss: OnceLock<Option<ParsedPublicKey>>,
}

impl PublicKey {
    /// Reads the DER of a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if it is none, [`Error::NotAccepted`] if the key is not RSA of 2048 to 4096 bits with an odd
    /// exponent from 65537 to 2^32, P-256, P-384 or Ed25519, or if its point is not on the curve.
    pub fn from_spki(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_SPKI {
            return Err(Error::NotAccepted {
                context: "too long",
            });
        }
        let malformed = |_| Error::Malformed {
            context: "not the DER of a SubjectPublicKeyInfo",
        };
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed)?;
        let raw = info.subject_public_key.as_bytes().ok_or(Error::Malformed {
            context: "the key is not a whole number of octets",
        })?;
        let kind = match info.algorithm.oid {
            rfc5912::RSA_ENCRYPTION => {
                if info.algorithm.parameters != Some(AnyRef::NULL) {
                    return Err(Error::Malformed {
                        context: "RSA parameters are not NULL",
                    });
                }
                kind::rsa(raw)?
            }
            rfc5912::ID_EC_PUBLIC_KEY => kind::elliptic_curve(info.algorithm.parameters, raw)?,
            rfc8410::ID_ED_25519 if info.algorithm.parameters.is_none() && raw.len() == 32 => {
                KeyKind::Ed25519
            }
            rfc8410::ID_ED_25519 => {
                return Err(Error::Malformed {
                    context: "not an Ed25519 key of 32 octets",
                });
            }
            _ => {
                return Err(Error::NotAccepted {
                    context: "neither RSA, P-256, P-384 nor Ed25519",
                });
            }
        };
        let verification =
            kind.verification(kind.default_algorithm().into())
                .ok_or(Error::NotAccepted {
                    context: "no algorithm verifies it",
                })?;
        let parsed = ParsedPublicKey::new(verification, raw).map_err(|_| Error::NotAccepted {
            context: "not a valid key of its kind",
        })?;
        let inner = Inner {
            spki: der.to_vec(),
            kind,
            raw: raw.to_vec(),
            parsed,
            parsed_pss: OnceLock::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The DER of the `SubjectPublicKeyInfo`, as received.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// The content of the `subjectPublicKey` bit string, which key identifiers hash (RFC 5280, section 4.2.1.2).
    #[must_use]
    pub fn subject_public_key(&self) -> &[u8] {
        &self.0.raw
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// Octets of the longest signature this key makes, encoded as CMS carries it.
    #[must_use]
    pub fn max_signature_len(&self) -> usize {
        self.kind().max_signature_len()
    }

    /// What the key signs with unless told otherwise; RSA: PKCS #1 v1.5, which every reader verifies.
    #[must_use]
    pub fn default_algorithm(&self) -> SignatureAlgorithm {
        self.kind().default_algorithm()
    }

    /// Whether keys of this kind sign with `algorithm`.
    #[must_use]
    pub fn signs_with(&self, algorithm: SignatureAlgorithm) -> bool {
        algorithm == self.default_algorithm()
            || matches!(
                (self.kind(), algorithm),
                (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPssSha256)
            )
    }

    /// Verifies `signature` over `message`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongScheme`] if the scheme is not one of this kind of key, [`Error::Faulty`] if it does not verify.
    pub fn verify(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let outcome = match self.parsed(scheme) {
            Some(parsed) => parsed.verify_sig(message, signature),
            None => self
                .verification(scheme)?
                .verify_sig(&self.0.raw, message, signature),
        };
        outcome.map_err(|_| Error::Faulty)
    }

    /// Verifies `signature` over a message of which the scheme's digest is known.
    pub(super) fn verify_digest(
        &self,
        scheme: Scheme,
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), Error> {
        let outcome = match self.parsed(scheme) {
            Some(parsed) => parsed.verify_digest_sig(digest, signature),
            None => self
                .verification(scheme)?
                .verify_digest_sig(&self.0.raw, digest, signature),
        };
        outcome.map_err(|_| Error::Faulty)
    }

    fn verification(&self, scheme: Scheme) -> Result<&'static dyn VerificationAlgorithm, Error> {
        self.kind()
            .verification(scheme)
            .ok_or_else(|| Error::WrongScheme {
                kind: self.kind(),
                scheme,
            })
    }

    /// The key parsed for the schemes it is used with most.
    fn parsed(&self, scheme: Scheme) -> Option<&ParsedPublicKey> {
        if scheme == self.default_algorithm().into() {
            return Some(&self.0.parsed);
        }
        if !matches!(
            (self.kind(), scheme),
            (KeyKind::Rsa { .. }, Scheme::RsaPss(DigestAlgorithm::Sha256))
        ) {
            return None;
        }
        let parse = || ParsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, &self.0.raw).ok();
        self.0.parsed_pss.get_or_init(parse).as_ref()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.0.kind).finish()
    }
}
