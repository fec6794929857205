//! All certificates and revocation data there are for one document: from the signatures, from the document security
//! store (EN 319 142-1, 5.4.2), and from the caller.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use signer::pdf::{Dictionary, Object, Pdf};

use crate::algorithm::PublicKey;
use crate::certificate::Certificate;
use crate::document::value;
use crate::evidence::Evidence;
use crate::policy::{Anchor, Policy};
use crate::revocation::{OcspResponse, RevocationList};
use crate::signature::Cms;

/// What paths are built from.
pub(crate) struct Pool<'p> {
    pub(crate) policy: &'p Policy,
    source: &'p dyn Evidence,
    certificates: RefCell<Vec<Certificate>>,
    lists: RefCell<Vec<Rc<RevocationList>>>,
    responses: RefCell<Vec<Rc<OcspResponse>>>,
    seen: RefCell<HashSet<[u8; 32]>>,
    asked: RefCell<HashSet<Vec<u8>>>,
    /// By fingerprint and key.
    verified: RefCell<HashMap<Verification, bool>>,
    verifications: Cell<usize>,
}

/// Signatures of certificates and revocation data verified for one document.
const MAX_VERIFICATIONS: usize = 2_000;
/// Revocation lists and responses looked at for one document.
const MAX_REVOCATION_DATA: usize = 512;
/// Bytes of one revocation list.
const MAX_LIST: usize = 32 << 20;

type Verification = ([u8; 32], Vec<u8>);

impl<'p> Pool<'p> {
    pub(crate) fn new(policy: &'p Policy, source: &'p dyn Evidence) -> Self {
        Self {
            policy,
            source,
            certificates: RefCell::default(),
            lists: RefCell::default(),
            responses: RefCell::default(),
            seen: RefCell::default(),
            asked: RefCell::default(),
            verified: RefCell::default(),
            verifications: Cell::new(0),
        }
    }

    pub(crate) fn add_cms(&self, cms: &Cms) {
        for certificate in &cms.certificates {
            self.add_certificate(certificate.clone());
        }
        for der in &cms.revocation_lists {
            self.add_list(der);
        }
        for der in &cms.ocsp_responses {
            self.add_response(der);
        }
    }

    /// Adds what the document security store has; says whether there is one.
    pub(crate) fn add_store(&self, pdf: &Pdf<'_>) -> bool {
        let Some(store) = store(pdf) else {
            return false;
        };
        for der in streams(pdf, &store, b"Certs", self.policy.limits.max_certificates) {
            if let Ok(certificate) = Certificate::from_der(&der) {
                self.add_certificate(certificate);
            }
        }
        for der in streams(pdf, &store, b"CRLs", MAX_REVOCATION_DATA) {
            self.add_list(&der);
        }
        for der in streams(pdf, &store, b"OCSPs", MAX_REVOCATION_DATA) {
            self.add_response(&der);
        }
        true
    }

    pub(crate) fn add_certificate(&self, certificate: Certificate) {
        let mut certificates = self.certificates.borrow_mut();
        if certificates.len() < self.policy.limits.max_certificates
            && self.seen.borrow_mut().insert(certificate.fingerprint())
        {
            certificates.push(certificate);
        }
    }

    fn add_list(&self, der: &[u8]) {
        let mut lists = self.lists.borrow_mut();
        if der.len() <= MAX_LIST
            && lists.len() < MAX_REVOCATION_DATA
            && let Ok(list) = RevocationList::read(der)
            && self.seen.borrow_mut().insert(list.fingerprint)
        {
            lists.push(Rc::new(list));
        }
    }

    fn add_response(&self, der: &[u8]) {
        let Ok(response) = OcspResponse::read(der) else {
            return;
        };
        if !self.seen.borrow_mut().insert(response.fingerprint) {
            return;
        }
        for certificate in &response.certificates {
            self.add_certificate(certificate.clone());
        }
        let mut responses = self.responses.borrow_mut();
        if responses.len() < MAX_REVOCATION_DATA {
            responses.push(Rc::new(response));
        }
    }

    /// Certificates whose subject is the issuer of this one.
    pub(crate) fn issuers(&self, certificate: &Certificate) -> Vec<Certificate> {
        let find = || -> Vec<Certificate> {
            let identifier = certificate.authority_key_identifier();
            let mut found: Vec<Certificate> = self
                .certificates
                .borrow()
                .iter()
                .filter(|other| other.subject() == certificate.issuer())
                .cloned()
                .collect();
            // The one whose key is named first; the name alone may be that of several.
            found.sort_by_key(|other| {
                identifier.is_none() || other.subject_key_identifier() != identifier
            });
            found
        };
        let found = find();
        if !found.is_empty() {
            return found;
        }
        let name = certificate.issuer().der.clone();
        if self.asked.borrow_mut().insert(name.clone()) {
            for der in self.source.certificates(&name) {
                if let Ok(certificate) = Certificate::from_der(&der) {
                    self.add_certificate(certificate);
                }
            }
        }
        find()
    }

    /// Certificates with this subject.
    pub(crate) fn with_subject(&self, subject: &crate::name::Name) -> Vec<Certificate> {
        self.certificates
            .borrow()
            .iter()
            .chain(self.policy.anchors.iter().map(|anchor| &anchor.certificate))
            .filter(|certificate| certificate.subject() == subject)
            .cloned()
            .collect()
    }

    pub(crate) fn anchors(&self) -> &'p [Anchor] {
        &self.policy.anchors
    }

    /// Lists of the authority that issued this certificate, the caller's included.
    pub(crate) fn lists(&self, certificate: &Certificate) -> Vec<Rc<RevocationList>> {
        let issuer = certificate.issuer();
        let mut key = b"crl".to_vec();
        key.extend_from_slice(&issuer.der);
        if self.asked.borrow_mut().insert(key) {
            for der in self.source.revocation_lists(&issuer.der) {
                self.add_list(&der);
            }
        }
        let lists = self.lists.borrow();
        lists
            .iter()
            .filter(|list| list.issuer == *issuer)
            .cloned()
            .collect()
    }

    /// Responses that speak of this certificate's serial number, the caller's included.
    pub(crate) fn responses(&self, certificate: &Certificate) -> Vec<Rc<OcspResponse>> {
        let mut key = b"ocsp".to_vec();
        key.extend_from_slice(&certificate.fingerprint());
        if self.asked.borrow_mut().insert(key) {
            for der in self.source.ocsp_responses(certificate.as_der()) {
                self.add_response(&der);
            }
        }
        let responses = self.responses.borrow();
        responses
            .iter()
            .filter(|response| response.speaks_of(certificate.serial()))
            .cloned()
            .collect()
    }

    /// Whether the key verifies something, remembered; `None` if too much was verified already.
    pub(crate) fn verified(
        &self,
        fingerprint: [u8; 32],
        key: &PublicKey,
        verify: impl FnOnce(&PublicKey) -> bool,
    ) -> Option<bool> {
        let id = (fingerprint, key.raw.clone());
        if let Some(known) = self.verified.borrow().get(&id) {
            return Some(*known);
        }
        self.verifications.set(self.verifications.get() + 1);
        if self.verifications.get() > MAX_VERIFICATIONS {
            return None;
        }
        let outcome = verify(key);
        self.verified.borrow_mut().insert(id, outcome);
        Some(outcome)
    }

    /// Whether `issuer` signed `certificate`.
    pub(crate) fn issued(&self, issuer: &Certificate, certificate: &Certificate) -> bool {
        self.verified(certificate.fingerprint(), issuer.key(), |key| {
            certificate.verify(key).is_ok()
        })
        .unwrap_or(false)
    }
}

impl std::fmt::Debug for Pool<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("certificates", &self.certificates.borrow().len())
            .finish_non_exhaustive()
    }
}

fn store(pdf: &Pdf<'_>) -> Option<Dictionary> {
    let catalog = pdf.catalog().ok()?;
    match value(pdf, catalog.as_dict().ok()?, b"DSS") {
        Object::Dictionary(store) => Some(store),
        _ => None,
    }
}

/// Whether the document has a security store.
pub(crate) fn has_store(pdf: &Pdf<'_>) -> bool {
    store(pdf).is_some()
}

fn streams(pdf: &Pdf<'_>, store: &Dictionary, key: &[u8], max: usize) -> Vec<Vec<u8>> {
    let Object::Array(items) = value(pdf, store, key) else {
        return Vec::new();
    };
    items
        .iter()
        .take(max)
        .filter_map(|item| {
            let item = pdf.resolve(item).ok()?;
            pdf.decode(item.as_stream().ok()?).ok()
        })
        .collect()
}
