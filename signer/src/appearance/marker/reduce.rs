//! Pages reduced to what shows text, as a file of their own.
//!
//! Kept are content streams, forms, fonts and the visibility of layers; pictures, colours, patterns and the glyph programs
//! of Type 3 fonts are left out. Streams are written decoded, under our reader's limits and decrypted by it.

use super::Error;
use super::budget::{Budget, Cost};
use crate::pdf::{self, Pdf};

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Instant;

/// Pages reduced at a time.
pub(super) const MOST_PAGES: usize = 64;

/// Decoded bytes after which no further page is added.
const ENOUGH: usize = 16 << 20;
/// Decoded bytes that a single page may take.
const MOST_BYTES: usize = 96 << 20;
/// Objects that the pages may take together.
const MOST_OBJECTS: usize = 250_000;

/// Glyphs that the ranges of one font's widths may name.
const MOST_WIDTHS: i64 = 1 << 18;

/// Bytes between angle brackets in a map of glyphs to characters: strings of 512 bytes, but also comments.
const LONGEST_STRING: usize = 4_096;
/// Bytes of a literal string in such a map, which has them only to name itself.
const LONGEST_LITERAL: usize = 256;

/// A file with some of the document's pages.
pub(super) struct Reduced {
    pub(super) file: Vec<u8>,
    /// The document's numbers of the file's pages.
    pub(super) numbers: Vec<u32>,
    /// The last page that was looked at.
    pub(super) last: u32,
    /// Something could not be read and was left out.
    pub(super) incomplete: bool,
}

/// Reduces as many of these pages as are worth a file.
pub(super) fn pages(pdf: &Pdf<'_>, numbers: &[u32], deadline: Instant) -> Result<Reduced, Error> {
    let mut reducer = Reducer::new(pdf);
    let mut done = Vec::new();
    let mut last = 0;
    for &number in numbers {
        if Instant::now() >= deadline {
            return Err(Error::Deadline);
        }
        if reducer.bytes >= ENOUGH {
            break;
        }
        last = number;
        reducer.page(number)?;
        done.push(number);
    }
    let incomplete = reducer.incomplete;
    Ok(Reduced {
        file: reducer.finish()?,
        numbers: done,
        last,
        incomplete,
    })
}

/// What a name in a content stream may mean.
struct Scope {
    resources: Dictionary,
    forms: HashMap<Vec<u8>, ObjectId>,
}

/// An object whose place in the new file is known, and which has still to be written there.
enum Pending {
    Form {
        from: ObjectId,
        to: ObjectId,
        parent: Rc<Scope>,
    },
    Other {
        from: ObjectId,
        to: ObjectId,
    },
}

struct Reducer<'p, 'a> {
    pdf: &'p Pdf<'a>,
    out: Document,
    kids: Vec<Object>,
    tree: ObjectId,
    /// An empty stream, which stands for every glyph program.
    nothing: ObjectId,
    written: HashMap<ObjectId, ObjectId>,
    /// Maps of glyphs to characters; none for those that may not be used.
    maps: HashMap<ObjectId, Option<ObjectId>>,
    pending: VecDeque<Pending>,
    budget: Budget,
    bytes: usize,
    incomplete: bool,
}

impl<'p, 'a> Reducer<'p, 'a> {
    fn new(pdf: &'p Pdf<'a>) -> Self {
        let mut out = Document::with_version("1.7");
        let tree = out.new_object_id();
        let nothing = out.add_object(Stream::new(Dictionary::new(), Vec::new()));
        Self {
            pdf,
            out,
            kids: Vec::new(),
            tree,
            nothing,
            written: HashMap::new(),
            maps: HashMap::new(),
            pending: VecDeque::new(),
            budget: Budget::default(),
            bytes: 0,
            incomplete: false,
        }
    }

    fn page(&mut self, number: u32) -> Result<(), Error> {
        let before = self.bytes;
        let page = self.pdf.page(number)?;
        let resources = match &page.resources {
            Some(resources) => self.pdf.resolve(resources)?.into_owned(),
            None => Object::Null,
        };
        let scope = self.scope(resources.as_dict().ok())?;
        let contents = page
            .dictionary()
            .get(b"Contents")
            .ok()
            .cloned()
            .unwrap_or(Object::Null);
        let content = self.contents(&contents, before)?;
        let cost = Cost::of(&content, &scope.forms)?;
        let content = self.out.add_object(Stream::new(Dictionary::new(), content));
        let numbers = |numbers: [f32; 4]| Object::Array(numbers.map(Object::Real).to_vec());
        let media = &page.media_box;
        let object = dictionary! {
            "Type" => "Page",
            "Parent" => Object::Reference(self.tree),
            "MediaBox" => numbers([media.left, media.bottom, media.right, media.top]),
            "Resources" => scope.resources.clone(),
            "Contents" => Object::Reference(content),
        };
        let object = self.out.add_object(object);
        self.kids.push(Object::Reference(object));
        self.settle(before)?;
        self.budget.page(&cost)
    }

    /// The decoded content streams, one after the other.
    fn contents(&mut self, contents: &Object, before: usize) -> Result<Vec<u8>, Error> {
        let contents = self.pdf.resolve(contents)?.into_owned();
        let parts = match contents {
            Object::Array(parts) => parts,
            other => vec![other],
        };
        let mut content = Vec::new();
        for part in &parts {
            if let Ok(stream) = self.pdf.resolve(part)?.as_stream() {
                content.extend(self.decoded(stream, before)?);
                content.push(b'\n');
            }
        }
        Ok(content)
    }

    /// The decoded stream; nothing, where it is broken.
    fn decoded(&mut self, stream: &Stream, before: usize) -> Result<Vec<u8>, Error> {
        let decoded = match self.pdf.decode(&self.direct(stream)?) {
            Err(pdf::Error::Limit { .. }) => return Err(Error::TooComplex("a stream is too long")),
            Err(_broken) => {
                self.incomplete = true;
                Vec::new()
            }
            Ok(decoded) => decoded,
        };
        self.bytes = self.bytes.saturating_add(decoded.len());
        if self.bytes.saturating_sub(before) > MOST_BYTES {
            return Err(Error::TooComplex("a page has too much in it"));
        }
        Ok(decoded)
    }

    /// The stream with its filters and their parameters in place of references to them.
    fn direct(&self, stream: &Stream) -> Result<Stream, Error> {
        let mut dict = Dictionary::new();
        for key in [&b"Filter"[..], b"DecodeParms"] {
            let value = match self.pdf.get(&stream.dict, key)?.into_owned() {
                Object::Array(elements) => {
                    let resolved = elements
                        .iter()
                        .map(|element| Ok(self.pdf.resolve(element)?.into_owned()));
                    Object::Array(resolved.collect::<Result<_, pdf::Error>>()?)
                }
                value => value,
            };
            if !matches!(value, Object::Null) {
                dict.set(key, value);
            }
        }
        Ok(Stream {
            dict,
            ..stream.clone()
        })
    }

    /// Writes what is still to be written.
    fn settle(&mut self, before: usize) -> Result<(), Error> {
        while let Some(pending) = self.pending.pop_front() {
            if self.out.objects.len() > MOST_OBJECTS {
                return Err(Error::TooComplex("a page has too many objects"));
            }
            match pending {
                Pending::Form { from, to, parent } => self.form(from, to, &parent, before)?,
                Pending::Other { from, to } => {
                    let object = self.pdf.object(from)?;
                    let object = self.rewritten(&object, before)?;
                    self.out.objects.insert(to, object);
                }
            }
        }
        Ok(())
    }

    fn form(
        &mut self,
        from: ObjectId,
        to: ObjectId,
        parent: &Rc<Scope>,
        before: usize,
    ) -> Result<(), Error> {
        let object = self.pdf.object(from)?;
        let Ok(stream) = object.as_stream() else {
            return Ok(());
        };
        let resources = self.pdf.get(&stream.dict, b"Resources")?.into_owned();
        let scope = match resources.as_dict() {
            Ok(resources) => self.scope(Some(resources))?,
            // Old files name what their page has (ISO 32000-2, 7.8.3).
            Err(_) => Rc::clone(parent),
        };
        let mut dict = Dictionary::new();
        for key in [&b"Type"[..], b"Subtype", b"BBox", b"Matrix", b"OC"] {
            if let Ok(value) = stream.dict.get(key) {
                let value = self.rewritten(value, before)?;
                dict.set(key, value);
            }
        }
        dict.set("Resources", scope.resources.clone());
        let content = self.decoded(stream, before)?;
        self.budget.form(from, Cost::of(&content, &scope.forms)?);
        self.out
            .objects
            .insert(to, Stream::new(dict, content).into());
        Ok(())
    }

    /// What of the resources has to do with text.
    fn scope(&mut self, resources: Option<&Dictionary>) -> Result<Rc<Scope>, Error> {
        let mut scope = Scope {
            resources: Dictionary::new(),
            forms: HashMap::new(),
        };
        let Some(resources) = resources else {
            return Ok(Rc::new(scope));
        };
        for key in [&b"Font"[..], b"Properties"] {
            if let Ok(entries) = self.pdf.get(resources, key)?.as_dict() {
                let mut kept = Dictionary::new();
                for (name, value) in entries {
                    kept.set(name.clone(), self.rewritten(value, self.bytes)?);
                }
                scope.resources.set(key, kept);
            }
        }
        if let Ok(states) = self.pdf.get(resources, b"ExtGState")?.as_dict() {
            let mut kept = Dictionary::new();
            for (name, state) in states {
                if let Ok(font) = self
                    .pdf
                    .resolve(state)?
                    .as_dict()
                    .and_then(|state| state.get(b"Font"))
                {
                    let font = self.rewritten(font, self.bytes)?;
                    kept.set(name.clone(), dictionary! { "Font" => font });
                }
            }
            scope.resources.set("ExtGState", kept);
        }
        if let Ok(objects) = self.pdf.get(resources, b"XObject")?.as_dict() {
            return self.forms(scope, objects);
        }
        Ok(Rc::new(scope))
    }

    /// Adds the forms among the `XObject`s.
    fn forms(&mut self, mut scope: Scope, objects: &Dictionary) -> Result<Rc<Scope>, Error> {
        let mut entries = Dictionary::new();
        for (name, object) in objects {
            let resolved = self.pdf.resolve(object)?;
            let subtype = resolved
                .as_stream()
                .and_then(|stream| stream.dict.get(b"Subtype"));
            let is_form = subtype
                .and_then(Object::as_name)
                .is_ok_and(|subtype| subtype == b"Form");
            if let (Some(from), true) = (resolved.id(), is_form) {
                scope.forms.insert(name.clone(), from);
                let to = *self
                    .written
                    .entry(from)
                    .or_insert_with(|| self.out.new_object_id());
                entries.set(name.clone(), Object::Reference(to));
            }
        }
        scope.resources.set("XObject", entries);
        let scope = Rc::new(scope);
        for from in scope.forms.values() {
            if let Some(to) = self.written.get(from).copied()
                && self.budget.announce(*from)
            {
                self.pending.push_back(Pending::Form {
                    from: *from,
                    to,
                    parent: Rc::clone(&scope),
                });
            }
        }
        Ok(scope)
    }

    /// The object with its references led to the new file, its streams decoded, and without what leads back up the tree.
    fn rewritten(&mut self, object: &Object, before: usize) -> Result<Object, Error> {
        Ok(match object {
            Object::Reference(id) => Object::Reference(self.reference(*id)),
            Object::Array(elements) => {
                let elements = elements
                    .iter()
                    .map(|element| self.rewritten(element, before));
                Object::Array(elements.collect::<Result<_, _>>()?)
            }
            Object::Dictionary(entries) => Object::Dictionary(self.entries(entries, before)?),
            Object::Stream(stream) => {
                let content = self.decoded(stream, before)?;
                let mut dict = self.entries(&stream.dict, before)?;
                for key in [
                    &b"Filter"[..],
                    b"DecodeParms",
                    b"F",
                    b"FFilter",
                    b"FDecodeParms",
                    b"DL",
                    b"Length",
                ] {
                    dict.remove(key);
                }
                Stream::new(dict, content).into()
            }
            other => other.clone(),
        })
    }

    fn entries(&mut self, entries: &Dictionary, before: usize) -> Result<Dictionary, Error> {
        let mut kept = Dictionary::new();
        for (key, value) in entries {
            match key.as_slice() {
                b"Parent" | b"P" | b"Pg" | b"StructParent" | b"StructParents" | b"Metadata"
                | b"PieceInfo" | b"Resources" => {}
                b"CharProcs" => {
                    let programs = self.pdf.resolve(value)?.into_owned();
                    let names = programs.as_dict().into_iter().flatten();
                    let programs =
                        names.map(|(name, _)| (name.clone(), Object::Reference(self.nothing)));
                    kept.set("CharProcs", programs.collect::<Dictionary>());
                }
                b"ToUnicode" => {
                    if let Some(map) = self.character_map(value, before)? {
                        kept.set("ToUnicode", map);
                    }
                }
                b"FirstChar" | b"LastChar" => {
                    if let Ok(code @ 0..=255) = self.pdf.resolve(value)?.as_i64() {
                        kept.set(key.clone(), code);
                    }
                }
                b"W" | b"W2" => {
                    if let Some(widths) =
                        self.widths(value, if key == b"W" { 1 } else { 3 }, before)?
                    {
                        kept.set(key.clone(), widths);
                    }
                }
                _ => kept.set(key.clone(), self.rewritten(value, before)?),
            }
        }
        Ok(kept)
    }

    /// The map of glyphs to characters, unless it has longer strings than it may (ISO 32000-2, 9.10.3): each glyph that is
    /// shown costs a copy of its string.
    fn character_map(&mut self, value: &Object, before: usize) -> Result<Option<Object>, Error> {
        let resolved = self.pdf.resolve(value)?;
        let Ok(stream) = resolved.as_stream() else {
            return Ok(resolved.as_name().is_ok().then(|| resolved.into_owned()));
        };
        if let Some(map) = resolved.id().and_then(|id| self.maps.get(&id)) {
            return Ok(map.map(Object::Reference));
        }
        let content = self.decoded(stream, before)?;
        let map = if has_long_string(&content) {
            self.incomplete = true;
            None
        } else {
            Some(self.out.add_object(Stream::new(Dictionary::new(), content)))
        };
        if let Some(id) = resolved.id() {
            self.maps.insert(id, map);
        }
        Ok(map.map(Object::Reference))
    }

    /// The widths of a CID font (ISO 32000-2, 9.7.4.3), unless their ranges are more than there are glyphs; `values` is how
    /// many numbers a range has.
    fn widths(
        &mut self,
        value: &Object,
        values: usize,
        before: usize,
    ) -> Result<Option<Object>, Error> {
        let array = self.pdf.resolve(value)?.into_owned();
        let Ok(array) = array.as_array() else {
            return Ok(None);
        };
        let mut elements = Vec::with_capacity(array.len());
        for element in array {
            let element = self.pdf.resolve(element)?.into_owned();
            elements.push(self.rewritten(&element, before)?);
        }
        let mut rest = elements.as_slice();
        let mut ranges: i64 = 0;
        while let [first, second, after @ ..] = rest {
            let code = |object: &Object| {
                object
                    .as_i64()
                    .ok()
                    .filter(|code| (0..=0xFFFF).contains(code))
            };
            let Some(first) = code(first) else {
                return Ok(None);
            };
            if second.as_array().is_ok() {
                rest = after;
                continue;
            }
            let Some(last) = code(second) else {
                return Ok(None);
            };
            ranges = ranges.saturating_add(last.saturating_sub(first).max(0));
            rest = after.get(values..).unwrap_or_default();
        }
        Ok((ranges <= MOST_WIDTHS).then_some(Object::Array(elements)))
    }

    fn reference(&mut self, from: ObjectId) -> ObjectId {
        if let Some(to) = self.written.get(&from) {
            return *to;
        }
        let to = self.out.new_object_id();
        self.written.insert(from, to);
        self.pending.push_back(Pending::Other { from, to });
        to
    }

    fn finish(mut self) -> Result<Vec<u8>, Error> {
        let count = i64::try_from(self.kids.len()).unwrap_or(i64::MAX);
        let kids = std::mem::take(&mut self.kids);
        let tree = dictionary! { "Type" => "Pages", "Count" => count, "Kids" => kids };
        self.out.objects.insert(self.tree, tree.into());
        let mut catalogue =
            dictionary! { "Type" => "Catalog", "Pages" => Object::Reference(self.tree) };
        let root = self.pdf.catalog()?;
        if let Ok(layers) = root.as_dict().and_then(|root| root.get(b"OCProperties")) {
            let layers = self.rewritten(layers, self.bytes)?;
            catalogue.set("OCProperties", layers);
            self.settle(self.bytes)?;
        }
        let catalogue = self.out.add_object(catalogue);
        self.out.trailer.set("Root", Object::Reference(catalogue));
        let mut file = Vec::with_capacity(self.bytes.saturating_add(1 << 16));
        self.out
            .save_to(&mut file)
            .map_err(|_unwritable| Error::TooComplex("it cannot be rewritten"))?;
        Ok(file)
    }
}

/// Whether the PostScript has a string longer than allowed. Wherever one may start is taken for a start, also in comments
/// and in other strings, so that no two readings of the same bytes make a difference.
fn has_long_string(content: &[u8]) -> bool {
    let mut hexadecimal = content.split(|byte| matches!(byte, b'<' | b'>'));
    let endless = |at: usize| {
        let end = at.saturating_add(LONGEST_LITERAL).min(content.len());
        literal(content.get(at.saturating_add(1)..end).unwrap_or_default()).is_none()
    };
    hexadecimal.any(|stretch| stretch.len() > LONGEST_STRING)
        || memchr::memchr_iter(b'(', content).any(endless)
}

/// Length of a literal string behind its parenthesis.
fn literal(content: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut escaped = false;
    content.iter().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth = depth.saturating_add(1),
            b')' if depth == 0 => return true,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        false
    })
}
