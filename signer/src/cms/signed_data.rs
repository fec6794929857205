//! A detached signature by one signer (RFC 5652, section 5).

use const_oid::{ObjectIdentifier, db::rfc5911};
use der::{Decode, Encode, asn1::AnyRef};

use super::{
    Error, SignedAttributes,
    algorithm::{DigestAlgorithm, SignatureAlgorithm},
    signed_attributes::{Blank, attribute},
};
use crate::{
    asn1::{self, tag},
    key::{PublicKey, Signature},
    x509::Chain,
};

/// The integer 1: the version of the signed data and of a signer info that names its signer by issuer and serial number.
const VERSION_1: [u8; 3] = [0x02, 0x01, 0x01];

/// id-aa-timeStampToken (RFC 3161, appendix A).
const TIME_STAMP_TOKEN: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");

/// All of a signer's CMS that does not depend on the document.
#[derive(Clone, Debug)]
pub struct Template {
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    /// `ContentInfo.contentType`.
    content_type: Vec<u8>,
    /// `SignedData` up to its signer infos.
    signed_data: Vec<u8>,
    /// `SignerInfo` up to its signed attributes.
    signer_info: Vec<u8>,
    attributes: Blank,
    /// `SignerInfo.signatureAlgorithm`.
    signature_algorithm: Vec<u8>,
}

impl Template {
    /// Lays out what is known of signatures by the leaf of the chain.
    ///
    /// The chain's certificates go in as received, but for a self-issued one at the top: a verifier has its trust
    /// anchors from elsewhere.
    ///
    /// # Errors
    ///
    /// [`Error::Certificate`] if the leaf's key is not accepted, [`Error::Key`] if it does not sign with `algorithm`.
    pub fn new(chain: &Chain, algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        let leaf = chain.leaf();
        let key = leaf.public_key()?;
        if !key.signs_with(algorithm) {
            return Err(crate::key::Error::WrongAlgorithm {
                kind: key.kind(),
                algorithm,
            }
            .into());
        }
        let digest_algorithm = algorithm.digest().identifier().to_der()?;
        let certificates = chain
            .certificates()
            .iter()
            .enumerate()
            .filter(|(position, certificate)| *position == 0 || !certificate.is_self_issued())
            .map(|(_, certificate)| certificate.as_der().to_vec())
            .collect();
        let signed_data = [
            &VERSION_1[..],
            &asn1::wrap(tag::SET, &[&digest_algorithm]),
            &asn1::wrap(tag::SEQUENCE, &[&rfc5911::ID_DATA.to_der()?]),
            &asn1::wrap(tag::CONTEXT_0, &[&asn1::set_of(certificates)]),
        ]
        .concat();
        let signer = asn1::wrap(tag::SEQUENCE, &[leaf.issuer_der(), leaf.serial_der()]);
        Ok(Self {
            attributes: Blank::new(leaf.as_der(), algorithm)?,
            content_type: rfc5911::ID_SIGNED_DATA.to_der()?,
            signed_data,
            signer_info: [&VERSION_1[..], &signer, &digest_algorithm].concat(),
            signature_algorithm: algorithm.identifier().to_der()?,
            key,
            algorithm,
        })
    }

    /// The signer's public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The algorithm the signer signs with.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The digest to take of the content.
    #[must_use]
    pub const fn digest(&self) -> DigestAlgorithm {
        self.algorithm.digest()
    }

    /// The attributes to sign for content with this digest.
    ///
    /// # Errors
    ///
    /// [`Error::DigestLength`] if it is not a digest of [`Template::digest`].
    pub fn signed_attributes(&self, message_digest: &[u8]) -> Result<SignedAttributes, Error> {
        self.attributes.fill(message_digest)
    }

    /// Octets of the longest CMS that [`Template::assemble`] makes with unsigned attributes of together
    /// `unsigned_attributes` octets ([`UnsignedAttribute::len`]). Only ECDSA signatures come out shorter.
    #[must_use]
    pub fn max_len(&self, unsigned_attributes: usize) -> usize {
        self.lengths(self.key.max_signature_len(), unsigned_attributes)
            .total
    }

    /// The CMS: a `ContentInfo` in DER.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignSignature`] if `signature` is not this signer's over `attributes`.
    pub fn assemble(
        &self,
        attributes: &SignedAttributes,
        signature: &Signature,
        unsigned_attributes: Vec<UnsignedAttribute>,
    ) -> Result<Vec<u8>, Error> {
        let own = signature.algorithm() == self.algorithm
            && attributes.as_der().len() == self.attributes.len()
            && signature.is_for(&self.key, attributes.as_der());
        if !own {
            return Err(Error::ForeignSignature);
        }
        let unsigned = asn1::set_of(
            unsigned_attributes
                .into_iter()
                .map(|attribute| attribute.0)
                .collect(),
        );
        let signature = signature.as_bytes();
        let lengths = self.lengths(signature.len(), unsigned.len());

        let mut out = Vec::with_capacity(lengths.total);
        asn1::put_header(&mut out, tag::SEQUENCE, lengths.content_info);
        out.extend_from_slice(&self.content_type);
        asn1::put_header(&mut out, tag::CONTEXT_0, lengths.content);
        asn1::put_header(&mut out, tag::SEQUENCE, lengths.signed_data);
        out.extend_from_slice(&self.signed_data);
        asn1::put_header(&mut out, tag::SET, lengths.signer_infos);
        asn1::put_header(&mut out, tag::SEQUENCE, lengths.signer_info);
        out.extend_from_slice(&self.signer_info);
        // The same set under the tag it has here.
        out.push(tag::CONTEXT_0);
        out.extend_from_slice(attributes.as_der().get(1..).unwrap_or_default());
        out.extend_from_slice(&self.signature_algorithm);
        asn1::put_header(&mut out, tag::OCTET_STRING, signature.len());
        out.extend_from_slice(signature);
        if !unsigned.is_empty() {
            asn1::put_header(&mut out, tag::CONTEXT_1, unsigned.len());
            out.extend_from_slice(&unsigned);
        }
        Ok(out)
    }

    fn lengths(&self, signature: usize, unsigned: usize) -> Lengths {
        let unsigned = if unsigned == 0 {
            0
        } else {
            asn1::total(unsigned)
        };
        let signer_info = self.signer_info.len()
            + self.attributes.len()
            + self.signature_algorithm.len()
            + asn1::total(signature)
            + unsigned;
        let signer_infos = asn1::total(signer_info);
        let signed_data = self.signed_data.len() + asn1::total(signer_infos);
        let content = asn1::total(signed_data);
        let content_info = self.content_type.len() + asn1::total(content);
        Lengths {
            signer_info,
            signer_infos,
            signed_data,
            content,
            content_info,
            total: asn1::total(content_info),
        }
    }
}

/// Octets of content, from the inside out.
struct Lengths {
    signer_info: usize,
    signer_infos: usize,
    signed_data: usize,
    content: usize,
    content_info: usize,
    total: usize,
}

/// An attribute beside the signature, such as a timestamp over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedAttribute(Vec<u8>);

impl UnsignedAttribute {
    /// An attribute with one value, given in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Attribute`] if the value is not one whole value.
    pub fn new(oid: ObjectIdentifier, value: &[u8]) -> Result<Self, Error> {
        AnyRef::from_der(value).map_err(|source| Error::Attribute { source })?;
        attribute(oid, value).map(Self)
    }

    /// A signature timestamp: a timestamp token over the signature's octets (EN 319 122-1, clause 5.3).
    ///
    /// # Errors
    ///
    /// [`Error::Attribute`] if the token is not one whole value.
    pub fn signature_timestamp(token: &[u8]) -> Result<Self, Error> {
        Self::new(TIME_STAMP_TOKEN, token)
    }

    /// Octets that a signature timestamp with a token of this length takes, for [`Template::max_len`].
    #[must_use]
    pub fn signature_timestamp_len(token: usize) -> usize {
        // Identifier and length before the eleven octets of the object identifier.
        asn1::total(2 + TIME_STAMP_TOKEN.as_bytes().len() + asn1::total(token))
    }

    /// Octets it takes, for [`Template::max_len`].
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an attribute is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests;
