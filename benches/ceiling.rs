//! The ceiling: bare `C_SignInit` and `C_Sign` on sessions of their own, handles known beforehand, nothing around them.

use std::{path::Path, time::Duration};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{
        Mechanism, MechanismType,
        eddsa::{EddsaParams, EddsaSignatureScheme},
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    object::{Attribute, ObjectClass},
    session::Session,
    slot::Slot,
};

use crate::{
    load::{self, Sample},
    token::Key,
};

/// DER of a SHA-256 `DigestInfo` up to the digest (RFC 8017, 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// A way to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    /// The key.
    pub key: Key,
    /// RSASSA-PSS where the key is RSA.
    pub pss: bool,
}

impl How {
    /// The mechanism's name for people.
    #[must_use]
    pub fn name(self) -> String {
        if self.pss {
            format!("{} PSS", self.key.name())
        } else {
            self.key.name().to_owned()
        }
    }

    fn mechanism(self) -> Mechanism<'static> {
        match self.key {
            Key::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
            Key::P256 | Key::P384 => Mechanism::Ecdsa,
            Key::Rsa2048 | Key::Rsa3072 | Key::Rsa4096 if self.pss => {
                Mechanism::RsaPkcsPss(PkcsPssParams {
                    hash_alg: MechanismType::SHA256,
                    mgf: PkcsMgfType::MGF1_SHA256,
                    s_len: 32.into(),
                })
            }
            Key::Rsa2048 | Key::Rsa3072 | Key::Rsa4096 => Mechanism::RsaPkcs,
        }
    }

    fn data(self) -> Vec<u8> {
        match self.key {
            Key::Rsa2048 | Key::Rsa3072 | Key::Rsa4096 if !self.pss => {
                [&DIGEST_INFO[..], &[7; 32]].concat()
            }
            Key::P384 => vec![7; 48],
            // The signed attributes of a signature with the shortest certificates are about this long.
            Key::Ed25519 => vec![7; 220],
            Key::P256 | Key::Rsa2048 | Key::Rsa3072 | Key::Rsa4096 => vec![7; 32],
        }
    }
}

/// The module, beside the library that has it loaded, initialised and logged in.
#[derive(Debug)]
pub struct Bare {
    pkcs11: Pkcs11,
    slot: Slot,
}

impl Bare {
    /// Finds the token.
    ///
    /// # Panics
    /// When the module does not answer.
    #[must_use]
    pub fn new(module: &Path) -> Self {
        let pkcs11 = Pkcs11::new(module).expect("the module loads");
        match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => panic!("{error}"),
        }
        let slot = pkcs11
            .get_slots_with_initialized_token()
            .expect("slots")
            .into_iter()
            .next()
            .expect("a token");
        Self { pkcs11, slot }
    }

    /// Signs on `threads` sessions for `time`.
    ///
    /// # Panics
    /// When the token refuses to sign.
    #[must_use]
    pub fn measure(&self, how: How, threads: usize, time: Duration) -> Sample {
        load::run(threads, time, || {
            let session: Session = self.pkcs11.open_ro_session(self.slot).expect("a session");
            let template = [
                Attribute::Class(ObjectClass::PRIVATE_KEY),
                Attribute::Id(how.key.id()),
            ];
            let key = session
                .find_objects(&template)
                .expect("objects")
                .into_iter()
                .next()
                .expect("the key");
            let (mechanism, data) = (how.mechanism(), how.data());
            move || drop(session.sign(&mechanism, key, &data).expect("a signature"))
        })
    }
}
