//! Public keys as certificates carry them (RFC 5280, section 4.1.2.7; RFC 3279, RFC 5480, RFC 8410).

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::{
    digest::Digest,
    signature::{self, ParsedPublicKey, VerificationAlgorithm},
};
use const_oid::{
    ObjectIdentifier,
    db::{rfc5912, rfc8410},
};
use der::{
    Decode, Sequence,
    asn1::{AnyRef, UintRef},
};
use spki::SubjectPublicKeyInfoRef;

use crate::cms::algorithm::{DigestAlgorithm, Scheme, SignatureAlgorithm};

use super::Error;

/// RSA moduli below are weak, above cost a verifier more than they give.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// FIPS 186-5 wants more than 2^16; the bound above keeps verification cheap whatever the certificate says.
const RSA_EXPONENT: std::ops::RangeInclusive<u64> = 65537..=0xffff_ffff;
/// No key that passes the bounds above is longer than this.
const MAX_SPKI: usize = 1024;

/// What kind of key, and how strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// The curve P-256 (secp256r1).
    P256,
    /// The curve P-384 (secp384r1).
    P384,
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
        }
    }
}

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
                rsa(raw)?
            }
            rfc5912::ID_EC_PUBLIC_KEY => elliptic_curve(info.algorithm.parameters, raw)?,
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
            verification(kind, kind.default_algorithm().into()).ok_or(Error::NotAccepted {
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
        match self.kind() {
            KeyKind::Ed25519 => 64,
            // SEQUENCE of two INTEGERs, each with a sign octet at most.
            KeyKind::P256 => 2 + 2 * (2 + 33),
            KeyKind::P384 => 2 + 2 * (2 + 49),
            KeyKind::Rsa { bits } => bits.div_ceil(8) as usize,
        }
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
        verification(self.kind(), scheme).ok_or_else(|| Error::WrongScheme {
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

impl KeyKind {
    const fn default_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::P256 => SignatureAlgorithm::EcdsaP256Sha256,
            Self::P384 => SignatureAlgorithm::EcdsaP384Sha384,
            Self::Rsa { .. } => SignatureAlgorithm::RsaPkcs1Sha256,
        }
    }
}

/// `RSAPublicKey` (RFC 8017, appendix A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

fn rsa(raw: &[u8]) -> Result<KeyKind, Error> {
    let malformed = |_| Error::Malformed {
        context: "not the DER of an RSAPublicKey",
    };
    let key = RsaPublicKey::from_der(raw).map_err(malformed)?;
    let modulus = key.modulus.as_bytes();
    let leading = modulus
        .first()
        .map_or(0, |octet| octet.leading_zeros() as usize);
    let bits = (modulus.len() * 8).saturating_sub(leading);
    if !RSA_BITS.contains(&bits) || modulus.last().is_none_or(|octet| octet % 2 == 0) {
        return Err(Error::NotAccepted {
            context: "RSA modulus is even or not of 2048 to 4096 bits",
        });
    }
    let exponent = key.public_exponent.as_bytes();
    let value = exponent
        .iter()
        .fold(0_u64, |value, octet| (value << 8) | u64::from(*octet));
    if exponent.len() > 8 || !RSA_EXPONENT.contains(&value) || value % 2 == 0 {
        return Err(Error::NotAccepted {
            context: "RSA exponent is even, below 65537 or above 32 bits",
        });
    }
    let bits = u32::try_from(bits).map_err(|_| Error::NotAccepted {
        context: "RSA modulus too long",
    })?;
    Ok(KeyKind::Rsa { bits })
}

fn elliptic_curve(parameters: Option<AnyRef<'_>>, raw: &[u8]) -> Result<KeyKind, Error> {
    let curve: ObjectIdentifier =
        parameters
            .and_then(|any| any.decode_as().ok())
            .ok_or(Error::NotAccepted {
                context: "curve is not named",
            })?;
    let (kind, length) = match curve {
        rfc5912::SECP_256_R_1 => (KeyKind::P256, 65),
        rfc5912::SECP_384_R_1 => (KeyKind::P384, 97),
        _ => {
            return Err(Error::NotAccepted {
                context: "curve is neither P-256 nor P-384",
            });
        }
    };
    // 0x04: uncompressed, the one form RFC 5480 has everybody support. Whether it is on the curve, the parser says.
    if raw.len() != length || raw.first() != Some(&0x04) {
        return Err(Error::NotAccepted {
            context: "point is not in uncompressed form",
        });
    }
    Ok(kind)
}

fn verification(kind: KeyKind, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    Some(match (kind, scheme) {
        (KeyKind::Ed25519, Scheme::Ed25519) => &signature::ED25519,
        (KeyKind::P256, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
        (KeyKind::P256, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
        (KeyKind::P256, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P256_SHA512_ASN1,
        (KeyKind::P384, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
        (KeyKind::P384, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
        (KeyKind::P384, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P384_SHA512_ASN1,
        (KeyKind::Rsa { .. }, Scheme::RsaPkcs1(Sha256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (KeyKind::Rsa { .. }, Scheme::RsaPkcs1(Sha384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (KeyKind::Rsa { .. }, Scheme::RsaPkcs1(Sha512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (KeyKind::Rsa { .. }, Scheme::RsaPss(Sha256)) => &signature::RSA_PSS_2048_8192_SHA256,
        (KeyKind::Rsa { .. }, Scheme::RsaPss(Sha384)) => &signature::RSA_PSS_2048_8192_SHA384,
        (KeyKind::Rsa { .. }, Scheme::RsaPss(Sha512)) => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
