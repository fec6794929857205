//! `\/` taken back to `/` in place (RFC 8259, section 7: the two mean the same).

use memchr::{memchr, memmem};

/// Removes the reverse solidus of every `\/`. The text stays JSON of the same meaning: outside strings JSON has no
/// reverse solidus, and inside them every escape is looked at once, from the left.
pub fn unescape(text: &mut Vec<u8>) {
    let Some(first) = memmem::find(text, b"\\/") else {
        return;
    };
    // A run of reverse solidi before the first hit decides which of them escapes which: start at its beginning.
    let before = text.get(..first).unwrap_or_default();
    let run = before
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    let (mut from, mut to) = (first - run, first - run);
    while from < text.len() {
        let rest = text.get(from..).unwrap_or_default();
        let plain = memchr(b'\\', rest).unwrap_or(rest.len());
        let escape = rest.get(plain..).unwrap_or_default();
        // The escape itself, shortened to its second byte where that is a solidus.
        let (skip, keep) = match escape {
            [_, b'/', ..] => (1, 1),
            [_, _, ..] => (0, 2),
            short => (0, short.len()),
        };
        text.copy_within(from..from + plain, to);
        from += plain + skip;
        to += plain;
        text.copy_within(from..from + keep, to);
        from += keep;
        to += keep;
    }
    text.truncate(to);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(text: &str) -> String {
        let mut text = text.as_bytes().to_vec();
        unescape(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn only_the_escape_of_a_solidus_goes() {
        assert_eq!(unescaped(r#"{"a":"b"}"#), r#"{"a":"b"}"#);
        assert_eq!(unescaped(r#"["a\/b\/\/c"]"#), r#"["a/b//c"]"#);
        assert_eq!(unescaped(r#"["\\/","\\\/"]"#), r#"["\\/","\\/"]"#);
        assert_eq!(unescaped(r#"["\n\/\"\/"]"#), r#"["\n/\"/"]"#);
        assert_eq!(unescaped("\\/\\"), "/\\");
    }

    #[test]
    fn the_meaning_stays() {
        for text in [r#"["\\\\\/","\u002f\/","\"\/"]"#, r#"{"\/":"\\\/\\/"}"#] {
            let before: serde_json::Value = serde_json::from_str(text).unwrap();
            let after: serde_json::Value = serde_json::from_str(&unescaped(text)).unwrap();
            assert_eq!(before, after);
        }
    }
}
