use super::{testing::MemoryKey, *};
use crate::cms::algorithm::{DigestAlgorithm, Scheme};

fn keys() -> impl Iterator<Item = MemoryKey> {
    SignatureAlgorithm::ALL.into_iter().map(MemoryKey::generate)
}

#[test]
fn a_signature_exists_only_if_it_verifies() {
    for key in keys() {
        let (public, algorithm) = (key.public_key(), key.algorithm());
        let raw = key.raw(b"message");
        assert!(raw.len() <= public.max_signature_len());
        let signature = Signature::check(raw.clone(), public, algorithm, b"message").unwrap();
        assert_eq!(signature.as_bytes(), raw);
        assert!(signature.is_for(public, b"message"));
        assert!(!signature.is_for(public, b"massage"));
        let other = MemoryKey::generate(SignatureAlgorithm::Ed25519);
        assert!(!signature.is_for(other.public_key(), b"message"));

        assert!(matches!(
            Signature::check(raw.clone(), public, algorithm, b"massage"),
            Err(Error::Faulty)
        ));
        for position in [0, raw.len() / 2, raw.len() - 1] {
            let mut faulty = raw.clone();
            faulty[position] ^= 1;
            assert!(matches!(
                Signature::check(faulty, public, algorithm, b"message"),
                Err(Error::Faulty)
            ));
        }
        assert!(matches!(
            Signature::check(Vec::new(), public, algorithm, b"message"),
            Err(Error::Faulty)
        ));
    }
}

#[test]
fn a_key_answers_for_its_own_algorithms_only() {
    for key in keys() {
        for algorithm in SignatureAlgorithm::ALL {
            let public = key.public_key();
            let outcome = Signature::check(key.raw(b""), public, algorithm, b"");
            assert_eq!(
                matches!(outcome, Err(Error::WrongAlgorithm { .. })),
                !public.signs_with(algorithm)
            );
        }
    }
    let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    let wrong = key
        .public_key()
        .verify(Scheme::RsaPss(DigestAlgorithm::Sha256), b"", b"");
    assert!(matches!(wrong, Err(Error::WrongScheme { .. })));
}

#[test]
fn damaged_keys_are_refused_or_are_other_keys() {
    for key in keys() {
        let spki = key.public_key().spki();
        for length in 0..spki.len() {
            assert!(PublicKey::from_spki(&spki[..length]).is_err());
        }
        for position in 0..spki.len() {
            for bit in 0..8 {
                let mut damaged = spki.to_vec();
                damaged[position] ^= 1 << bit;
                if let Ok(other) = PublicKey::from_spki(&damaged) {
                    assert!(
                        matches!(other.kind(), KeyKind::Rsa { .. } | KeyKind::Ed25519),
                        "point left its curve"
                    );
                    assert_ne!(&other, key.public_key());
                }
            }
        }
    }
}

/// An RSA key with this modulus length and exponent; the modulus is odd and otherwise arbitrary.
fn rsa_spki(modulus_octets: usize, first: u8, last: u8, exponent: &[u8]) -> Vec<u8> {
    let tlv = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let mut out = vec![tag];
        match content.len() {
            0..128 => out.push(length[1]),
            128..256 => out.extend([0x81, length[1]]),
            _ => out.extend([0x82, length[0], length[1]]),
        }
        out.extend(content);
        out
    };
    let mut modulus = vec![0x5b; modulus_octets];
    (modulus[0], modulus[modulus_octets - 1]) = (first, last);
    if first >= 0x80 {
        modulus.insert(0, 0);
    }
    let key = tlv(0x30, &[tlv(2, &modulus), tlv(2, exponent)].concat());
    let identifier = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    tlv(
        0x30,
        &[identifier.to_vec(), tlv(3, &[vec![0], key].concat())].concat(),
    )
}

#[test]
fn rsa_keys_are_bounded() {
    let e = &[1, 0, 1];
    assert_eq!(
        PublicKey::from_spki(&rsa_spki(256, 0x80, 1, e))
            .unwrap()
            .kind(),
        KeyKind::Rsa { bits: 2048 }
    );
    assert_eq!(
        PublicKey::from_spki(&rsa_spki(512, 0xff, 1, e))
            .unwrap()
            .kind(),
        KeyKind::Rsa { bits: 4096 }
    );
    let refused = [
        ("2047 bits", rsa_spki(256, 0x7f, 1, e)),
        ("4097 bits", rsa_spki(513, 0x01, 1, e)),
        ("even modulus", rsa_spki(256, 0x80, 2, e)),
        ("exponent 3", rsa_spki(256, 0x80, 1, &[3])),
        ("even exponent", rsa_spki(256, 0x80, 1, &[1, 0, 2])),
        ("long exponent", rsa_spki(256, 0x80, 1, &[1, 0, 0, 0, 1])),
        ("negative exponent", rsa_spki(256, 0x80, 1, &[0x81, 0, 1])),
        ("huge exponent", rsa_spki(256, 0x80, 1, &[1; 20])),
    ];
    for (what, spki) in refused {
        assert!(PublicKey::from_spki(&spki).is_err(), "{what}");
    }
}

#[test]
fn a_signing_key_gives_checked_signatures() {
    for key in keys() {
        let signature = testing::now(key.sign(b"message".to_vec(), Instant::now())).unwrap();
        assert!(signature.is_for(key.public_key(), b"message"));
        assert_eq!(signature.algorithm(), key.algorithm());
    }
}
