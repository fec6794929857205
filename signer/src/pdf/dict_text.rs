//! A dictionary as the bytes it was written in (ISO 32000-2, 7.3.7), so that one entry can be changed and every other
//! value kept byte for byte.
//!
//! Parsing a value and writing it again is not faithful: reals lose digits, and a difference analysis that compares
//! the page or the catalogue of two revisions would call that a change.

use super::incremental::serialize;

/// Nesting beyond this is refused, whatever the reader's own limit.
const MAX_DEPTH: usize = 256;

/// The text is not one dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("object text is not a dictionary")]
pub(crate) struct NotADictionary;

/// The entries of a dictionary in their order, each value as its own bytes.
#[derive(Debug)]
pub(crate) struct DictText<'t> {
    entries: Vec<(Vec<u8>, Value<'t>)>,
}

#[derive(Debug)]
enum Value<'t> {
    Kept(&'t [u8]),
    New(Vec<u8>),
}

impl<'t> DictText<'t> {
    /// Reads the dictionary that the text begins with; what follows it (`stream`, `endobj`) is left alone.
    ///
    /// # Errors
    ///
    /// When the text does not begin with a dictionary or the dictionary does not end.
    pub(crate) fn parse(text: &'t [u8]) -> Result<Self, NotADictionary> {
        let mut scanner = Scanner { text, at: 0 };
        if scanner.token().ok_or(NotADictionary)? != Token::DictionaryOpen {
            return Err(NotADictionary);
        }
        let mut entries = Vec::new();
        loop {
            match scanner.token().ok_or(NotADictionary)? {
                Token::DictionaryClose => return Ok(Self { entries }),
                Token::Name(range) => {
                    let key = decode_name(text.get(range).unwrap_or(&[]));
                    entries.push((key, Value::Kept(scanner.value().ok_or(NotADictionary)?)));
                }
                _ => return Err(NotADictionary),
            }
        }
    }

    /// The document's own bytes of a value, the last one when the key stands more than once.
    pub(crate) fn kept(&self, key: &[u8]) -> Option<&'t [u8]> {
        self.entries
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| match value {
                Value::Kept(bytes) => Some(*bytes),
                Value::New(_) => None,
            })
    }

    /// Puts a value in place of an old one, or at the end.
    pub(crate) fn set(&mut self, key: &[u8], value: Vec<u8>) {
        match self.entries.iter().position(|(name, _)| name == key) {
            Some(first) => {
                let mut index = 0_usize;
                self.entries.retain(|(name, _)| {
                    let keep = index <= first || name != key;
                    index = index.saturating_add(1);
                    keep
                });
                if let Some(entry) = self.entries.get_mut(first) {
                    entry.1 = Value::New(value);
                }
            }
            None => self.entries.push((key.to_vec(), Value::New(value))),
        }
    }

    /// The dictionary as text.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<<");
        for (key, value) in &self.entries {
            serialize::name(out, key);
            out.push(b' ');
            match value {
                Value::Kept(bytes) => out.extend_from_slice(bytes),
                Value::New(bytes) => out.extend_from_slice(bytes),
            }
        }
        out.extend_from_slice(b">>");
    }
}

/// How long the value is that the text begins with.
pub(crate) fn first_value(text: &[u8]) -> Option<usize> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.value()?;
    Some(scanner.at)
}

/// The inside of an array's text, without its brackets, so that items can be added behind it.
pub(crate) fn array_items(text: &[u8]) -> Option<&[u8]> {
    let mut scanner = Scanner { text, at: 0 };
    let value = scanner.value()?;
    let inside = value.strip_prefix(b"[")?.strip_suffix(b"]")?;
    Some(inside)
}

/// Copies the text of a value with its strings replaced.
pub(crate) fn rewrite_strings(
    out: &mut Vec<u8>,
    text: &[u8],
    strings: &mut dyn FnMut(Vec<u8>) -> Vec<u8>,
) {
    let mut scanner = Scanner { text, at: 0 };
    let mut copied = 0_usize;
    while let Some(token) = scanner.token() {
        if let Token::String(range) = token {
            out.extend_from_slice(text.get(copied..range.start).unwrap_or(&[]));
            copied = range.end;
            let plain = decode_string(text.get(range).unwrap_or(&[]));
            serialize::hex_string(out, &strings(plain));
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or(&[]));
}

type Range = std::ops::Range<usize>;

#[derive(Debug, PartialEq)]
enum Token {
    ArrayClose,
    ArrayOpen,
    DictionaryClose,
    DictionaryOpen,
    Name(Range),
    String(Range),
    Word(Range),
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Scanner<'t> {
    /// One whole value, a reference of three words included.
    fn value(&mut self) -> Option<&'t [u8]> {
        let mut depth = 0_usize;
        let mut start = None;
        loop {
            let token = self.token()?;
            let begin = *start.get_or_insert(token_start(&token, self.at));
            match token {
                Token::ArrayOpen | Token::DictionaryOpen => {
                    depth = depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
                }
                Token::ArrayClose | Token::DictionaryClose => depth = depth.checked_sub(1)?,
                Token::Word(_) if depth == 0 => self.rest_of_reference(begin),
                Token::Name(_) | Token::String(_) | Token::Word(_) => {}
            }
            if depth == 0 {
                return self.text.get(begin..self.at);
            }
        }
    }

    /// Moves behind `generation R` when the word that starts at `begin` is the number of a reference.
    fn rest_of_reference(&mut self, begin: usize) {
        let is_number = |scanner: &Self, range: Range| {
            scanner
                .text
                .get(range)
                .is_some_and(|word| !word.is_empty() && word.iter().all(u8::is_ascii_digit))
        };
        if !is_number(self, begin..self.at) {
            return;
        }
        let back = self.at;
        if let (Some(Token::Word(generation)), Some(Token::Word(mark))) =
            (self.token(), self.token())
            && is_number(self, generation)
            && self.text.get(mark) == Some(b"R")
        {
            return;
        }
        self.at = back;
    }

    fn token(&mut self) -> Option<Token> {
        self.skip_space();
        let start = self.at;
        let first = *self.text.get(start)?;
        let second = self.text.get(start.saturating_add(1)).copied();
        let (token, end) = match (first, second) {
            (b'<', Some(b'<')) => (Token::DictionaryOpen, start.checked_add(2)?),
            (b'>', Some(b'>')) => (Token::DictionaryClose, start.checked_add(2)?),
            (b'[', _) => (Token::ArrayOpen, start.checked_add(1)?),
            (b']', _) => (Token::ArrayClose, start.checked_add(1)?),
            (b'(', _) => {
                let end = self.literal_end(start)?;
                (Token::String(start..end), end)
            }
            (b'<', _) => {
                let length = memchr::memchr(b'>', self.text.get(start..)?)?;
                let end = start.checked_add(length)?.checked_add(1)?;
                (Token::String(start..end), end)
            }
            (b'/', _) => {
                let end = self.regular_end(start.checked_add(1)?);
                (Token::Name(start.checked_add(1)?..end), end)
            }
            (b')' | b'>' | b'{' | b'}', _) => return None,
            _ => {
                let end = self.regular_end(start);
                (Token::Word(start..end), end)
            }
        };
        self.at = end;
        Some(token)
    }

    fn skip_space(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            if byte == b'%' {
                let rest = self.text.get(self.at..).unwrap_or(&[]);
                let length = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                self.at = self.at.saturating_add(length);
            } else if is_space(byte) {
                self.at = self.at.saturating_add(1);
            } else {
                break;
            }
        }
    }

    fn regular_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or(&[]);
        let length = rest
            .iter()
            .position(|byte| is_space(*byte) || b"()<>[]{}/%".contains(byte))
            .unwrap_or(rest.len());
        from.saturating_add(length)
    }

    fn literal_end(&self, start: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = start;
        loop {
            match self.text.get(at)? {
                b'\\' => at = at.checked_add(1)?,
                b'(' => depth = depth.checked_add(1)?,
                b')' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            at = at.checked_add(1)?;
            if depth == 0 {
                return Some(at);
            }
        }
    }
}

fn token_start(token: &Token, end: usize) -> usize {
    match token {
        Token::ArrayClose | Token::ArrayOpen => end.saturating_sub(1),
        Token::DictionaryClose | Token::DictionaryOpen => end.saturating_sub(2),
        Token::Name(range) => range.start.saturating_sub(1),
        Token::String(range) | Token::Word(range) => range.start,
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn decode_name(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'#', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                out.push(hex_value(*high) << 4 | hex_value(*low));
                rest = tail;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit & 0x0f,
        // The letters' low nibbles run from 1.
        _ => (digit & 0x0f).wrapping_add(9),
    }
}

/// The bytes that a literal or hexadecimal string stands for (7.3.4).
fn decode_string(raw: &[u8]) -> Vec<u8> {
    match raw {
        [b'(', inside @ .., b')'] => decode_literal(inside),
        [b'<', inside @ .., b'>'] => {
            let mut digits = inside
                .iter()
                .filter(|byte| byte.is_ascii_hexdigit())
                .map(|digit| hex_value(*digit));
            let mut out = Vec::with_capacity(inside.len() / 2);
            while let Some(high) = digits.next() {
                // A missing last digit counts as zero (7.3.4.3).
                out.push(high << 4 | digits.next().unwrap_or(0));
            }
            out
        }
        _ => Vec::new(),
    }
}

fn decode_literal(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'\r' => {
                out.push(b'\n');
                rest = tail.strip_prefix(b"\n").unwrap_or(tail);
            }
            b'\\' => rest = escape(&mut out, tail),
            other => out.push(*other),
        }
    }
    out
}

fn escape<'t>(out: &mut Vec<u8>, tail: &'t [u8]) -> &'t [u8] {
    let [first, after @ ..] = tail else {
        return tail;
    };
    match first {
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        b'b' => out.push(0x08),
        b'f' => out.push(0x0c),
        b'\r' => return after.strip_prefix(b"\n").unwrap_or(after),
        b'\n' => {}
        b'0'..=b'7' => {
            let length = tail
                .iter()
                .take(3)
                .take_while(|byte| (b'0'..=b'7').contains(byte))
                .count();
            let (digits, rest) = tail.split_at(length);
            // High-order overflow is ignored (7.3.4.2).
            out.push(digits.iter().fold(0_u8, |sum, digit| {
                sum.wrapping_mul(8).wrapping_add(digit & 7)
            }));
            return rest;
        }
        other => out.push(*other),
    }
    after
}

#[cfg(test)]
mod tests;
