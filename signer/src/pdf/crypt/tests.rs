use std::collections::BTreeMap;
use std::sync::Arc;

use lopdf::encryption::crypt_filters::{
    Aes128CryptFilter, Aes256CryptFilter, CryptFilter, IdentityCryptFilter, Rc4CryptFilter,
};
use lopdf::{EncryptionVersion, Stream, StringFormat, Writer};

use super::*;
use crate::pdf::sample::Sample;
use crate::pdf::{Entry, Limits};

const KEY: [u8; 32] = [7; 32];

/// Everything revisions 2 to 6 allow, with these passwords.
pub(crate) fn states(user: &str, owner: &str) -> Vec<EncryptionState> {
    states_with(user, owner, Permissions::ANNOTABLE)
}

fn states_with(user: &str, owner: &str, permissions: Permissions) -> Vec<EncryptionState> {
    let mut document = Document::new();
    let id = Object::String(b"0123456789abcdef".to_vec(), StringFormat::Hexadecimal);
    document.trailer.set("ID", vec![id]);
    let filters = |filter: Arc<dyn CryptFilter>| BTreeMap::from([(b"StdCF".to_vec(), filter)]);
    let name = || b"StdCF".to_vec();
    let v4 =
        |filter: Arc<dyn CryptFilter>, encrypt_metadata, string_filter| EncryptionVersion::V4 {
            document: &document,
            encrypt_metadata,
            crypt_filters: filters(filter),
            stream_filter: name(),
            string_filter,
            owner_password: owner,
            user_password: user,
            permissions,
        };
    let versions = [
        EncryptionVersion::V1 {
            document: &document,
            owner_password: owner,
            user_password: user,
            permissions,
        },
        EncryptionVersion::V2 {
            document: &document,
            owner_password: owner,
            user_password: user,
            key_length: 128,
            permissions,
        },
        v4(Arc::new(Rc4CryptFilter), true, name()),
        v4(Arc::new(Aes128CryptFilter), true, name()),
        v4(Arc::new(Aes128CryptFilter), false, b"Identity".to_vec()),
        v4(Arc::new(IdentityCryptFilter), true, name()),
        #[expect(deprecated, reason = "such files exist")]
        EncryptionVersion::R5 {
            encrypt_metadata: true,
            crypt_filters: filters(Arc::new(Aes256CryptFilter)),
            file_encryption_key: &KEY,
            stream_filter: name(),
            string_filter: name(),
            owner_password: owner,
            user_password: user,
            permissions,
        },
        EncryptionVersion::V5 {
            encrypt_metadata: false,
            crypt_filters: filters(Arc::new(Aes256CryptFilter)),
            file_encryption_key: &KEY,
            stream_filter: name(),
            string_filter: name(),
            owner_password: owner,
            user_password: user,
            permissions,
        },
    ];
    versions
        .map(|version| EncryptionState::try_from(version).unwrap())
        .into()
}

fn written(object: &Object) -> Vec<u8> {
    let mut bytes = Vec::new();
    Writer::write_object(&mut bytes, object).unwrap();
    bytes
}

/// A document with a string 7, a stream 8 and XMP 9, encrypted.
pub(crate) fn sample(state: &EncryptionState, direct: bool) -> Sample {
    let mut sample = Sample::pages(1);
    let xmp: Dictionary = [(b"Type".to_vec(), Object::Name(b"Metadata".to_vec()))]
        .into_iter()
        .collect();
    for (number, mut object) in [
        (7, Object::string_literal("string")),
        (
            8,
            Object::Stream(Stream::new(Dictionary::new(), b"stream".to_vec())),
        ),
        (9, Object::Stream(Stream::new(xmp, b"xmp".to_vec()))),
    ] {
        encrypt_object(state, (number, 0), &mut object).unwrap();
        sample.raw_object(number, &written(&object));
    }
    let dictionary = written(&Object::Dictionary(state.encode().unwrap()));
    let encrypt = if direct {
        dictionary
    } else {
        sample.raw_object(10, &dictionary);
        b"10 0 R".to_vec()
    };
    let mut trailer = b"/ID[<30313233343536373839616263646566><00>]/Encrypt ".to_vec();
    trailer.extend(encrypt);
    sample.table_with(&trailer);
    sample
}

fn unlocked<'a>(sample: &'a Sample, password: &str) -> Result<Pdf<'a>, Error> {
    let mut pdf = Pdf::open(&sample.bytes, Limits::default())?;
    pdf.unlock(Some(&SecretString::from(password)))?;
    Ok(pdf)
}

#[test]
fn every_revision_opens_with_either_password() {
    for state in states("user", "owner") {
        for direct in [false, true] {
            let sample = sample(&state, direct);
            for (password, access) in [("user", Access::User), ("owner", Access::Owner)] {
                let pdf = unlocked(&sample, password).unwrap();
                assert_eq!(pdf.encryption().unwrap().access(), access);
                assert_eq!(
                    *pdf.object((7, 0)).unwrap(),
                    Object::string_literal("string")
                );
                assert_eq!(
                    pdf.object((8, 0)).unwrap().as_stream().unwrap().content,
                    b"stream"
                );
                assert_eq!(
                    pdf.object((9, 0)).unwrap().as_stream().unwrap().content,
                    b"xmp"
                );
                assert!(pdf.encryption().unwrap().may_sign());
            }
            assert_eq!(
                unlocked(&sample, "wrong").unwrap_err(),
                Error::PasswordIncorrect
            );
            let mut pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
            assert_eq!(pdf.unlock(None), Err(Error::PasswordRequired));
            assert_eq!(pdf.object((8, 0)).unwrap_err(), Error::PasswordRequired);
        }
    }
}

#[test]
fn what_is_written_is_read_back() {
    for state in states("", "owner") {
        let sample = sample(&state, false);
        let mut pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
        pdf.unlock(None).unwrap();
        let signature: Dictionary = [
            (b"Type".to_vec(), Object::Name(b"Sig".to_vec())),
            (b"Contents".to_vec(), Object::string_literal("left alone")),
            (b"Reason".to_vec(), Object::string_literal("reason")),
        ]
        .into_iter()
        .collect();
        let mut object = Object::Dictionary(signature.clone());
        pdf.encryption()
            .unwrap()
            .encrypt_object((12, 0), &mut object)
            .unwrap();
        let encrypted = object.as_dict().unwrap();
        assert_eq!(
            encrypted.get(b"Contents").unwrap(),
            &Object::string_literal("left alone")
        );
        let mut next = sample.clone();
        next.raw_object(12, &written(&object));
        next.table_with(b"/ID[<30313233343536373839616263646566><00>]/Encrypt 10 0 R");
        let mut pdf = Pdf::open(&next.bytes, Limits::default()).unwrap();
        pdf.unlock(None).unwrap();
        assert_eq!(*pdf.object((12, 0)).unwrap(), Object::Dictionary(signature));
        assert!(matches!(pdf.entry(12), Some(Entry::InUse { .. })));
    }
}

#[test]
fn passwords_are_taken_as_they_may_have_been_typed() {
    for state in states("käse", "käse") {
        assert!(unlocked(&sample(&state, false), "käse").is_ok());
    }
    let aes256 = states("SaSLprep", "SaSLprep").pop().unwrap();
    assert!(unlocked(&sample(&aes256, false), "S\u{aa}SL\u{ad}prep").is_ok());
}

#[test]
fn permissions_bind_the_user_and_not_the_owner() {
    for (permissions, may_sign) in [
        (Permissions::PRINTABLE, false),
        (Permissions::FILLABLE, true),
        (Permissions::ANNOTABLE, true),
    ] {
        for state in states_with("user", "owner", permissions) {
            let sample = sample(&state, false);
            for (password, expected) in [("user", may_sign), ("owner", true)] {
                let pdf = unlocked(&sample, password).unwrap();
                assert_eq!(pdf.encryption().unwrap().may_sign(), expected);
            }
        }
    }
}

#[test]
fn other_handlers_are_named_in_the_refusal() {
    for (encrypt, part) in [
        ("<</Filter/Adobe.PubSec/V 4>>", "Adobe.PubSec"),
        ("<</Filter/Standard/V 3/R 3>>", "version 3"),
        ("<</Filter/Standard/V 6/R 7>>", "version 6"),
        (
            "<</Filter/Standard/V 5/R 6/StmF/A/StrF/A/CF<</A<</CFM/AESV4>>>>>>",
            "AESV4",
        ),
        (
            "<</Filter/Standard/V 4/R 4/StmF/A/CF<</A<</CFM/None>>>>>>",
            "None",
        ),
    ] {
        let mut sample = Sample::pages(1);
        sample.table(&format!("/Encrypt{encrypt}"));
        let mut pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
        match pdf.unlock(None) {
            Err(Error::UnsupportedEncryption { what }) => assert!(what.contains(part), "{what}"),
            other => panic!("{other:?}"),
        }
    }
    for encrypt in [
        "/Encrypt null/Encrypt 99 0 R",
        "/Encrypt<<>>",
        "/Encrypt<</Filter/Standard/V 1/R 2>>",
        "/Encrypt<</Filter/Standard/V 4/R 4/StrF/A>>",
    ] {
        let mut sample = Sample::pages(1);
        sample.table(encrypt);
        let mut pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
        assert!(
            matches!(pdf.unlock(None), Err(Error::BrokenEncryption { .. })),
            "{encrypt}"
        );
    }
    let mut sample = Sample::pages(1);
    sample.table("/AuthCode<</MACLocation/Standalone>>");
    assert_eq!(
        Pdf::open(&sample.bytes, Limits::default()).unwrap_err(),
        Error::IntegrityProtected
    );
}

#[test]
fn encryption_does_not_get_lost_on_the_way() {
    let state = states("user", "owner").remove(3);
    let mut sample = sample(&state, false);
    sample.object(11, "(in clear)");
    sample.table("");
    assert!(matches!(
        Pdf::open(&sample.bytes, Limits::default()),
        Err(Error::BrokenEncryption { .. })
    ));
}
