//! DER by hand, where bytes must stay as received or be laid out once and filled in later (X.690, section 10).

/// Tags of what is put together by hand.
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    pub(crate) const CONTEXT_0: u8 = 0xa0;
    pub(crate) const CONTEXT_1: u8 = 0xa1;
    pub(crate) const CONTEXT_3: u8 = 0xa3;
}

/// Writes identifier and length octets for `length` octets of content.
pub(crate) fn put_header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = length.to_be_bytes();
    match length_octets(length) {
        0 => out.extend(octets.last()),
        more => {
            // At most eight: `more` counts octets of a usize.
            out.extend(u8::try_from(more).map(|more| 0x80 | more));
            out.extend(octets.iter().skip(octets.len() - more));
        }
    }
}

/// Octets of a value with its header.
pub(crate) const fn total(length: usize) -> usize {
    2 + length_octets(length) + length
}

/// One value with the parts, one after the other, as its content.
pub(crate) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(total(length));
    put_header(&mut out, tag, length);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// The content of a SET OF: the elements in ascending order of their encodings (X.690, section 11.6).
pub(crate) fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort_unstable();
    elements.concat()
}

/// Octets that the long form of a length needs after the first; none for the short form.
const fn length_octets(length: usize) -> usize {
    if length < 0x80 {
        0
    } else {
        (usize::BITS - length.leading_zeros()).div_ceil(8) as usize
    }
}

#[cfg(test)]
mod tests {
    use der::{Decode, Encode, asn1::OctetString};

    use super::*;

    #[test]
    fn headers_are_those_of_der() {
        for length in [0, 1, 127, 128, 255, 256, 65535, 65536, 70_000] {
            let own = wrap(tag::OCTET_STRING, &[&vec![7; length]]);
            assert_eq!(own.len(), total(length));
            let theirs = OctetString::from_der(&own).unwrap();
            assert_eq!(
                (theirs.as_bytes().len(), theirs.to_der().unwrap()),
                (length, own)
            );
        }
    }
}
