//! The extensions a path is judged by (RFC 5280, 4.2).

use const_oid::{ObjectIdentifier, db::rfc5280};

use super::Certificate;
use crate::asn1::{Error, Reader, Value, tag};
use crate::name::Name;

const OCSP_NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");

/// `KeyUsage`, bit by bit.
#[derive(Clone, Debug)]
pub(crate) struct KeyUsage(Vec<bool>);

impl KeyUsage {
    const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    fn bit(&self, index: usize) -> bool {
        self.0.get(index).copied().unwrap_or(false)
    }

    pub(crate) fn may_sign_documents(&self) -> bool {
        self.bit(0) || self.bit(1)
    }

    pub(crate) fn may_sign_certificates(&self) -> bool {
        self.bit(5)
    }

    pub(crate) fn may_sign_revocation_lists(&self) -> bool {
        self.bit(6)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter_map(|(index, name)| self.bit(index).then_some(name))
            .collect()
    }
}

/// A general name, as far as constraints compare it.
#[derive(Clone, Debug)]
pub(crate) enum GeneralName {
    Address(Vec<u8>),
    Directory(Name),
    Dns(String),
    Email(String),
    Other(u8),
    Uri(String),
}

impl GeneralName {
    pub(crate) fn read(value: &Value<'_>) -> Result<Self, Error> {
        let text = || {
            std::str::from_utf8(value.content)
                .map(str::to_owned)
                .map_err(|_| Error("general name"))
        };
        Ok(match value.tag {
            0x81 => Self::Email(text()?),
            0x82 => Self::Dns(text()?),
            0xa4 => Self::Directory(Name::read(&Value::parse(value.content)?)?),
            0x86 => Self::Uri(text()?),
            0x87 => Self::Address(value.content.to_vec()),
            other => Self::Other(other & 0x1f),
        })
    }
}

pub(crate) fn general_names(content: &[u8]) -> Result<Vec<GeneralName>, Error> {
    Reader::new(content)
        .map(|name| GeneralName::read(&name?))
        .collect()
}

pub(crate) fn oids(content: &[u8]) -> Result<Vec<ObjectIdentifier>, Error> {
    Reader::new(content).map(|oid| oid?.oid()).collect()
}

/// `NameConstraints`.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<GeneralName>,
    pub(crate) excluded: Vec<GeneralName>,
}

impl Certificate {
    fn value(&self, oid: ObjectIdentifier) -> Option<Result<Value<'_>, Error>> {
        Some(Value::parse(&self.extension(oid)?.value))
    }

    /// Whether it is an authority, and how many may stand below it.
    pub(crate) fn basic_constraints(&self) -> Result<Option<(bool, Option<u64>)>, Error> {
        let Some(value) = self.value(rfc5280::ID_CE_BASIC_CONSTRAINTS) else {
            return Ok(None);
        };
        let mut fields = value?.reader();
        let authority = match fields.optional(tag::BOOLEAN)? {
            Some(authority) => authority.boolean()?,
            None => false,
        };
        let depth = match fields.optional(tag::INTEGER)? {
            Some(depth) => Some(depth.small()?),
            None => None,
        };
        fields.end()?;
        Ok(Some((authority, depth)))
    }

    pub(crate) fn key_usage(&self) -> Result<Option<KeyUsage>, Error> {
        match self.value(rfc5280::ID_CE_KEY_USAGE) {
            Some(value) => Ok(Some(KeyUsage(value?.named_bits()?))),
            None => Ok(None),
        }
    }

    /// The purposes, and whether the extension is critical.
    pub(crate) fn extended_key_usage(
        &self,
    ) -> Result<Option<(Vec<ObjectIdentifier>, bool)>, Error> {
        let Some(value) = self.value(rfc5280::ID_CE_EXT_KEY_USAGE) else {
            return Ok(None);
        };
        let critical = self
            .extension(rfc5280::ID_CE_EXT_KEY_USAGE)
            .is_some_and(|extension| extension.critical);
        Ok(Some((oids(value?.content)?, critical)))
    }

    pub(crate) fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        let value = self.value(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER)?.ok()?;
        Some(value.octets().ok()?.into_owned())
    }

    pub(crate) fn authority_key_identifier(&self) -> Option<Vec<u8>> {
        let value = self.value(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER)?.ok()?;
        let mut fields = value.reader();
        let identifier = fields.optional(tag::implicit(0)).ok()??;
        Some(identifier.content.to_vec())
    }

    pub(crate) fn alternative_names(&self) -> Result<Vec<GeneralName>, Error> {
        match self.value(rfc5280::ID_CE_SUBJECT_ALT_NAME) {
            Some(value) => general_names(value?.content),
            None => Ok(Vec::new()),
        }
    }

    pub(crate) fn name_constraints(&self) -> Result<Option<NameConstraints>, Error> {
        let Some(value) = self.value(rfc5280::ID_CE_NAME_CONSTRAINTS) else {
            return Ok(None);
        };
        let mut fields = value?.reader();
        let mut constraints = NameConstraints::default();
        for (number, list) in [
            (0, &mut constraints.permitted),
            (1, &mut constraints.excluded),
        ] {
            if let Some(subtrees) = fields.optional(tag::context(number))? {
                for subtree in subtrees.reader() {
                    let mut subtree = subtree?.reader();
                    list.push(GeneralName::read(&subtree.next()?)?);
                    // RFC 5280 allows no minimum but 0 and no maximum.
                    if let Some(minimum) = subtree.optional(tag::implicit(0))?
                        && minimum.small()? != 0
                    {
                        return Err(Error("minimum in name constraints"));
                    }
                    subtree.end()?;
                }
            }
        }
        fields.end()?;
        Ok(Some(constraints))
    }

    /// The certificate policies; empty if there are none.
    pub(crate) fn policies(&self) -> Result<Vec<ObjectIdentifier>, Error> {
        let Some(value) = self.value(rfc5280::ID_CE_CERTIFICATE_POLICIES) else {
            return Ok(Vec::new());
        };
        value?
            .reader()
            .map(|policy| policy?.reader().oid())
            .collect()
    }

    /// Pairs of an issuer's policy and the subject's that stands for it.
    pub(crate) fn policy_mappings(
        &self,
    ) -> Result<Vec<(ObjectIdentifier, ObjectIdentifier)>, Error> {
        let Some(value) = self.value(rfc5280::ID_CE_POLICY_MAPPINGS) else {
            return Ok(Vec::new());
        };
        value?
            .reader()
            .map(|pair| {
                let mut pair = pair?.reader();
                Ok((pair.oid()?, pair.oid()?))
            })
            .collect()
    }

    /// `requireExplicitPolicy` and `inhibitPolicyMapping`.
    pub(crate) fn policy_constraints(&self) -> Result<(Option<u64>, Option<u64>), Error> {
        let Some(value) = self.value(rfc5280::ID_CE_POLICY_CONSTRAINTS) else {
            return Ok((None, None));
        };
        let mut fields = value?.reader();
        let mut number = |tag| -> Result<Option<u64>, Error> {
            fields.optional(tag)?.map(|value| value.small()).transpose()
        };
        Ok((number(tag::implicit(0))?, number(tag::implicit(1))?))
    }

    pub(crate) fn inhibit_any_policy(&self) -> Result<Option<u64>, Error> {
        match self.value(rfc5280::ID_CE_INHIBIT_ANY_POLICY) {
            Some(value) => value?.small().map(Some),
            None => Ok(None),
        }
    }

    /// Whether its issuer vouches that it need not be asked about (RFC 6960, 4.2.2.2.1).
    pub(crate) fn has_ocsp_no_check(&self) -> bool {
        self.extension(OCSP_NO_CHECK).is_some()
    }

    /// Whether it says where revocation data can be had.
    pub(crate) fn names_revocation_source(&self) -> bool {
        self.extension(rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS)
            .is_some()
            || self
                .extension(rfc5280::ID_PE_AUTHORITY_INFO_ACCESS)
                .is_some_and(|access| {
                    memchr::memmem::find(&access.value, &[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1])
                        .is_some()
                })
    }
}
