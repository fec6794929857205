//! Subsections and the entries behind them, as the file has them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Entry;

/// How entries are encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// Lines of a table, each `stride` bytes; `base` is added to their offsets.
    Lines { stride: usize, base: usize },
    /// Big-endian fields of a cross-reference stream.
    Fields { widths: [usize; 3], base: usize },
}

/// A run of consecutive object numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subsection {
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Of the first entry, in the index's bytes.
    pub(crate) start: usize,
    pub(crate) layout: Layout,
}

/// Subsections in all sections together. There is one for each run of changed objects; more would be absurd.
pub(crate) const MAX_SUBSECTIONS: usize = 200_000;

/// The entries of one section.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    bytes: Cow<'a, [u8]>,
    /// Sorted by their first number, not overlapping.
    subsections: Vec<Subsection>,
}

impl<'a> Index<'a> {
    /// Fails where subsections overlap: readers differ on which one counts.
    pub(crate) fn new(bytes: Cow<'a, [u8]>, mut subsections: Vec<Subsection>) -> Option<Self> {
        subsections.retain(|subsection| subsection.count > 0);
        if !subsections.is_sorted_by_key(|subsection| subsection.first) {
            subsections.sort_unstable_by_key(|subsection| subsection.first);
        }
        let apart = |pair: &[Subsection]| match pair {
            [one, next] => one
                .first
                .checked_add(one.count)
                .is_some_and(|end| end <= next.first),
            _ => true,
        };
        subsections
            .windows(2)
            .all(apart)
            .then_some(Self { bytes, subsections })
    }

    /// An index of entries that were found otherwise than in the file's cross-reference.
    pub(crate) fn of(entries: &BTreeMap<u32, Entry>) -> Index<'static> {
        const WIDTHS: [usize; 3] = [1, 8, 4];
        let mut subsections: Vec<Subsection> = Vec::new();
        let mut bytes = Vec::with_capacity(entries.len().saturating_mul(13));
        for (number, entry) in entries {
            match subsections.last_mut() {
                Some(last) if last.first.checked_add(last.count) == Some(*number) => {
                    last.count = last.count.saturating_add(1);
                }
                _ => subsections.push(Subsection {
                    first: *number,
                    count: 1,
                    start: bytes.len(),
                    layout: Layout::Fields {
                        widths: WIDTHS,
                        base: 0,
                    },
                }),
            }
            let (kind, second, third): (u8, u64, u32) = match *entry {
                Entry::Free { generation } => (0, 0, generation.into()),
                Entry::InUse { offset, generation } => (
                    1,
                    u64::try_from(offset).unwrap_or(u64::MAX),
                    generation.into(),
                ),
                Entry::Compressed { stream, index } => (2, stream.into(), index),
            };
            bytes.push(kind);
            bytes.extend(second.to_be_bytes());
            bytes.extend(third.to_be_bytes());
        }
        Index {
            bytes: Cow::Owned(bytes),
            subsections,
        }
    }

    pub(crate) fn entry(&self, number: u32) -> Option<Entry> {
        let after = self
            .subsections
            .partition_point(|subsection| subsection.first <= number);
        let subsection = self.subsections.get(after.checked_sub(1)?)?;
        let position = number.checked_sub(subsection.first)?;
        if position >= subsection.count {
            return None;
        }
        // An entry that cannot be read is worse than none: what it hid must not come back.
        Some(
            entry(&self.bytes, subsection, position).unwrap_or(Entry::InUse {
                offset: usize::MAX,
                generation: 0,
            }),
        )
    }

    /// How many subsections there are.
    pub(crate) const fn parts(&self) -> usize {
        self.subsections.len()
    }

    pub(crate) fn highest(&self) -> u32 {
        self.subsections.last().map_or(0, |last| {
            last.first.saturating_add(last.count).saturating_sub(1)
        })
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.subsections.iter().flat_map(|subsection| {
            subsection.first..subsection.first.saturating_add(subsection.count)
        })
    }
}

fn entry(bytes: &[u8], subsection: &Subsection, position: u32) -> Option<Entry> {
    let position = usize::try_from(position).ok()?;
    match subsection.layout {
        Layout::Lines { stride, base } => {
            let start = position
                .checked_mul(stride)?
                .checked_add(subsection.start)?;
            line(bytes.get(start..)?, base)
        }
        Layout::Fields { widths, base } => {
            let stride = widths
                .iter()
                .fold(0_usize, |sum, width| sum.saturating_add(*width));
            let start = position
                .checked_mul(stride)?
                .checked_add(subsection.start)?;
            fields(bytes.get(start..start.checked_add(stride)?)?, widths, base)
        }
    }
}

/// `nnnnnnnnnn ggggg n`, the eighteen bytes that count of a table's entry.
pub(crate) fn line(bytes: &[u8], base: usize) -> Option<Entry> {
    let (offset, rest) = bytes.split_at_checked(10)?;
    let [b' ', g0, g1, g2, g3, g4, b' ', kind, ..] = *rest else {
        return None;
    };
    let offset = decimal(offset)?;
    let generation = decimal(&[g0, g1, g2, g3, g4])?;
    classic(offset, generation, kind, base)
}

/// An entry of a table from its parts.
pub(crate) fn classic(offset: u64, generation: u64, kind: u8, base: usize) -> Option<Entry> {
    // Some writers let generations of free entries run over.
    let generation = u16::try_from(generation).unwrap_or(u16::MAX);
    match kind {
        b'f' => Some(Entry::Free { generation }),
        // Nothing can be at the start of the file; writers mean a free entry.
        b'n' if offset == 0 => Some(Entry::Free { generation }),
        b'n' => Some(Entry::InUse {
            offset: usize::try_from(offset).ok()?.checked_add(base)?,
            generation,
        }),
        _ => None,
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

fn fields(bytes: &[u8], widths: [usize; 3], base: usize) -> Option<Entry> {
    let [kind_width, second_width, _] = widths;
    let (kind, rest) = bytes.split_at_checked(kind_width)?;
    let (second, third) = rest.split_at_checked(second_width)?;
    let kind = if kind.is_empty() {
        1
    } else {
        big_endian(kind)?
    };
    let (second, third) = (big_endian(second)?, big_endian(third)?);
    match kind {
        0 => Some(Entry::Free {
            generation: u16::try_from(third).unwrap_or(u16::MAX),
        }),
        1 if second == 0 => Some(Entry::Free { generation: 0 }),
        1 => Some(Entry::InUse {
            offset: usize::try_from(second).ok()?.checked_add(base)?,
            generation: u16::try_from(third).ok()?,
        }),
        2 => Some(Entry::Compressed {
            stream: u32::try_from(second).ok()?,
            index: u32::try_from(third).ok()?,
        }),
        // Any other kind is a reference to the null object (7.5.8.3).
        _ => Some(Entry::Free { generation: 0 }),
    }
}

fn big_endian(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0_u64, |value, byte| {
        (value >> 56 == 0).then(|| value << 8 | u64::from(*byte))
    })
}
