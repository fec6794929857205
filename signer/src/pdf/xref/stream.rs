//! Cross-reference streams (ISO 32000-2, 7.5.8).

use std::borrow::Cow;

use lopdf::{Dictionary, Object};

use super::index::{Index, Layout, Subsection};
use crate::pdf::stream_data::{decode, extent};
use crate::pdf::{Error, Limits, object};

/// A cross-reference stream, decoded.
#[derive(Debug)]
pub(crate) struct CrossReferenceStream {
    pub(crate) index: Index<'static>,
    pub(crate) trailer: Dictionary,
    pub(crate) end: usize,
    /// Bytes it decoded to.
    pub(crate) decoded: usize,
}

/// Reads the stream whose object number stands at `offset`.
pub(crate) fn read(
    bytes: &[u8],
    offset: usize,
    base: usize,
    limits: &Limits,
) -> Result<CrossReferenceStream, Error> {
    let damaged = |context| Error::Damaged { offset, context };
    let parsed = object::indirect(bytes, offset, limits)?;
    let (Object::Dictionary(dictionary), Some(start)) = (parsed.value, parsed.data) else {
        return Err(damaged("no cross-reference stream"));
    };
    if parsed.conflicting_keys || !dictionary.has_type(b"XRef") {
        return Err(damaged("no cross-reference stream"));
    }
    // Its length has to be direct: nothing can be looked up yet.
    let length = dictionary.get(b"Length").and_then(Object::as_i64).ok();
    let extent = extent(
        bytes,
        start,
        length.and_then(|length| usize::try_from(length).ok()),
        limits.max_scan,
    )?;
    if !extent.as_declared {
        return Err(damaged("length of the cross-reference stream"));
    }
    let raw = bytes
        .get(extent.start..extent.end)
        .unwrap_or_default()
        .to_vec();
    let data = decode(&dictionary, raw, limits.max_stream, offset)?;
    let widths = widths(&dictionary).ok_or_else(|| damaged("/W of the cross-reference stream"))?;
    let ranges =
        ranges(&dictionary).ok_or_else(|| damaged("/Index of the cross-reference stream"))?;
    let stride = widths
        .iter()
        .fold(0_usize, |sum, width| sum.saturating_add(*width));
    let mut subsections = Vec::with_capacity(ranges.len());
    let mut position = 0_usize;
    for (first, count) in ranges {
        if first.saturating_add(count) > limits.max_objects.saturating_add(1) {
            return Err(Error::Limit {
                what: "object numbers",
            });
        }
        subsections.push(Subsection {
            first,
            count,
            start: position,
            layout: Layout::Fields { widths, base },
        });
        position = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(stride)?.checked_add(position))
            .ok_or_else(|| damaged("/Index of the cross-reference stream"))?;
    }
    if position > data.len() {
        return Err(damaged("cross-reference stream is too short"));
    }
    let decoded = data.len();
    let index =
        Index::new(Cow::Owned(data), subsections).ok_or_else(|| damaged("subsections overlap"))?;
    Ok(CrossReferenceStream {
        index,
        trailer: dictionary,
        end: extent.after,
        decoded,
    })
}

fn widths(dictionary: &Dictionary) -> Option<[usize; 3]> {
    let [first, second, third, ..] = dictionary
        .get(b"W")
        .and_then(Object::as_array)
        .ok()?
        .as_slice()
    else {
        return None;
    };
    let width = |object: &Object| {
        usize::try_from(object.as_i64().ok()?)
            .ok()
            .filter(|width| *width <= 8)
    };
    Some([
        width(first)?,
        width(second).filter(|width| *width > 0)?,
        width(third)?,
    ])
}

fn ranges(dictionary: &Dictionary) -> Option<Vec<(u32, u32)>> {
    let number = |object: &Object| u32::try_from(object.as_i64().ok()?).ok();
    let Ok(index) = dictionary.get(b"Index") else {
        return Some(vec![(0, number(dictionary.get(b"Size").ok()?)?)]);
    };
    let pairs = index.as_array().ok()?.as_chunks::<2>();
    if !pairs.1.is_empty() {
        return None;
    }
    pairs
        .0
        .iter()
        .map(|[first, count]| Some((number(first)?, number(count)?)))
        .collect()
}
