//! Certificate revocation lists (RFC 5280, section 5): complete ones, by the authority that issued the certificates.

use std::time::Instant;

use der::{
    Sequence,
    asn1::{Int, Uint},
};
use jiff::Timestamp;
use x509_cert::{
    ext::{
        Extension,
        pkix::{CrlNumber, CrlReason},
    },
    time::Time,
};

use super::{
    Error,
    issue::{Issuer, authority_key},
    pem, signed,
};
use crate::asn1::{self, tag};

/// The integer 1: version 2.
const VERSION_2: [u8; 3] = [tag::INTEGER, 1, 1];

/// Why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No reason is stated.
    Unspecified,
    /// The key is or may be known to others.
    KeyCompromise,
    /// The person's or organisation's particulars changed.
    AffiliationChanged,
    /// Another certificate takes its place.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// A right it states was withdrawn.
    PrivilegeWithdrawn,
}

/// One revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The serial number as [`super::Certificate::serial_hex`] has it.
    pub serial_hex: String,
    /// When it was revoked.
    pub time: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// A revocation list in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList(Vec<u8>);

/// From when a list holds and when the next is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The list's number, larger than that of the list before.
    pub number: u64,
    /// When the list is made.
    pub this_update: Timestamp,
    /// When the next one is made at the latest.
    pub next_update: Timestamp,
}

impl RevocationList {
    /// Has the authority's key sign the list of all it has revoked.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] for arguments that do not go together, [`Error::Sign`] if the key does not sign.
    pub async fn new(
        issuer: &Issuer<'_>,
        issue: &Issue,
        revoked: &[Revoked],
        deadline: Instant,
    ) -> Result<Self, Error> {
        if !issuer
            .certificate()
            .key_usage()?
            .is_some_and(|usage| usage.crl_sign())
        {
            return Err(Error::Request {
                context: "issuer's certificate does not allow signing revocation lists",
            });
        }
        if issue.this_update >= issue.next_update {
            return Err(Error::Request {
                context: "revocation list expires before it is made",
            });
        }
        let entries: Result<Vec<Entry>, Error> = revoked.iter().map(Entry::new).collect();
        let entries = match entries? {
            // Without entries the list of them is left out, not empty (section 5.1.2.6).
            none if none.is_empty() => Vec::new(),
            entries => signed::encode(&entries)?,
        };
        let extensions = vec![
            authority_key(issuer)?,
            signed::extension(false, &CrlNumber(Uint::try_from(issue.number)?))?,
        ];
        let content = asn1::wrap(
            tag::SEQUENCE,
            &[
                &VERSION_2,
                &signed::algorithm(issuer.key())?,
                issuer.certificate().subject_der(),
                &signed::encode(&signed::time(issue.this_update)?)?,
                &signed::encode(&signed::time(issue.next_update)?)?,
                &entries,
                &asn1::wrap(tag::CONTEXT_0, &[&signed::encode(&extensions)?]),
            ],
        );
        signed::sign(content, issuer.key(), deadline)
            .await
            .map(Self)
    }

    /// The list in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// The list as PEM (RFC 7468, section 6).
    #[must_use]
    pub fn pem(&self) -> String {
        pem::from_der("X509 CRL", &self.0)
    }
}

/// An entry of `revokedCertificates`.
#[derive(Sequence)]
struct Entry {
    serial: Int,
    time: Time,
    extensions: Option<Vec<Extension>>,
}

impl Entry {
    fn new(revoked: &Revoked) -> Result<Self, Error> {
        let reason = match revoked.reason {
            // Its absence says the same (section 5.3.1).
            Reason::Unspecified => None,
            Reason::KeyCompromise => Some(CrlReason::KeyCompromise),
            Reason::AffiliationChanged => Some(CrlReason::AffiliationChanged),
            Reason::Superseded => Some(CrlReason::Superseded),
            Reason::CessationOfOperation => Some(CrlReason::CessationOfOperation),
            Reason::PrivilegeWithdrawn => Some(CrlReason::PrivilegeWithdrawn),
        };
        let extension = reason
            .map(|reason| signed::extension(false, &reason))
            .transpose()?;
        let serial = Int::from(Uint::new(&serial(&revoked.serial_hex)?)?);
        Ok(Self {
            serial,
            time: signed::time(revoked.time)?,
            extensions: extension.map(|extension| vec![extension]),
        })
    }
}

/// The octets of a serial number written in hexadecimal.
fn serial(hex: &str) -> Result<Vec<u8>, Error> {
    const BAD: Error = Error::Request {
        context: "serial number is not hexadecimal",
    };
    if hex.is_empty() || hex.len() > 40 || !hex.len().is_multiple_of(2) {
        return Err(BAD);
    }
    let digit = |octet: u8| {
        char::from(octet)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(BAD)
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;
    use crate::{
        cms::algorithm::SignatureAlgorithm,
        key::testing::{MemoryKey, now},
        x509::{
            issue::{Profile, Subject},
            pem,
            testing::{Authorities, deadline, openssl},
        },
    };

    fn issue(number: u64) -> Issue {
        let this_update = Timestamp::now();
        Issue {
            number,
            this_update,
            next_update: this_update + Duration::from_secs(86_400),
        }
    }

    #[test]
    fn openssl_finds_the_revoked_certificate_in_the_list() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        for algorithm in SignatureAlgorithm::ALL {
            let authorities = Authorities::new(algorithm);
            let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
            let chain = authorities.chain(&Profile::Signer, &Subject::named("Budi"), &key);
            let [leaf, issuing, root] = chain.certificates() else {
                panic!("not three certificates")
            };
            for (name, certificate) in [("leaf", leaf), ("issuing", issuing), ("root", root)] {
                fs::write(file(name), pem::from_certificate(certificate)).unwrap();
            }
            let verify = |revoked: &[Revoked]| {
                let list = now(RevocationList::new(
                    &authorities.issuer(),
                    &issue(7),
                    revoked,
                    deadline(),
                ))
                .unwrap();
                fs::write(file("crl"), list.pem()).unwrap();
                let arguments =
                    "verify -crl_check -CAfile root -untrusted issuing -CRLfile crl leaf";
                openssl(directory.path(), &arguments.split(' ').collect::<Vec<_>>())
            };
            let (good, text) = verify(&[]);
            assert!(good, "{algorithm}: {text}");
            let revoked = |serial_hex: String| Revoked {
                serial_hex,
                time: Timestamp::now(),
                reason: Reason::Superseded,
            };
            let (good, text) = verify(&[revoked("00ff".into())]);
            assert!(good, "{algorithm}: {text}");
            let (good, text) = verify(&[revoked("01".into()), revoked(leaf.serial_hex())]);
            assert!(
                !good && text.contains("certificate revoked"),
                "{algorithm}: {text}"
            );
        }
        let (_, text) = openssl(directory.path(), &["crl", "-in", "crl", "-noout", "-text"]);
        assert!(
            text.contains("Superseded") && text.contains("X509v3 CRL Number: \n                7"),
            "{text}"
        );
    }

    #[test]
    fn lists_that_make_no_sense_are_refused() {
        let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
        let attempt = |issue: Issue, serial_hex: &str| {
            let revoked = [Revoked {
                serial_hex: serial_hex.into(),
                time: Timestamp::now(),
                reason: Reason::Unspecified,
            }];
            now(RevocationList::new(
                &authorities.issuer(),
                &issue,
                &revoked,
                deadline(),
            ))
            .map(|_| ())
        };
        attempt(issue(1), "0a").unwrap();
        for serial in ["", "0", "0g", "é1", &"00".repeat(21)] {
            assert!(
                matches!(attempt(issue(1), serial), Err(Error::Request { .. })),
                "{serial}"
            );
        }
        let expired = Issue {
            next_update: issue(1).this_update,
            ..issue(1)
        };
        assert!(matches!(attempt(expired, "0a"), Err(Error::Request { .. })));
    }
}
