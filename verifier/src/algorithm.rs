//! Digests, keys and signature schemes that others used, and what of them is acceptable when (EN 319 102-1, 5.2.8;
//! ETSI TS 119 312).
//!
//! Wider than what this house signs with: a verifier has to compute what is no longer accepted, to say that it is not.

use aws_lc_rs::{
    digest,
    signature::{self, VerificationAlgorithm},
};
use const_oid::{
    ObjectIdentifier,
    db::{rfc5912, rfc8410},
};

use crate::asn1::{Error, Reader, Value, tag};

const ID_RSASSA_PSS: ObjectIdentifier = rfc5912::ID_RSASSA_PSS;
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA3_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.8");
const SHA3_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.9");
const SHA3_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.10");
const ED448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.113");
const ECDSA_WITH_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
const SHA1_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5");
const SHA1_WITH_RSA_OIW: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.29");
const SHA224_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.14");

/// A digest algorithm that can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest {
    /// SHA-1, for what was signed long ago.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl Digest {
    const ALL: [(Self, ObjectIdentifier); 8] = [
        (Self::Sha1, SHA1),
        (Self::Sha224, rfc5912::ID_SHA_224),
        (Self::Sha256, rfc5912::ID_SHA_256),
        (Self::Sha384, rfc5912::ID_SHA_384),
        (Self::Sha512, rfc5912::ID_SHA_512),
        (Self::Sha3_256, SHA3_256),
        (Self::Sha3_384, SHA3_384),
        (Self::Sha3_512, SHA3_512),
    ];

    pub(crate) fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find_map(|(digest, known)| (known == oid).then_some(digest))
    }

    fn provider(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
            Self::Sha3_256 => &digest::SHA3_256,
            Self::Sha3_384 => &digest::SHA3_384,
            Self::Sha3_512 => &digest::SHA3_512,
        }
    }

    /// The digest of the parts, one after the other.
    pub(crate) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        self.compute(parts).as_ref().to_vec()
    }

    /// The same, to verify signatures over.
    pub(crate) fn compute(self, parts: &[&[u8]]) -> digest::Digest {
        let mut context = digest::Context::new(self.provider());
        for part in parts {
            context.update(part);
        }
        context.finish()
    }

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_384 => "SHA3-384",
            Self::Sha3_512 => "SHA3-512",
        }
    }
}

/// What kind of public key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// The curve P-256.
    P256,
    /// The curve P-384.
    P384,
    /// The curve P-521.
    P521,
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// Something that nothing here verifies.
    Unsupported {
        /// The algorithm or the curve.
        oid: ObjectIdentifier,
    },
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::Unsupported { oid } if *oid == ED448 => f.write_str("Ed448"),
            Self::Unsupported { oid } => write!(f, "{oid}"),
        }
    }
}

/// A public key as a certificate carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) kind: KeyKind,
    /// The content of the bit string.
    pub(crate) raw: Vec<u8>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`. Kinds that are not known come back as such.
    pub(crate) fn from_spki(spki: &Value<'_>) -> Result<Self, Error> {
        let mut fields = spki.reader();
        let mut algorithm = fields.sequence()?;
        let oid = algorithm.oid()?;
        let raw = fields.expect(tag::BIT_STRING)?.bits()?;
        let kind = match oid {
            rfc5912::RSA_ENCRYPTION | ID_RSASSA_PSS => KeyKind::Rsa {
                bits: modulus_bits(raw)?,
            },
            rfc5912::ID_EC_PUBLIC_KEY => match algorithm.oid() {
                Ok(rfc5912::SECP_256_R_1) => KeyKind::P256,
                Ok(rfc5912::SECP_384_R_1) => KeyKind::P384,
                Ok(rfc5912::SECP_521_R_1) => KeyKind::P521,
                Ok(oid) => KeyKind::Unsupported { oid },
                Err(_) => KeyKind::Unsupported { oid },
            },
            rfc8410::ID_ED_25519 => KeyKind::Ed25519,
            oid => KeyKind::Unsupported { oid },
        };
        Ok(Self {
            kind,
            raw: raw.to_vec(),
        })
    }
}

fn modulus_bits(raw: &[u8]) -> Result<usize, Error> {
    let key = Value::parse(raw)?;
    let modulus = key.reader().expect(tag::INTEGER)?;
    let mut octets = modulus.content.iter().skip_while(|octet| **octet == 0);
    let leading = octets.next().ok_or(Error("modulus"))?;
    Ok(octets.count() * 8 + 8 - leading.leading_zeros() as usize)
}

/// An algorithm identifier as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identifier {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) parameters: Option<Vec<u8>>,
}

impl Identifier {
    pub(crate) fn read(value: &Value<'_>) -> Result<Self, Error> {
        if !value.is(tag::SEQUENCE) {
            return Err(Error("algorithm identifier"));
        }
        let mut fields = value.reader();
        let oid = fields.oid()?;
        let parameters = match fields.is_empty() {
            true => None,
            false => Some(fields.next()?.raw.to_vec()),
        };
        fields.end()?;
        Ok(Self { oid, parameters })
    }

    pub(crate) fn digest(&self) -> Option<Digest> {
        Digest::from_oid(self.oid)
    }
}

/// How a signature is verified, the key aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ecdsa(Digest),
    Ed25519,
    RsaPkcs1(Digest),
    RsaPss(Digest),
}

impl Scheme {
    /// The scheme an identifier names; `beside` is the digest that a CMS names beside it.
    pub(crate) fn read(identifier: &Identifier, beside: Option<Digest>) -> Result<Self, Trouble> {
        use Digest::{Sha1, Sha224, Sha256, Sha384, Sha512};
        let named = match identifier.oid {
            rfc5912::RSA_ENCRYPTION => {
                return beside.map(Self::RsaPkcs1).ok_or(Trouble::Unsupported);
            }
            rfc5912::ID_EC_PUBLIC_KEY => {
                return beside.map(Self::Ecdsa).ok_or(Trouble::Unsupported);
            }
            SHA1_WITH_RSA | SHA1_WITH_RSA_OIW => Self::RsaPkcs1(Sha1),
            SHA224_WITH_RSA => Self::RsaPkcs1(Sha224),
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Sha256),
            rfc5912::SHA_384_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Sha384),
            rfc5912::SHA_512_WITH_RSA_ENCRYPTION => Self::RsaPkcs1(Sha512),
            ECDSA_WITH_SHA1 => Self::Ecdsa(Sha1),
            rfc5912::ECDSA_WITH_SHA_224 => Self::Ecdsa(Sha224),
            rfc5912::ECDSA_WITH_SHA_256 => Self::Ecdsa(Sha256),
            rfc5912::ECDSA_WITH_SHA_384 => Self::Ecdsa(Sha384),
            rfc5912::ECDSA_WITH_SHA_512 => Self::Ecdsa(Sha512),
            rfc8410::ID_ED_25519 => return Ok(Self::Ed25519),
            ID_RSASSA_PSS => pss(identifier)?,
            _ => return Err(Trouble::Unsupported),
        };
        match (beside, named.digest()) {
            (Some(beside), Some(named)) if beside != named => Err(Trouble::Contradiction),
            _ => Ok(named),
        }
    }

    pub(crate) const fn digest(self) -> Option<Digest> {
        match self {
            Self::Ecdsa(digest) | Self::RsaPkcs1(digest) | Self::RsaPss(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }

    /// As reports name it, such as "RSA with SHA256".
    pub(crate) fn name(self) -> String {
        let (family, digest) = match self {
            Self::Ecdsa(digest) => ("ECDSA", digest),
            Self::RsaPkcs1(digest) => ("RSA", digest),
            Self::RsaPss(digest) => ("RSA PSS", digest),
            Self::Ed25519 => return "Ed25519".to_owned(),
        };
        format!("{family} with {}", digest.name())
    }
}

/// Why a signature could not be shown to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Two places name different algorithms.
    Contradiction,
    /// It was computed and is wrong.
    Wrong,
    /// Nothing here computes it.
    Unsupported,
}

/// RSASSA-PSS-params (RFC 4055, 3.1); all defaults are SHA-1's.
fn pss(identifier: &Identifier) -> Result<Scheme, Trouble> {
    let read = || -> Result<(Option<Digest>, Option<Digest>, u64, u64), Error> {
        let parameters = identifier
            .parameters
            .as_deref()
            .ok_or(Error("no parameters"))?;
        let mut fields = Value::parse(parameters)?.reader();
        let (mut hash, mut mask, mut salt, mut trailer) =
            (Some(Digest::Sha1), Some(Digest::Sha1), 20, 1);
        if let Some(value) = fields.optional(tag::context(0))? {
            hash = Identifier::read(&Value::parse(value.content)?)?.digest();
        }
        if let Some(value) = fields.optional(tag::context(1))? {
            let generator = Identifier::read(&Value::parse(value.content)?)?;
            let inner = generator.parameters.ok_or(Error("mask"))?;
            mask = Identifier::read(&Value::parse(&inner)?)?
                .digest()
                .filter(|_| generator.oid == rfc5912::ID_MGF_1);
        }
        if let Some(value) = fields.optional(tag::context(2))? {
            salt = Value::parse(value.content)?.small()?;
        }
        if let Some(value) = fields.optional(tag::context(3))? {
            trailer = Value::parse(value.content)?.small()?;
        }
        fields.end()?;
        Ok((hash, mask, salt, trailer))
    };
    let (hash, mask, salt, trailer) = read().map_err(|_| Trouble::Unsupported)?;
    match hash {
        // The library takes a salt as long as the digest and the same digest in the mask.
        Some(digest)
            if mask == hash && trailer == 1 && salt == digest.provider().output_len() as u64 =>
        {
            Ok(Scheme::RsaPss(digest))
        }
        _ => Err(Trouble::Unsupported),
    }
}

/// Verifies a signature over a message.
pub(crate) fn verify(
    key: &PublicKey,
    scheme: Scheme,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Trouble> {
    let algorithm = verification(&key.kind, scheme)?;
    algorithm
        .verify_sig(&key.raw, message, signature)
        .map_err(|_| Trouble::Wrong)
}

/// Verifies a signature over a message of which the digest is known.
pub(crate) fn verify_digest(
    key: &PublicKey,
    scheme: Scheme,
    digest: &digest::Digest,
    signature: &[u8],
) -> Result<(), Trouble> {
    if scheme.digest().is_none() {
        return Err(Trouble::Unsupported);
    }
    verification(&key.kind, scheme)?
        .verify_digest_sig(&key.raw, digest, signature)
        .map_err(|_| Trouble::Wrong)
}

fn verification(
    kind: &KeyKind,
    scheme: Scheme,
) -> Result<&'static dyn VerificationAlgorithm, Trouble> {
    use Digest::{Sha1, Sha224, Sha256, Sha384, Sha512};
    Ok(match (kind, scheme) {
        (KeyKind::Ed25519, Scheme::Ed25519) => &signature::ED25519,
        (KeyKind::P256, Scheme::Ecdsa(Sha1)) => &signature::ECDSA_P256_SHA1_ASN1,
        (KeyKind::P256, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
        (KeyKind::P256, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
        (KeyKind::P256, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P256_SHA512_ASN1,
        (KeyKind::P384, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
        (KeyKind::P384, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
        (KeyKind::P384, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P384_SHA512_ASN1,
        (KeyKind::P521, Scheme::Ecdsa(Sha1)) => &signature::ECDSA_P521_SHA1_ASN1,
        (KeyKind::P521, Scheme::Ecdsa(Sha224)) => &signature::ECDSA_P521_SHA224_ASN1,
        (KeyKind::P521, Scheme::Ecdsa(Sha256)) => &signature::ECDSA_P521_SHA256_ASN1,
        (KeyKind::P521, Scheme::Ecdsa(Sha384)) => &signature::ECDSA_P521_SHA384_ASN1,
        (KeyKind::P521, Scheme::Ecdsa(Sha512)) => &signature::ECDSA_P521_SHA512_ASN1,
        (KeyKind::Rsa { bits: 1024..=8192 }, Scheme::RsaPkcs1(Sha1)) => {
            &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
        }
        (KeyKind::Rsa { bits: 1024..=8192 }, Scheme::RsaPkcs1(Sha256)) => {
            &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        (KeyKind::Rsa { bits: 2048..=8192 }, Scheme::RsaPkcs1(Sha384)) => {
            &signature::RSA_PKCS1_2048_8192_SHA384
        }
        (KeyKind::Rsa { bits: 1024..=8192 }, Scheme::RsaPkcs1(Sha512)) => {
            &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
        }
        (KeyKind::Rsa { bits: 2048..=8192 }, Scheme::RsaPss(Sha256)) => {
            &signature::RSA_PSS_2048_8192_SHA256
        }
        (KeyKind::Rsa { bits: 2048..=8192 }, Scheme::RsaPss(Sha384)) => {
            &signature::RSA_PSS_2048_8192_SHA384
        }
        (KeyKind::Rsa { bits: 2048..=8192 }, Scheme::RsaPss(Sha512)) => {
            &signature::RSA_PSS_2048_8192_SHA512
        }
        // A key of one family cannot have made a signature of another.
        (KeyKind::Rsa { .. }, Scheme::Ecdsa(_) | Scheme::Ed25519)
        | (
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521,
            Scheme::RsaPkcs1(_) | Scheme::RsaPss(_) | Scheme::Ed25519,
        )
        | (KeyKind::Ed25519, Scheme::RsaPkcs1(_) | Scheme::RsaPss(_) | Scheme::Ecdsa(_)) => {
            return Err(Trouble::Contradiction);
        }
        _ => return Err(Trouble::Unsupported),
    })
}

/// The first value of a reader as an identifier.
pub(crate) fn identifier(fields: &mut Reader<'_>) -> Result<Identifier, Error> {
    Identifier::read(&fields.expect(tag::SEQUENCE)?)
}
