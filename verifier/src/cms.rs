//! Cryptographic Message Syntax (RFC 5652) as others wrote it: read in BER, kept as raw slices.

use std::borrow::Cow;

use const_oid::{ObjectIdentifier, db::rfc5911};

use crate::algorithm::{self, Identifier};
use crate::asn1::{Error, Reader, Value, tag};
use crate::name::Name;

/// `SignedData` with its one signer.
#[derive(Debug)]
pub(crate) struct SignedData<'a> {
    pub(crate) content_type: ObjectIdentifier,
    /// Absent where the signature is detached.
    pub(crate) content: Option<Cow<'a, [u8]>>,
    /// DER of certificates, as received.
    pub(crate) certificates: Vec<&'a [u8]>,
    /// DER of revocation lists, as received.
    pub(crate) revocation_lists: Vec<&'a [u8]>,
    /// DER of OCSP responses, as received.
    pub(crate) ocsp_responses: Vec<&'a [u8]>,
    pub(crate) digest_algorithms: Vec<Identifier>,
    pub(crate) signer: SignerInfo<'a>,
    /// Bytes behind the structure.
    pub(crate) rest: &'a [u8],
}

/// How the signer's certificate is named.
#[derive(Debug)]
pub(crate) enum SignerIdentifier {
    IssuerAndSerial(Name, Vec<u8>),
    SubjectKey(Vec<u8>),
}

/// `SignerInfo`.
#[derive(Debug)]
pub(crate) struct SignerInfo<'a> {
    pub(crate) identifier: SignerIdentifier,
    pub(crate) digest: Identifier,
    /// The signed attributes as they were hashed: a SET OF.
    pub(crate) signed: Option<Vec<u8>>,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) algorithm: Identifier,
    pub(crate) signature: Cow<'a, [u8]>,
    pub(crate) unsigned: Vec<Attribute<'a>>,
}

/// An attribute and its values.
#[derive(Clone, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) values: Vec<Value<'a>>,
}

const MAX_CERTIFICATES: usize = 100;
const MAX_ATTRIBUTES: usize = 100;
const OTHER_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.16.2");

impl<'a> SignedData<'a> {
    /// Reads a `ContentInfo` with `SignedData`.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let (whole, rest) = Value::parse_prefix(bytes)?;
        if !whole.is(tag::SEQUENCE) {
            return Err(Error("no ContentInfo"));
        }
        let mut info = whole.reader();
        if info.oid()? != rfc5911::ID_SIGNED_DATA {
            return Err(Error("the content is not SignedData"));
        }
        let explicit = info.expect(tag::context(0))?;
        info.end()?;
        let inner = Value::parse(explicit.content)?;
        if !inner.is(tag::SEQUENCE) {
            return Err(Error("no SignedData"));
        }
        let mut fields = inner.reader();
        let version = fields.expect(tag::INTEGER)?.small()?;
        if !(1..=5).contains(&version) {
            return Err(Error("version of SignedData"));
        }
        let digest_algorithms = fields
            .expect(tag::SET)?
            .reader()
            .take(MAX_ATTRIBUTES)
            .map(|identifier| Identifier::read(&identifier?))
            .collect::<Result<_, _>>()?;
        let (content_type, content) = encapsulated(&mut fields)?;
        let mut certificates = Vec::new();
        if let Some(set) = fields.optional(tag::context(0))? {
            for certificate in set.reader().take(MAX_CERTIFICATES) {
                let certificate = certificate?;
                // Anything else than a certificate is of no use here.
                if certificate.is(tag::SEQUENCE) {
                    certificates.push(certificate.raw);
                }
            }
        }
        let (mut revocation_lists, mut ocsp_responses) = (Vec::new(), Vec::new());
        if let Some(set) = fields.optional(tag::context(1))? {
            for choice in set.reader().take(MAX_CERTIFICATES) {
                let choice = choice?;
                if choice.is(tag::SEQUENCE) {
                    revocation_lists.push(choice.raw);
                } else if choice.is(tag::context(1)) {
                    let mut other = choice.reader();
                    if other.oid()? == OTHER_OCSP {
                        ocsp_responses.push(other.next()?.raw);
                    }
                }
            }
        }
        let signers = fields.expect(tag::SET)?;
        fields.end()?;
        let mut signers = signers.reader();
        let signer = signers.next().map_err(|_| Error("no signer"))?;
        if !signers.is_empty() {
            return Err(Error("more than one signer"));
        }
        Ok(Self {
            content_type,
            content,
            certificates,
            revocation_lists,
            ocsp_responses,
            digest_algorithms,
            signer: SignerInfo::read(&signer)?,
            rest,
        })
    }
}

/// A content type and the content, if it is inside.
type Encapsulated<'a> = (ObjectIdentifier, Option<Cow<'a, [u8]>>);

fn encapsulated<'a>(fields: &mut Reader<'a>) -> Result<Encapsulated<'a>, Error> {
    let mut encapsulated = fields.sequence()?;
    let content_type = encapsulated.oid()?;
    let content = match encapsulated.optional(tag::context(0))? {
        Some(explicit) => {
            let value = Value::parse(explicit.content)?;
            Some(if matches!(value.tag, tag::OCTET_STRING | 0x24) {
                value.octets()?
            } else {
                // PKCS #7 1.5 had the content's own type here.
                Cow::Borrowed(value.raw)
            })
        }
        None => None,
    };
    encapsulated.end()?;
    Ok((content_type, content))
}

impl<'a> SignerInfo<'a> {
    fn read(value: &Value<'a>) -> Result<Self, Error> {
        if !value.is(tag::SEQUENCE) {
            return Err(Error("no SignerInfo"));
        }
        let mut fields = value.reader();
        let version = fields.expect(tag::INTEGER)?.small()?;
        let identifier = match fields.next()? {
            sid if sid.is(tag::SEQUENCE) => {
                let mut sid = sid.reader();
                let issuer = Name::read(&sid.next()?)?;
                let serial = sid.expect(tag::INTEGER)?.content.to_vec();
                sid.end()?;
                SignerIdentifier::IssuerAndSerial(issuer, serial)
            }
            sid if sid.tag & 0xdf == tag::implicit(0) => {
                SignerIdentifier::SubjectKey(sid.octets()?.into_owned())
            }
            _ => return Err(Error("signer identifier")),
        };
        // RFC 5652, 5.3; some write 1 for either.
        if !matches!(
            (version, &identifier),
            (1, _) | (3, SignerIdentifier::SubjectKey(_))
        ) {
            return Err(Error("version of SignerInfo"));
        }
        let digest = algorithm::identifier(&mut fields)?;
        let signed = fields.optional(tag::context(0))?;
        let attributes = match &signed {
            Some(signed) => attributes(signed)?,
            None => Vec::new(),
        };
        let algorithm = algorithm::identifier(&mut fields)?;
        let signature = fields.expect(tag::OCTET_STRING)?.octets()?;
        let unsigned = match fields.optional(tag::context(1))? {
            Some(unsigned) => self::attributes(&unsigned)?,
            None => Vec::new(),
        };
        fields.end()?;
        Ok(Self {
            identifier,
            digest,
            signed: signed.map(|signed| as_set(&signed)),
            attributes,
            algorithm,
            signature,
            unsigned,
        })
    }

    /// The values of all signed attributes of this type, and how many attributes there are.
    pub(crate) fn signed_values(&self, oid: ObjectIdentifier) -> (usize, Vec<Value<'a>>) {
        collect(&self.attributes, oid)
    }

    /// The values of all unsigned attributes of this type.
    pub(crate) fn unsigned_values(&self, oid: ObjectIdentifier) -> Vec<Value<'a>> {
        collect(&self.unsigned, oid).1
    }
}

fn collect<'a>(attributes: &[Attribute<'a>], oid: ObjectIdentifier) -> (usize, Vec<Value<'a>>) {
    let found = attributes.iter().filter(|attribute| attribute.oid == oid);
    (
        found.clone().count(),
        found
            .flat_map(|attribute| attribute.values.clone())
            .collect(),
    )
}

fn attributes<'a>(set: &Value<'a>) -> Result<Vec<Attribute<'a>>, Error> {
    let mut attributes = Vec::new();
    for attribute in set.reader() {
        let attribute = attribute?;
        if !attribute.is(tag::SEQUENCE) || attributes.len() >= MAX_ATTRIBUTES {
            return Err(Error("attributes"));
        }
        let mut fields = attribute.reader();
        let oid = fields.oid()?;
        let values = fields.expect(tag::SET)?;
        fields.end()?;
        let values = values
            .reader()
            .take(MAX_ATTRIBUTES)
            .collect::<Result<_, _>>()?;
        attributes.push(Attribute { oid, values });
    }
    Ok(attributes)
}

/// The implicitly tagged attributes with the tag they were hashed with (RFC 5652, 5.4); all else as received.
fn as_set(signed: &Value<'_>) -> Vec<u8> {
    let mut set = vec![tag::SET];
    if signed.raw.get(1) == Some(&0x80) {
        // What is signed has a definite length, whatever was sent.
        let length = signed.content.len().to_be_bytes();
        let significant: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
        match significant.as_slice() {
            [] => set.push(0),
            [short @ 0..=0x7f] => set.push(*short),
            long => {
                // At most eight octets.
                set.extend(u8::try_from(long.len()).map(|count| 0x80 | count));
                set.extend_from_slice(long);
            }
        }
        set.extend_from_slice(signed.content);
    } else {
        set.extend_from_slice(signed.raw.get(1..).unwrap_or_default());
    }
    set
}
