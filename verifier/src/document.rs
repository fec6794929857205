//! The document as its signatures see it: every stage of its life opened by itself, the fields, and the raw bytes.

pub(crate) mod field;
mod scan;

use std::cell::RefCell;
use std::rc::Rc;

use signer::pdf::{self, Dictionary, Entry, Object, ObjectId, Pdf};

pub(crate) use scan::{Loose, looks_signed, loose, signature_marks};

use crate::policy::Policy;

/// Opens a document, or the first bytes of it, and unlocks it.
pub(crate) fn open<'a>(bytes: &'a [u8], policy: &Policy) -> Result<Pdf<'a>, pdf::Error> {
    let mut pdf = Pdf::open(bytes, policy.limits.pdf.clone())?;
    pdf.unlock(policy.password.as_ref())?;
    pdf.catalog()?;
    Ok(pdf)
}

/// The stages of a document, opened when they are needed.
#[derive(Debug)]
pub(crate) struct Stages<'a, 'p> {
    bytes: &'a [u8],
    policy: &'p Policy,
    opened: RefCell<Vec<Opened<'a>>>,
}

type Opened<'a> = (usize, Result<Rc<Pdf<'a>>, pdf::Error>);

/// Stages kept open at a time.
const MAX_OPEN: usize = 4;

impl<'a, 'p> Stages<'a, 'p> {
    pub(crate) fn new(bytes: &'a [u8], policy: &'p Policy) -> Self {
        Self {
            bytes,
            policy,
            opened: RefCell::default(),
        }
    }

    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The document as it was when it was `end` bytes long.
    pub(crate) fn at(&self, end: usize) -> Result<Rc<Pdf<'a>>, pdf::Error> {
        if let Some((_, pdf)) = self.opened.borrow().iter().find(|(known, _)| *known == end) {
            return pdf.clone();
        }
        let bytes = self.bytes.get(..end).unwrap_or(self.bytes);
        let pdf = open(bytes, self.policy).map(Rc::new);
        let mut opened = self.opened.borrow_mut();
        if opened.len() >= MAX_OPEN {
            drop(opened.remove(0));
        }
        opened.push((end, pdf.clone()));
        pdf
    }
}

/// The identifier of an object number as of this stage.
pub(crate) fn id_of(pdf: &Pdf<'_>, number: u32) -> ObjectId {
    match pdf.entry(number) {
        Some(Entry::InUse { generation, .. }) => (number, generation),
        _ => (number, 0),
    }
}

/// A key of a dictionary behind any reference, as its own value; the null object where it cannot be read.
pub(crate) fn value(pdf: &Pdf<'_>, dictionary: &Dictionary, key: &[u8]) -> Object {
    pdf.get(dictionary, key)
        .map_or(Object::Null, pdf::Resolved::into_owned)
}

/// A text string (ISO 32000-2, 7.9.2.2): UTF-16 or UTF-8 with a mark, else taken for Latin-1.
pub(crate) fn text(object: &Object) -> Option<String> {
    let Object::String(bytes, _) = object else {
        return None;
    };
    Some(match bytes.as_slice() {
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes),
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, utf8 @ ..] => String::from_utf8_lossy(utf8).into_owned(),
        bytes => bytes.iter().map(|byte| char::from(*byte)).collect(),
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| unit(*pair))
        .collect();
    String::from_utf16_lossy(&units)
}

/// Whether two objects mean the same, wherever they stand.
pub(crate) fn same(one: &Object, other: &Object) -> bool {
    match (one, other) {
        (Object::Stream(one), Object::Stream(other)) => {
            one.content == other.content && same_keys(&one.dict, &other.dict, &[b"Length"])
        }
        (Object::Dictionary(one), Object::Dictionary(other)) => same_keys(one, other, &[]),
        (Object::Array(one), Object::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Object::String(one, _), Object::String(other, _)) => one == other,
        (Object::Integer(integer), Object::Real(real))
        | (Object::Real(real), Object::Integer(integer)) => {
            #[expect(
                clippy::cast_precision_loss,
                reason = "as precise as the other value is"
            )]
            let integer = *integer as f32;
            integer == *real
        }
        (one, other) => one == other,
    }
}

/// Whether two dictionaries mean the same but for these keys.
pub(crate) fn same_keys(one: &Dictionary, other: &Dictionary, but: &[&[u8]]) -> bool {
    changed_keys(one, other)
        .iter()
        .all(|key| but.contains(&key.as_slice()))
}

/// The keys whose values differ.
pub(crate) fn changed_keys(one: &Dictionary, other: &Dictionary) -> Vec<Vec<u8>> {
    static NULL: Object = Object::Null;
    let mut keys: Vec<Vec<u8>> = one.iter().map(|(key, _)| key.clone()).collect();
    keys.extend(
        other
            .iter()
            .map(|(key, _)| key.clone())
            .filter(|key| !one.has(key)),
    );
    keys.retain(|key| {
        !same(
            one.get(key).unwrap_or(&NULL),
            other.get(key).unwrap_or(&NULL),
        )
    });
    keys
}
