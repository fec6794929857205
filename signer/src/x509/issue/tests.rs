use std::fs;

use super::*;
use crate::{
    cms::algorithm::SignatureAlgorithm,
    key::testing::{MemoryKey, now},
    x509::{
        Chain, pem,
        testing::{Authorities, deadline, openssl, years},
    },
};

fn verified(chain: &Chain, purpose: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let [leaf, issuing, root] = chain.certificates() else {
        panic!("not three certificates")
    };
    for (name, certificate) in [("leaf", leaf), ("issuing", issuing), ("root", root)] {
        fs::write(
            directory.path().join(name),
            pem::from_certificate(certificate),
        )
        .unwrap();
    }
    let arguments = [
        "verify",
        "-x509_strict",
        "-purpose",
        purpose,
        "-CAfile",
        "root",
        "-untrusted",
        "issuing",
        "leaf",
    ];
    let (good, text) = openssl(directory.path(), &arguments);
    assert!(good, "{text}");
    openssl(
        directory.path(),
        &["x509", "-in", "leaf", "-noout", "-text"],
    )
    .1
}

#[test]
fn openssl_accepts_every_profile_and_algorithm() {
    for algorithm in SignatureAlgorithm::ALL {
        let authorities = Authorities::new(algorithm);
        let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
        let server = Profile::TlsServer {
            names: vec!["sign.example".into()],
            ips: vec!["::1".parse().unwrap()],
        };
        let cases = [
            (
                Profile::Signer,
                "smimesign",
                "Digital Signature, Non Repudiation",
            ),
            (
                Profile::Seal,
                "smimesign",
                "URI:http://crl.example/issuing.crl",
            ),
            (
                server,
                "sslserver",
                "DNS:sign.example, IP Address:0:0:0:0:0:0:0:1",
            ),
            (
                Profile::TimeStamping,
                "timestampsign",
                "Extended Key Usage: critical",
            ),
            (Profile::OcspResponder, "ocsphelper", "OCSP No Check"),
        ];
        for (profile, purpose, expected) in cases {
            let chain = authorities.chain(&profile, &Subject::named("Budi Santoso"), &key);
            let text = verified(&chain, purpose);
            assert!(text.contains(expected), "{algorithm} {profile:?}: {text}");
        }
    }
}

#[test]
fn a_certificate_says_what_was_asked_for() {
    let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
    let key = MemoryKey::generate(SignatureAlgorithm::Ed25519);
    let subject = Subject {
        common_name: "Dinas Uji, \"Pusat\"".into(),
        organization: Some("Pemerintah Kota".into()),
        organization_identifier: Some("NTRID-0012345678901234".into()),
        country: Some("ID".into()),
        ..Subject::default()
    };
    let chain = authorities.chain(&Profile::Seal, &subject, &key);
    let leaf = chain.leaf();
    assert_eq!(
        leaf.subject_common_name().as_deref(),
        Some("Dinas Uji, \"Pusat\"")
    );
    let dn = leaf.subject_dn();
    assert!(
        dn.starts_with("CN=Dinas Uji\\, \\\"Pusat\\\",2.5.4.97=#"),
        "{dn}"
    );
    assert!(dn.ends_with(",O=Pemerintah Kota,C=ID"), "{dn}");
    assert_eq!(leaf.issuer_dn(), "CN=Penerbit Uji,O=Badan Uji,C=ID");
    assert_eq!(leaf.public_key().unwrap(), *key.public_key());
    assert_eq!(leaf.serial_hex().len(), 32);
    assert!(leaf.is_valid_at(Timestamp::now()));
    let second = std::time::Duration::from_secs(1);
    assert!(leaf.is_valid_at(leaf.not_after()) && !leaf.is_valid_at(leaf.not_after() + second));
    assert!(leaf.is_valid_at(leaf.not_before()) && !leaf.is_valid_at(leaf.not_before() - second));
    assert_eq!(
        leaf.authority_key_identifier().unwrap(),
        authorities.issuing.subject_key_identifier().unwrap()
    );
    assert_eq!(Chain::from_pem(&chain.pem()).unwrap(), chain);
}

#[test]
fn times_after_2049_are_written_in_full() {
    let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    let (start, end) = (
        "2049-12-31T23:59:59Z".parse().unwrap(),
        "2050-01-01T00:00:00Z".parse().unwrap(),
    );
    let validity = Validity::new(start, end).unwrap();
    let root = now(root(&Subject::named("Akar"), &key, &validity, deadline())).unwrap();
    assert_eq!((root.not_before(), root.not_after()), (start, end));
    assert!(
        root.as_der()
            .windows(15)
            .any(|window| window == b"\x18\x0f2050010100000")
    );
    assert!(
        root.as_der()
            .windows(15)
            .any(|window| window == b"\x17\x0d491231235959Z")
    );
}

#[test]
fn what_cannot_be_issued_is_refused() {
    let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
    let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    let attempt = |subject: Subject, profile: Profile, validity: Validity| {
        let issuer = authorities.issuer();
        now(end_entity(
            &profile,
            &subject,
            key.public_key(),
            &issuer,
            &validity,
            deadline(),
        ))
        .map(|_| ())
    };
    let named = Subject::named;
    attempt(named("Budi"), Profile::Signer, years(1)).unwrap();
    let with = |edit: fn(&mut Subject)| {
        let mut subject = named("Budi");
        edit(&mut subject);
        subject
    };
    let refused = [
        ("empty name", named(" "), Profile::Signer, years(1)),
        (
            "long name",
            Subject::named("B".repeat(65)),
            Profile::Signer,
            years(1),
        ),
        (
            "control character",
            named("Budi\n"),
            Profile::Signer,
            years(1),
        ),
        (
            "personal number",
            named("Budi 3174012345678901"),
            Profile::Signer,
            years(1),
        ),
        (
            "country",
            with(|subject| subject.country = Some("id".into())),
            Profile::Signer,
            years(1),
        ),
        (
            "outlasts the issuer",
            named("Budi"),
            Profile::Signer,
            years(6),
        ),
        (
            "nameless server",
            named("x"),
            Profile::TlsServer {
                names: vec![],
                ips: vec![],
            },
            years(1),
        ),
        (
            "bad name",
            named("x"),
            Profile::TlsServer {
                names: vec!["a b".into()],
                ips: vec![],
            },
            years(1),
        ),
    ];
    for (what, subject, profile, validity) in refused {
        let outcome = attempt(subject, profile, validity);
        assert!(
            matches!(outcome, Err(Error::Request { .. })),
            "{what}: {outcome:?}"
        );
    }
    // Eighteen digits are a civil servant's number, which is public.
    attempt(named("Budi 198001012005011001"), Profile::Signer, years(1)).unwrap();
}

#[test]
fn an_authority_issues_within_its_rights() {
    let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
    let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    let (subject, issuer, validity) = (Subject::named("Bawahan"), authorities.issuer(), years(1));
    let below = now(issuing(
        &subject,
        key.public_key(),
        &issuer,
        &validity,
        deadline(),
    ));
    assert!(matches!(below, Err(Error::Request { .. })), "path length");
    let other = Issuer::new(&authorities.issuing, &key, &authorities.publication);
    assert!(matches!(other, Err(Error::Request { .. })), "foreign key");
    let chain = authorities.chain(&Profile::Signer, &Subject::named("Budi"), &key);
    let leaf = Issuer::new(chain.leaf(), &key, &authorities.publication);
    assert!(
        matches!(leaf, Err(Error::Request { .. })),
        "not an authority"
    );
    let now_and_then = Validity::new(Timestamp::now(), Timestamp::UNIX_EPOCH);
    assert!(
        matches!(now_and_then, Err(Error::Request { .. })),
        "ends before it starts"
    );
}

#[test]
fn issuing_can_move_between_threads() {
    fn movable<T: Send>(_: &T) {}
    let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
    let (subject, issuer, validity) = (Subject::named("Budi"), authorities.issuer(), years(1));
    let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    let future = end_entity(
        &Profile::Seal,
        &subject,
        key.public_key(),
        &issuer,
        &validity,
        deadline(),
    );
    movable(&future);
    now(future).unwrap();
}
