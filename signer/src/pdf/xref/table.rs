//! Cross-reference tables (ISO 32000-2, 7.5.4).

use std::borrow::Cow;

use lopdf::{Dictionary, Object};

use super::index::{Index, Layout, MAX_SUBSECTIONS, Subsection, classic, line};
use crate::pdf::lexer::Lexer;
use crate::pdf::object::Parser;
use crate::pdf::{Anomaly, Error, Limits};

/// A table and its trailer.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) index: Index<'a>,
    pub(crate) trailer: Dictionary,
    pub(crate) end: usize,
    pub(crate) anomalies: Vec<Anomaly>,
}

const LINE: usize = 20;

/// Reads the table at `offset`, where `xref` stands.
pub(crate) fn read<'a>(
    bytes: &'a [u8],
    offset: usize,
    base: usize,
    limits: &Limits,
) -> Result<Table<'a>, Error> {
    let damaged = |offset, context| Error::Damaged { offset, context };
    let mut lexer = Lexer::new(bytes, offset);
    if !lexer.take_keyword(b"xref") {
        return Err(damaged(offset, "no cross-reference table"));
    }
    let mut subsections = Vec::new();
    let mut anomalies = Vec::new();
    while !lexer.take_keyword(b"trailer") {
        let at = lexer.position();
        let header = lexer.take_number(10).zip(lexer.take_number(10));
        let (first, count) =
            header.ok_or_else(|| damaged(at, "subsection of the cross-reference table"))?;
        let highest = first.saturating_add(count);
        if highest > u64::from(limits.max_objects).saturating_add(1) {
            return Err(Error::Limit {
                what: "object numbers",
            });
        }
        let (Ok(first), Ok(count)) = (u32::try_from(first), u32::try_from(count)) else {
            return Err(Error::Limit {
                what: "object numbers",
            });
        };
        read_subsection(
            &mut lexer,
            bytes,
            (first, count, base),
            &mut subsections,
            &mut anomalies,
        )?;
        if subsections.len() > MAX_SUBSECTIONS {
            return Err(Error::Limit {
                what: "subsections",
            });
        }
    }
    let mut parser = Parser::new(bytes, lexer.position(), limits);
    let trailer = match parser.object()? {
        Object::Dictionary(trailer) if !parser.conflicting_keys() => trailer,
        _ => return Err(damaged(lexer.position(), "trailer")),
    };
    let index = Index::new(Cow::Borrowed(bytes), subsections)
        .ok_or_else(|| damaged(offset, "subsections overlap"))?;
    Ok(Table {
        index,
        trailer,
        end: parser.position(),
        anomalies,
    })
}

fn read_subsection(
    lexer: &mut Lexer<'_>,
    bytes: &[u8],
    (first, count, base): (u32, u32, usize),
    subsections: &mut Vec<Subsection>,
    anomalies: &mut Vec<Anomaly>,
) -> Result<(), Error> {
    let mut note = |anomaly| {
        if !anomalies.contains(&anomaly) {
            anomalies.push(anomaly);
        }
    };
    lexer.skip_space();
    let start = lexer.position();
    let zero_based = corrected_first(bytes, start, first);
    if zero_based != first {
        note(Anomaly::TableStartsAtOne);
    }
    let first = zero_based;
    let regular = Subsection {
        first,
        count,
        start,
        layout: Layout::Lines { stride: LINE, base },
    };
    if let Some(end) = regular_end(bytes, start, count) {
        lexer.seek(end);
        subsections.push(regular);
        return Ok(());
    }
    note(Anomaly::TableEntryLength);
    // Lines of some other length: each is found by reading the one before it, and stands for itself.
    for position in 0..count {
        lexer.skip_space();
        let start = lexer.position();
        let parts = lexer.take_number(10).zip(lexer.take_number(5));
        let kind = if lexer.take_keyword(b"n") {
            b'n'
        } else if lexer.take_keyword(b"f") {
            b'f'
        } else {
            0
        };
        let entry = parts.and_then(|(offset, generation)| classic(offset, generation, kind, base));
        if entry.is_none() || entry != bytes.get(start..).and_then(|bytes| line(bytes, base)) {
            return Err(Error::Damaged {
                offset: start,
                context: "entry of the cross-reference table",
            });
        }
        merge(subsections, first.saturating_add(position), start, base);
        if subsections.len() > MAX_SUBSECTIONS {
            return Err(Error::Limit {
                what: "subsections",
            });
        }
    }
    Ok(())
}

/// Adds one line, to the last subsection if it continues that at an even distance.
fn merge(subsections: &mut Vec<Subsection>, number: u32, start: usize, base: usize) {
    if let Some(last) = subsections.last_mut()
        && last.first.checked_add(last.count) == Some(number)
        && let Layout::Lines { stride, .. } = &mut last.layout
    {
        let distance = start.saturating_sub(last.start);
        let even = usize::try_from(last.count)
            .is_ok_and(|count| count.checked_mul(*stride) == Some(distance));
        if even || last.count == 1 {
            if last.count == 1 {
                *stride = distance;
            }
            last.count = last.count.saturating_add(1);
            return;
        }
    }
    subsections.push(Subsection {
        first: number,
        count: 1,
        start,
        layout: Layout::Lines { stride: LINE, base },
    });
}

/// The end of a subsection whose first and last lines are where lines of 20 bytes put them and which ends there.
fn regular_end(bytes: &[u8], start: usize, count: u32) -> Option<usize> {
    let Some(before_last) = usize::try_from(count).ok()?.checked_sub(1) else {
        return Some(start);
    };
    let last = before_last.checked_mul(LINE)?.checked_add(start)?;
    line(bytes.get(start..)?, 0)?;
    line(bytes.get(last..)?, 0)?;
    let end = last.checked_add(LINE)?;
    // The last line may be short by its end of line; what follows is found all the same.
    let mut lexer = Lexer::new(bytes, end.checked_sub(2)?);
    let followed = lexer.take_keyword(b"trailer") || lexer.take_number(10).is_some();
    followed.then(|| end.saturating_sub(2))
}

/// Some writers number the list's head, which is object 0, as 1, and so all others one too high.
fn corrected_first(bytes: &[u8], start: usize, first: u32) -> u32 {
    let head = bytes
        .get(start..)
        .is_some_and(|line| line.starts_with(b"0000000000 65535 f"));
    if first == 1 && head { 0 } else { first }
}
