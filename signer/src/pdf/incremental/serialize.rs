//! Objects as text (ISO 32000-2, 7.3).
//!
//! Reals are written without an exponent, names with `#xx` where a byte is not regular, strings as literals when they
//! are printable and as hexadecimal otherwise, so that no byte of a string can be taken for a line end or a delimiter.

use lopdf::{Dictionary, Object, Stream, StringFormat};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes one object; a stream is written with its dictionary and its length.
pub(crate) fn write(out: &mut Vec<u8>, object: &Object) {
    match object {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Boolean(true) => out.extend_from_slice(b"true"),
        Object::Boolean(false) => out.extend_from_slice(b"false"),
        Object::Integer(value) => integer(out, *value),
        Object::Real(value) => real(out, *value),
        Object::Name(value) => name(out, value),
        Object::String(value, format) => string(out, value, format),
        Object::Array(items) => array(out, items),
        Object::Dictionary(value) => dictionary(out, value),
        Object::Stream(value) => stream(out, value),
        Object::Reference((number, generation)) => reference(out, *number, *generation),
    }
}

/// A name with its solidus.
pub(crate) fn name(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'/');
    for &byte in bytes {
        let regular = byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(&byte);
        if regular {
            out.push(byte);
        } else {
            out.push(b'#');
            hex_byte(out, byte);
        }
    }
}

/// An integer in decimal digits.
pub(crate) fn integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(out, value.unsigned_abs());
}

/// An unsigned integer in decimal digits.
pub(crate) fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut used = 0_usize;
    for slot in digits.iter_mut().rev() {
        // A remainder of ten fits a byte.
        *slot = b'0' | u8::try_from(value % 10).unwrap_or(0);
        used = used.saturating_add(1);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(
        digits
            .get(digits.len().saturating_sub(used)..)
            .unwrap_or(&[]),
    );
}

/// An indirect reference.
pub(crate) fn reference(out: &mut Vec<u8>, number: u32, generation: u16) {
    unsigned(out, u64::from(number));
    out.push(b' ');
    unsigned(out, u64::from(generation));
    out.extend_from_slice(b" R");
}

/// A string in hexadecimal.
pub(crate) fn hex_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'<');
    for &byte in bytes {
        hex_byte(out, byte);
    }
    out.push(b'>');
}

/// A byte as two hexadecimal digits.
pub(crate) fn hex_byte(out: &mut Vec<u8>, byte: u8) {
    for nibble in [byte >> 4, byte & 0x0f] {
        out.push(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    }
}

/// A dictionary.
pub(crate) fn dictionary(out: &mut Vec<u8>, value: &Dictionary) {
    out.extend_from_slice(b"<<");
    for (key, value) in value {
        entry(out, key, value);
    }
    out.extend_from_slice(b">>");
}

fn entry(out: &mut Vec<u8>, key: &[u8], value: &Object) {
    name(out, key);
    // Delimiters need no space before them.
    if !matches!(
        value,
        Object::Name(_) | Object::String(..) | Object::Array(_) | Object::Dictionary(_)
    ) {
        out.push(b' ');
    }
    write(out, value);
}

/// Rust writes floats without an exponent and with the fewest digits that read back the same.
fn real(out: &mut Vec<u8>, value: f32) {
    if value.is_finite() {
        out.extend_from_slice(value.to_string().as_bytes());
    } else {
        out.push(b'0');
    }
}

fn string(out: &mut Vec<u8>, bytes: &[u8], format: &StringFormat) {
    let printable = bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if *format == StringFormat::Hexadecimal || !printable {
        hex_string(out, bytes);
        return;
    }
    out.push(b'(');
    for &byte in bytes {
        if b"()\\".contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b')');
}

fn array(out: &mut Vec<u8>, items: &[Object]) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(out, item);
    }
    out.push(b']');
}

fn stream(out: &mut Vec<u8>, value: &Stream) {
    out.extend_from_slice(b"<<");
    for (key, value) in value
        .dict
        .iter()
        .filter(|(key, _)| key.as_slice() != b"Length")
    {
        entry(out, key, value);
    }
    out.extend_from_slice(b"/Length ");
    unsigned(out, value.content.len() as u64);
    out.extend_from_slice(b">>\nstream\n");
    out.extend_from_slice(&value.content);
    out.extend_from_slice(b"\nendstream");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(object: &Object) -> String {
        let mut out = Vec::new();
        write(&mut out, object);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_have_no_exponent() {
        assert_eq!(text(&Object::Real(1e-7)), "0.0000001");
        assert_eq!(text(&Object::Real(1e20)), "100000000000000000000");
        assert_eq!(text(&Object::Real(f32::NAN)), "0");
        assert_eq!(text(&Object::Integer(i64::MIN)), "-9223372036854775808");
        assert_eq!(text(&Object::Integer(0)), "0");
    }

    #[test]
    fn strings_and_names_survive_any_byte() {
        let literal = |bytes: &[u8]| text(&Object::String(bytes.to_vec(), StringFormat::Literal));
        assert_eq!(literal(b"a(b)\\"), "(a\\(b\\)\\\\)");
        assert_eq!(literal(b"a\r\n"), "<610d0a>");
        assert_eq!(
            text(&Object::Name(b"a b#/\xff".to_vec())),
            "/a#20b#23#2f#ff"
        );
    }

    #[test]
    fn a_stream_states_its_own_length() {
        let mut dict = Dictionary::new();
        dict.set("Length", 99);
        dict.set("Type", Object::Name(b"XObject".to_vec()));
        let stream = Object::Stream(Stream::new(dict, b"q Q".to_vec()));
        assert_eq!(
            text(&stream),
            "<</Type/XObject/Length 3>>\nstream\nq Q\nendstream"
        );
    }
}
