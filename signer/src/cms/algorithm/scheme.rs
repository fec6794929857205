//! Signature schemes as others' certificates and messages name them (RFC 4055, RFC 5754, RFC 5758, RFC 8410).

use const_oid::db::{rfc5912, rfc8410};
use der::{Sequence, asn1::AnyRef};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use super::{DigestAlgorithm, SignatureAlgorithm};

/// How a signature over a message is to be verified; the curve or the modulus is the key's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// ECDSA with this digest.
    Ecdsa(DigestAlgorithm),
    /// Ed25519, pure.
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with this digest.
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS with this digest, MGF1 with the same, and a salt as long as it.
    RsaPss(DigestAlgorithm),
}

impl Scheme {
    /// The scheme an identifier names, if it is one we accept.
    ///
    /// `digest` is the digest a CMS names beside it: the bare `rsaEncryption` means nothing without (RFC 3370, section 3.2).
    #[must_use]
    pub fn from_identifier(
        identifier: &AlgorithmIdentifierOwned,
        digest: Option<DigestAlgorithm>,
    ) -> Option<Self> {
        let null = identifier
            .parameters
            .as_ref()
            .is_some_and(|any| AnyRef::from(any).is_null());
        let absent = identifier.parameters.is_none();
        match identifier.oid {
            rfc5912::ECDSA_WITH_SHA_256 if absent => Some(Self::Ecdsa(DigestAlgorithm::Sha256)),
            rfc5912::ECDSA_WITH_SHA_384 if absent => Some(Self::Ecdsa(DigestAlgorithm::Sha384)),
            rfc5912::ECDSA_WITH_SHA_512 if absent => Some(Self::Ecdsa(DigestAlgorithm::Sha512)),
            rfc8410::ID_ED_25519 if absent => Some(Self::Ed25519),
            // RFC 4055, section 5 wants NULL and has everybody accept its absence.
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION if null || absent => {
                Some(Self::RsaPkcs1(DigestAlgorithm::Sha256))
            }
            rfc5912::SHA_384_WITH_RSA_ENCRYPTION if null || absent => {
                Some(Self::RsaPkcs1(DigestAlgorithm::Sha384))
            }
            rfc5912::SHA_512_WITH_RSA_ENCRYPTION if null || absent => {
                Some(Self::RsaPkcs1(DigestAlgorithm::Sha512))
            }
            rfc5912::RSA_ENCRYPTION if null || absent => digest.map(Self::RsaPkcs1),
            rfc5912::ID_RSASSA_PSS => pss(identifier),
            _ => None,
        }
    }

    /// The digest that the scheme takes of the message; none for Ed25519, which takes the message.
    #[must_use]
    pub const fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::Ecdsa(digest) | Self::RsaPkcs1(digest) | Self::RsaPss(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }
}

impl From<SignatureAlgorithm> for Scheme {
    fn from(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 | SignatureAlgorithm::EcdsaP384Sha384 => {
                Self::Ecdsa(algorithm.digest())
            }
            SignatureAlgorithm::Ed25519 => Self::Ed25519,
            SignatureAlgorithm::RsaPkcs1Sha256 => Self::RsaPkcs1(algorithm.digest()),
            SignatureAlgorithm::RsaPssSha256 => Self::RsaPss(algorithm.digest()),
        }
    }
}

/// RSASSA-PSS-params (RFC 4055, section 3.1); the defaults are SHA-1's, so that all but the trailer must be there.
#[derive(Sequence)]
struct PssParameters<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_length: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

fn pss(identifier: &AlgorithmIdentifierOwned) -> Option<Scheme> {
    let parameters: PssParameters<'_> = identifier.parameters.as_ref()?.decode_as().ok()?;
    let digest = sha2(&parameters.hash?)?;
    let mask = parameters.mask?;
    let mask_digest = sha2(&mask.parameters?.decode_as().ok()?)?;
    let consistent = mask.oid == rfc5912::ID_MGF_1
        && mask_digest == digest
        && parameters
            .salt_length
            .is_some_and(|length| usize::from(length) == digest.output_len())
        && parameters.trailer.unwrap_or(1) == 1;
    consistent.then_some(Scheme::RsaPss(digest))
}

fn sha2(identifier: &AlgorithmIdentifierRef<'_>) -> Option<DigestAlgorithm> {
    let bare = identifier.parameters.is_none_or(AnyRef::is_null);
    DigestAlgorithm::from_oid(identifier.oid).filter(|_| bare)
}

#[cfg(test)]
mod tests {
    use der::{Any, Decode};

    use super::*;

    fn pss_with(edit: impl Fn(&mut Vec<u8>)) -> Option<Scheme> {
        let mut bytes = super::super::PSS_SHA256_PARAMETERS.to_vec();
        edit(&mut bytes);
        let parameters = Some(Any::from_der(&bytes).unwrap());
        Scheme::from_identifier(
            &AlgorithmIdentifierOwned {
                oid: rfc5912::ID_RSASSA_PSS,
                parameters,
            },
            None,
        )
    }

    #[test]
    fn pss_parameters_must_agree_with_each_other() {
        assert_eq!(
            pss_with(|_| ()),
            Some(Scheme::RsaPss(DigestAlgorithm::Sha256))
        );
        assert_eq!(pss_with(|bytes| bytes[53] = 20), None, "salt");
        assert_eq!(pss_with(|bytes| bytes[46] = 2), None, "mask digest");
        assert_eq!(pss_with(|bytes| bytes[33] = 9), None, "mask");
        let empty = Some(Any::from_der(&[0x30, 0]).unwrap());
        let identifier = AlgorithmIdentifierOwned {
            oid: rfc5912::ID_RSASSA_PSS,
            parameters: empty,
        };
        assert_eq!(
            Scheme::from_identifier(&identifier, None),
            None,
            "defaults are SHA-1"
        );
    }

    #[test]
    fn bare_rsa_takes_the_digest_beside_it() {
        let identifier = AlgorithmIdentifierOwned {
            oid: rfc5912::RSA_ENCRYPTION,
            parameters: Some(AnyRef::NULL.into()),
        };
        assert_eq!(Scheme::from_identifier(&identifier, None), None);
        let named = Scheme::from_identifier(&identifier, Some(DigestAlgorithm::Sha512));
        assert_eq!(named, Some(Scheme::RsaPkcs1(DigestAlgorithm::Sha512)));
    }
}
