//! One revision behind a document (ISO 32000-2, 7.5.6).
//!
//! The document's own bytes are neither copied nor changed: what is written here is appended to them. The revision ends
//! in the kind of cross-reference section that the document's last one is. After a hybrid file's last section follows a
//! table: readers that know cross-reference streams find the hidden objects through `/Prev` and the older section's
//! `/XRefStm`, the others never saw them, and both see what this revision replaces.

mod section;
pub(crate) mod serialize;

use std::borrow::Cow;

use aws_lc_rs::rand;
use lopdf::{Dictionary, Object, ObjectId, StringFormat};

use super::dict_text::{DictText, first_value, rewrite_strings};
use super::{Error, ObjectText, Pdf, SectionKind};
use section::Entry;

/// What a new section says about itself, not what it takes over from the last one.
const OWN_KEYS: [&[u8]; 13] = [
    b"Size",
    b"Prev",
    b"XRefStm",
    b"ID",
    b"Type",
    b"W",
    b"Index",
    b"Length",
    b"Filter",
    b"DecodeParms",
    b"F",
    b"FFilter",
    b"FDecodeParms",
];

/// A revision being written: new and changed objects, then the section that finds them.
#[derive(Debug)]
pub struct Update<'p, 'a> {
    pdf: &'p Pdf<'a>,
    out: Vec<u8>,
    entries: Vec<Entry>,
    next: u32,
    failure: Option<Error>,
}

impl<'p, 'a> Update<'p, 'a> {
    /// Starts a revision behind `pdf`, which has to be unlocked if it is encrypted.
    #[must_use]
    pub fn new(pdf: &'p Pdf<'a>) -> Self {
        let mut out = Vec::with_capacity(4096);
        if !matches!(pdf.bytes().last(), Some(b'\n' | b'\r')) {
            out.push(b'\n');
        }
        Self {
            pdf,
            out,
            entries: Vec::with_capacity(16),
            next: pdf.size(),
            failure: None,
        }
    }

    /// The document that the revision is for.
    #[must_use]
    pub const fn pdf(&self) -> &'p Pdf<'a> {
        self.pdf
    }

    /// Takes no numbers up to this one: a reference to what is not there would come to mean what is new.
    pub(crate) fn skip_numbers(&mut self, number: u32) {
        if number < self.pdf.limits().max_objects {
            self.next = self.next.max(number.saturating_add(1));
        }
    }

    /// The number of a new object; never one that the document uses or used.
    pub fn allocate(&mut self) -> ObjectId {
        let id = (self.next, 0);
        self.next = self.next.saturating_add(1);
        id
    }

    /// Writes an object, encrypted as the document is. An object is written once in a revision.
    ///
    /// What goes wrong is told by [`Self::finish`].
    pub fn put(&mut self, id: ObjectId, object: Object) {
        match self.encrypted(id, object) {
            Ok(object) => self.put_with(id, |out| serialize::write(out, &object)),
            Err(error) => self.failure = Some(error),
        }
    }

    /// Writes an object of the document again with some entries of its dictionary changed, every other value as it is.
    /// The new values are text, in which strings are as they are to stand in the file.
    pub(crate) fn edit(
        &mut self,
        id: ObjectId,
        entries: Vec<(&[u8], Vec<u8>)>,
    ) -> Result<(), Error> {
        let own = self.own_text(id)?;
        let mut dict = DictText::parse(&own).map_err(|_| not_a_dictionary(id))?;
        for (key, value) in entries {
            dict.set(key, value);
        }
        self.put_with(id, |out| dict.write(out));
        Ok(())
    }

    /// The text of a value in the dictionary `id`, or in dictionaries inside it, as it is to stand in that object.
    pub(crate) fn value_text(
        &self,
        id: ObjectId,
        path: &[&[u8]],
    ) -> Result<Option<Vec<u8>>, Error> {
        let own = self.own_text(id)?;
        let mut text: &[u8] = &own;
        let mut dict;
        for key in path {
            dict = DictText::parse(text).map_err(|_| not_a_dictionary(id))?;
            match dict.kept(key) {
                Some(value) => text = value,
                None => return Ok(None),
            }
        }
        Ok(Some(text.to_vec()))
    }

    /// The text of an object of the document, as it is to stand in a revision.
    ///
    /// It is the document's own text wherever that can be carried over: parsing and writing loses digits of reals, and
    /// a difference analysis that compares two revisions of a page would call that a change.
    pub(crate) fn own_text(&self, id: ObjectId) -> Result<Cow<'a, [u8]>, Error> {
        let Some(own) = self.pdf.text(id)? else {
            return self.object_text(id, id).map(Cow::Owned);
        };
        let Some(value) = first_value(own.bytes()) else {
            // The reader knows laxer syntax; what it understood is written instead.
            return self.object_text(id, id).map(Cow::Owned);
        };
        match own {
            ObjectText::File(text) => Ok(Cow::Borrowed(text.get(..value).unwrap_or(text))),
            // In an object stream strings are not encrypted by themselves (7.5.7).
            ObjectText::Compressed(..) if self.pdf.encryption().is_some() => {
                let text = own.bytes().get(..value).unwrap_or(&[]);
                self.with_strings_encrypted(id, text).map(Cow::Owned)
            }
            ObjectText::Compressed(..) => {
                Ok(Cow::Owned(own.bytes().get(..value).unwrap_or(&[]).to_vec()))
            }
        }
    }

    fn with_strings_encrypted(&self, id: ObjectId, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(text.len());
        let mut failure = None;
        rewrite_strings(&mut out, text, &mut |plain| {
            match self.encrypted(id, Object::String(plain, StringFormat::Hexadecimal)) {
                Ok(Object::String(bytes, _)) => return bytes,
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
            Vec::new()
        });
        failure.map_or(Ok(out), Err)
    }

    /// The text of the object `id` as the reader understood it, to stand in the object `holder`.
    pub(crate) fn object_text(&self, holder: ObjectId, id: ObjectId) -> Result<Vec<u8>, Error> {
        let object = self.encrypted(holder, Object::clone(&*self.pdf.object(id)?))?;
        let mut text = Vec::new();
        serialize::write(&mut text, &object);
        Ok(text)
    }

    /// Writes an object by writing its text, in which strings are as they are to stand in the file.
    pub(crate) fn put_with<T>(&mut self, id: ObjectId, body: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let offset = self.offset();
        self.entries.push(Entry {
            number: id.0,
            generation: id.1,
            offset,
        });
        serialize::unsigned(&mut self.out, u64::from(id.0));
        self.out.push(b' ');
        serialize::unsigned(&mut self.out, u64::from(id.1));
        self.out.extend_from_slice(b" obj\n");
        let result = body(&mut self.out);
        self.out.extend_from_slice(b"\nendobj\n");
        result
    }

    /// A text string, encrypted for the object `id`.
    pub(crate) fn text_string(&self, id: ObjectId, text: &str) -> Result<Vec<u8>, Error> {
        let object = self.encrypted(id, lopdf::text_string(text))?;
        let mut out = Vec::new();
        serialize::write(&mut out, &object);
        Ok(out)
    }

    fn encrypted(&self, id: ObjectId, mut object: Object) -> Result<Object, Error> {
        if let Some(encryption) = self.pdf.encryption() {
            encryption.encrypt_object(id, &mut object)?;
        }
        Ok(object)
    }

    /// Ends the revision; the bytes are to be appended to the document.
    ///
    /// # Errors
    ///
    /// [`Error::BadObject`] when an object was written twice, [`Error::Limit`] when there are more than numbers, and what went wrong in [`Self::put`].
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let kind = match self.pdf.section_kind() {
            SectionKind::Stream => SectionKind::Stream,
            _ if self.offset() > section::MAX_TABLE_OFFSET => SectionKind::Stream,
            _ => SectionKind::Table,
        };
        let start = self.offset();
        let section = self.allocate();
        if kind == SectionKind::Stream {
            self.entries.push(Entry {
                number: section.0,
                generation: 0,
                offset: start,
            });
        } else {
            self.next = section.0;
        }
        if self.next > i32::MAX.unsigned_abs() {
            return Err(Error::Limit {
                what: "object numbers",
            });
        }
        self.entries.sort_unstable_by_key(|entry| entry.number);
        let twice = |pair: &&[Entry]| matches!(pair, [left, right] if left.number == right.number);
        if let Some([entry, ..]) = self.entries.windows(2).find(twice) {
            // Two places of the document's structure share one object, and each has to change it.
            return Err(Error::BadObject {
                id: (entry.number, entry.generation),
                context: "it is used for two things",
            });
        }
        let trailer = self.trailer()?;
        match kind {
            SectionKind::Stream => {
                section::stream(&mut self.out, section.0, &self.entries, trailer);
            }
            _ => section::table(&mut self.out, &self.entries, &trailer),
        }
        self.out.extend_from_slice(b"startxref\n");
        serialize::unsigned(&mut self.out, start);
        self.out.extend_from_slice(b"\n%%EOF\n");
        Ok(self.out)
    }

    /// Where the next byte will stand, counted as the document counts.
    fn offset(&self) -> u64 {
        let position = self.pdf.bytes().len().saturating_add(self.out.len());
        position.saturating_sub(self.pdf.header_offset()) as u64
    }

    fn trailer(&self) -> Result<Dictionary, Error> {
        let last = self.pdf.trailer();
        let mut trailer = Dictionary::new();
        trailer.set("Size", i64::from(self.next));
        trailer.set(
            "Prev",
            Object::Integer(i64::try_from(self.pdf.last_startxref()).unwrap_or(i64::MAX)),
        );
        for (key, value) in last
            .iter()
            .filter(|(key, _)| !OWN_KEYS.contains(&key.as_slice()))
        {
            trailer.set(key.clone(), value.clone());
        }
        let old = match last.get(b"ID") {
            Ok(id) => match &*self.pdf.resolve(id)? {
                Object::Array(id) => id
                    .first()
                    .cloned()
                    .filter(|first| matches!(first, Object::String(..))),
                _ => None,
            },
            Err(_) => None,
        };
        // Without an identifier the key of an encrypted file was derived from an empty one.
        if old.is_some() || self.pdf.encryption().is_none() {
            let new = Object::String(random_id()?, StringFormat::Hexadecimal);
            trailer.set("ID", vec![old.unwrap_or_else(|| new.clone()), new]);
        }
        Ok(trailer)
    }
}

const fn not_a_dictionary(id: ObjectId) -> Error {
    Error::BadObject {
        id,
        context: "a dictionary was expected",
    }
}

fn random_id() -> Result<Vec<u8>, Error> {
    let mut id = [0_u8; 16];
    rand::fill(&mut id).map_err(|_| Error::Limit {
        what: "random numbers",
    })?;
    Ok(id.to_vec())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "numbers made by the tests")]
mod tests;
