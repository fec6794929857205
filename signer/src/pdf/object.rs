//! Objects (ISO 32000-2, 7.3), parsed into lopdf's model.
//!
//! Streams come back as their dictionary and the offset of their data: how long they are may depend on other
//! objects, which is the reader's business. Null entries of dictionaries are left out (7.3.7).

use lopdf::{Dictionary, Object, ObjectId, StringFormat};

use super::Error;
use super::lexer::{Lexer, Token};
use super::limits::Limits;

/// Parses one object, counting what it holds.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    lexer: Lexer<'a>,
    start: usize,
    depth_left: usize,
    nodes_left: usize,
    nodes: usize,
    conflicting_keys: bool,
}

/// A value costs about as much as so many bytes.
const BYTES_PER_NODE: usize = 64;

/// An object as it stands in the file, between `obj` and `endobj`.
#[derive(Debug)]
pub(crate) struct Indirect {
    pub(crate) id: ObjectId,
    /// The value; of a stream, its dictionary.
    pub(crate) value: Object,
    /// Where the data starts, if it is a stream.
    pub(crate) data: Option<usize>,
    /// Behind `endobj`, or behind the value where that is missing or a stream follows.
    pub(crate) end: usize,
    pub(crate) ended: bool,
    pub(crate) conflicting_keys: bool,
}

impl<'a> Parser<'a> {
    pub(crate) const fn new(bytes: &'a [u8], position: usize, limits: &Limits) -> Self {
        Self {
            lexer: Lexer::new(bytes, position),
            start: position,
            depth_left: limits.max_depth,
            nodes_left: limits.max_nodes,
            nodes: 0,
            conflicting_keys: false,
        }
    }

    pub(crate) const fn position(&self) -> usize {
        self.lexer.position()
    }

    /// What was parsed so far, in values; what takes long to skip counts too.
    pub(crate) const fn nodes(&self) -> usize {
        let skipped = self.lexer.position().saturating_sub(self.start) / BYTES_PER_NODE;
        if skipped > self.nodes {
            skipped
        } else {
            self.nodes
        }
    }

    pub(crate) const fn conflicting_keys(&self) -> bool {
        self.conflicting_keys
    }

    /// A direct object or a reference.
    pub(crate) fn object(&mut self) -> Result<Object, Error> {
        self.lexer.skip_space();
        let start = self.lexer.position();
        let token = self.lexer.token()?;
        self.value(token, start)
    }

    /// Counts a value or key that takes so many bytes in memory beyond its own.
    fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        let nodes = (bytes / BYTES_PER_NODE).saturating_add(1);
        self.nodes = self.nodes.saturating_add(nodes);
        match self.nodes_left.checked_sub(nodes) {
            Some(left) => {
                self.nodes_left = left;
                Ok(())
            }
            None => Err(Error::Limit {
                what: "size of one object",
            }),
        }
    }

    fn value(&mut self, token: Token<'a>, start: usize) -> Result<Object, Error> {
        self.charge(match &token {
            Token::Literal(string) | Token::Hexadecimal(string) => string.len(),
            Token::Name(name) => name.len(),
            // It ends with a token of its own, and an empty one takes room too.
            Token::ArrayStart | Token::DictionaryStart => BYTES_PER_NODE,
            _ => 0,
        })?;
        Ok(match token {
            Token::Integer(number) => self.reference(number).unwrap_or(Object::Integer(number)),
            Token::Real(number) => Object::Real(narrow(number)),
            Token::Name(name) => Object::Name(name.into_owned()),
            Token::Literal(string) => Object::String(string, StringFormat::Literal),
            Token::Hexadecimal(string) => Object::String(string, StringFormat::Hexadecimal),
            Token::ArrayStart => self.nested(Self::array)?,
            Token::DictionaryStart => self.nested(Self::dictionary)?,
            Token::Keyword(b"true") => Object::Boolean(true),
            Token::Keyword(b"false") => Object::Boolean(false),
            Token::Keyword(b"null") => Object::Null,
            Token::Keyword(_) | Token::ArrayEnd | Token::DictionaryEnd | Token::End => {
                return Err(Error::Syntax {
                    offset: start,
                    context: "an object was expected",
                });
            }
        })
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<Object, Error>) -> Result<Object, Error> {
        let Some(left) = self.depth_left.checked_sub(1) else {
            return Err(Error::Limit { what: "nesting" });
        };
        self.depth_left = left;
        let object = parse(self)?;
        self.depth_left = left.saturating_add(1);
        Ok(object)
    }

    fn array(&mut self) -> Result<Object, Error> {
        let mut elements = Vec::new();
        loop {
            self.lexer.skip_space();
            let start = self.lexer.position();
            match self.lexer.token()? {
                Token::ArrayEnd => {
                    // The least room of a vector is four elements; a million short arrays would waste three each.
                    if elements.len() < elements.capacity() / 2 {
                        elements.shrink_to_fit();
                    }
                    return Ok(Object::Array(elements));
                }
                token => elements.push(self.value(token, start)?),
            }
        }
    }

    fn dictionary(&mut self) -> Result<Object, Error> {
        let mut dictionary = Dictionary::new();
        loop {
            self.lexer.skip_space();
            let start = self.lexer.position();
            match self.lexer.token()? {
                Token::DictionaryEnd => return Ok(Object::Dictionary(dictionary)),
                Token::Name(key) => {
                    self.charge(key.len())?;
                    let value = self.object()?;
                    if dictionary.get(&key).is_ok_and(|before| *before != value) {
                        self.conflicting_keys = true;
                    }
                    if value != Object::Null {
                        dictionary.set(key.into_owned(), value);
                    }
                }
                _ => {
                    return Err(Error::Syntax {
                        offset: start,
                        context: "a key was expected",
                    });
                }
            }
        }
    }

    /// The rest of `n g R`; the null object where such an object cannot exist.
    fn reference(&mut self, number: i64) -> Option<Object> {
        if !self.lexer.peek().is_some_and(super::lexer::is_whitespace) {
            return None;
        }
        let start = self.lexer.position();
        let reference = self
            .lexer
            .take_number(10)
            .filter(|_| self.lexer.take_keyword(b"R"));
        let Some(generation) = reference.filter(|_| number >= 0) else {
            self.lexer.seek(start);
            return None;
        };
        let id = u32::try_from(number)
            .ok()
            .zip(u16::try_from(generation).ok());
        Some(
            id.filter(|id| id.0 > 0)
                .map_or(Object::Null, Object::Reference),
        )
    }
}

/// Parses the object whose number stands at `position`, after white space.
///
/// # Errors
///
/// [`Error::Syntax`] unless there is an indirect object, [`Error::Limit`] if it is too large.
pub(crate) fn indirect(bytes: &[u8], position: usize, limits: &Limits) -> Result<Indirect, Error> {
    indirect_with(&mut Parser::new(bytes, position, limits))
}

/// As [`indirect`], with a parser that can be asked afterwards how far it came.
pub(crate) fn indirect_with(parser: &mut Parser<'_>) -> Result<Indirect, Error> {
    let position = parser.position();
    let id = header(&mut parser.lexer).ok_or(Error::Syntax {
        offset: position,
        context: "an indirect object was expected",
    })?;
    let value = if parser.lexer.take_keyword(b"endobj") {
        // An object without a value is null; others read it so.
        parser
            .lexer
            .seek(parser.position().saturating_sub(b"endobj".len()));
        Object::Null
    } else {
        parser.object()?
    };
    let mut indirect = Indirect {
        id,
        value,
        data: None,
        end: parser.position(),
        ended: false,
        conflicting_keys: parser.conflicting_keys(),
    };
    if matches!(indirect.value, Object::Dictionary(_)) && parser.lexer.take_keyword(b"stream") {
        indirect.data = Some(data_start(&mut parser.lexer));
    } else {
        indirect.ended = parser.lexer.take_keyword(b"endobj");
        if indirect.ended {
            indirect.end = parser.position();
        }
    }
    Ok(indirect)
}

/// `n g obj`, after white space.
pub(crate) fn header(lexer: &mut Lexer<'_>) -> Option<ObjectId> {
    let number = u32::try_from(lexer.take_number(10)?).ok()?;
    let generation = u16::try_from(lexer.take_number(5)?).ok()?;
    lexer.skip_space();
    lexer.take(b"obj").then_some((number, generation))
}

/// Behind `stream` and its end of line. A carriage return alone is no legal end, but readers take it for one.
fn data_start(lexer: &mut Lexer<'_>) -> usize {
    let start = lexer.position();
    while lexer.peek() == Some(b' ') {
        lexer.take(b" ");
    }
    if !lexer.take(b"\r\n") && !lexer.take(b"\n") && !lexer.take(b"\r") {
        lexer.seek(start);
    }
    lexer.position()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "lopdf keeps reals as f32, which holds what a page needs"
)]
const fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests;
