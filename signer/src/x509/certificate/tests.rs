use std::hint::black_box;

use super::*;
use crate::{
    cms::algorithm::SignatureAlgorithm,
    key::testing::MemoryKey,
    x509::{
        issue::{Profile, Subject},
        testing::Authorities,
    },
};

fn leaf() -> (Authorities, Certificate) {
    let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
    let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    let chain = authorities.chain(&Profile::Signer, &Subject::named("Budi"), &key);
    let leaf = chain.leaf().clone();
    (authorities, leaf)
}

/// Everything that can be asked of a certificate.
fn ask(certificate: &Certificate) {
    black_box((
        certificate.subject_common_name(),
        certificate.subject_dn(),
        certificate.issuer_dn(),
    ));
    black_box((
        certificate.serial_hex(),
        certificate.public_key().is_ok(),
        certificate.is_self_issued(),
    ));
    black_box((
        certificate.key_usage().is_ok(),
        certificate.extended_key_usage().is_ok(),
    ));
    black_box((
        certificate.basic_constraints().is_ok(),
        certificate.subject_key_identifier().is_ok(),
    ));
    black_box((
        certificate.authority_key_identifier().is_ok(),
        format!("{certificate:?}"),
    ));
}

#[test]
fn a_damaged_certificate_is_refused_or_not_verified() {
    let (authorities, leaf) = leaf();
    let issuer = authorities.issuing.public_key().unwrap();
    leaf.verify(&issuer).unwrap();
    for length in 0..leaf.as_der().len() {
        assert!(Certificate::from_der(leaf.as_der()[..length].to_vec()).is_err());
    }
    for position in 0..leaf.as_der().len() {
        for bit in 0..8 {
            let mut damaged = leaf.as_der().to_vec();
            damaged[position] ^= 1 << bit;
            if let Ok(certificate) = Certificate::from_der(damaged) {
                ask(&certificate);
                assert!(
                    certificate.verify(&issuer).is_err(),
                    "octet {position}, bit {bit}"
                );
            }
        }
    }
    let mut longer = leaf.as_der().to_vec();
    longer.push(0);
    assert!(Certificate::from_der(longer).is_err());
    assert!(matches!(
        Certificate::from_der(vec![0x30; 70_000]),
        Err(Error::Limit { .. })
    ));
    // Nesting as deep as the length allows.
    assert!(Certificate::from_der([0x30, 0x80].repeat(32_000)).is_err());
}

#[test]
fn debug_tells_no_names() {
    let (_, leaf) = leaf();
    let text = format!("{leaf:?}");
    assert!(
        text.contains(&leaf.serial_hex()) && !text.contains("Budi"),
        "{text}"
    );
}
