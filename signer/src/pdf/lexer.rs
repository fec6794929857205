//! Tokens (ISO 32000-2, 7.2 and 7.3), read from a byte offset on.
//!
//! Numbers are read as leniently as other readers do (`+-1`, `4.`, `1e5`); strings and names are not.

use std::borrow::Cow;

use super::Error;

/// One token. Names are without the slash and with `#xx` replaced.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    ArrayEnd,
    ArrayStart,
    DictionaryEnd,
    DictionaryStart,
    End,
    Hexadecimal(Vec<u8>),
    Integer(i64),
    Keyword(&'a [u8]),
    Literal(Vec<u8>),
    Name(Cow<'a, [u8]>),
    Real(f64),
}

/// A position in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    position: usize,
}

/// Bytes of a string. The longest in real files are signatures of some 100 KiB.
const MAX_STRING: usize = 8 << 20;

pub(crate) const fn is_whitespace(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

const fn is_regular(byte: u8) -> bool {
    !is_whitespace(byte) && !is_delimiter(byte)
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    pub(crate) const fn seek(&mut self, position: usize) {
        self.position = position;
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    const fn advance(&mut self, by: usize) {
        self.position = self.position.saturating_add(by);
    }

    const fn syntax<T>(offset: usize, context: &'static str) -> Result<T, Error> {
        Err(Error::Syntax { offset, context })
    }

    /// Skips white space and comments.
    pub(crate) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if is_whitespace(byte) {
                self.advance(1);
            } else if byte == b'%' {
                let rest = self.rest();
                self.advance(memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()));
            } else {
                break;
            }
        }
    }

    /// Takes `literal` if it stands here.
    pub(crate) fn take(&mut self, literal: &[u8]) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.advance(literal.len());
        }
        found
    }

    /// Takes the keyword if it stands here as a whole, after white space.
    pub(crate) fn take_keyword(&mut self, keyword: &[u8]) -> bool {
        let start = self.position;
        self.skip_space();
        if self.take(keyword) && !self.peek().is_some_and(is_regular) {
            return true;
        }
        self.position = start;
        false
    }

    /// Takes an unsigned number of at most `digits` digits, after white space.
    pub(crate) fn take_number(&mut self, digits: usize) -> Option<u64> {
        let start = self.position;
        self.skip_space();
        let run = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let value = self
            .rest()
            .get(..run)
            .filter(|_| run > 0 && run <= digits.min(19))
            .map(|text| {
                text.iter()
                    .fold(0_u64, |value, byte| digit_after(value, *byte))
            });
        match value {
            Some(_) => self.advance(run),
            None => self.position = start,
        }
        value
    }

    /// The next token.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, Error> {
        self.skip_space();
        let start = self.position;
        let Some(byte) = self.peek() else {
            return Ok(Token::End);
        };
        match byte {
            b'[' => self.single(Token::ArrayStart),
            b']' => self.single(Token::ArrayEnd),
            b'/' => self.name().map(Token::Name),
            b'(' => self.literal().map(Token::Literal),
            b'<' if self.take(b"<<") => Ok(Token::DictionaryStart),
            b'<' => self.hexadecimal().map(Token::Hexadecimal),
            b'>' if self.take(b">>") => Ok(Token::DictionaryEnd),
            b'>' | b')' | b'{' | b'}' => Self::syntax(start, "unexpected delimiter"),
            _ => Ok(self.regular()),
        }
    }

    fn single(&mut self, token: Token<'a>) -> Result<Token<'a>, Error> {
        self.advance(1);
        Ok(token)
    }

    fn run(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| is_regular(**byte)).count();
        self.advance(length);
        rest.get(..length).unwrap_or_default()
    }

    fn regular(&mut self) -> Token<'a> {
        let run = self.run();
        if matches!(run.first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.'))
            && let Some(number) = number(run)
        {
            return number;
        }
        Token::Keyword(run)
    }

    fn name(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        let start = self.position;
        self.advance(1);
        let run = self.run();
        if !run.contains(&b'#') {
            return Ok(Cow::Borrowed(run));
        }
        let mut name = Vec::with_capacity(run.len());
        let mut rest = run;
        while let [first, tail @ ..] = rest {
            rest = tail;
            if *first != b'#' {
                name.push(*first);
                continue;
            }
            // A number sign that is none was legal in PDF 1.1; readers keep it.
            let escaped = match tail {
                [high, low, after @ ..] => hex_digit(*high)
                    .zip(hex_digit(*low))
                    .map(|pair| (pair, after)),
                _ => None,
            };
            match escaped {
                Some(((0, 0), _)) => return Self::syntax(start, "null character in a name"),
                Some(((high, low), after)) => {
                    name.push(high << 4 | low);
                    rest = after;
                }
                None => name.push(b'#'),
            }
        }
        Ok(Cow::Owned(name))
    }

    fn hexadecimal(&mut self) -> Result<Vec<u8>, Error> {
        let start = self.position;
        self.advance(1);
        let rest = self.rest();
        let Some(length) = memchr::memchr(b'>', rest) else {
            self.advance(rest.len());
            return Self::syntax(start, "hexadecimal string without end");
        };
        if length > MAX_STRING {
            return Err(Error::Limit { what: "string" });
        }
        let mut string = Vec::with_capacity(length.div_ceil(2));
        let mut high = None;
        for byte in rest.get(..length).unwrap_or_default() {
            match (hex_digit(*byte), high.take()) {
                (Some(digit), None) => high = Some(digit),
                (Some(digit), Some(before)) => string.push(before << 4 | digit),
                (None, before) if is_whitespace(*byte) => high = before,
                (None, _) => return Self::syntax(start, "hexadecimal string"),
            }
        }
        if let Some(digit) = high {
            string.push(digit << 4);
        }
        self.advance(length.saturating_add(1));
        Ok(string)
    }

    fn literal(&mut self) -> Result<Vec<u8>, Error> {
        let start = self.position;
        self.advance(1);
        let mut string = Vec::new();
        let mut nesting = 0_usize;
        loop {
            let rest = self.rest();
            let plain = rest
                .iter()
                .take_while(|byte| !matches!(**byte, b'(' | b')' | b'\\' | b'\r'))
                .count();
            if string.len().saturating_add(plain) > MAX_STRING {
                return Err(Error::Limit { what: "string" });
            }
            string.extend_from_slice(rest.get(..plain).unwrap_or_default());
            self.advance(plain);
            let Some(byte) = self.peek() else {
                return Self::syntax(start, "string without end");
            };
            self.advance(1);
            match byte {
                b'(' => {
                    nesting = nesting.saturating_add(1);
                    string.push(byte);
                }
                b')' if nesting == 0 => return Ok(string),
                b')' => {
                    nesting = nesting.saturating_sub(1);
                    string.push(byte);
                }
                // An end of line inside a string is a line feed, whatever it was.
                b'\r' => {
                    self.take(b"\n");
                    string.push(b'\n');
                }
                _ => string.extend(self.escape()),
            }
        }
    }

    /// What follows a reverse solidus.
    fn escape(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.advance(1);
        match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' => Some(0x08),
            b'f' => Some(0x0c),
            b'\n' => None,
            b'\r' => {
                self.take(b"\n");
                None
            }
            b'0'..=b'7' => {
                let mut value = byte.wrapping_sub(b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else {
                        break;
                    };
                    self.advance(1);
                    // High-order overflow is ignored (7.3.4.2).
                    value = value.wrapping_shl(3) | digit.wrapping_sub(b'0');
                }
                Some(value)
            }
            other => Some(other),
        }
    }
}

fn digit_after(value: u64, digit: u8) -> u64 {
    value
        .saturating_mul(10)
        .saturating_add(u64::from(digit.wrapping_sub(b'0')))
}

/// A number, if the run is one.
fn number<'a>(run: &[u8]) -> Option<Token<'a>> {
    let signs = run
        .iter()
        .take_while(|byte| matches!(byte, b'+' | b'-'))
        .count();
    let (signs, digits) = run.split_at_checked(signs)?;
    let negative = signs.contains(&b'-');
    if !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit) {
        let value = digits
            .iter()
            .fold(0_u64, |value, byte| digit_after(value, *byte));
        let value = i64::try_from(value).ok()?;
        return Some(Token::Integer(if negative {
            value.saturating_neg()
        } else {
            value
        }));
    }
    real(digits).map(|value| Token::Real(if negative { -value } else { value }))
}

/// A real, with what other readers let pass: no digits at all, an exponent, a minus sign that ends the number.
fn real(digits: &[u8]) -> Option<f64> {
    let end = digits
        .iter()
        .position(|byte| *byte == b'-' && !digits.starts_with(b"-"));
    let digits = match end {
        Some(end) if !digits.get(..end)?.ends_with(b"e") && !digits.get(..end)?.ends_with(b"E") => {
            digits.get(..end)?
        }
        _ => digits,
    };
    if digits == b"." || digits.is_empty() {
        return Some(0.0);
    }
    let plausible = digits
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
    let value: f64 = std::str::from_utf8(digits)
        .ok()
        .filter(|_| plausible)?
        .parse()
        .ok()?;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests;
