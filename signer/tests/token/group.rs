//! Several tokens that hold the same keys.

use std::fs;

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin, EcPublicKeyUncompressedBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use secrecy::SecretString;
use signer::cms::algorithm::SignatureAlgorithm;
use signer::hsm::{Error, Hsm, KeySpec, State, TokenKey, TokenSelector, provision};
use signer::key::{KeyKind, SigningKey};

use crate::harness::*;

const SECOND: &str = "kedua";

#[test]
fn the_load_is_spread_and_a_lost_token_is_left_out_until_it_is_back() {
    alone(
        "group::the_load_is_spread_and_a_lost_token_is_left_out_until_it_is_back",
        |token| {
            let Some(hsm) = both(PIN) else { return };
            until("both are usable", || states(&hsm) == [State::Usable; 2]);
            replicate("seal", [1; 2]);
            let key = key(&hsm, "seal");
            serve(&key, 100);
            assert!(
                hsm.tokens()
                    .iter()
                    .all(|(_, health)| health.counters.signatures > 0)
            );

            let home = fs::read_dir(token.directory.join("tokens"))
                .unwrap()
                .map(|entry| entry.unwrap().path());
            let second = home.into_iter().find(|home| {
                let content = fs::read(home.join("token.object")).unwrap_or_default();
                content
                    .windows(SECOND.len())
                    .any(|part| part == SECOND.as_bytes())
            });
            let Some(second) = second else {
                println!("skipped: tokens are not directories");
                return;
            };
            let away = token.directory.join("away");
            fs::rename(&second, &away).unwrap();
            serve(&key, 100);
            until("the loss is noticed", || {
                serve(&key, 10);
                hsm.tokens()[1].1.counters.retries >= 4
            });
            serve(&key, 100);
            assert_eq!(hsm.health().state, State::Usable);

            fs::rename(&away, &second).unwrap();
            let before = hsm.tokens()[1].1.counters.signatures;
            until("it serves again", || {
                serve(&key, 20);
                hsm.tokens()[1].1.counters.signatures > before
            });
            assert_eq!(hsm.health().counters.failures, 0);
        },
    );
}

#[test]
fn a_token_that_refuses_its_pin_leaves_the_work_to_the_other() {
    alone(
        "group::a_token_that_refuses_its_pin_leaves_the_work_to_the_other",
        |_| {
            let Some(hsm) = both("bukan-ini") else { return };
            hsm.wait_usable(std::time::Duration::from_secs(10)).unwrap();
            let (pkcs11, slot) = beside();
            create(&pkcs11.open_rw_session(slot).unwrap(), "seal", 1);
            until("the other is judged", || {
                matches!(hsm.tokens()[1].1.reason, Some(Error::PinIncorrect))
            });
            serve(&key(&hsm, "seal"), 50);
            until("all are counted", || {
                hsm.tokens()[0].1.counters.signatures == 50
            });
        },
    );
}

#[test]
fn tokens_that_hold_different_keys_are_told_apart() {
    alone(
        "group::tokens_that_hold_different_keys_are_told_apart",
        |_| {
            let Some(hsm) = both(PIN) else { return };
            until("both are usable", || states(&hsm) == [State::Usable; 2]);
            replicate("same", [1; 2]);
            replicate("other", [1, 2]);
            block_on(hsm.compare(&[id("same"), id("none")], soon())).unwrap();
            let outcome = block_on(hsm.compare(&[id("same"), id("other")], soon()));
            assert!(
                matches!(outcome, Err(Error::Replica { id: differs, .. }) if differs == id("other"))
            );
            let spec = KeySpec {
                id: id("new"),
                label: String::new(),
                kind: KeyKind::P256,
            };
            assert!(matches!(
                block_on(hsm.generate(spec, soon())),
                Err(Error::Unsupported { .. })
            ));
        },
    );
}

/// Two tokens as one, or none when the module has only one slot.
fn both(second_pin: &str) -> Option<Hsm> {
    match provision::init_token(&module(), SECOND, &SO_PIN.into(), &PIN.into()) {
        Ok(()) => {}
        Err(error @ Error::Unsupported { .. }) => {
            println!("skipped: a second token: {error}");
            return None;
        }
        Err(error) => panic!("{error}"),
    }
    let mut second = settings();
    second.token = TokenSelector::Label(SECOND.into());
    second.pin = SecretString::from(second_pin);
    Some(begin_all(vec![settings(), second]))
}

fn states(hsm: &Hsm) -> [State; 2] {
    let tokens = hsm.tokens();
    [tokens[0].1.state, tokens[1].1.state]
}

fn key(hsm: &Hsm, name: &str) -> TokenKey {
    let public = block_on(hsm.public_key(id(name), soon())).unwrap().unwrap();
    hsm.key(id(name), public, SignatureAlgorithm::EcdsaP256Sha256)
}

fn serve(key: &TokenKey, jobs: u8) {
    let answers: Vec<_> = (0..jobs).map(|n| key.sign(vec![n], soon())).collect();
    for answer in answers {
        block_on(answer).unwrap();
    }
}

/// Puts key pairs into both tokens under one name; equal numbers are equal keys.
fn replicate(name: &str, numbers: [u8; 2]) {
    let pkcs11 = Pkcs11::new(module()).unwrap();
    for (label, number) in [LABEL, SECOND].into_iter().zip(numbers) {
        let slots = pkcs11.get_slots_with_token().unwrap();
        let slot = slots
            .into_iter()
            .find(|slot| pkcs11.get_token_info(*slot).unwrap().label() == label);
        create(
            &pkcs11.open_rw_session(slot.unwrap()).unwrap(),
            name,
            number,
        );
    }
}

fn create(session: &cryptoki::session::Session, name: &str, number: u8) {
    static PAIRS: std::sync::LazyLock<[EcdsaKeyPair; 2]> = std::sync::LazyLock::new(|| {
        [(); 2].map(|()| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    });
    let pair = &PAIRS[usize::from(number) - 1];
    let private: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().unwrap();
    let point: EcPublicKeyUncompressedBin<'_> = pair.public_key().as_be_bytes().unwrap();
    let curve = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07".to_vec();
    let common = [
        Attribute::Token(true),
        Attribute::KeyType(KeyType::EC),
        Attribute::Id(name.as_bytes().to_vec()),
        Attribute::EcParams(curve),
    ];
    let private = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Private(true),
        Attribute::Sign(true),
        Attribute::Value(private.as_ref().to_vec()),
    ];
    let public = [
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::Private(false),
        Attribute::EcPoint([&[0x04, 65], point.as_ref()].concat()),
    ];
    for half in [&private[..], &public[..]] {
        session
            .create_object(&[&common[..], half].concat())
            .unwrap();
    }
}
