//! Raw bytes: what stands in a file beside the objects its cross-reference leads to.
//!
//! Readers that find a cross-reference broken rebuild it from whatever objects they find. Objects behind a signature
//! that no cross-reference leads to are therefore as good as a change (incremental saving without a cross-reference).

use signer::pdf::{Entry, Object, Pdf};

use super::id_of;

/// Something behind a signed revision that belongs to no revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loose {
    pub(crate) offset: usize,
    /// The number of the object that stands there, if it is one.
    pub(crate) object: Option<u32>,
}

const MAX_LOOSE: usize = 50;

/// Whether the bytes hold something that is a signature dictionary to some reader.
pub(crate) fn looks_signed(bytes: &[u8]) -> bool {
    [
        &b"/ByteRange"[..],
        b"/adbe.pkcs7",
        b"/adbe.x509",
        b"/ETSI.CAdES",
        b"/ETSI.RFC3161",
    ]
    .iter()
    .any(|mark| memchr::memmem::find(bytes, mark).is_some())
}

/// Where `/ByteRange` stands.
pub(crate) fn signature_marks(bytes: &[u8], max: usize) -> Vec<usize> {
    memchr::memmem::find_iter(bytes, b"/ByteRange")
        .take(max)
        .collect()
}

/// What stands from `start` on and belongs to no revision of the document.
pub(crate) fn loose(pdf: &Pdf<'_>, start: usize) -> Vec<Loose> {
    let bytes = pdf.bytes();
    let mut found = Vec::new();
    let mut position = start;
    while let Some(byte) = bytes.get(position) {
        if found.len() >= MAX_LOOSE {
            break;
        }
        let rest = bytes.get(position..).unwrap_or_default();
        if is_space(*byte) {
            position += 1;
        } else if *byte == b'%' {
            position += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        } else if let Some(number) = object_header(rest) {
            let (known, end) = object(pdf, position, number);
            if !known {
                found.push(Loose {
                    offset: position,
                    object: Some(number),
                });
            }
            position = end;
        } else if is_section(pdf, position) && rest.starts_with(b"xref") {
            let end = memchr::memmem::find(rest, b"startxref").unwrap_or(rest.len());
            let table = rest.get(..end).unwrap_or_default();
            if let Some(at) = memchr::memmem::find(table, b" obj") {
                found.push(Loose {
                    offset: position + at,
                    object: None,
                });
            }
            position += end;
        } else if rest.starts_with(b"startxref") {
            position += 9 + rest
                .iter()
                .skip(9)
                .take_while(|byte| is_space(**byte) || byte.is_ascii_digit())
                .count();
        } else {
            found.push(Loose {
                offset: position,
                object: None,
            });
            // The next object or comment; everything until there is one finding.
            let next = memchr::memmem::find(rest, b"endobj").map(|at| at + 6);
            let line = memchr::memmem::find(rest, b"%%EOF");
            position += next
                .into_iter()
                .chain(line)
                .min()
                .unwrap_or(rest.len())
                .max(1);
        }
    }
    found
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// The number of an object whose header starts here.
fn object_header(rest: &[u8]) -> Option<u32> {
    let mut position = 0;
    let mut number = |digits: usize| -> Option<u32> {
        let run = rest
            .get(position..)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if run == 0 || run > digits {
            return None;
        }
        let text = std::str::from_utf8(rest.get(position..position + run)?).ok()?;
        position += run;
        let space = rest
            .get(position..)?
            .iter()
            .take_while(|byte| is_space(**byte))
            .count();
        position += space;
        text.parse().ok()
    };
    let found = number(10)?;
    number(5)?;
    rest.get(position..)?.starts_with(b"obj").then_some(found)
}

fn is_section(pdf: &Pdf<'_>, offset: usize) -> bool {
    pdf.revisions()
        .iter()
        .any(|revision| revision.sections().any(|section| section == offset))
}

/// Whether the object at this place belongs to the document as it is or once was, and where it ends.
fn object(pdf: &Pdf<'_>, position: usize, number: u32) -> (bool, usize) {
    let bytes = pdf.bytes();
    let known = is_section(pdf, position)
        // An entry that pointed here before this was written would have been laid out for it.
        || pdf.revisions().iter().filter(|revision| revision.end() > position).any(|revision| {
            matches!(revision.entry(number), Some(Entry::InUse { offset, .. }) if points_to(bytes, offset, position))
        });
    let current = matches!(
        pdf.entry(number),
        Some(Entry::InUse { offset, .. }) if points_to(bytes, offset, position)
    );
    // The data of a stream may hold anything; where they end, its length tells.
    let mut from = position;
    if current
        && let Ok(object) = pdf.object(id_of(pdf, number))
        && let Object::Stream(stream) = &*object
        && let Some(start) = stream.start_position
    {
        from = start.saturating_add(stream.content.len());
    } else if let Some(start) = stream_start(bytes, position) {
        from = start.saturating_add(declared_length(bytes, position, start));
    }
    let rest = bytes.get(from..).unwrap_or_default();
    let end = memchr::memmem::find(rest, b"endobj").map_or(bytes.len(), |at| from + at + 6);
    (known, end)
}

/// An entry may point to white space before the object.
fn points_to(bytes: &[u8], offset: usize, position: usize) -> bool {
    offset <= position
        && bytes.get(offset..position).is_some_and(|between| {
            between.len() <= 16 && between.iter().all(|byte| is_space(*byte))
        })
}

/// Where the data start if the object at `position` is a stream.
fn stream_start(bytes: &[u8], position: usize) -> Option<usize> {
    let rest = bytes.get(position..)?;
    let stream = memchr::memmem::find(rest, b"stream")?;
    let end = memchr::memmem::find(rest, b"endobj")?;
    (stream < end).then_some(position + stream + 6)
}

/// A /Length written as a number between the two places.
fn declared_length(bytes: &[u8], position: usize, start: usize) -> usize {
    let head = bytes.get(position..start).unwrap_or_default();
    memchr::memmem::rfind(head, b"/Length")
        .and_then(|at| {
            let digits: String = head
                .get(at + 7..)?
                .iter()
                .skip_while(|byte| is_space(**byte))
                .take_while(|byte| byte.is_ascii_digit())
                .map(|byte| char::from(*byte))
                .collect();
            let length: usize = digits.parse().ok()?;
            // A reference to a length starts with a number too.
            (start.checked_add(length)? <= bytes.len()).then_some(length)
        })
        .unwrap_or(0)
}
