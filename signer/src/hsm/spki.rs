//! Public keys out of a token's attributes: `SubjectPublicKeyInfo` (RFC 3279, RFC 5480, RFC 8410).
//!
//! `CKA_PUBLIC_KEY_INFO` is what they should be, but common tokens lack it or leave it empty, so they are built from the
//! parts. `CKA_EC_POINT` is the DER of an OCTET STRING around the point by PKCS#11, and the bare point on some tokens.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use cryptoki::object::{Attribute, AttributeType, KeyType};
use der::asn1::{AnyRef, BitStringRef, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::key::{KeyKind, PublicKey};

/// What is read of a key to build its public key.
pub(super) const ATTRIBUTES: [AttributeType; 6] = [
    AttributeType::KeyType,
    AttributeType::Modulus,
    AttributeType::PublicExponent,
    AttributeType::EcParams,
    AttributeType::EcPoint,
    AttributeType::PublicKeyInfo,
];

/// The public key that the attributes describe, if they do and it is one that is accepted.
pub(super) fn public_key(attributes: &[Attribute]) -> Option<PublicKey> {
    let der = from_parts(attributes).or_else(|| {
        attributes.iter().find_map(|attribute| match attribute {
            Attribute::PublicKeyInfo(der) => Some(der.clone()),
            _ => None,
        })
    })?;
    PublicKey::from_spki(&der).ok()
}

/// `CKA_EC_PARAMS` of a curve: its name.
pub(super) fn ec_params(kind: KeyKind) -> Option<Vec<u8>> {
    let curve = match kind {
        KeyKind::Ed25519 => rfc8410::ID_ED_25519,
        KeyKind::P256 => rfc5912::SECP_256_R_1,
        KeyKind::P384 => rfc5912::SECP_384_R_1,
        KeyKind::Rsa { .. } => return None,
    };
    curve.to_der().ok()
}

fn from_parts(attributes: &[Attribute]) -> Option<Vec<u8>> {
    let key_type = attributes.iter().find_map(|attribute| match attribute {
        Attribute::KeyType(key_type) => Some(*key_type),
        _ => None,
    })?;
    let octets = |wanted| {
        attributes
            .iter()
            .find_map(|attribute| part(attribute, wanted))
    };
    match key_type {
        KeyType::RSA => rsa(
            octets(AttributeType::Modulus)?,
            octets(AttributeType::PublicExponent)?,
        ),
        KeyType::EC => {
            let curve: ObjectIdentifier =
                Decode::from_der(octets(AttributeType::EcParams)?).ok()?;
            let parameters = curve.to_der().ok()?;
            let parameters = AnyRef::from_der(&parameters).ok()?;
            let point = octets(AttributeType::EcPoint)?;
            encode(
                rfc5912::ID_EC_PUBLIC_KEY,
                Some(parameters),
                point_of(point, &[65, 97])?,
            )
        }
        // The curve is a name or an identifier here; the length tells Ed25519 from Ed448 as well.
        KeyType::EC_EDWARDS => encode(
            rfc8410::ID_ED_25519,
            None,
            point_of(octets(AttributeType::EcPoint)?, &[32])?,
        ),
        _ => None,
    }
}

fn part(attribute: &Attribute, wanted: AttributeType) -> Option<&[u8]> {
    match attribute {
        Attribute::Modulus(octets)
        | Attribute::PublicExponent(octets)
        | Attribute::EcParams(octets)
        | Attribute::EcPoint(octets)
            if attribute.attribute_type() == wanted && !octets.is_empty() =>
        {
            Some(octets)
        }
        _ => None,
    }
}

/// The point, out of its OCTET STRING or bare; told apart by length, since both begin with 0x04.
fn point_of<'a>(attribute: &'a [u8], lengths: &[usize]) -> Option<&'a [u8]> {
    if lengths.contains(&attribute.len()) {
        return Some(attribute);
    }
    let point = <&OctetStringRef>::from_der(attribute).ok()?.as_bytes();
    lengths.contains(&point.len()).then_some(point)
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let key = RsaPublicKey {
        modulus: UintRef::new(modulus).ok()?,
        public_exponent: UintRef::new(exponent).ok()?,
    };
    encode(
        rfc5912::RSA_ENCRYPTION,
        Some(AnyRef::NULL),
        &key.to_der().ok()?,
    )
}

fn encode(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(key).ok()?,
    };
    info.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::algorithm::SignatureAlgorithm;
    use crate::key::SigningKey;
    use crate::key::testing::MemoryKey;

    #[test]
    fn points_are_read_bare_and_wrapped() {
        for (algorithm, key_type) in [
            (SignatureAlgorithm::EcdsaP256Sha256, KeyType::EC),
            (SignatureAlgorithm::EcdsaP384Sha384, KeyType::EC),
            (SignatureAlgorithm::Ed25519, KeyType::EC_EDWARDS),
        ] {
            let key = MemoryKey::generate(algorithm);
            let public = key.public_key();
            let point = public.subject_public_key();
            let wrapped = OctetStringRef::new(point).unwrap().to_der().unwrap();
            for point in [point.to_vec(), wrapped] {
                let attributes = [
                    Attribute::KeyType(key_type),
                    Attribute::EcParams(ec_params(public.kind()).unwrap()),
                    Attribute::EcPoint(point),
                ];
                assert_eq!(public_key(&attributes).as_ref(), Some(public));
            }
        }
    }

    #[test]
    fn attributes_that_are_no_key_give_none() {
        assert_eq!(public_key(&[]), None);
        assert_eq!(
            public_key(&[Attribute::KeyType(KeyType::RSA), Attribute::Modulus(vec![])]),
            None
        );
        let short = [
            Attribute::KeyType(KeyType::EC_EDWARDS),
            Attribute::EcPoint(vec![4, 200, 1]),
        ];
        assert_eq!(public_key(&short), None);
    }
}
