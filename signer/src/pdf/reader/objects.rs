//! Objects, looked up through the cross-reference, parsed on demand and decrypted.

use std::ops::Deref;
use std::sync::Arc;

use lopdf::{Dictionary, Object, ObjectId, Stream};

use super::Pdf;
use super::store::Nested;
use crate::pdf::lexer::is_whitespace;
use crate::pdf::object::Parser;
use crate::pdf::object_stream::ObjectStream;
use crate::pdf::stream_data::{decode, extent};
use crate::pdf::{Anomaly, Entry, Error, object};

/// An object behind a reference, or the object itself if it was none.
#[derive(Clone, Debug)]
pub enum Resolved<'o> {
    /// It was direct.
    Direct(&'o Object),
    /// It is the indirect object with this identifier.
    Indirect(ObjectId, Arc<Object>),
}

impl Resolved<'_> {
    /// The identifier, if the object is indirect.
    #[must_use]
    pub const fn id(&self) -> Option<ObjectId> {
        match self {
            Self::Direct(_) => None,
            Self::Indirect(id, _) => Some(*id),
        }
    }

    /// The object as its own value.
    #[must_use]
    pub fn into_owned(self) -> Object {
        match self {
            Self::Direct(object) => object.clone(),
            Self::Indirect(_, object) => Arc::unwrap_or_clone(object),
        }
    }
}

impl Deref for Resolved<'_> {
    type Target = Object;

    fn deref(&self) -> &Object {
        match self {
            Self::Direct(object) => object,
            Self::Indirect(_, object) => object,
        }
    }
}

/// References to references.
const MAX_REFERENCES: usize = 16;

impl Pdf<'_> {
    /// The object, decrypted. What is missing or free is the null object (ISO 32000-2, 7.3.10).
    ///
    /// # Errors
    ///
    /// Damage if the object is not where its entry says; [`Error::PasswordRequired`] if it is encrypted and the
    /// document is locked; [`Error::Limit`].
    pub fn object(&self, id: ObjectId) -> Result<Arc<Object>, Error> {
        if let Some(object) = self.store.object(id) {
            return Ok(object);
        }
        let Some(_nested) = Nested::enter(&self.store.depth) else {
            return Err(Error::BadObject {
                id,
                context: "it needs itself to be read",
            });
        };
        let (object, nodes) = match self.entry(id.0) {
            Some(Entry::InUse { offset, generation }) if generation == id.1 => {
                self.in_file(id, offset)?
            }
            Some(Entry::Compressed { stream, index }) if id.1 == 0 => {
                self.in_stream(id, stream, index)?
            }
            _ => (Object::Null, 1),
        };
        let object = Arc::new(object);
        self.store.keep(id, &object, nodes);
        Ok(object)
    }

    /// The object behind a reference, or the object itself.
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object); damage where references lead in a circle.
    pub fn resolve<'o>(&self, object: &'o Object) -> Result<Resolved<'o>, Error> {
        let Object::Reference(id) = object else {
            return Ok(Resolved::Direct(object));
        };
        let mut id = *id;
        for _ in 0..MAX_REFERENCES {
            let object = self.object(id)?;
            match *object {
                Object::Reference(next) => id = next,
                _ => return Ok(Resolved::Indirect(id, object)),
            }
        }
        Err(Error::BadObject {
            id,
            context: "references lead in a circle",
        })
    }

    /// The value of a key behind any reference; the null object if there is none.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub fn get<'o>(&self, dictionary: &'o Dictionary, key: &[u8]) -> Result<Resolved<'o>, Error> {
        static NULL: Object = Object::Null;
        self.resolve(dictionary.get(key).unwrap_or(&NULL))
    }

    /// The catalog.
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object); damage if it is no dictionary.
    pub fn catalog(&self) -> Result<Arc<Object>, Error> {
        let id = self.root_id();
        let catalog = self.object(id)?;
        if catalog.as_dict().is_ok_and(|catalog| catalog.has(b"Pages")) {
            Ok(catalog)
        } else {
            Err(Error::BadObject {
                id,
                context: "no catalog",
            })
        }
    }

    /// The decoded content of a stream.
    ///
    /// # Errors
    ///
    /// Damage if it cannot be decoded; [`Error::Limit`] if it grows beyond the limits.
    pub fn decode(&self, stream: &Stream) -> Result<Vec<u8>, Error> {
        self.decode_parts(
            &stream.dict,
            stream.content.clone(),
            stream.start_position.unwrap_or(0),
        )
    }

    fn in_file(&self, id: ObjectId, offset: usize) -> Result<(Object, usize), Error> {
        let bad = |context| Error::BadObject { id, context };
        if !may_start(self.bytes, offset) {
            return Err(bad("its entry does not point to an object"));
        }
        let mut parser = Parser::new(self.bytes, offset, &self.limits);
        let parsed = object::indirect_with(&mut parser);
        let nodes = parser.nodes();
        self.spend_nodes(nodes)?;
        let parsed = parsed.map_err(|error| match error {
            Error::Syntax { .. } => bad("its entry does not point to an object"),
            other => other,
        })?;
        if parsed.id != id {
            return Err(bad("its entry points to another object"));
        }
        if parsed.conflicting_keys {
            self.note(Anomaly::DuplicateKey { id });
        }
        let mut object = parsed.value;
        if let Some(start) = parsed.data {
            object = self.stream_at(id, object, start)?;
        } else if !parsed.ended {
            self.note(Anomaly::NoEndObject { id });
        }
        self.decrypt(id, &mut object)?;
        Ok((object, nodes))
    }

    /// The stream whose dictionary was read and whose data starts at `start`, encrypted as it is.
    fn stream_at(&self, id: ObjectId, dictionary: Object, start: usize) -> Result<Object, Error> {
        let Object::Dictionary(dict) = dictionary else {
            return Err(Error::BadObject {
                id,
                context: "stream without dictionary",
            });
        };
        let length = match dict.get(b"Length") {
            Ok(length) => self.resolve(length)?.as_i64().ok(),
            Err(_) => None,
        };
        let left = self
            .limits
            .max_scan
            .saturating_sub(self.store.scanned.get());
        let length = length.and_then(|length| usize::try_from(length).ok());
        let extent = extent(self.bytes, start, length, left)?;
        self.store
            .scanned
            .set(self.store.scanned.get().saturating_add(extent.scanned));
        if !extent.as_declared {
            self.note(Anomaly::StreamLength { id });
        }
        let data = self.bytes.get(extent.start..extent.end).unwrap_or_default();
        if data.len() > self.limits.max_stream {
            return Err(Error::Limit { what: "stream" });
        }
        Ok(Object::Stream(Stream {
            dict,
            content: data.to_vec(),
            allows_compression: false,
            start_position: Some(start),
        }))
    }

    fn decrypt(&self, id: ObjectId, object: &mut Object) -> Result<(), Error> {
        let exempt = match self.trailer.get(b"Encrypt") {
            Ok(Object::Reference(dictionary)) => *dictionary == id,
            Ok(_) => false,
            Err(_) => true,
        };
        if exempt {
            return Ok(());
        }
        match &self.encryption {
            Some(encryption) => encryption.decrypt_object(id, object),
            None if holds_secrets(object) => Err(Error::PasswordRequired),
            None => Ok(()),
        }
    }

    fn in_stream(&self, id: ObjectId, stream: u32, index: u32) -> Result<(Object, usize), Error> {
        let bad = |context| Error::BadObject { id, context };
        if self.is_locked() {
            return Err(Error::PasswordRequired);
        }
        let member = self
            .object_stream(stream)?
            .member(id.0, index, &self.limits)
            .map_err(|error| match error {
                Error::Syntax { .. } => bad("syntax error in its object stream"),
                other => other,
            })?
            .ok_or_else(|| bad("it is not in its object stream"))?;
        self.spend_nodes(member.nodes)?;
        if member.conflicting_keys {
            self.note(Anomaly::DuplicateKey { id });
        }
        if !member.at_index {
            self.note(Anomaly::ObjectStreamIndex { id });
        }
        Ok((member.value, member.nodes))
    }

    pub(super) fn object_stream(&self, number: u32) -> Result<Arc<ObjectStream>, Error> {
        if let Some(stream) = self.store.stream(number) {
            return Ok(stream);
        }
        let id = (number, 0);
        let bad = |context| Error::BadObject { id, context };
        // An object stream is never in another one.
        let Some(Entry::InUse {
            offset,
            generation: 0,
        }) = self.entry(number)
        else {
            return Err(bad("no object stream"));
        };
        let Some(_nested) = Nested::enter(&self.store.depth) else {
            return Err(bad("it needs itself to be read"));
        };
        let (Object::Stream(stream), _) = self.in_file(id, offset)? else {
            return Err(bad("no object stream"));
        };
        if !stream.dict.has_type(b"ObjStm") {
            return Err(bad("no object stream"));
        }
        let mut dictionary = Dictionary::new();
        for key in [&b"N"[..], b"First", b"Filter", b"DecodeParms"] {
            if let Ok(value) = stream.dict.get(key) {
                dictionary.set(key, self.resolve(value)?.into_owned());
            }
        }
        let data = self.decode_parts(&dictionary, stream.content, offset)?;
        let stream = Arc::new(ObjectStream::new(&dictionary, data, &self.limits, offset)?);
        self.store
            .keep_stream(number, &stream, self.limits.max_cached);
        Ok(stream)
    }

    fn decode_parts(
        &self,
        dictionary: &Dictionary,
        data: Vec<u8>,
        offset: usize,
    ) -> Result<Vec<u8>, Error> {
        let left = self
            .limits
            .max_decoded
            .saturating_sub(self.store.decoded.get());
        let max = self.limits.max_stream.min(left);
        let data = decode(dictionary, data, max, offset);
        // A stream that failed may have cost as much as one that did not.
        let cost = data.as_ref().map_or(max, Vec::len);
        self.store
            .decoded
            .set(self.store.decoded.get().saturating_add(cost));
        data
    }

    fn spend_nodes(&self, nodes: usize) -> Result<(), Error> {
        let spent = self.store.nodes.get().saturating_add(nodes);
        self.store.nodes.set(spent);
        if spent > self.limits.max_total_nodes {
            return Err(Error::Limit {
                what: "size of all objects",
            });
        }
        Ok(())
    }
}

/// Whether an object may start at the offset: not within a number, nor with a comment, which not every reader skips.
fn may_start(bytes: &[u8], offset: usize) -> bool {
    let before = offset.checked_sub(1).and_then(|before| bytes.get(before));
    let first = bytes
        .get(offset..)
        .and_then(|rest| rest.iter().find(|byte| !is_whitespace(**byte)));
    !before.is_some_and(u8::is_ascii_digit) && first.is_some_and(u8::is_ascii_digit)
}

/// Whether anything in the object is encrypted in an encrypted document.
fn holds_secrets(object: &Object) -> bool {
    match object {
        Object::String(..) => true,
        Object::Stream(stream) => !stream.dict.has_type(b"XRef"),
        Object::Array(elements) => elements.iter().any(holds_secrets),
        Object::Dictionary(dictionary) => dictionary.iter().any(|(_, value)| holds_secrets(value)),
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Name(_)
        | Object::Reference(_) => false,
    }
}
