//! The byte range of a signature and the gap for its contents (ISO 32000-2, 12.8.1).
//!
//! Both are written at a fixed width when the signature dictionary is, and filled exactly once: the range when the
//! revision is complete, the contents when the signature is there.

use std::ops::Range;

use super::incremental::serialize;

/// Numbers in a byte range get this many digits, and more when the document is larger.
const MIN_DIGITS: usize = 10;

/// What a signature covers: everything but the hexadecimal string that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// Length of the first part, which starts at 0.
    pub before: u64,
    /// Where the second part starts.
    pub after_start: u64,
    /// Length of the second part.
    pub after: u64,
}

impl ByteRange {
    /// The whole of `length` bytes but the gap.
    #[must_use]
    pub fn around(gap: Range<u64>, length: u64) -> Option<Self> {
        Some(Self {
            before: gap.start,
            after_start: gap.end,
            after: length.checked_sub(gap.end)?,
        })
    }
}

/// The places in a revision that are filled later.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    /// Inside of the byte range's array.
    pub(crate) byte_range: Range<usize>,
    /// The string of the contents, its angle brackets included.
    pub(crate) contents: Range<usize>,
}

/// Writes `/ByteRange` and `/Contents` with room for numbers up to that of a document of `document_len` bytes with its
/// revision, and for `contents_len` bytes of signature.
pub(crate) fn reserve(out: &mut Vec<u8>, document_len: u64, contents_len: usize) -> Slots {
    // No revision is longer than 4 GiB: it holds one form and a few pictures.
    let bound = document_len.saturating_add(1 << 32);
    let digits = bound
        .checked_ilog10()
        .map_or(0, |log| log as usize)
        .saturating_add(1)
        .max(MIN_DIGITS);
    out.extend_from_slice(b"/ByteRange[");
    let start = out.len();
    // "0 " and three numbers with spaces between them.
    let width = digits.saturating_mul(3).saturating_add(4);
    out.resize(start.saturating_add(width), b' ');
    let byte_range = start..out.len();
    out.extend_from_slice(b"]/Contents ");
    let start = out.len();
    out.push(b'<');
    out.resize(
        start
            .saturating_add(1)
            .saturating_add(contents_len.saturating_mul(2)),
        b'0',
    );
    out.push(b'>');
    Slots {
        byte_range,
        contents: start..out.len(),
    }
}

impl Slots {
    /// Writes the range of a complete revision that is to stand behind `document_len` bytes.
    pub(crate) fn fill_byte_range(
        &self,
        revision: &mut [u8],
        document_len: u64,
    ) -> Option<ByteRange> {
        let absolute = |position: usize| document_len.checked_add(position as u64);
        let gap = absolute(self.contents.start)?..absolute(self.contents.end)?;
        let range = ByteRange::around(gap, absolute(revision.len())?)?;
        let mut text = Vec::with_capacity(self.byte_range.len());
        text.extend_from_slice(b"0 ");
        for (index, number) in [range.before, range.after_start, range.after]
            .into_iter()
            .enumerate()
        {
            if index > 0 {
                text.push(b' ');
            }
            serialize::unsigned(&mut text, number);
        }
        revision
            .get_mut(self.byte_range.clone())?
            .get_mut(..text.len())?
            .copy_from_slice(&text);
        Some(range)
    }

    /// Writes the signature; what it leaves of the gap stays zeros.
    pub(crate) fn fill_contents(&self, revision: &mut [u8], contents: &[u8]) -> Option<()> {
        let mut text = Vec::with_capacity(contents.len().saturating_mul(2));
        for &byte in contents {
            serialize::hex_byte(&mut text, byte);
        }
        let inside = self.contents.start.checked_add(1)?..self.contents.end.checked_sub(1)?;
        revision
            .get_mut(inside)?
            .get_mut(..text.len())?
            .copy_from_slice(&text);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_covers_all_but_the_gap_at_any_size() {
        for document_len in [
            0_u64,
            1_000,
            99_999_999,
            100_000_000,
            12_000_000_000,
            u64::MAX / 1000,
        ] {
            let mut revision = b"\n5 0 obj<<".to_vec();
            let slots = reserve(&mut revision, document_len, 3);
            revision.extend_from_slice(b">>endobj %%EOF");
            let before = revision.len();
            let range = slots.fill_byte_range(&mut revision, document_len).unwrap();
            slots.fill_contents(&mut revision, &[0xab, 1, 2]).unwrap();
            assert_eq!(revision.len(), before);
            let text = String::from_utf8(revision.clone()).unwrap();
            assert!(text.contains(&format!(
                "[0 {} {} {}",
                range.before, range.after_start, range.after
            )));
            assert!(text.contains("/Contents <ab0102>>>endobj"));
            assert_eq!(
                range.before,
                document_len + text.find("<ab").unwrap() as u64
            );
            assert_eq!(range.after_start - range.before, 8);
            assert_eq!(
                range.after_start + range.after,
                document_len + text.len() as u64
            );
        }
    }

    #[test]
    fn contents_that_do_not_fit_are_refused() {
        let mut revision = Vec::new();
        let slots = reserve(&mut revision, 10, 2);
        assert!(slots.fill_contents(&mut revision, &[1, 2, 3]).is_none());
    }
}
