use super::*;

fn rewritten(text: &[u8], key: &[u8], value: &[u8]) -> String {
    let mut dict = DictText::parse(text).unwrap();
    dict.set(key, value.to_vec());
    let mut out = Vec::new();
    dict.write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn other_values_keep_their_bytes() {
    let text = b"<</MediaBox[0 0 595.27559055 841.88976378]/Parent 3 0 R /S(a\\)>>b) /Annots 7 0 R%x\n/N/x#20y>> endobj";
    assert_eq!(
        rewritten(text, b"Annots", b"[9 0 R]"),
        "<</MediaBox [0 0 595.27559055 841.88976378]/Parent 3 0 R/S (a\\)>>b)/Annots [9 0 R]/N /x#20y>>"
    );
}

#[test]
fn a_key_that_stands_twice_is_written_once() {
    assert_eq!(rewritten(b"<</A 1/B 2/A 3>>", b"A", b"4"), "<</A 4/B 2>>");
    let twice = DictText::parse(b"<</A 1/B 2/A 3>>").unwrap();
    assert_eq!(twice.kept(b"A"), Some(b"3".as_slice()));
}

#[test]
fn strings_that_leave_an_object_stream_are_transformed() {
    let mut seen = Vec::new();
    let mut out = Vec::new();
    rewrite_strings(
        &mut out,
        b"<</A(x\\050\\r\ny)/B[<414>(z)]/C 1 0 R>>",
        &mut |plain| {
            seen.push(plain);
            b"!".to_vec()
        },
    );
    assert_eq!(seen, [b"x(\r\ny".to_vec(), b"A@".to_vec(), b"z".to_vec()]);
    assert_eq!(out, b"<</A<21>/B[<21><21>]/C 1 0 R>>");
}

#[test]
fn references_are_one_value_and_numbers_in_a_row_are_not() {
    assert_eq!(first_value(b" 5 0 R endobj"), Some(6));
    assert_eq!(first_value(b"5 0 Rx"), Some(1));
    assert_eq!(first_value(b"[5 0 R 1 2]stream"), Some(11));
}

#[test]
fn what_does_not_end_is_refused() {
    for text in [
        "",
        "<<",
        "<</A",
        "<</A(",
        "<</A[1 2>>",
        "<</A 1]",
        "[1]",
        "<</A<</B 1>>",
    ] {
        assert!(DictText::parse(text.as_bytes()).is_err(), "{text}");
    }
    let deep = [b"<</A".to_vec(), b"[".repeat(100_000)].concat();
    assert!(DictText::parse(&deep).is_err());
}
