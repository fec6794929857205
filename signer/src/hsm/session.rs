//! A worker's session and the handles it has found, and what is done with them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cryptoki::context::Function;
use cryptoki::error::RvError;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use secrecy::SecretString;

use crate::cms::algorithm::SignatureAlgorithm;
use crate::key::{PublicKey, Signature};

use super::error::Error;
use super::key::KeyId;
use super::mechanism::plan;
use super::module::Lease;
use super::spki;

/// Where sessions are opened: a token that has been found and logged in to.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// Counts the links of a pool; a session of an earlier one is dropped.
    pub(super) generation: u64,
    /// The module's initialisation it belongs to.
    pub(super) epoch: u64,
    pub(super) slot: Slot,
    /// Sessions the token leaves for workers.
    pub(super) workers: usize,
    /// Whether read-write sessions are scarce, so that they are given back after use.
    pub(super) few_writers: bool,
    pub(super) mechanisms: Arc<[MechanismType]>,
}

/// A worker's session with the handles found on it. Fields are dropped in order: the session before its lease.
pub(super) struct Desk {
    session: Session,
    private: HashMap<KeyId, PrivateKey>,
    secret: HashMap<KeyId, ObjectHandle>,
    writable: bool,
    pin: SecretString,
    pub(super) link: Link,
    lease: Lease,
}

#[derive(Clone, Copy)]
pub(super) struct PrivateKey {
    pub(super) handle: ObjectHandle,
    /// `CKA_ALWAYS_AUTHENTICATE`: the PIN goes with every signature.
    pub(super) attended: bool,
}

/// A key that signs, as a job carries it.
#[derive(Debug)]
pub(super) struct Signer {
    id: KeyId,
    public: PublicKey,
    algorithm: SignatureAlgorithm,
    /// Whether it has signed: then the token has, or had, the key.
    known: AtomicBool,
}

impl Signer {
    pub(super) fn new(id: KeyId, public: PublicKey, algorithm: SignatureAlgorithm) -> Self {
        Self {
            id,
            public,
            algorithm,
            known: AtomicBool::new(false),
        }
    }

    pub(super) fn id(&self) -> &KeyId {
        &self.id
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl Desk {
    pub(super) fn open(lease: Lease, link: Link, pin: SecretString) -> Result<Self, Error> {
        let session = lease.pkcs11().open_ro_session(link.slot)?;
        Ok(Self {
            session,
            private: HashMap::new(),
            secret: HashMap::new(),
            writable: false,
            pin,
            link,
            lease,
        })
    }

    /// Forgets a handle that the token does not know any more.
    pub(super) fn forget(&mut self, id: &KeyId, error: &Error) {
        if error.is_stale_handle() {
            self.private.remove(id);
            self.secret.remove(id);
        }
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Changes to a session that can, or cannot, make token objects. The old one is closed first, so that there are never
    /// more sessions than the token was found to allow.
    pub(super) fn into_writable(self, writable: bool) -> Result<Self, Error> {
        if self.writable == writable {
            return Ok(self);
        }
        let Self {
            session,
            pin,
            link,
            lease,
            ..
        } = self;
        drop(session);
        let session = if writable {
            lease.pkcs11().open_rw_session(link.slot)?
        } else {
            lease.pkcs11().open_ro_session(link.slot)?
        };
        Ok(Self {
            session,
            private: HashMap::new(),
            secret: HashMap::new(),
            writable,
            pin,
            link,
            lease,
        })
    }

    /// Signs and verifies; a signature that does not verify is never returned.
    pub(super) fn sign(&mut self, key: &Signer, message: &[u8]) -> Result<Signature, Error> {
        let held = self.private_key(&key.id).map_err(|error| match error {
            Error::KeyMissing { id, .. } => {
                let known = key.known.load(Ordering::Relaxed);
                Error::KeyMissing { id, known }
            }
            error => error,
        })?;
        self.sign_with(held, key, message)
    }

    /// Signs and verifies with a private key that has been found.
    pub(super) fn sign_with(
        &mut self,
        held: PrivateKey,
        key: &Signer,
        message: &[u8],
    ) -> Result<Signature, Error> {
        let plan = plan(key.algorithm, held.attended);
        let input = plan.input(message);
        let raw = if held.attended {
            self.sign_attended(&plan.mechanism(), held.handle, &input)
        } else {
            let raw = self.session.sign(&plan.mechanism(), held.handle, &input);
            raw.map_err(Error::from)
        };
        let raw = raw.inspect_err(|error| self.forget(&key.id, error))?;
        let raw = plan.output(raw).ok_or(Error::Faulty)?;
        let signature = Signature::check(raw, &key.public, key.algorithm, message);
        let signature = signature.map_err(|_| Error::Faulty)?;
        key.known.store(true, Ordering::Relaxed);
        Ok(signature)
    }

    /// Signs with a key that wants the PIN between `C_SignInit` and the data.
    fn sign_attended(
        &self,
        mechanism: &Mechanism<'_>,
        key: ObjectHandle,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let supported = self.link.mechanisms.contains(&mechanism.mechanism_type());
        if !supported {
            return Err(Error::Unsupported {
                what: "a key with CKA_ALWAYS_AUTHENTICATE on a token without a mechanism that hashes and signs",
            });
        }
        self.session.sign_init(mechanism, key)?;
        self.session
            .login(UserType::ContextSpecific, Some(&self.pin))?;
        self.session.sign_update(message)?;
        Ok(self.session.sign_final()?)
    }

    fn private_key(&mut self, id: &KeyId) -> Result<PrivateKey, Error> {
        if let Some(key) = self.private.get(id) {
            return Ok(*key);
        }
        let handle = self
            .find(ObjectClass::PRIVATE_KEY, id)?
            .ok_or_else(|| missing(id))?;
        let attributes = self
            .session
            .get_attributes(handle, &[AttributeType::AlwaysAuthenticate])?;
        let attended = attributes
            .iter()
            .any(|attribute| matches!(attribute, Attribute::AlwaysAuthenticate(true)));
        let key = PrivateKey { handle, attended };
        self.private.insert(id.clone(), key);
        Ok(key)
    }

    pub(super) fn secret_key(&mut self, id: &KeyId) -> Result<ObjectHandle, Error> {
        if let Some(handle) = self.secret.get(id) {
            return Ok(*handle);
        }
        let handle = self
            .find(ObjectClass::SECRET_KEY, id)?
            .ok_or_else(|| missing(id))?;
        self.secret.insert(id.clone(), handle);
        Ok(handle)
    }

    /// The public key of a pair, from its public or, where that is missing, from its private half.
    pub(super) fn public_key(&self, id: &KeyId) -> Result<Option<PublicKey>, Error> {
        for class in [ObjectClass::PUBLIC_KEY, ObjectClass::PRIVATE_KEY] {
            let Some(handle) = self.find(class, id)? else {
                continue;
            };
            let attributes = self.session.get_attributes(handle, &spki::ATTRIBUTES)?;
            if let Some(key) = spki::public_key(&attributes) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// The one object of a class with this `CKA_ID`.
    ///
    /// A private object that is not seen may be hidden because the login is gone; then that is the error.
    pub(super) fn find(
        &self,
        class: ObjectClass,
        id: &KeyId,
    ) -> Result<Option<ObjectHandle>, Error> {
        let template = [
            Attribute::Class(class),
            Attribute::Id(id.as_bytes().to_vec()),
        ];
        let found: Vec<_> = self
            .session
            .iter_objects(&template)?
            .take(2)
            .collect::<Result<_, _>>()?;
        match *found.as_slice() {
            [handle] => Ok(Some(handle)),
            [] => self.check_login().map(|()| None),
            [..] => Err(missing(id)),
        }
    }

    pub(super) fn check_login(&self) -> Result<(), Error> {
        check_login(&self.session)
    }
}

/// Fails as the token would when the session is not logged in any more.
pub(super) fn check_login(session: &Session) -> Result<(), Error> {
    match session.get_session_info()?.session_state() {
        SessionState::RoUser | SessionState::RwUser => Ok(()),
        SessionState::RoPublic | SessionState::RwPublic | SessionState::RwSecurityOfficer => {
            Err(Error::Function {
                function: Function::GetSessionInfo,
                rv: RvError::UserNotLoggedIn,
            })
        }
    }
}

fn missing(id: &KeyId) -> Error {
    let id = id.clone();
    Error::KeyMissing { id, known: false }
}
