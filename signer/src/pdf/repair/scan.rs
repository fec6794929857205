//! Finding objects without a cross-reference, by reading the file from its start to its end.
//!
//! What is defined twice counts as it was defined last, objects in object streams included; that is what a file
//! grown by appended revisions means. Every object is parsed once to count what it holds, and dropped.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, ObjectId};

use super::{Caps, Error, refuse};
use crate::pdf::object::{self, Parser};
use crate::pdf::object_stream::ObjectStream;
use crate::pdf::stream_data::{decode, extent};
use crate::pdf::{Entry, Limits, lexer};

/// What the file consists of.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: BTreeMap<u32, Entry>,
    /// Trailers and dictionaries of cross-reference streams that name a catalog, in the order of the file.
    pub(super) trailers: Vec<Dictionary>,
    pub(super) catalogs: Vec<ObjectId>,
    /// Whether there is any trailer, one without a catalog included.
    pub(super) has_trailer: bool,
}

/// Reads the whole file.
///
/// # Errors
///
/// [`Error::NotRepairable`] beyond the caps, and where it is encrypted or signed.
pub(super) fn scan(bytes: &[u8], caps: &Caps) -> Result<Found, Error> {
    let mut scan = Scan {
        bytes,
        limits: caps.limits(),
        max_objects: caps.max_objects,
        tokens_left: caps.max_tokens,
        bytes_left: bytes.len().saturating_mul(4),
        decoded_left: caps.limits().max_decoded,
        objects: 0,
        found: Found::default(),
    };
    scan.run()?;
    Ok(scan.found)
}

struct Scan<'a> {
    bytes: &'a [u8],
    limits: Limits,
    max_objects: usize,
    tokens_left: usize,
    /// Bytes that may yet be read in vain.
    bytes_left: usize,
    decoded_left: usize,
    objects: usize,
    found: Found,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), Error> {
        let mut position = 0;
        loop {
            let rest = self.bytes.get(position..).unwrap_or_default();
            let Some(keyword) = memchr::memmem::find(rest, b"obj") else {
                return self.trailers(position, self.bytes.len());
            };
            let keyword = position.saturating_add(keyword);
            let next = keyword.saturating_add(b"obj".len());
            if let Some(start) = header_before(self.bytes, position, keyword) {
                self.trailers(position, start)?;
                position = self.object(start)?.max(next);
            } else {
                self.trailers(position, next)?;
                position = next;
            }
        }
    }

    fn spend(&mut self, tokens: usize) -> Result<(), Error> {
        match self.tokens_left.checked_sub(tokens) {
            Some(left) => {
                self.tokens_left = left;
                Ok(())
            }
            None => refuse("it has too many tokens"),
        }
    }

    fn waste(&mut self, bytes: usize) -> Result<(), Error> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => refuse("it is too damaged"),
        }
    }

    fn count(&mut self, objects: usize) -> Result<(), Error> {
        self.objects = self.objects.saturating_add(objects);
        if self.objects > self.max_objects {
            return refuse("it has too many objects");
        }
        Ok(())
    }

    /// Takes note of the object at `start` and says where to go on.
    fn object(&mut self, start: usize) -> Result<usize, Error> {
        self.count(1)?;
        let mut parser = Parser::new(self.bytes, start, &self.limits);
        let parsed = object::indirect_with(&mut parser);
        let (tokens, reached) = (parser.nodes(), parser.position());
        self.spend(tokens)?;
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(Error::Limit { .. }) => return refuse("it has an object that is too large"),
            Err(_) => {
                self.waste(reached.saturating_sub(start))?;
                // It was meant to be here: should it be needed, it is missing, and no earlier one takes its place.
                if let Some(id) = object::header(&mut lexer::Lexer::new(self.bytes, start)) {
                    self.enter(id, start);
                }
                return Ok(start);
            }
        };
        self.enter(parsed.id, start);
        let Object::Dictionary(dictionary) = &parsed.value else {
            return Ok(parsed.end);
        };
        if dictionary.has(b"ByteRange") {
            return refuse("it may be signed");
        }
        if dictionary.has_type(b"Catalog") {
            self.found.catalogs.push(parsed.id);
        }
        match parsed.data {
            Some(data) => self.stream(parsed.id, dictionary, data),
            None => Ok(parsed.end),
        }
    }

    fn enter(&mut self, id: ObjectId, offset: usize) {
        let entry = Entry::InUse {
            offset,
            generation: id.1,
        };
        self.found.entries.insert(id.0, entry);
    }

    fn stream(
        &mut self,
        id: ObjectId,
        dictionary: &Dictionary,
        data: usize,
    ) -> Result<usize, Error> {
        let length = dictionary.get(b"Length").and_then(Object::as_i64).ok();
        let length = length.and_then(|length| usize::try_from(length).ok());
        let Ok(extent) = extent(self.bytes, data, length, self.bytes_left) else {
            return refuse("the end of a stream is in doubt");
        };
        self.waste(extent.scanned)?;
        let content = self.bytes.get(extent.start..extent.end).unwrap_or_default();
        if dictionary.has_type(b"XRef") {
            self.trailer(dictionary.clone())?;
            // It is not needed, but readers that need it will not get to what it stands for.
            self.decoded(dictionary, content, data)?;
        }
        if dictionary.has_type(b"ObjStm") {
            self.members(id, dictionary, content, data)?;
        }
        Ok(extent.after)
    }

    fn decoded(
        &mut self,
        dictionary: &Dictionary,
        content: &[u8],
        offset: usize,
    ) -> Result<Vec<u8>, Error> {
        let max = self.limits.max_stream.min(self.decoded_left);
        let Ok(data) = decode(dictionary, content.to_vec(), max, offset) else {
            return refuse("an object stream or cross-reference stream cannot be decoded");
        };
        self.decoded_left = self.decoded_left.saturating_sub(data.len());
        Ok(data)
    }

    fn members(
        &mut self,
        id: ObjectId,
        dictionary: &Dictionary,
        content: &[u8],
        offset: usize,
    ) -> Result<(), Error> {
        let data = self.decoded(dictionary, content, offset)?;
        let Ok(stream) = ObjectStream::new(dictionary, data, &self.limits, offset) else {
            return refuse("an object stream cannot be read");
        };
        self.count(stream.numbers().len())?;
        for (index, number) in stream.numbers().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            match stream.member(number, index, &self.limits) {
                Ok(Some(member)) => {
                    self.spend(member.nodes)?;
                    if let Object::Dictionary(dictionary) = &member.value {
                        if dictionary.has(b"ByteRange") {
                            return refuse("it may be signed");
                        }
                        if dictionary.has_type(b"Catalog") {
                            self.found.catalogs.push((number, 0));
                        }
                    }
                }
                _ => return refuse("an object stream cannot be read"),
            }
            self.found.entries.insert(
                number,
                Entry::Compressed {
                    stream: id.0,
                    index,
                },
            );
        }
        Ok(())
    }

    /// Takes note of the trailers between two objects.
    fn trailers(&mut self, from: usize, to: usize) -> Result<(), Error> {
        let gap = self.bytes.get(from..to).unwrap_or_default();
        for at in memchr::memmem::find_iter(gap, b"trailer") {
            let start = from.saturating_add(at).saturating_add(b"trailer".len());
            let mut parser = Parser::new(self.bytes, start, &self.limits);
            let trailer = parser.object();
            let (tokens, reached) = (parser.nodes(), parser.position());
            self.spend(tokens)?;
            match trailer {
                Ok(Object::Dictionary(trailer)) => self.trailer(trailer)?,
                _ => self.waste(reached.saturating_sub(start))?,
            }
        }
        Ok(())
    }

    fn trailer(&mut self, trailer: Dictionary) -> Result<(), Error> {
        if trailer.has(b"Encrypt") {
            return refuse("it is encrypted");
        }
        if trailer.has(b"AuthCode") {
            return Err(Error::IntegrityProtected);
        }
        self.found.has_trailer = true;
        if trailer.has(b"Root") && self.found.trailers.last() != Some(&trailer) {
            self.found.trailers.push(trailer);
        }
        Ok(())
    }
}

/// Where `n g` starts that stands before `keyword`, not before `floor`.
fn header_before(bytes: &[u8], floor: usize, keyword: usize) -> Option<usize> {
    let before = bytes.get(floor..keyword)?;
    let generation = before.trim_ascii_end();
    let rest = generation.trim_suffix_digits(5)?;
    let number = rest.trim_ascii_end();
    if number.len() == rest.len() {
        return None;
    }
    let start = number.trim_suffix_digits(10)?;
    floor.checked_add(start.len())
}

trait TrimDigits {
    /// Without the digits it ends with, of which there has to be one and may be `max`.
    fn trim_suffix_digits(&self, max: usize) -> Option<&Self>;
}

impl TrimDigits for [u8] {
    fn trim_suffix_digits(&self, max: usize) -> Option<&Self> {
        let digits = self
            .iter()
            .rev()
            .take(max)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        (digits > 0)
            .then(|| self.get(..self.len().checked_sub(digits)?))
            .flatten()
    }
}
