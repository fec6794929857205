use super::*;

fn parse(text: &[u8]) -> Result<Object, Error> {
    Parser::new(text, 0, &Limits::default()).object()
}

#[test]
fn references_and_numbers_in_a_row() {
    let array = parse(b"[1 0 R 2 3 4 0 R 5 70000 R 0 0 R 6 0 Rx]");
    assert!(array.is_err(), "Rx is no object");
    let array = parse(b"[1 0 R 2 3 4 0 R 5 70000 R 0 0 R 1 0]").unwrap();
    assert_eq!(
        array,
        Object::Array(vec![
            Object::Reference((1, 0)),
            Object::Integer(2),
            Object::Integer(3),
            Object::Reference((4, 0)),
            Object::Null,
            Object::Null,
            Object::Integer(1),
            Object::Integer(0),
        ])
    );
}

#[test]
fn dictionaries_drop_null_and_tell_of_conflicts() {
    let mut parser = Parser::new(b"<</A 1/B null/A 1>>", 0, &Limits::default());
    let dictionary = parser.object().unwrap();
    assert_eq!(dictionary.as_dict().unwrap().len(), 1);
    assert!(!parser.conflicting_keys());
    let mut parser = Parser::new(b"<</A 1/A 2>>", 0, &Limits::default());
    parser.object().unwrap();
    assert!(parser.conflicting_keys());
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = "[".repeat(100_000);
    assert_eq!(
        parse(deep.as_bytes()),
        Err(Error::Limit { what: "nesting" })
    );
    let long = format!("[{}]", "0 ".repeat(300_000));
    assert_eq!(
        parse(long.as_bytes()),
        Err(Error::Limit {
            what: "size of one object"
        })
    );
}

#[test]
fn indirect_objects_and_where_stream_data_starts() {
    let limits = Limits::default();
    let plain = indirect(b" 7 1 obj<</A 1>>endobj ", 0, &limits).unwrap();
    assert_eq!((plain.id, plain.data, plain.ended), ((7, 1), None, true));
    let empty = indirect(b"7 0 obj endobj", 0, &limits).unwrap();
    assert_eq!((empty.value, empty.ended), (Object::Null, true));
    for (text, start) in [
        (&b"7 0 obj<<>>stream\r\nxx"[..], 19),
        (b"7 0 obj<<>>stream\nxx", 18),
        (b"7 0 obj<<>>stream \nxx", 19),
        (b"7 0 obj<<>>stream\rxx", 18),
    ] {
        assert_eq!(indirect(text, 0, &limits).unwrap().data, Some(start));
    }
    assert!(indirect(b"xref", 0, &limits).is_err());
}
