//! A small public key infrastructure and another implementation to judge it, for tests.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    Certificate, Chain,
    issue::{self, Issuer, Profile, Publication, Subject, Validity},
};
use crate::{
    cms::algorithm::SignatureAlgorithm,
    key::{
        SigningKey,
        testing::{MemoryKey, now},
    },
};

/// A root, an authority below it, and their keys.
pub(crate) struct Authorities {
    pub(crate) root: Certificate,
    pub(crate) issuing: Certificate,
    pub(crate) issuing_key: MemoryKey,
    pub(crate) publication: Publication,
}

impl Authorities {
    pub(crate) fn new(algorithm: SignatureAlgorithm) -> Self {
        // The two need different keys and RSA test keys are all the same one.
        let root_algorithm = match algorithm {
            SignatureAlgorithm::EcdsaP384Sha384 => SignatureAlgorithm::EcdsaP256Sha256,
            _ => SignatureAlgorithm::EcdsaP384Sha384,
        };
        let (root_key, issuing_key) = (
            MemoryKey::generate(root_algorithm),
            MemoryKey::generate(algorithm),
        );
        let publication = Publication {
            policies: vec![const_oid::ObjectIdentifier::new_unwrap(
                "2.16.360.1.1.1.4.1",
            )],
            revocation_lists: vec!["http://crl.example/issuing.crl".into()],
            ocsp_responders: vec!["http://ocsp.example/".into()],
            authority_certificates: vec!["http://ca.example/issuing.cer".into()],
        };
        let mut name = Subject::named("Akar Uji");
        (name.country, name.organization) = (Some("ID".into()), Some("Badan Uji".into()));
        let root = now(issue::root(&name, &root_key, &years(10), deadline())).unwrap();
        name.common_name = "Penerbit Uji".into();
        let issuer = Issuer::new(&root, &root_key, &publication).unwrap();
        let validity = years(5);
        let issuing = issue::issuing(
            &name,
            issuing_key.public_key(),
            &issuer,
            &validity,
            deadline(),
        );
        let issuing = now(issuing).unwrap();
        Self {
            root,
            issuing,
            issuing_key,
            publication,
        }
    }

    pub(crate) fn issuer(&self) -> Issuer<'_> {
        Issuer::new(&self.issuing, &self.issuing_key, &self.publication).unwrap()
    }

    /// A chain of three for a key.
    pub(crate) fn chain(&self, profile: &Profile, subject: &Subject, key: &MemoryKey) -> Chain {
        let (issuer, validity) = (self.issuer(), years(2));
        let leaf = issue::end_entity(
            profile,
            subject,
            key.public_key(),
            &issuer,
            &validity,
            deadline(),
        );
        Chain::new(vec![
            now(leaf).unwrap(),
            self.issuing.clone(),
            self.root.clone(),
        ])
        .unwrap()
    }
}

pub(crate) fn years(years: i64) -> Validity {
    let start = Timestamp::now();
    Validity::new(
        start - Duration::from_secs(3600),
        start + jiff::SignedDuration::from_hours(8766 * years),
    )
    .unwrap()
}

pub(crate) fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// Runs openssl in `directory`; what it wrote to both outputs, whether it was content.
pub(crate) fn openssl(directory: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}
