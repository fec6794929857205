use super::*;

fn tokens(text: &[u8]) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(text, 0);
    let mut tokens = Vec::new();
    loop {
        match lexer.token().unwrap() {
            Token::End => return tokens,
            token => tokens.push(token),
        }
    }
}

#[test]
fn numbers_as_readers_take_them() {
    for (text, value) in [
        ("0", 0),
        ("-7", -7),
        ("+3", 3),
        ("+-1", -1),
        ("--5", -5),
        ("007", 7),
    ] {
        assert_eq!(tokens(text.as_bytes()), [Token::Integer(value)], "{text}");
    }
    for (text, value) in [
        ("4.", 4.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e5", 1e5),
        ("1.5E-1", 0.15),
        ("12.5-3", 12.5),
        (".", 0.0),
        ("99999999999999999999", 1e20),
    ] {
        assert_eq!(tokens(text.as_bytes()), [Token::Real(value)], "{text}");
    }
    assert_eq!(tokens(b"1a"), [Token::Keyword(b"1a")]);
}

#[test]
fn strings_with_nesting_escapes_and_line_ends() {
    assert_eq!(tokens(b"(a(b)c)"), [Token::Literal(b"a(b)c".to_vec())]);
    assert_eq!(
        tokens(b"(\\101\\5x\\(\\n\\q)"),
        [Token::Literal(b"A\x05x(\nq".to_vec())]
    );
    assert_eq!(tokens(b"(\\777)"), [Token::Literal(vec![0xff])]);
    assert_eq!(
        tokens(b"(a\r\nb\rc\\\r\nd)"),
        [Token::Literal(b"a\nb\ncd".to_vec())]
    );
    assert_eq!(
        tokens(b"<48 656C6c6>"),
        [Token::Hexadecimal(b"Hell`".to_vec())]
    );
    assert!(Lexer::new(b"(a", 0).token().is_err());
    assert!(Lexer::new(b"<4x>", 0).token().is_err());
    assert!(Lexer::new(b"<48", 0).token().is_err());
}

#[test]
fn names_comments_and_delimiters() {
    assert_eq!(
        tokens(b"/A#20B/ /C#zz%x\r[<<>>]true"),
        [
            Token::Name(b"A B"[..].into()),
            Token::Name(b""[..].into()),
            Token::Name(b"C#zz"[..].into()),
            Token::ArrayStart,
            Token::DictionaryStart,
            Token::DictionaryEnd,
            Token::ArrayEnd,
            Token::Keyword(b"true"),
        ]
    );
    assert!(Lexer::new(b"/a#00", 0).token().is_err());
    assert!(Lexer::new(b">", 0).token().is_err());
}

#[test]
fn keywords_are_taken_whole() {
    let mut lexer = Lexer::new(b" endobject endobj<<", 0);
    assert!(!lexer.take_keyword(b"endobj"));
    assert_eq!(lexer.position(), 0);
    lexer.seek(10);
    assert!(lexer.take_keyword(b"endobj"));
    assert_eq!(lexer.take_number(5), None);
    assert_eq!(Lexer::new(b"123456", 0).take_number(5), None);
}
