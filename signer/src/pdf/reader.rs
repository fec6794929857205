//! [`Pdf`]: a document read lazily, with every revision kept apart.

mod objects;
mod revision;
mod store;
mod text;

use std::cell::RefCell;
use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, ObjectId};
use secrecy::SecretString;

pub use objects::Resolved;
pub use revision::Revision;
pub(crate) use text::ObjectText;

use super::{Anomaly, Encryption, Entry, Error, Limits, SectionKind, crypt, xref};
use store::Store;

/// A document, read as far as it was asked about.
///
/// Reading is deterministic and never repairs. [`anomalies`](Self::anomalies) tells what was not as it should be
/// in what was read so far.
#[derive(Debug)]
pub struct Pdf<'a> {
    bytes: &'a [u8],
    header_offset: usize,
    version: (u8, u8),
    limits: Limits,
    /// Oldest first, never empty.
    revisions: Vec<Revision<'a>>,
    startxref: u64,
    size: u32,
    root: ObjectId,
    trailer: Dictionary,
    encryption: Option<Encryption>,
    anomalies: RefCell<Vec<Anomaly>>,
    store: Store,
}

impl<'a> Pdf<'a> {
    /// Reads the header and the whole chain of cross-reference sections.
    ///
    /// An encrypted document opens too; its strings and streams need [`unlock`](Self::unlock) first.
    ///
    /// # Errors
    ///
    /// [`Error::NotPdf`] without a header; an error for which [`Error::is_damage`] holds if the chain or the
    /// catalog cannot be relied on; [`Error::Limit`] if it is beyond `limits`.
    pub fn open(bytes: &'a [u8], limits: Limits) -> Result<Self, Error> {
        let (header_offset, version) = header(bytes).ok_or(Error::NotPdf)?;
        let chain = xref::read_chain(bytes, header_offset, &limits)?;
        let startxref = chain.startxref;
        let decoded = chain.decoded;
        let (revisions, mut anomalies) = revision::split(bytes, chain)?;
        if header_offset > 0 {
            anomalies.push(Anomaly::JunkBeforeHeader);
        }
        let newest = revisions.last().ok_or(Error::Damaged {
            offset: bytes.len(),
            context: "no revision",
        })?;
        let trailer = newest.trailer().clone();
        let encrypted_before = revisions
            .iter()
            .any(|revision| revision.trailer().has(b"Encrypt"));
        if encrypted_before && !trailer.has(b"Encrypt") {
            return Err(Error::BrokenEncryption {
                what: "a later revision has no /Encrypt".to_owned(),
            });
        }
        let size = declared_size(&trailer, &revisions, &mut anomalies);
        Self {
            bytes,
            header_offset,
            version,
            store: Store::new(decoded),
            limits,
            root: root(&trailer, newest.xref_offset())?,
            revisions,
            startxref,
            size,
            trailer,
            encryption: None,
            anomalies: RefCell::new(anomalies),
        }
        .checked()
    }

    /// A document whose objects were found without its cross-reference.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(super) fn found(
        bytes: &'a [u8],
        entries: &BTreeMap<u32, Entry>,
        trailer: Dictionary,
        limits: Limits,
    ) -> Result<Self, Error> {
        let (header_offset, version) = header(bytes).ok_or(Error::NotPdf)?;
        let revision = Revision::found(xref::Section::found(entries, trailer.clone(), bytes.len()));
        Self {
            bytes,
            header_offset,
            version,
            store: Store::new(0),
            limits,
            root: root(&trailer, bytes.len())?,
            size: revision.highest().saturating_add(1),
            revisions: vec![revision],
            startxref: 0,
            trailer,
            encryption: None,
            anomalies: RefCell::default(),
        }
        .checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if self.trailer.has(b"AuthCode") {
            return Err(Error::IntegrityProtected);
        }
        if !self.is_encrypted() {
            self.catalog()?;
        }
        Ok(self)
    }

    /// Makes an encrypted document readable. Without a password, or if it fails, the empty one is tried; a
    /// document that is not encrypted needs nothing.
    ///
    /// # Errors
    ///
    /// [`Error::PasswordRequired`], [`Error::PasswordIncorrect`], [`Error::UnsupportedEncryption`] or
    /// [`Error::BrokenEncryption`]; damage where the /Encrypt dictionary or the catalog cannot be read.
    pub fn unlock(&mut self, password: Option<&SecretString>) -> Result<(), Error> {
        if !self.is_locked() {
            return Ok(());
        }
        self.encryption = Some(crypt::unlock(self, password)?);
        self.store.forget();
        self.catalog().map(drop)
    }

    /// The whole file.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where `%PDF-` stands; anything else than 0 is an [`Anomaly`].
    #[must_use]
    pub const fn header_offset(&self) -> usize {
        self.header_offset
    }

    /// Major and minor version of the header. The catalog's /Version may be later.
    #[must_use]
    pub const fn version(&self) -> (u8, u8) {
        self.version
    }

    /// What may be read at most.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The newest revision's trailer, or the dictionary of its cross-reference stream.
    #[must_use]
    pub const fn trailer(&self) -> &Dictionary {
        &self.trailer
    }

    /// The catalog's object identifier.
    #[must_use]
    pub const fn root_id(&self) -> ObjectId {
        self.root
    }

    /// How the newest revision's cross-reference is written, and so how the next one's has to be.
    #[must_use]
    pub fn section_kind(&self) -> SectionKind {
        self.revisions
            .last()
            .map_or(SectionKind::Table, Revision::kind)
    }

    /// The offset behind the last `startxref`, as written: what the next revision's /Prev has to be.
    #[must_use]
    pub const fn last_startxref(&self) -> u64 {
        self.startxref
    }

    /// One more than the highest object number in use or declared.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// All revisions, newest last.
    #[must_use]
    pub fn revisions(&self) -> &[Revision<'a>] {
        &self.revisions
    }

    /// Where object `number` is.
    #[must_use]
    pub fn entry(&self, number: u32) -> Option<Entry> {
        self.revisions
            .iter()
            .rev()
            .find_map(|revision| revision.entry(number))
    }

    /// Where object `number` was as of `revision`, an index into [`revisions`](Self::revisions).
    #[must_use]
    pub fn entry_at(&self, revision: usize, number: u32) -> Option<Entry> {
        let until = revision.saturating_add(1).min(self.revisions.len());
        self.revisions
            .iter()
            .take(until)
            .rev()
            .find_map(|revision| revision.entry(number))
    }

    /// Whether the document is encrypted, unlocked or not.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.trailer.has(b"Encrypt")
    }

    /// Whether the document is encrypted and not unlocked.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.is_encrypted() && self.encryption.is_none()
    }

    /// How strings and streams are encrypted, once unlocked.
    #[must_use]
    pub const fn encryption(&self) -> Option<&Encryption> {
        self.encryption.as_ref()
    }

    /// What was not as it should be, in what was read so far.
    #[must_use]
    pub fn anomalies(&self) -> Vec<Anomaly> {
        self.anomalies.borrow().clone()
    }

    /// Whether one of the [`anomalies`](Self::anomalies) forbids to append a revision.
    #[must_use]
    pub fn needs_rewrite(&self) -> bool {
        self.anomalies
            .borrow()
            .iter()
            .any(|anomaly| anomaly.needs_rewrite())
    }

    pub(super) fn note(&self, anomaly: Anomaly) {
        let mut anomalies = self.anomalies.borrow_mut();
        // Enough to judge by; a hostile document could have millions.
        if anomalies.len() < MAX_ANOMALIES && !anomalies.contains(&anomaly) {
            anomalies.push(anomaly);
        } else if anomaly.needs_rewrite()
            && !anomalies.contains(&anomaly)
            && let Some(last) = anomalies.last_mut()
        {
            *last = anomaly;
        }
    }
}

const MAX_ANOMALIES: usize = 64;

/// Where the header is, and its version. Readers look for it in the first 1024 bytes.
fn header(bytes: &[u8]) -> Option<(usize, (u8, u8))> {
    const WINDOW: usize = 1024;
    let head = bytes.get(..WINDOW.min(bytes.len()))?;
    let offset = memchr::memmem::find(head, b"%PDF-")?;
    let digit = |position: usize| {
        let byte = bytes.get(offset.checked_add(position)?)?;
        byte.checked_sub(b'0').filter(|digit| *digit <= 9)
    };
    Some((offset, (digit(5).unwrap_or(1), digit(7).unwrap_or(0))))
}

fn root(trailer: &Dictionary, offset: usize) -> Result<ObjectId, Error> {
    trailer
        .get(b"Root")
        .and_then(Object::as_reference)
        .map_err(|_| Error::Damaged {
            offset,
            context: "trailer without /Root",
        })
}

fn declared_size(
    trailer: &Dictionary,
    revisions: &[Revision<'_>],
    anomalies: &mut Vec<Anomaly>,
) -> u32 {
    let declared = trailer.get(b"Size").and_then(Object::as_i64).ok();
    let declared = declared
        .and_then(|size| u32::try_from(size).ok())
        .unwrap_or(0);
    let highest = revisions.iter().map(Revision::highest).max().unwrap_or(0);
    if declared <= highest {
        anomalies.push(Anomaly::Size);
    }
    declared.max(highest.saturating_add(1))
}

#[cfg(test)]
mod tests;
