//! Rewriting a damaged document as a clean file, once, before it is signed.
//!
//! Appending to a broken cross-reference makes a file that every reader mends in its own way. So a document that
//! was never signed and is not encrypted is read as leniently as may be, written anew through lopdf with what its
//! catalog reaches, and read again. What remains in doubt is refused: a file that other readers open differently
//! is worse than none.

mod scan;

use std::collections::HashMap;
use std::sync::Arc;

use lopdf::xref::XrefType;
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::{Anomaly, Error, Limits, Pdf};

/// Upper bounds on what is rewritten.
#[derive(Clone, Debug)]
pub struct Caps {
    /// Bytes of the file.
    pub max_bytes: usize,
    /// Objects in it.
    pub max_objects: usize,
    /// Numbers, names, strings and so on in its objects, those in object streams included.
    pub max_tokens: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            max_bytes: 8 << 20,
            max_objects: 20_000,
            max_tokens: 1_000_000,
        }
    }
}

impl Caps {
    fn limits(&self) -> Limits {
        Limits {
            max_nodes: self.max_tokens,
            max_total_nodes: self.max_tokens.saturating_mul(2),
            max_stream: 32 << 20,
            max_decoded: 64 << 20,
            max_scan: self.max_bytes.saturating_mul(4),
            max_page_nodes: self.max_objects,
            ..Limits::default()
        }
    }
}

/// Writes a damaged document anew.
///
/// # Errors
///
/// [`Error::NotRepairable`] if it is signed, encrypted, beyond the caps or in doubt; [`Error::NotPdf`].
pub fn rewrite(bytes: &[u8], caps: &Caps) -> Result<Vec<u8>, Error> {
    if bytes.len() > caps.max_bytes {
        return refuse("the file is too large");
    }
    if memchr::memmem::find(bytes, b"/ByteRange").is_some() {
        return refuse("it may be signed");
    }
    let found = scan::scan(bytes, caps)?;
    // The cross-reference goes first: it alone knows of what was deleted. The scan is for where it fails.
    let read = match Pdf::open(bytes, caps.limits()) {
        Ok(pdf) if pdf.anomalies().contains(&Anomaly::ObjectsAfterEnd) => None,
        Ok(pdf) => match clean(&pdf, caps) {
            Err(error) if error.is_damage() => None,
            outcome => Some(outcome),
        },
        Err(error) if error.is_damage() => None,
        Err(error) => return Err(error),
    };
    match read {
        Some(outcome) => outcome,
        None => found_again(bytes, found, caps).and_then(|pdf| clean(&pdf, caps)),
    }
    .map_err(|error| match error {
        Error::Limit { .. } => Error::NotRepairable {
            why: "it is too large or too complex",
        },
        Error::Syntax { .. } | Error::Damaged { .. } | Error::BadObject { .. } => {
            Error::NotRepairable {
                why: "what it consists of cannot be made out",
            }
        }
        other => other,
    })
}

fn refuse<T>(why: &'static str) -> Result<T, Error> {
    Err(Error::NotRepairable { why })
}

/// The document as the scan found it, with the newest trailer that names a catalog; where there is no trailer at
/// all, with the only catalog.
fn found_again<'a>(bytes: &'a [u8], mut found: scan::Found, caps: &Caps) -> Result<Pdf<'a>, Error> {
    if let Some(trailer) = found.trailers.pop() {
        return Pdf::found(bytes, &found.entries, trailer, caps.limits());
    }
    if found.has_trailer {
        return refuse("its trailer names no catalog");
    }
    found.catalogs.dedup();
    let [catalog] = found.catalogs.as_slice() else {
        return refuse("it has no catalog, or several");
    };
    let mut trailer = Dictionary::new();
    trailer.set("Root", Object::Reference(*catalog));
    Pdf::found(bytes, &found.entries, trailer, caps.limits())
}

/// Writes what the document's catalog and information dictionary reach, and reads it again.
fn clean(pdf: &Pdf<'_>, caps: &Caps) -> Result<Vec<u8>, Error> {
    if pdf.is_encrypted() {
        return refuse("it is encrypted");
    }
    let pages = pdf.page_count()?;
    let mut copy = Copy::new(pdf, caps);
    let mut trailer = Dictionary::new();
    for key in [&b"Root"[..], b"Info", b"ID"] {
        if let Ok(value) = pdf.trailer().get(key) {
            let mut value = value.clone();
            copy.renumber(&mut value)?;
            trailer.set(key, value);
        }
    }
    let mut document = copy.finish()?;
    document.trailer = trailer;
    let mut written = Vec::new();
    document
        .save_to(&mut written)
        .map_err(|_| Error::NotRepairable {
            why: "it cannot be written",
        })?;
    let again = Pdf::open(&written, Limits::default())?;
    if again.page_count()? != pages || pages == 0 || again.needs_rewrite() {
        return refuse("its pages cannot be made out");
    }
    again.page(1)?;
    again.page(pages)?;
    drop(again);
    Ok(written)
}

/// Copies objects from one document into a new one, numbering them as they are met.
struct Copy<'p, 'a> {
    pdf: &'p Pdf<'a>,
    numbers: HashMap<ObjectId, u32>,
    waiting: Vec<(ObjectId, u32)>,
    max_objects: usize,
}

impl<'p, 'a> Copy<'p, 'a> {
    fn new(pdf: &'p Pdf<'a>, caps: &Caps) -> Self {
        Self {
            pdf,
            numbers: HashMap::new(),
            waiting: Vec::new(),
            max_objects: caps.max_objects,
        }
    }

    /// Makes the references in an object those of the new document.
    fn renumber(&mut self, object: &mut Object) -> Result<(), Error> {
        match object {
            Object::Reference(id) => {
                let next = u32::try_from(self.numbers.len())
                    .unwrap_or(u32::MAX)
                    .saturating_add(1);
                let number = *self.numbers.entry(*id).or_insert(next);
                if number == next {
                    self.waiting.push((*id, number));
                }
                if self.numbers.len() > self.max_objects {
                    return refuse("it has too many objects");
                }
                *id = (number, 0);
                Ok(())
            }
            Object::Array(elements) => elements
                .iter_mut()
                .try_for_each(|element| self.renumber(element)),
            Object::Dictionary(dictionary) => self.renumber_entries(dictionary),
            Object::Stream(stream) => {
                stream.dict.remove(b"Length");
                self.renumber_entries(&mut stream.dict)?;
                let content = std::mem::take(&mut stream.content);
                stream.set_content(content);
                Ok(())
            }
            Object::Null
            | Object::Boolean(_)
            | Object::Integer(_)
            | Object::Real(_)
            | Object::Name(_)
            | Object::String(..) => Ok(()),
        }
    }

    fn renumber_entries(&mut self, dictionary: &mut Dictionary) -> Result<(), Error> {
        if dictionary.has(b"ByteRange") {
            return refuse("it may be signed");
        }
        dictionary
            .iter_mut()
            .try_for_each(|(_, value)| self.renumber(value))
    }

    fn finish(mut self) -> Result<Document, Error> {
        let (major, minor) = self.pdf.version();
        let known = matches!((major, minor), (1, 0..=7) | (2, 0));
        let mut document = Document::with_version(if known {
            format!("{major}.{minor}")
        } else {
            "1.7".to_owned()
        });
        document.reference_table.cross_reference_type = XrefType::CrossReferenceTable;
        while let Some((id, number)) = self.waiting.pop() {
            let mut object = Arc::unwrap_or_clone(self.pdf.object(id)?);
            self.renumber(&mut object)?;
            document.objects.insert((number, 0), object);
            document.max_id = document.max_id.max(number);
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests;
