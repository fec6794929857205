//! Kinds of keys: their bounds, what they sign with, what verifies them.

use std::fmt;

use aws_lc_rs::signature::{self, VerificationAlgorithm};
use const_oid::{ObjectIdentifier, db::rfc5912};
use der::{
    Decode, Sequence,
    asn1::{AnyRef, UintRef},
};

use super::Error;
use crate::cms::algorithm::{DigestAlgorithm, Scheme, SignatureAlgorithm};

/// RSA moduli below are weak, above cost a verifier more than they give.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// FIPS 186-5 wants more than 2^16; the bound above keeps verification cheap whatever the certificate says.
const RSA_EXPONENT: std::ops::RangeInclusive<u64> = 65537..=0xffff_ffff;

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

impl KeyKind {
    pub(crate) const fn default_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::P256 => SignatureAlgorithm::EcdsaP256Sha256,
            Self::P384 => SignatureAlgorithm::EcdsaP384Sha384,
            Self::Rsa { .. } => SignatureAlgorithm::RsaPkcs1Sha256,
        }
    }

    pub(super) const fn max_signature_len(self) -> usize {
        match self {
            Self::Ed25519 => 64,
            // SEQUENCE of two INTEGERs, each with a sign octet at most.
            Self::P256 => 2 + 2 * (2 + 33),
            Self::P384 => 2 + 2 * (2 + 49),
            Self::Rsa { bits } => bits.div_ceil(8) as usize,
        }
    }

    /// What verifies signatures of this scheme by keys of this kind, if anything does.
    pub(super) fn verification(self, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        Some(match (self, scheme) {
            (Self::Ed25519, Scheme::Ed25519) => &signature::ED25519,
            (Self::P256, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::P256, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::P256, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P256_SHA512_ASN1,
            (Self::P384, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::P384, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::P384, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P384_SHA512_ASN1,
            (Self::Rsa { .. }, Scheme::RsaPkcs1(Sha256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa { .. }, Scheme::RsaPkcs1(Sha384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa { .. }, Scheme::RsaPkcs1(Sha512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Self::Rsa { .. }, Scheme::RsaPss(Sha256)) => &signature::RSA_PSS_2048_8192_SHA256,
            (Self::Rsa { .. }, Scheme::RsaPss(Sha384)) => &signature::RSA_PSS_2048_8192_SHA384,
            (Self::Rsa { .. }, Scheme::RsaPss(Sha512)) => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }
}

/// `RSAPublicKey` (RFC 8017, appendix A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

pub(super) fn rsa(raw: &[u8]) -> Result<KeyKind, Error> {
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

pub(super) fn elliptic_curve(parameters: Option<AnyRef<'_>>, raw: &[u8]) -> Result<KeyKind, Error> {
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
