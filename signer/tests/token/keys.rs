//! Keys are made with the attributes they should have, found again, and sign.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use signer::cms::algorithm::SignatureAlgorithm;
use signer::hsm::{Error, KeySpec, TokenSelector, provision};
use signer::key::{KeyKind, SigningKey};

use crate::harness::*;

#[test]
fn every_kind_of_key_signs_and_is_found_again() {
    alone("keys::every_kind_of_key_signs_and_is_found_again", |_| {
        let hsm = start(settings());
        for (name, kind, algorithms) in [
            (
                "rsa2048",
                KeyKind::Rsa { bits: 2048 },
                &[
                    SignatureAlgorithm::RsaPkcs1Sha256,
                    SignatureAlgorithm::RsaPssSha256,
                ][..],
            ),
            (
                "rsa3072",
                KeyKind::Rsa { bits: 3072 },
                &[SignatureAlgorithm::RsaPkcs1Sha256],
            ),
            (
                "p256",
                KeyKind::P256,
                &[SignatureAlgorithm::EcdsaP256Sha256],
            ),
            (
                "p384",
                KeyKind::P384,
                &[SignatureAlgorithm::EcdsaP384Sha384],
            ),
            ("ed25519", KeyKind::Ed25519, &[SignatureAlgorithm::Ed25519]),
        ] {
            for algorithm in algorithms {
                let name = format!("{name}-{algorithm}");
                let Some(key) = try_key(&hsm, &name, kind, *algorithm) else {
                    continue;
                };
                for length in [0, 1, 300, 5000] {
                    sign(&key, &vec![0x5a; length])
                        .unwrap_or_else(|error| panic!("{name}: {error}"));
                }
                let found = block_on(hsm.public_key(id(&name), soon())).unwrap();
                assert_eq!(found.as_ref(), Some(key.public_key()), "{name}");
            }
        }
        assert_eq!(block_on(hsm.public_key(id("none"), soon())).unwrap(), None);
    });
}

#[test]
fn a_private_key_only_signs_and_never_leaves() {
    alone("keys::a_private_key_only_signs_and_never_leaves", |_| {
        let hsm = start(settings());
        let key = p256(&hsm, "seal");
        let (pkcs11, slot) = beside();
        let session = pkcs11.open_ro_session(slot).unwrap();
        let found = session
            .find_objects(&[
                Attribute::Class(ObjectClass::PRIVATE_KEY),
                Attribute::Id(key.id().as_bytes().to_vec()),
            ])
            .unwrap();
        let expected = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::AlwaysSensitive(true),
            Attribute::Extractable(false),
            Attribute::NeverExtractable(true),
            Attribute::Local(true),
            Attribute::Sign(true),
            Attribute::Decrypt(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
            Attribute::Modifiable(false),
        ];
        let types: Vec<_> = expected.iter().map(Attribute::attribute_type).collect();
        assert_eq!(session.get_attributes(found[0], &types).unwrap(), expected);
    });
}

#[test]
fn a_key_is_not_made_twice_and_a_missing_one_is_named() {
    alone(
        "keys::a_key_is_not_made_twice_and_a_missing_one_is_named",
        |_| {
            let hsm = start(settings());
            let key = p256(&hsm, "once");
            let spec = KeySpec {
                id: id("once"),
                label: String::new(),
                kind: KeyKind::P256,
            };
            assert!(matches!(
                block_on(hsm.generate(spec, soon())),
                Err(Error::KeyExists { .. })
            ));
            let missing = hsm.key(id("missing"), key.public_key().clone(), key.algorithm());
            assert!(
                matches!(sign(&missing, b"x"), Err(Error::KeyMissing { id: missing, known: false }) if missing == id("missing"))
            );
            sign(&key, b"x").unwrap();
        },
    );
}

#[test]
fn a_signature_by_another_key_is_never_released() {
    alone("keys::a_signature_by_another_key_is_never_released", |_| {
        let hsm = start(settings());
        let (one, two) = (p256(&hsm, "one"), p256(&hsm, "two"));
        let confused = hsm.key(id("one"), two.public_key().clone(), two.algorithm());
        assert!(matches!(sign(&confused, b"x"), Err(Error::Faulty)));
        assert_eq!(hsm.health().counters.faulty, 3);
        sign(&one, b"x").unwrap();
        sign(&two, b"x").unwrap();
    });
}

#[test]
fn an_algorithm_of_another_kind_of_key_is_refused() {
    alone(
        "keys::an_algorithm_of_another_kind_of_key_is_refused",
        |_| {
            let hsm = start(settings());
            let key = p256(&hsm, "p256");
            let confused = hsm.key(
                id("p256"),
                key.public_key().clone(),
                SignatureAlgorithm::RsaPkcs1Sha256,
            );
            assert!(matches!(
                sign(&confused, b"x"),
                Err(Error::Unsupported { .. })
            ));
        },
    );
}

#[test]
fn hmac_by_a_token_key_depends_on_key_and_data() {
    alone("keys::hmac_by_a_token_key_depends_on_key_and_data", |_| {
        let hsm = start(settings());
        for name in ["pepper", "salt"] {
            block_on(hsm.generate_hmac_key(id(name), name.into(), soon())).unwrap();
        }
        let again = block_on(hsm.generate_hmac_key(id("salt"), "salt".into(), soon()));
        assert!(matches!(again, Err(Error::KeyExists { .. })));
        let mac = |name, data: &[u8]| block_on(hsm.hmac(id(name), data.to_vec(), soon())).unwrap();
        assert_eq!(mac("pepper", b"data"), mac("pepper", b"data"));
        assert_ne!(mac("pepper", b"data"), mac("pepper", b"date"));
        assert_ne!(mac("pepper", b"data"), mac("salt", b"data"));
        assert!(matches!(
            block_on(hsm.hmac(id("none"), vec![], soon())),
            Err(Error::KeyMissing { .. })
        ));
    });
}

#[test]
fn what_a_token_key_encrypts_it_alone_decrypts_in_the_same_context() {
    alone(
        "keys::what_a_token_key_encrypts_it_alone_decrypts_in_the_same_context",
        |_| {
            let hsm = start(settings());
            for name in ["vault", "other"] {
                block_on(hsm.generate_aes_key(id(name), name.into(), soon())).unwrap();
            }
            let decrypt = |name, context: &[u8], sealed: &[u8]| {
                block_on(hsm.decrypt(id(name), context.to_vec(), sealed.to_vec(), soon()))
            };
            for plaintext in [vec![], b"nik".to_vec(), vec![7; 60_000]] {
                let sealed = hsm.encrypt(
                    id("vault"),
                    b"row 1".to_vec(),
                    plaintext.clone().into(),
                    soon(),
                );
                let sealed = block_on(sealed).unwrap();
                assert_eq!(*decrypt("vault", b"row 1", &sealed).unwrap(), plaintext);
                let mut changed = sealed.clone();
                *changed.last_mut().unwrap() ^= 1;
                for (name, context, sealed) in [
                    ("vault", &b"row 2"[..], &sealed[..]),
                    ("other", b"row 1", &sealed),
                    ("vault", b"row 1", &changed),
                    ("vault", b"row 1", &sealed[..20]),
                    ("vault", b"row 1", b""),
                ] {
                    assert!(matches!(
                        decrypt(name, context, sealed),
                        Err(Error::Ciphertext)
                    ));
                }
            }
            let counters = hsm.health().counters;
            assert_eq!(
                (counters.retries, counters.logins),
                (0, 1),
                "bad input repairs nothing"
            );
        },
    );
}

#[test]
fn a_key_that_wants_its_pin_every_time_signs() {
    alone("keys::a_key_that_wants_its_pin_every_time_signs", |_| {
        let hsm = start(settings());
        let (pkcs11, slot) = beside();
        let session = pkcs11.open_rw_session(slot).unwrap();
        let public = [
            Attribute::Token(true),
            Attribute::Id(b"attended".to_vec()),
            Attribute::ModulusBits(2048.into()),
            Attribute::Verify(true),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Id(b"attended".to_vec()),
            Attribute::Sign(true),
            Attribute::AlwaysAuthenticate(true),
        ];
        if let Err(error) =
            session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)
        {
            println!("skipped: CKA_ALWAYS_AUTHENTICATE: {error}");
            return;
        }
        let public = block_on(hsm.public_key(id("attended"), soon()))
            .unwrap()
            .unwrap();
        for algorithm in [
            SignatureAlgorithm::RsaPkcs1Sha256,
            SignatureAlgorithm::RsaPssSha256,
        ] {
            let key = hsm.key(id("attended"), public.clone(), algorithm);
            sign(&key, b"one").unwrap();
            sign(&key, b"two").unwrap();
        }
    });
}

#[test]
fn tokens_are_found_by_label_or_serial_and_not_made_twice() {
    alone(
        "keys::tokens_are_found_by_label_or_serial_and_not_made_twice",
        |_| {
            let twice = provision::init_token(&module(), LABEL, &SO_PIN.into(), &PIN.into());
            assert!(matches!(twice, Err(Error::LabelTaken { .. })));
            let hsm = start(settings());
            let (pkcs11, slot) = beside();
            let serial = pkcs11
                .get_token_info(slot)
                .unwrap()
                .serial_number()
                .to_owned();
            let mut by_serial = settings();
            by_serial.token = TokenSelector::Serial(serial);
            let second = start(by_serial);
            let key = p256(&hsm, "shared");
            sign(
                &second.key(id("shared"), key.public_key().clone(), key.algorithm()),
                b"x",
            )
            .unwrap();
            // The security officer's PIN is not the user's.
            assert!(
                pkcs11
                    .open_rw_session(slot)
                    .unwrap()
                    .login(UserType::So, Some(&PIN.into()))
                    .is_err()
            );
        },
    );
}
