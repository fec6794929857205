use std::fs;

use cms::{cert::x509::attr::Attribute, content_info::ContentInfo, signed_data::SignedData};
use der::Decode;

use super::*;
use crate::{
    key::{
        SigningKey,
        testing::{MemoryKey, now},
    },
    x509::{
        issue::{Profile, Subject},
        pem,
        testing::{Authorities, deadline, openssl},
    },
};

const CONTENT: &[u8] = b"isi dokumen";

struct Case {
    key: MemoryKey,
    chain: Chain,
    template: Template,
}

impl Case {
    fn new(algorithm: SignatureAlgorithm) -> Self {
        let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
        let key = MemoryKey::generate(algorithm);
        let chain = authorities.chain(&Profile::Signer, &Subject::named("Budi"), &key);
        let template = Template::new(&chain, algorithm).unwrap();
        Self {
            key,
            chain,
            template,
        }
    }

    fn attributes(&self, content: &[u8]) -> SignedAttributes {
        self.template
            .signed_attributes(&self.template.digest().digest(content))
            .unwrap()
    }

    fn sign(&self, content: &[u8], unsigned: Vec<UnsignedAttribute>) -> Vec<u8> {
        let attributes = self.attributes(content);
        let signature = now(self.key.sign(attributes.as_der().to_vec(), deadline())).unwrap();
        self.template
            .assemble(&attributes, &signature, unsigned)
            .unwrap()
    }
}

fn signed_data(der: &[u8]) -> SignedData {
    ContentInfo::from_der(der)
        .unwrap()
        .content
        .decode_as()
        .unwrap()
}

#[test]
fn openssl_verifies_what_is_assembled() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    // openssl 3.0 knows no Ed25519 in CMS.
    for algorithm in SignatureAlgorithm::ALL
        .into_iter()
        .filter(|known| *known != SignatureAlgorithm::Ed25519)
    {
        let case = Case::new(algorithm);
        let root = case.chain.certificates().last().unwrap();
        fs::write(file("root"), pem::from_certificate(root)).unwrap();
        fs::write(file("content"), CONTENT).unwrap();
        fs::write(file("other"), b"isi lain").unwrap();
        fs::write(file("cms"), case.sign(CONTENT, Vec::new())).unwrap();
        let verify = |content: &str| {
            let arguments = [
                "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-CAfile", "root",
                "-cades",
            ];
            openssl(
                directory.path(),
                &[&arguments[..], &["-content", content]].concat(),
            )
        };
        let (good, text) = verify("content");
        assert!(good, "{algorithm}: {text}");
        let (good, text) = verify("other");
        assert!(!good, "{algorithm}: {text}");
    }
}

#[test]
fn another_decoder_reads_the_same_structure() {
    for algorithm in SignatureAlgorithm::ALL {
        let case = Case::new(algorithm);
        let der = case.sign(CONTENT, Vec::new());
        let data = signed_data(&der);
        assert_eq!(data.encap_content_info.econtent, None);
        // Leaf and issuing authority; the root is for the verifier to have.
        assert_eq!(data.certificates.as_ref().unwrap().0.len(), 2);
        let signer = data.signer_infos.0.get(0).unwrap();
        assert_eq!(signer.signature_algorithm, algorithm.identifier());
        assert_eq!(signer.digest_alg, algorithm.digest().identifier());
        assert_eq!(signer.unsigned_attrs, None);
        let attributes = signer.signed_attrs.as_ref().unwrap();
        assert_eq!(
            attributes.to_der().unwrap(),
            case.attributes(CONTENT).as_der(),
            "order of the set"
        );
        let message_digest = attributes
            .iter()
            .find(|one: &&Attribute| one.oid == rfc5911::ID_MESSAGE_DIGEST)
            .unwrap();
        let value = message_digest.values.get(0).unwrap().value();
        assert_eq!(value, algorithm.digest().digest(CONTENT));
        // Encoding it again gives the same octets: what was put together by hand is DER throughout.
        assert_eq!(ContentInfo::from_der(&der).unwrap().to_der().unwrap(), der);
        assert_eq!(
            data.to_der().unwrap(),
            ContentInfo::from_der(&der)
                .unwrap()
                .content
                .to_der()
                .unwrap()
        );
        // The signature is over the attributes as a SET OF.
        let raw = signer.signature.as_bytes();
        case.key
            .public_key()
            .verify(algorithm.into(), &attributes.to_der().unwrap(), raw)
            .unwrap();
    }
}

#[test]
fn the_stated_length_is_never_exceeded() {
    for algorithm in SignatureAlgorithm::ALL {
        let case = Case::new(algorithm);
        let token = asn1::wrap(
            tag::SEQUENCE,
            &[&asn1::wrap(tag::OCTET_STRING, &[&[0; 5000]])],
        );
        let timestamp = UnsignedAttribute::signature_timestamp(&token).unwrap();
        assert_eq!(
            timestamp.len(),
            UnsignedAttribute::signature_timestamp_len(token.len())
        );
        for _ in 0..8 {
            for unsigned in [vec![], vec![timestamp.clone()]] {
                let bound = case
                    .template
                    .max_len(unsigned.iter().map(UnsignedAttribute::len).sum());
                let length = case.sign(CONTENT, unsigned).len();
                let slack = match algorithm {
                    SignatureAlgorithm::EcdsaP256Sha256 | SignatureAlgorithm::EcdsaP384Sha384 => {
                        0..=10
                    }
                    _ => 0..=0,
                };
                assert!(
                    bound >= length && slack.contains(&(bound - length)),
                    "{algorithm}: {length} of {bound}"
                );
            }
        }
    }
}

#[test]
fn unsigned_attributes_are_a_set() {
    let case = Case::new(SignatureAlgorithm::Ed25519);
    let attribute = |last: u32| {
        let oid = ObjectIdentifier::new(&format!("1.2.3.{last}")).unwrap();
        UnsignedAttribute::new(oid, &[0x05, 0x00]).unwrap()
    };
    let data = signed_data(&case.sign(CONTENT, vec![attribute(9), attribute(7), attribute(8)]));
    let signer = data.signer_infos.0.get(0).unwrap();
    let found: Vec<_> = signer
        .unsigned_attrs
        .as_ref()
        .unwrap()
        .iter()
        .map(|one| one.oid.to_string())
        .collect();
    assert_eq!(found, ["1.2.3.7", "1.2.3.8", "1.2.3.9"]);
    for malformed in [&[][..], &[0x05], &[0x05, 0x00, 0x00], &[0x30, 0x03, 0x00]] {
        assert!(UnsignedAttribute::signature_timestamp(malformed).is_err());
    }
}

#[test]
fn foreign_signatures_and_digests_are_refused() {
    let case = Case::new(SignatureAlgorithm::RsaPkcs1Sha256);
    let attributes = case.attributes(CONTENT);
    let message = attributes.as_der();
    let refused = |signature: &Signature| {
        matches!(
            case.template.assemble(&attributes, signature, Vec::new()),
            Err(Error::ForeignSignature)
        )
    };
    let other_message = now(case
        .key
        .sign(case.attributes(b"isi lain").as_der().to_vec(), deadline()))
    .unwrap();
    assert!(refused(&other_message));
    // The same key, but an algorithm the attributes do not name.
    let pss = MemoryKey::generate(SignatureAlgorithm::RsaPssSha256);
    assert!(refused(
        &now(pss.sign(message.to_vec(), deadline())).unwrap()
    ));
    let other_key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    assert!(refused(
        &now(other_key.sign(message.to_vec(), deadline())).unwrap()
    ));

    for length in [0, 31, 33, 64] {
        let outcome = case.template.signed_attributes(&vec![0; length]);
        assert!(matches!(
            outcome,
            Err(Error::DigestLength { expected: 32, .. })
        ));
    }
    let outcome = Template::new(&case.chain, SignatureAlgorithm::Ed25519);
    assert!(matches!(
        outcome,
        Err(Error::Key(crate::key::Error::WrongAlgorithm { .. }))
    ));
}
