//! Certification requests by a key in a token, for authorities elsewhere (RFC 2986).

use std::time::Instant;

use super::{Error, issue::Subject, pem, signed};
use crate::{
    asn1::{self, tag},
    key::SigningKey,
};

/// The integer 0: version 1.
const VERSION_1: [u8; 3] = [tag::INTEGER, 1, 0];

/// A request for a certificate, signed by the key it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<u8>);

impl Request {
    /// Has `key` sign a request in the name of `subject`. What else the certificate says, its issuer decides.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the subject cannot be named, [`Error::Sign`] if the key does not sign.
    pub async fn new(
        subject: &Subject,
        key: &dyn SigningKey,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let name = subject.to_der()?;
        // The attributes are not optional; there are none.
        let attributes = [tag::CONTEXT_0, 0];
        let content = asn1::wrap(
            tag::SEQUENCE,
            &[&VERSION_1, &name, key.public_key().spki(), &attributes],
        );
        signed::sign(content, key, deadline).await.map(Self)
    }

    /// The request in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// The request as PEM (RFC 7468, section 7).
    #[must_use]
    pub fn pem(&self) -> String {
        pem::from_der("CERTIFICATE REQUEST", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cms::algorithm::SignatureAlgorithm,
        key::testing::{MemoryKey, now},
        x509::testing::{deadline, openssl},
    };

    #[test]
    fn openssl_verifies_requests() {
        let directory = tempfile::tempdir().unwrap();
        for algorithm in SignatureAlgorithm::ALL {
            let (subject, key) = (Subject::named("Budi"), MemoryKey::generate(algorithm));
            let request = now(Request::new(&subject, &key, deadline())).unwrap();
            std::fs::write(directory.path().join("request"), request.pem()).unwrap();
            let arguments = ["req", "-in", "request", "-verify", "-noout", "-subject"];
            let (good, text) = openssl(directory.path(), &arguments);
            assert!(good && text.contains("CN = Budi"), "{algorithm}: {text}");
        }
    }
}
