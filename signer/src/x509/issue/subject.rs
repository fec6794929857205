//! Who a certificate is for (RFC 5280, appendix A.1 for the bounds; EN 319 412-3, clause 4.2.1 for organisations).

use const_oid::{ObjectIdentifier, db::rfc4519};
use der::{Any, Encode, Tag, asn1::SetOfVec};
use x509_cert::attr::AttributeTypeAndValue;

use crate::x509::Error;

/// organizationIdentifier (ITU-T X.520, 6.4.12), such as a registration number.
const ORGANIZATION_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.97");
/// Digits of the population register's number (NIK), which belongs in no certificate: certificates are published.
const PERSONAL_NUMBER_DIGITS: usize = 16;

/// The subject of a certificate. Only the common name is required.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The name of the person, organisation, server or authority.
    pub common_name: String,
    /// The organisation (instansi).
    pub organization: Option<String>,
    /// A registered number of the organisation, in the form of EN 319 412-1, clause 5.1.4.
    pub organization_identifier: Option<String>,
    /// The unit within the organisation.
    pub organizational_unit: Option<String>,
    /// The person's position.
    pub title: Option<String>,
    /// The place.
    pub locality: Option<String>,
    /// The province.
    pub state_or_province: Option<String>,
    /// Two letters of ISO 3166-1.
    pub country: Option<String>,
}

impl Subject {
    /// A subject of which nothing but the name is known.
    #[must_use]
    pub fn named(common_name: impl Into<String>) -> Self {
        Self {
            common_name: common_name.into(),
            ..Self::default()
        }
    }

    /// The DER of the Name, one attribute in each relative name, the most general first.
    pub(in crate::x509) fn to_der(&self) -> Result<Vec<u8>, Error> {
        let identifier = self.organization_identifier.as_deref();
        let mut names = Vec::new();
        if let Some(country) = &self.country {
            if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
                return Err(Error::Request {
                    context: "country is not two capital letters",
                });
            }
            names.push(relative_name(
                rfc4519::COUNTRY_NAME,
                Tag::PrintableString,
                country,
            )?);
        }
        let attributes = [
            (rfc4519::ST, self.state_or_province.as_deref(), 128),
            (rfc4519::LOCALITY_NAME, self.locality.as_deref(), 128),
            (rfc4519::ORGANIZATION_NAME, self.organization.as_deref(), 64),
            (ORGANIZATION_IDENTIFIER, identifier, 256),
            (
                rfc4519::ORGANIZATIONAL_UNIT_NAME,
                self.organizational_unit.as_deref(),
                64,
            ),
            (rfc4519::TITLE, self.title.as_deref(), 64),
            (rfc4519::COMMON_NAME, Some(self.common_name.as_str()), 64),
        ];
        for (oid, value, bound) in attributes {
            let Some(value) = value else { continue };
            check(value, bound)?;
            if oid != ORGANIZATION_IDENTIFIER && holds_personal_number(value) {
                return Err(Error::Request {
                    context: "a personal number may not be part of a certificate",
                });
            }
            names.push(relative_name(oid, Tag::Utf8String, value)?);
        }
        Ok(names.to_der()?)
    }
}

fn check(value: &str, bound: usize) -> Result<(), Error> {
    if value.trim().is_empty() {
        return Err(Error::Request {
            context: "a part of the subject's name is empty",
        });
    }
    if value.chars().count() > bound {
        return Err(Error::Request {
            context: "a part of the subject's name is too long",
        });
    }
    if value.chars().any(char::is_control) {
        return Err(Error::Request {
            context: "a part of the subject's name has control characters",
        });
    }
    Ok(())
}

/// Whether a value has a run of exactly as many digits as a personal number.
fn holds_personal_number(value: &str) -> bool {
    value
        .split(|c: char| !c.is_ascii_digit())
        .any(|run| run.len() == PERSONAL_NUMBER_DIGITS)
}

fn relative_name(
    oid: ObjectIdentifier,
    tag: Tag,
    value: &str,
) -> Result<SetOfVec<AttributeTypeAndValue>, Error> {
    let attribute = AttributeTypeAndValue {
        oid,
        value: Any::new(tag, value.as_bytes())?,
    };
    Ok(SetOfVec::try_from(vec![attribute])?)
}
