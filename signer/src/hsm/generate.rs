//! Resident keys are made here: every attribute is stated, and read back, since tokens differ in their defaults (an EC
//! private key of SoftHSM is not sensitive unless told so) and some ignore what they are told.

use cryptoki::error::RvError;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use crate::key::{KeyKind, PublicKey};

use super::error::Error;
use super::key::{KeyId, KeySpec};
use super::session::Desk;
use super::spki;

impl Desk {
    /// Makes a key pair that signs and does nothing else, and never leaves the token.
    ///
    /// `begun` is set before the pair is made: an attempt that fails later leaves a pair, which the next one takes over.
    pub(super) fn generate(
        &mut self,
        spec: &KeySpec,
        begun: &mut bool,
    ) -> Result<PublicKey, Error> {
        let existing = self.find(ObjectClass::PRIVATE_KEY, &spec.id)?;
        let (public, private) = match existing {
            Some(private) if *begun => {
                let public = self.find(ObjectClass::PUBLIC_KEY, &spec.id)?;
                (
                    public.ok_or_else(|| Error::KeyExists {
                        id: spec.id.clone(),
                    })?,
                    private,
                )
            }
            Some(_) => {
                return Err(Error::KeyExists {
                    id: spec.id.clone(),
                });
            }
            None => {
                *begun = true;
                self.generate_pair(spec)?
            }
        };
        let outcome = self.confirm_pair(spec, public, private);
        if let Err(Error::Attribute { .. } | Error::Unsupported { .. }) = outcome {
            self.destroy(&[public, private]);
        }
        outcome
    }

    fn generate_pair(&self, spec: &KeySpec) -> Result<(ObjectHandle, ObjectHandle), Error> {
        let (public, private) = (public_template(spec), private_template(spec));
        make_pair(self.session(), spec.kind, &public, &private)
    }

    fn confirm_pair(
        &self,
        spec: &KeySpec,
        public: ObjectHandle,
        private: ObjectHandle,
    ) -> Result<PublicKey, Error> {
        self.confirm(
            &spec.id,
            private,
            private_template(spec).iter().chain(&MADE_HERE),
        )?;
        self.confirm(&spec.id, public, public_template(spec).iter())?;
        let attributes = self.session().get_attributes(public, &spki::ATTRIBUTES)?;
        let key = spki::public_key(&attributes).filter(|key| key.kind() == spec.kind);
        key.ok_or(Error::Unsupported {
            what: "the public key that the token made",
        })
    }

    /// Reads attributes back. One that the token does not have is as good as false; any other must be what was asked for.
    pub(super) fn confirm<'a>(
        &self,
        id: &KeyId,
        object: ObjectHandle,
        wanted: impl Iterator<Item = &'a Attribute>,
    ) -> Result<(), Error> {
        let wanted: Vec<_> = wanted
            .filter_map(|attribute| Some((attribute, checked(attribute)?)))
            .collect();
        let types: Vec<AttributeType> = wanted
            .iter()
            .map(|(attribute, _)| attribute.attribute_type())
            .collect();
        let found = self.session().get_attributes(object, &types)?;
        for (attribute, (name, value)) in wanted {
            let kind = attribute.attribute_type();
            let actual = found
                .iter()
                .find(|found| found.attribute_type() == kind)
                .and_then(checked);
            if actual.map_or(value, |(_, actual)| actual != value) {
                return Err(Error::Attribute {
                    id: id.clone(),
                    attribute: name,
                });
            }
        }
        Ok(())
    }

    /// What was made and is not as it should be does not stay; failing that, the error says enough.
    pub(super) fn destroy(&self, objects: &[ObjectHandle]) {
        for object in objects {
            if let Err(error) = self.session().destroy_object(*object) {
                tracing::warn!(%error, "a key that the token made other than asked for cannot be destroyed");
            }
        }
    }
}

/// Makes a pair by these templates, of which that of the public half lacks the curve.
pub(in crate::hsm) fn make_pair(
    session: &Session,
    kind: KeyKind,
    public: &[Attribute],
    private: &[Attribute],
) -> Result<(ObjectHandle, ObjectHandle), Error> {
    let mechanism = match kind {
        KeyKind::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
        KeyKind::P256 | KeyKind::P384 => Mechanism::EccKeyPairGen,
        KeyKind::Rsa { .. } => Mechanism::RsaPkcsKeyPairGen,
    };
    let curve = curve_names(kind);
    if curve.is_empty() {
        return Ok(session.generate_key_pair(&mechanism, public, private)?);
    }
    let mut outcome = Err(Error::Unsupported { what: "the curve" });
    for name in curve {
        let mut public = public.to_vec();
        public.push(Attribute::EcParams(name));
        outcome = session
            .generate_key_pair(&mechanism, &public, private)
            .map_err(Error::from);
        if !matches!(&outcome, Err(Error::Function { rv, .. }) if names_no_curve(*rv)) {
            break;
        }
    }
    outcome
}

/// What is true of a key that was made in the token and can never leave it.
pub(super) const MADE_HERE: [Attribute; 3] = [
    Attribute::Local(true),
    Attribute::AlwaysSensitive(true),
    Attribute::NeverExtractable(true),
];

fn public_template(spec: &KeySpec) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Modifiable(false),
        Attribute::Label(spec.label.clone().into_bytes()),
        Attribute::Id(spec.id.as_bytes().to_vec()),
        Attribute::KeyType(key_type(spec.kind)),
        Attribute::Verify(true),
        Attribute::VerifyRecover(false),
        Attribute::Encrypt(false),
        Attribute::Wrap(false),
        Attribute::Derive(false),
    ];
    if let KeyKind::Rsa { bits } = spec.kind {
        template.push(Attribute::ModulusBits(u64::from(bits).into()));
        template.push(Attribute::PublicExponent(vec![1, 0, 1]));
    }
    template
}

fn private_template(spec: &KeySpec) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Modifiable(false),
        Attribute::Label(spec.label.clone().into_bytes()),
        Attribute::Id(spec.id.as_bytes().to_vec()),
        Attribute::KeyType(key_type(spec.kind)),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::SignRecover(false),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
        Attribute::AlwaysAuthenticate(false),
    ]
}

pub(super) fn key_type(kind: KeyKind) -> KeyType {
    match kind {
        KeyKind::Ed25519 => KeyType::EC_EDWARDS,
        KeyKind::P256 | KeyKind::P384 => KeyType::EC,
        KeyKind::Rsa { .. } => KeyType::RSA,
    }
}

/// The names tokens know a curve by, the commonest first; Ed25519 has an identifier and a printable name (PKCS#11 3.0).
fn curve_names(kind: KeyKind) -> Vec<Vec<u8>> {
    let mut names: Vec<_> = spki::ec_params(kind).into_iter().collect();
    if kind == KeyKind::Ed25519 {
        names.push(b"\x13\x0cedwards25519".to_vec());
    }
    names
}

fn names_no_curve(rv: RvError) -> bool {
    matches!(
        rv,
        RvError::AttributeValueInvalid
            | RvError::CurveNotSupported
            | RvError::DomainParamsInvalid
            | RvError::TemplateInconsistent
    )
}

/// The name and value of an attribute that says what a key may do or where it is from.
fn checked(attribute: &Attribute) -> Option<(&'static str, bool)> {
    match attribute {
        Attribute::AlwaysAuthenticate(value) => Some(("CKA_ALWAYS_AUTHENTICATE", *value)),
        Attribute::AlwaysSensitive(value) => Some(("CKA_ALWAYS_SENSITIVE", *value)),
        Attribute::Decrypt(value) => Some(("CKA_DECRYPT", *value)),
        Attribute::Derive(value) => Some(("CKA_DERIVE", *value)),
        Attribute::Encrypt(value) => Some(("CKA_ENCRYPT", *value)),
        Attribute::Extractable(value) => Some(("CKA_EXTRACTABLE", *value)),
        Attribute::Local(value) => Some(("CKA_LOCAL", *value)),
        Attribute::Modifiable(value) => Some(("CKA_MODIFIABLE", *value)),
        Attribute::NeverExtractable(value) => Some(("CKA_NEVER_EXTRACTABLE", *value)),
        Attribute::Private(value) => Some(("CKA_PRIVATE", *value)),
        Attribute::Sensitive(value) => Some(("CKA_SENSITIVE", *value)),
        Attribute::Sign(value) => Some(("CKA_SIGN", *value)),
        Attribute::SignRecover(value) => Some(("CKA_SIGN_RECOVER", *value)),
        Attribute::Token(value) => Some(("CKA_TOKEN", *value)),
        Attribute::Unwrap(value) => Some(("CKA_UNWRAP", *value)),
        Attribute::Verify(value) => Some(("CKA_VERIFY", *value)),
        Attribute::VerifyRecover(value) => Some(("CKA_VERIFY_RECOVER", *value)),
        Attribute::Wrap(value) => Some(("CKA_WRAP", *value)),
        _ => None,
    }
}
