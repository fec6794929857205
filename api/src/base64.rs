//! Base64 (RFC 4648) as callers send it: with line breaks, without padding, behind a `data:` prefix.

use std::ops::Range;

/// The Base64 itself behind `data:…;base64,`.
#[must_use]
pub fn payload(text: &str) -> &str {
    let text = text.trim();
    if text
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
    {
        return text.split_once(',').map_or(text, |(_, payload)| payload);
    }
    text
}

/// Decodes into a new buffer.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    base64_simd::forgiving_decode_to_vec(payload(text).as_bytes()).ok()
}

/// Decodes `range` of a buffer where it lies; what comes back is the range of the result.
#[must_use]
pub fn decode_in_place(buffer: &mut [u8], range: Range<usize>) -> Option<Range<usize>> {
    let encoded = buffer.get_mut(range.clone())?;
    let decoded = base64_simd::forgiving_decode_inplace(encoded).ok()?;
    Some(range.start..range.start + decoded.len())
}

/// Where `part` lies in `whole`, if it is borrowed from it.
#[must_use]
pub fn range_within(whole: &[u8], part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_missing_padding_and_data_prefixes_are_read() {
        for text in [
            "JVBERi0=",
            "JVBERi0",
            " JVBE\r\nRi0=\n",
            "data:application/pdf;base64,JVBERi0=",
        ] {
            assert_eq!(decode(text).unwrap(), b"%PDF-", "{text:?}");
        }
        assert_eq!(decode("not base64!"), None);
        assert_eq!(payload("data:nothing"), "data:nothing");
    }

    #[test]
    fn decoding_stays_within_its_range() {
        let mut buffer = b"\"JVBE\nRi0=\"".to_vec();
        let text = std::str::from_utf8(&buffer).unwrap();
        let range = range_within(&buffer, &text[1..10]).unwrap();
        let decoded = decode_in_place(&mut buffer, range).unwrap();
        assert_eq!(&buffer[decoded], b"%PDF-");
        assert_eq!(buffer.last(), Some(&b'"'));
        assert_eq!(range_within(&buffer, "elsewhere"), None);
    }
}
