//! The cross-reference section that ends a revision, as a table (ISO 32000-2, 7.5.4) or as a stream (7.5.8).

use lopdf::Dictionary;

use super::serialize;

/// Ten digits are what a table's entry has for an offset.
pub(super) const MAX_TABLE_OFFSET: u64 = 9_999_999_999;

/// Where an object of the revision stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) generation: u16,
    pub(super) offset: u64,
}

/// Runs of consecutive numbers in entries sorted by number.
fn runs(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(|left, right| left.number.checked_add(1) == Some(right.number))
}

/// A table. Object 0 is repeated as the head of the free list, as the standard's own example of an update has it.
pub(super) fn table(out: &mut Vec<u8>, entries: &[Entry], trailer: &Dictionary) {
    out.extend_from_slice(b"xref\n0 1\n0000000000 65535 f\r\n");
    for run in runs(entries) {
        let Some(first) = run.first() else { continue };
        serialize::unsigned(out, u64::from(first.number));
        out.push(b' ');
        serialize::unsigned(out, run.len() as u64);
        out.push(b'\n');
        for entry in run {
            out.extend_from_slice(
                format!("{:010} {:05} n\r\n", entry.offset, entry.generation).as_bytes(),
            );
        }
    }
    out.extend_from_slice(b"trailer\n");
    serialize::dictionary(out, trailer);
    out.push(b'\n');
}

/// A stream, without a filter; its own entry is among `entries`. Cross-reference streams are never encrypted.
pub(super) fn stream(out: &mut Vec<u8>, number: u32, entries: &[Entry], mut trailer: Dictionary) {
    let largest = entries.iter().map(|entry| entry.offset).max().unwrap_or(0);
    let width = largest
        .to_be_bytes()
        .iter()
        .skip_while(|byte| **byte == 0)
        .count()
        .max(1);
    let mut index = Vec::new();
    let mut data = Vec::with_capacity(entries.len().saturating_mul(width.saturating_add(3)));
    for run in runs(entries) {
        let Some(first) = run.first() else { continue };
        index.push(i64::from(first.number).into());
        index.push(i64::try_from(run.len()).unwrap_or(i64::MAX).into());
        for entry in run {
            data.push(1);
            data.extend(
                entry
                    .offset
                    .to_be_bytes()
                    .iter()
                    .skip(8_usize.saturating_sub(width)),
            );
            data.extend_from_slice(&entry.generation.to_be_bytes());
        }
    }
    trailer.set("Type", "XRef");
    trailer.set(
        "W",
        vec![1.into(), i64::try_from(width).unwrap_or(8).into(), 2.into()],
    );
    trailer.set("Index", index);
    serialize::unsigned(out, u64::from(number));
    out.extend_from_slice(b" 0 obj\n");
    serialize::write(
        out,
        &lopdf::Object::Stream(lopdf::Stream::new(trailer, data)),
    );
    out.extend_from_slice(b"\nendobj\n");
}
