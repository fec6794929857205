//! Keys that live outside the token, wrapped under a key of the token.

use signer::hsm::{Error, Hsm, KeyId, Wrapped};
use signer::key::{KeyKind, SigningKey};

use crate::harness::*;

/// A wrapped key, or none when the token does not wrap.
fn wrapped(hsm: &Hsm, wrapping: &KeyId, kind: KeyKind) -> Option<Wrapped> {
    match block_on(hsm.generate_wrapped(wrapping.clone(), kind, soon())) {
        Ok(wrapped) => Some(wrapped),
        Err(error @ (Error::Unsupported { .. } | Error::Function { .. }))
            if !error.is_transient() =>
        {
            println!("skipped: a wrapped {kind}: {error}");
            None
        }
        Err(error) => panic!("{kind}: {error}"),
    }
}

fn wrapping_key(hsm: &Hsm, name: &str) -> KeyId {
    block_on(hsm.generate_wrapping_key(id(name), name.to_owned(), soon())).unwrap();
    id(name)
}

#[test]
fn a_wrapped_key_signs_whenever_it_is_needed() {
    alone("wrap::a_wrapped_key_signs_whenever_it_is_needed", |_| {
        let hsm = start(settings());
        let wrapping = wrapping_key(&hsm, "bungkus");
        let mut refused = 0;
        for kind in [
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::Ed25519,
            KeyKind::Rsa { bits: 2048 },
        ] {
            let Some(wrapped) = wrapped(&hsm, &wrapping, kind) else {
                refused += 1;
                continue;
            };
            let key = hsm.wrapped_key(&wrapped);
            for n in 0..3 {
                let signature = block_on(key.sign(vec![n; 100], soon())).unwrap();
                assert!(signature.is_for(key.public_key(), &[n; 100]));
            }
            // A module finalised underneath, or a lost login, is mended as for any other key.
            beside().0.finalize().unwrap();
            block_on(key.sign(vec![9], soon())).unwrap();
        }
        assert!(hsm.health().counters.failures <= refused);
    });
}

#[test]
fn a_blob_that_was_tampered_with_disturbs_nobody() {
    alone(
        "wrap::a_blob_that_was_tampered_with_disturbs_nobody",
        |_| {
            let hsm = start(settings());
            let (wrapping, foreign) = (wrapping_key(&hsm, "satu"), wrapping_key(&hsm, "dua"));
            let Some(good) = wrapped(&hsm, &wrapping, KeyKind::P256) else {
                return;
            };
            let sessions = hsm.health().counters.sessions_opened;
            for position in [0, 8, good.blob.len() - 1] {
                let mut blob = good.blob.to_vec();
                blob[position] ^= 1;
                let bad = Wrapped {
                    blob: blob.into(),
                    ..good.clone()
                };
                let outcome = block_on(hsm.wrapped_key(&bad).sign(vec![1], soon()));
                assert!(matches!(outcome, Err(Error::Ciphertext)), "{outcome:?}");
            }
            for bad in [
                Wrapped {
                    wrapping: foreign,
                    ..good.clone()
                },
                Wrapped {
                    blob: good.blob[..8].into(),
                    ..good.clone()
                },
                Wrapped {
                    blob: vec![0; 100_000].into(),
                    ..good.clone()
                },
            ] {
                let outcome = block_on(hsm.wrapped_key(&bad).sign(vec![1], soon()));
                assert!(matches!(outcome, Err(Error::Ciphertext)), "{outcome:?}");
            }
            block_on(hsm.wrapped_key(&good).sign(vec![1], soon())).unwrap();
            let counters = hsm.health().counters;
            assert_eq!(
                (
                    counters.sessions_opened,
                    counters.reinitialisations,
                    counters.logins
                ),
                (sessions, 0, 1)
            );
        },
    );
}
