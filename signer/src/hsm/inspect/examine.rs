//! What a token can do, and what its defaults allow that should not be allowed.

use std::collections::BTreeSet;

use cryptoki::error::RvError;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::Visit;
use crate::hsm::error::Error;
use crate::hsm::generate::{key_type, make_pair};
use crate::hsm::mechanism::plan;
use crate::key::KeyKind;

/// How good an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Neither: a fact.
    Fact,
    /// To be known before the token is relied on.
    Warning,
    /// What the configuration needs is not there.
    Missing,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How good it is.
    pub verdict: Verdict,
    /// What it is about.
    pub subject: String,
    /// The answer.
    pub text: String,
}

fn finding(verdict: Verdict, subject: &str, text: impl Into<String>) -> Finding {
    Finding {
        verdict,
        subject: subject.to_owned(),
        text: text.into(),
    }
}

/// Attributes that say what a key may do or what may be done to it.
pub(super) const POWERS: [(AttributeType, &str); 11] = [
    (AttributeType::Sign, "signs"),
    (AttributeType::Verify, "verifies"),
    (AttributeType::Encrypt, "encrypts"),
    (AttributeType::Decrypt, "decrypts"),
    (AttributeType::Wrap, "wraps"),
    (AttributeType::Unwrap, "unwraps"),
    (AttributeType::Derive, "derives"),
    (AttributeType::Extractable, "extractable"),
    (AttributeType::Sensitive, "sensitive"),
    (AttributeType::Modifiable, "modifiable"),
    (AttributeType::AlwaysAuthenticate, "wants the PIN each time"),
];

/// The powers that are there.
pub(super) fn powers(attributes: &[Attribute]) -> Vec<&'static str> {
    let held: Vec<AttributeType> = attributes
        .iter()
        .filter(|attribute| {
            matches!(
                attribute,
                Attribute::Sign(true)
                    | Attribute::Verify(true)
                    | Attribute::Encrypt(true)
                    | Attribute::Decrypt(true)
                    | Attribute::Wrap(true)
                    | Attribute::Unwrap(true)
                    | Attribute::Derive(true)
                    | Attribute::Extractable(true)
                    | Attribute::Sensitive(true)
                    | Attribute::Modifiable(true)
                    | Attribute::AlwaysAuthenticate(true)
            )
        })
        .map(Attribute::attribute_type)
        .collect();
    let names = POWERS.iter().filter(|(kind, _)| held.contains(kind));
    names.map(|(_, name)| *name).collect()
}

pub(super) fn public(kind: KeyKind) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Token(false),
        Attribute::KeyType(key_type(kind)),
        Attribute::Verify(true),
    ];
    if let KeyKind::Rsa { bits } = kind {
        template.push(Attribute::ModulusBits(u64::from(bits).into()));
        template.push(Attribute::PublicExponent(vec![1, 0, 1]));
    }
    template
}

pub(super) fn private(kind: KeyKind, more: &[Attribute]) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::KeyType(key_type(kind)),
    ];
    template.extend_from_slice(more);
    template
}

/// Kinds of keys that the daemon knows.
const KINDS: [KeyKind; 6] = [
    KeyKind::Rsa { bits: 2048 },
    KeyKind::Rsa { bits: 3072 },
    KeyKind::Rsa { bits: 4096 },
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::Ed25519,
];

/// Sessions that are opened at most to find the limit.
const MOST_SESSIONS: usize = 256;

impl Visit {
    /// Asks everything; `workers` sessions beside the login's are needed.
    ///
    /// # Errors
    /// What the token answers to a question that every token must be able to answer.
    pub fn examine(&self, workers: usize) -> Result<Vec<Finding>, Error> {
        let mut findings = self.mechanisms()?;
        for kind in KINDS {
            findings.push(self.key_kind(kind));
        }
        findings.push(self.secrets());
        findings.extend(self.defaults());
        findings.extend(self.wrapping());
        findings.push(self.sessions(workers));
        Ok(findings)
    }

    fn mechanisms(&self) -> Result<Vec<Finding>, Error> {
        let list = self.lease.pkcs11().get_mechanism_list(self.slot)?;
        let names: BTreeSet<String> = list.iter().map(ToString::to_string).collect();
        let names: Vec<String> = names.into_iter().collect();
        let mut findings = vec![finding(Verdict::Fact, "mechanisms", names.join(", "))];
        for (kind, name, why) in [
            (
                MechanismType::ECDSA,
                "CKM_ECDSA",
                "signatures with P-256 and P-384",
            ),
            (
                MechanismType::RSA_PKCS,
                "CKM_RSA_PKCS",
                "signatures with RSA",
            ),
            (
                MechanismType::SHA256_HMAC,
                "CKM_SHA256_HMAC",
                "the key that the store is encrypted under",
            ),
        ] {
            findings.push(if list.contains(&kind) {
                finding(Verdict::Good, name, format!("there, for {why}"))
            } else {
                finding(
                    Verdict::Missing,
                    name,
                    format!("not there; needed for {why}"),
                )
            });
        }
        Ok(findings)
    }

    /// Makes a pair and signs with it.
    fn key_kind(&self, kind: KeyKind) -> Finding {
        let subject = kind.to_string();
        let stated = [
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        let pair = make_pair(&self.session, kind, &public(kind), &private(kind, &stated));
        let (public_half, private_half) = match pair {
            Ok(pair) => pair,
            Err(error) => {
                return finding(Verdict::Fact, &subject, format!("cannot be made: {error}"));
            }
        };
        let plan = plan(kind.default_algorithm(), false);
        let signed = self.session.sign(
            &plan.mechanism(),
            private_half,
            &plan.input(b"segeld hsm test"),
        );
        self.discard(&[public_half, private_half]);
        match signed {
            Ok(_) => finding(Verdict::Good, &subject, "can be made and signs"),
            Err(error) => finding(
                Verdict::Warning,
                &subject,
                format!("can be made, but does not sign: {error}"),
            ),
        }
    }

    fn secrets(&self) -> Finding {
        let template = [
            Attribute::Token(false),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::ValueLen(32.into()),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        let made = self
            .session
            .generate_key(&Mechanism::GenericSecretKeyGen, &template);
        let handle = match made {
            Ok(handle) => handle,
            Err(error) => {
                return finding(
                    Verdict::Missing,
                    "HMAC key",
                    format!("cannot be made: {error}"),
                );
            }
        };
        let signed = self.session.sign(&Mechanism::Sha256Hmac, handle, b"segeld");
        self.discard(&[handle]);
        match signed {
            Ok(_) => finding(Verdict::Good, "HMAC key", "can be made and authenticates"),
            Err(error) => finding(
                Verdict::Missing,
                "HMAC key",
                format!("does not authenticate: {error}"),
            ),
        }
    }

    /// What becomes of a key about which nothing is said.
    fn defaults(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for kind in [KeyKind::P256, KeyKind::Rsa { bits: 2048 }] {
            let subject = format!("defaults of a private {kind} key");
            let template = [Attribute::Token(false), Attribute::KeyType(key_type(kind))];
            let made = make_pair(&self.session, kind, &public(kind), &template);
            let Ok((public_half, private_half)) = made else {
                findings.push(finding(
                    Verdict::Fact,
                    &subject,
                    "none is made without saying more",
                ));
                continue;
            };
            let powers = self.powers_of(private_half);
            self.discard(&[public_half, private_half]);
            let open = !powers.contains(&"sensitive") || powers.contains(&"extractable");
            let verdict = if open {
                Verdict::Warning
            } else {
                Verdict::Good
            };
            let mut text = powers.join(", ");
            if open {
                text.push_str("; keys made by other programs can leave in the clear (segeld states every attribute of its own)");
            }
            findings.push(finding(verdict, &subject, text));
        }
        findings
    }

    /// Whether a wrapping key may do more than wrap, and whether what is extractable goes out under anybody's key.
    fn wrapping(&self) -> Vec<Finding> {
        let subject = "wrapping";
        let list = self.lease.pkcs11().get_mechanism_list(self.slot);
        if !list.is_ok_and(|list| list.contains(&MechanismType::AES_KEY_WRAP_PAD)) {
            let text = "no CKM_AES_KEY_WRAP_PAD: only resident keys";
            return vec![finding(Verdict::Fact, subject, text)];
        }
        let template = [
            Attribute::Token(false),
            Attribute::ValueLen(32.into()),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
        ];
        let made = self.session.generate_key(&Mechanism::AesKeyGen, &template);
        let wrapping = match made {
            Ok(handle) => handle,
            Err(error) => {
                return vec![finding(
                    Verdict::Fact,
                    subject,
                    format!("no AES key: {error}"),
                )];
            }
        };
        let mut findings = Vec::new();
        let powers = self.powers_of(wrapping);
        findings.push(if powers.contains(&"decrypts") {
            let text = "a key made to wrap and unwrap also decrypts, and can open what it wrapped, unless CKA_DECRYPT is denied (segeld denies it)";
            finding(Verdict::Warning, "wrapping key", text)
        } else {
            finding(Verdict::Good, "wrapping key", "does no more than it is told")
        });
        findings.push(self.foreign(wrapping));
        self.discard(&[wrapping]);
        findings
    }

    /// A key whose value is known to whoever put it there: what it wraps is in the clear.
    fn foreign(&self, wrapping: ObjectHandle) -> Finding {
        let subject = "extractable keys";
        let kind = KeyKind::P256;
        let stated = [
            Attribute::Sensitive(true),
            Attribute::Extractable(true),
            Attribute::Sign(true),
        ];
        let pair = make_pair(&self.session, kind, &public(kind), &private(kind, &stated));
        let Ok((public_half, private_half)) = pair else {
            return finding(Verdict::Good, subject, "none is made");
        };
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Token(false),
            Attribute::Value(vec![7; 32]),
            Attribute::Wrap(true),
        ];
        let foreign = self.session.create_object(&template);
        let out = |under| {
            let mechanism = Mechanism::AesKeyWrapPad;
            self.session
                .wrap_key(&mechanism, under, private_half)
                .is_ok()
        };
        let answer = match foreign {
            Ok(foreign) => {
                let goes = out(foreign);
                self.discard(&[foreign]);
                if goes {
                    let text = "go out under a key that somebody brought along: whoever has the PIN has every wrapped key";
                    finding(Verdict::Warning, subject, text)
                } else {
                    finding(Verdict::Good, subject, "do not go out under a foreign key")
                }
            }
            Err(_) if out(wrapping) => finding(
                Verdict::Good,
                subject,
                "go out under the token's own keys alone",
            ),
            Err(_) => finding(Verdict::Good, subject, "do not go out"),
        };
        self.discard(&[public_half, private_half]);
        answer
    }

    /// Opens sessions until there are enough or no more.
    fn sessions(&self, workers: usize) -> Finding {
        let subject = "sessions";
        let mut open: Vec<Session> = Vec::new();
        let wanted = workers.max(MOST_SESSIONS);
        let refused = loop {
            if open.len() == wanted {
                break None;
            }
            match self.lease.pkcs11().open_ro_session(self.slot) {
                Ok(session) => open.push(session),
                Err(error) => break Some(Error::from(error)),
            }
        };
        let count = open.len();
        match refused {
            None => finding(
                Verdict::Good,
                subject,
                format!("at least {count}; the configuration wants {workers}"),
            ),
            Some(Error::Function {
                rv: RvError::SessionCount,
                ..
            }) if count >= workers => finding(
                Verdict::Good,
                subject,
                format!("{count} beside the login; the configuration wants {workers}"),
            ),
            Some(error) => {
                let verdict = if count >= workers {
                    Verdict::Warning
                } else {
                    Verdict::Missing
                };
                finding(
                    verdict,
                    subject,
                    format!("{count}, then {error}; the configuration wants {workers}"),
                )
            }
        }
    }

    fn powers_of(&self, key: ObjectHandle) -> Vec<&'static str> {
        let types: Vec<AttributeType> = POWERS.iter().map(|(kind, _)| *kind).collect();
        let attributes = self.session.get_attributes(key, &types);
        attributes.map(|found| powers(&found)).unwrap_or_default()
    }

    fn discard(&self, objects: &[ObjectHandle]) {
        for object in objects {
            if let Err(error) = self.session.destroy_object(*object) {
                tracing::debug!(%error, "a session object cannot be destroyed");
            }
        }
    }
}
