//! What the appearance of a field shows (ISO 32000-2, 12.7.4.3): its text, if it draws nothing else that could be read.
//!
//! Fonts of one byte a character in a known encoding are understood. Where a font is embedded for this appearance alone,
//! its glyphs may look like anything, so that nothing is said about the text.

use std::collections::BTreeSet;

use signer::pdf::{Dictionary, Object, Pdf, Stream};

use crate::document::value;

/// Bytes of an appearance that are looked at.
const MAX_CONTENT: usize = 1 << 20;

/// The objects of an appearance dictionary: all of them, and those of them that are dictionaries.
pub(super) fn objects(
    pdf: &Pdf<'_>,
    appearance: Option<&Object>,
    numbers: &mut BTreeSet<u32>,
    dictionaries: &mut BTreeSet<u32>,
) {
    const MAX: usize = 256;
    let mut pending: Vec<(Object, u8)> = appearance
        .map(|object| (object.clone(), 0))
        .into_iter()
        .collect();
    while let Some((object, depth)) = pending.pop() {
        if numbers.len() > MAX || depth > 3 {
            return;
        }
        let mut number = None;
        if let Object::Reference(id) = object {
            if !numbers.insert(id.0) {
                continue;
            }
            number = Some(id.0);
        }
        let Ok(resolved) = pdf.resolve(&object) else {
            continue;
        };
        if let Object::Dictionary(dictionary) = &*resolved {
            dictionaries.extend(number);
            pending.extend(
                dictionary
                    .iter()
                    .map(|(_, value)| (value.clone(), depth + 1)),
            );
        }
    }
}

/// The text that the normal appearance shows in this state; `None` where that cannot be told.
pub(super) fn shown(
    pdf: &Pdf<'_>,
    appearance: Option<&Object>,
    state: Option<&[u8]>,
) -> Option<String> {
    let Some(appearance) = appearance else {
        return Some(String::new());
    };
    let appearance = pdf.resolve(appearance).ok()?;
    let mut normal = value(pdf, appearance.as_dict().ok()?, b"N");
    if let Object::Dictionary(states) = &normal {
        normal = value(pdf, states, state?);
    }
    match &normal {
        Object::Stream(stream) => text(pdf, stream),
        Object::Null => Some(String::new()),
        _ => None,
    }
}

fn text(pdf: &Pdf<'_>, stream: &Stream) -> Option<String> {
    let content = pdf.decode(stream).ok()?;
    if content.len() > MAX_CONTENT {
        return None;
    }
    let fonts = match value(pdf, &stream.dict, b"Resources") {
        Object::Dictionary(resources) => match value(pdf, &resources, b"Font") {
            Object::Dictionary(fonts) => fonts,
            _ => Dictionary::new(),
        },
        _ => Dictionary::new(),
    };
    let mut shown = String::new();
    let mut operands: Vec<Operand> = Vec::new();
    let mut tokens = Tokens {
        bytes: &content,
        position: 0,
    };
    let mut readable = true;
    while let Some(token) = tokens.next_token()? {
        match token {
            Token::Operand(operand) => {
                if operands.len() > 64 {
                    return None;
                }
                operands.push(operand);
            }
            Token::Operator(operator) => {
                match operator.as_slice() {
                    b"Tf" => {
                        readable = operands.iter().find_map(|operand| match operand {
                            Operand::Name(name) => Some(is_readable(pdf, &fonts, name)),
                            _ => None,
                        })?;
                    }
                    b"Tj" | b"TJ" | b"'" | b"\"" => {
                        for operand in &operands {
                            if let Operand::String(string) = operand {
                                if !readable {
                                    return None;
                                }
                                shown.extend(string.iter().map(|byte| char::from(*byte)));
                            }
                        }
                    }
                    b"Td" | b"TD" | b"T*" => shown.push(' '),
                    // Pictures, other forms and shadings show what cannot be read here; and text that is not drawn
                    // at all is not shown.
                    b"Do" | b"BI" | b"sh" => return None,
                    b"Tr" if !matches!(operands.last(), Some(Operand::Number(mode)) if *mode == 0.0) =>
                    {
                        return None;
                    }
                    _ => {}
                }
                operands.clear();
            }
        }
    }
    Some(shown)
}

/// Whether a font shows what the bytes of a string say.
fn is_readable(pdf: &Pdf<'_>, fonts: &Dictionary, name: &[u8]) -> bool {
    // A font that the form's resources have is not here, and was there when the document was signed.
    let Object::Dictionary(font) = value(pdf, fonts, name) else {
        return true;
    };
    let simple = matches!(
        font.get(b"Subtype").and_then(Object::as_name),
        Ok(b"Type1" | b"TrueType" | b"MMType1")
    );
    let embedded = match value(pdf, &font, b"FontDescriptor") {
        Object::Dictionary(descriptor) => [&b"FontFile"[..], b"FontFile2", b"FontFile3"]
            .iter()
            .any(|key| descriptor.has(key)),
        _ => false,
    };
    let encoding = match value(pdf, &font, b"Encoding") {
        Object::Null | Object::Name(_) => true,
        Object::Dictionary(encoding) => plain_differences(&value(pdf, &encoding, b"Differences")),
        _ => false,
    };
    simple && encoding && !embedded
}

/// Whether an encoding keeps letters and digits where they are.
fn plain_differences(differences: &Object) -> bool {
    let Object::Array(items) = differences else {
        return matches!(differences, Object::Null);
    };
    let mut code = 0_i64;
    for item in items {
        match item {
            Object::Integer(first) => code = *first,
            Object::Name(name) => {
                let single = match name.as_slice() {
                    [letter] => Some(i64::from(*letter)),
                    _ => None,
                };
                let digit = [
                    &b"zero"[..],
                    b"one",
                    b"two",
                    b"three",
                    b"four",
                    b"five",
                    b"six",
                    b"seven",
                    b"eight",
                    b"nine",
                ]
                .iter()
                .position(|digit| *digit == name.as_slice())
                .and_then(|digit| i64::try_from(digit).ok())
                .map(|digit| digit + 48);
                let is_letter = |code: i64| matches!(code, 48..=57 | 65..=90 | 97..=122);
                if let Some(meant) = single.or(digit) {
                    if meant != code {
                        return false;
                    }
                } else if is_letter(code) {
                    return false;
                }
                code += 1;
            }
            _ => return false,
        }
    }
    true
}

/// Whether appearances show the values; white space aside, and what a reader does with comb fields and passwords.
pub(super) fn fits(values: &[String], shown: &[Option<String>], is_choice: bool) -> Option<bool> {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|character| !character.is_whitespace() && !character.is_control())
            .collect()
    };
    let wanted: Vec<String> = values.iter().map(|value| plain(value)).collect();
    let mut all = true;
    for text in shown {
        let text = plain(text.as_deref()?);
        let fits = match wanted.as_slice() {
            [] => text.is_empty() || is_choice,
            // A list shows its other options too.
            wanted if is_choice => wanted.iter().all(|wanted| text.contains(wanted.as_str())),
            [wanted] => {
                text == *wanted
                    || (!text.is_empty() && text.chars().all(|character| character == '*'))
            }
            _ => false,
        };
        all &= fits;
    }
    // Characters beyond Latin-1 need fonts that are not understood here.
    if !all
        && wanted
            .iter()
            .any(|wanted| wanted.chars().any(|character| u32::from(character) > 0x7e))
    {
        return None;
    }
    Some(all)
}

enum Operand {
    Name(Vec<u8>),
    Number(f64),
    Other,
    String(Vec<u8>),
}

enum Token {
    Operand(Operand),
    Operator(Vec<u8>),
}

/// A content stream's tokens, as far as text needs them.
struct Tokens<'c> {
    bytes: &'c [u8],
    position: usize,
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

impl Tokens<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// The next token; the outer `None` where the content is not to be understood.
    #[expect(clippy::option_option, reason = "the end is not a failure")]
    fn next_token(&mut self) -> Option<Option<Token>> {
        loop {
            let Some(byte) = self.peek() else {
                return Some(None);
            };
            match byte {
                byte if is_space(byte) => self.position += 1,
                b'[' | b']' => self.position += 1,
                b'%' => {
                    while self
                        .peek()
                        .is_some_and(|byte| byte != b'\n' && byte != b'\r')
                    {
                        self.position += 1;
                    }
                }
                b'(' => return Some(Some(Token::Operand(Operand::String(self.literal()?)))),
                b'<' if self.bytes.get(self.position + 1) == Some(&b'<') => {
                    self.position += 2;
                    return Some(Some(Token::Operand(Operand::Other)));
                }
                b'>' => self.position += 1,
                b'<' => return Some(Some(Token::Operand(Operand::String(self.hexadecimal()?)))),
                b'/' => {
                    self.position += 1;
                    let name = self.run();
                    return Some(Some(Token::Operand(Operand::Name(name))));
                }
                b')' | b'{' | b'}' => return None,
                _ => {
                    let run = self.run();
                    let number = std::str::from_utf8(&run)
                        .ok()
                        .and_then(|run| run.parse().ok());
                    return Some(Some(match number {
                        Some(number) => Token::Operand(Operand::Number(number)),
                        None => Token::Operator(run),
                    }));
                }
            }
        }
    }

    fn run(&mut self) -> Vec<u8> {
        let start = self.position;
        while self
            .peek()
            .is_some_and(|byte| !is_space(byte) && !is_delimiter(byte))
        {
            self.position += 1;
        }
        self.bytes
            .get(start..self.position)
            .unwrap_or_default()
            .to_vec()
    }

    fn literal(&mut self) -> Option<Vec<u8>> {
        let mut string = Vec::new();
        let mut depth = 0_usize;
        loop {
            let byte = self.peek()?;
            self.position += 1;
            match byte {
                b'(' => {
                    depth += 1;
                    if depth > 1 {
                        string.push(byte);
                    }
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(string);
                    }
                    string.push(byte);
                }
                b'\\' => {
                    let escaped = self.peek()?;
                    self.position += 1;
                    match escaped {
                        b'n' => string.push(b'\n'),
                        b'r' => string.push(b'\r'),
                        b't' => string.push(b'\t'),
                        b'b' => string.push(8),
                        b'f' => string.push(12),
                        b'\n' => {}
                        b'\r' => {
                            if self.peek() == Some(b'\n') {
                                self.position += 1;
                            }
                        }
                        b'0'..=b'7' => {
                            let mut code = u32::from(escaped - b'0');
                            for _ in 0..2 {
                                let Some(digit @ b'0'..=b'7') = self.peek() else {
                                    break;
                                };
                                self.position += 1;
                                code = code * 8 + u32::from(digit - b'0');
                            }
                            string.push(u8::try_from(code & 0xff).unwrap_or(0));
                        }
                        other => string.push(other),
                    }
                }
                other => string.push(other),
            }
        }
    }

    fn hexadecimal(&mut self) -> Option<Vec<u8>> {
        let rest = self.bytes.get(self.position + 1..)?;
        let end = memchr::memchr(b'>', rest)?;
        self.position += end + 2;
        let digits = rest.get(..end)?.iter().copied();
        crate::hexadecimal::decode(digits.filter(|byte| !is_space(*byte)))
    }
}
