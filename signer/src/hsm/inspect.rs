//! Looking at a token before it is relied on: what is there, what it can do, what its defaults allow, how fast it is.
//!
//! Nothing stays in the token: all that is made for a question is a session object. What is asked is what PKCS#11 leaves to
//! the vendor, and what tokens were seen to answer differently.

mod ceiling;
mod examine;

use std::fmt;
use std::time::Duration;

use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Limit, Slot, TokenInfo};

use super::error::Error;
use super::module::{Lease, Module};
use super::settings::Settings;
use super::spki;
use super::token::Token;

pub use examine::{Finding, Verdict};

/// A token that has been logged in to for a look. Fields are dropped in order: the session before its lease.
pub struct Visit {
    session: Session,
    slot: Slot,
    lease: Lease,
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

/// A slot and the token in it, as its module describes them.
#[derive(Debug, Clone)]
pub struct SlotFacts {
    /// The slot's number in this process.
    pub slot: u64,
    /// The token's label.
    pub label: String,
    /// Its serial number.
    pub serial: String,
    /// Who made it and what it calls itself.
    pub model: String,
    /// Open sessions of this process's and others', if it tells.
    pub sessions: Option<u64>,
    /// Sessions it allows; none when it sets no limit or does not tell.
    pub max_sessions: Option<u64>,
    /// Whether it has been set up.
    pub initialised: bool,
    /// What it says of its PIN, if that is not well.
    pub pin: Option<&'static str>,
}

/// A key of the token.
#[derive(Debug, Clone)]
pub struct KeyFacts {
    /// `CKA_ID`, in hexadecimal.
    pub id: String,
    /// `CKA_LABEL`.
    pub label: String,
    /// "private", "public" or "secret".
    pub class: &'static str,
    /// Its type and size, as far as the token shows them.
    pub kind: String,
    /// What it may do and what may be done to it: the attributes that are true.
    pub may: Vec<&'static str>,
}

/// A module and its slots.
#[derive(Debug, Clone)]
pub struct ModuleFacts {
    /// The library's maker, name and version.
    pub library: String,
    /// Every slot with a token.
    pub slots: Vec<SlotFacts>,
}

/// How long the module may be busy in another thread.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a module says of itself and its slots; nobody logs in.
///
/// # Errors
/// [`Error::Load`], and what the module answers.
pub fn module(settings: &Settings) -> Result<ModuleFacts, Error> {
    let module = Module::load(&settings.module)?;
    let lease = module.enter(PATIENCE, || {})?;
    let pkcs11 = lease.pkcs11();
    let info = pkcs11.get_library_info()?;
    let mut slots = Vec::new();
    for slot in pkcs11.get_slots_with_token()? {
        slots.push(slot_facts(slot, &pkcs11.get_token_info(slot)?));
    }
    Ok(ModuleFacts {
        library: format!(
            "{} {} {}, PKCS#11 {}",
            info.manufacturer_id(),
            info.library_description(),
            info.library_version(),
            info.cryptoki_version()
        ),
        slots,
    })
}

impl Visit {
    /// Finds the token and logs in, once.
    ///
    /// # Errors
    /// [`Error::PinLocked`] without trying when the token says so or has one attempt left, and what the token answers.
    pub fn begin(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let module = Module::load(&settings.module)?;
        let lease = module.enter(PATIENCE, || {})?;
        let token = Token::find(lease.pkcs11(), &settings.token)?;
        if token.is_pin_locked() || token.is_pin_endangered() {
            return Err(Error::PinLocked);
        }
        let session = lease.pkcs11().open_rw_session(token.slot)?;
        session.login(UserType::User, Some(&settings.pin))?;
        Ok(Self {
            session,
            slot: token.slot,
            lease,
        })
    }

    /// Every key of the token, by identifier.
    ///
    /// # Errors
    /// What the token answers.
    pub fn keys(&self) -> Result<Vec<KeyFacts>, Error> {
        let mut keys = Vec::new();
        for (class, name) in [
            (ObjectClass::PRIVATE_KEY, "private"),
            (ObjectClass::PUBLIC_KEY, "public"),
            (ObjectClass::SECRET_KEY, "secret"),
        ] {
            let template = [Attribute::Class(class), Attribute::Token(true)];
            for handle in self.session.find_objects(&template)? {
                let mut types = vec![AttributeType::Id, AttributeType::Label];
                types.extend(examine::POWERS.iter().map(|(kind, _)| *kind));
                let attributes = self.session.get_attributes(handle, &types)?;
                let parts = self.session.get_attributes(handle, &spki::ATTRIBUTES)?;
                keys.push(key_facts(name, &attributes, &parts));
            }
        }
        keys.sort_by(|a, b| (&a.id, a.class).cmp(&(&b.id, b.class)));
        Ok(keys)
    }
}

fn key_facts(class: &'static str, attributes: &[Attribute], parts: &[Attribute]) -> KeyFacts {
    let mut facts = KeyFacts {
        id: String::new(),
        label: String::new(),
        class,
        kind: String::new(),
        may: examine::powers(attributes),
    };
    for attribute in attributes {
        match attribute {
            Attribute::Id(id) => facts.id = id.iter().map(|octet| format!("{octet:02x}")).collect(),
            Attribute::Label(label) => facts.label = String::from_utf8_lossy(label).into_owned(),
            _ => {}
        }
    }
    let named = parts.iter().find_map(|attribute| match attribute {
        Attribute::KeyType(kind) => Some(kind.to_string()),
        _ => None,
    });
    facts.kind = match spki::public_key(parts) {
        Some(key) => key.kind().to_string(),
        None => named.unwrap_or_default(),
    };
    facts
}

fn slot_facts(slot: Slot, info: &TokenInfo) -> SlotFacts {
    let pin = [
        (info.user_pin_locked(), "locked"),
        (info.user_pin_final_try(), "one attempt left"),
        (
            info.user_pin_count_low(),
            "a login failed since the last good one",
        ),
        (info.user_pin_to_be_changed(), "must be changed"),
        (!info.user_pin_initialized(), "not set"),
    ];
    let max_sessions = match info.max_session_count() {
        Limit::Max(limit) => Some(limit),
        Limit::Infinite | Limit::Unavailable => None,
    };
    SlotFacts {
        slot: slot.id(),
        label: info.label().to_owned(),
        serial: info.serial_number().to_owned(),
        model: format!("{} {}", info.manufacturer_id(), info.model()),
        sessions: info.session_count(),
        max_sessions,
        initialised: info.token_initialized(),
        pin: pin.into_iter().find(|(is, _)| *is).map(|(_, what)| what),
    }
}
