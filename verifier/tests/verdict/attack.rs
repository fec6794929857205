//! Forgeries of the classes that are known (pdf-insecurity.org), and relatives of them.

use crate::maker::{FORM, Revision, appearance, assert_refused, certified, signed, text_field};

fn bases() -> Vec<Vec<u8>> {
    vec![signed(), certified(1), certified(2), certified(3)]
}

/// A revision that puts one object in the place of another.
fn replace(base: &[u8], number: u32, body: &str) -> Vec<u8> {
    let mut update = Revision::on(base);
    update.object(number, body);
    update.end()
}

#[test]
fn what_is_shown_cannot_be_changed() {
    for base in bases() {
        let mut content = Revision::on(&base);
        content.stream(4, "", "BT /Helv 24 Tf 72 700 Td (Pay 900) Tj ET");
        assert_refused(&content.end(), "content");
        for (number, body, what) in [
            (5, "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>", "font"),
            (2, "<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>", "page tree"),
            (
                3,
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 5 8]/Contents 4 0 R/Annots[7 0 R 8 0 R 9 0 R 12 0 R]>>",
                "page",
            ),
            (
                3,
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 10 0 R/Resources<</Font<</Helv 5 0 R>>>>/Annots[7 0 R 8 0 R 9 0 R 12 0 R]>>",
                "contents",
            ),
            (
                1,
                "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/OpenAction<</S/JavaScript/JS(x)>>>>",
                "script",
            ),
            (1, "<</Type/Catalog/Pages 2 0 R>>", "form removed"),
            (
                1,
                "<</Type/Catalog/Pages 70 0 R/AcroForm 6 0 R>>",
                "other pages",
            ),
            (
                6,
                "<</Fields[7 0 R 8 0 R 9 0 R]/SigFlags 3/DR<</Font<</Helv 5 0 R>>>>/DA(/Helv 0 Tf 0 g)>>",
                "field removed",
            ),
            (
                6,
                "<</Fields[7 0 R 8 0 R 9 0 R 12 0 R]/SigFlags 3/NeedAppearances true/DR<</Font<</Helv 5 0 R>>>>/DA(/Helv 0 Tf 0 g)>>",
                "appearances anew",
            ),
            (
                6,
                "<</Fields[7 0 R 8 0 R 9 0 R 12 0 R]/SigFlags 3/DR<</Font<</Helv 10 0 R>>>>/DA(/Helv 0 Tf 0 g)>>",
                "resources",
            ),
            (
                12,
                "<</Type/Annot/Subtype/Widget/FT/Btn/T(Agree)/F 4/Rect[72 600 90 618]/P 3 0 R/V/Off/AS/Yes/AP<</N<</Yes 13 0 R/Off 14 0 R>>>>>>",
                "state beside value",
            ),
            (
                12,
                "<</Type/Annot/Subtype/Widget/FT/Btn/T(Agree)/F 4/Rect[72 600 90 618]/P 3 0 R/V/Yes/AS/Yes/AP<</N<</Yes 10 0 R/Off 14 0 R>>>>>>",
                "appearance of a button",
            ),
            (
                13,
                "<</Length 0>>\nstream\n\nendstream",
                "appearance stream of a button",
            ),
            (
                9,
                "<</Type/Annot/Subtype/Widget/FT/Sig/T(Sig2)/F 132/Rect[60 690 500 750]/P 3 0 R/AP<</N 10 0 R>>>>",
                "unsigned field drawn",
            ),
            (
                8,
                "<</Type/Annot/Subtype/Widget/FT/Sig/T(Sig1)/F 132/Rect[60 690 260 730]/P 3 0 R/V 11 0 R/AP<</N 10 0 R>>>>",
                "signed field drawn",
            ),
        ] {
            assert_refused(&replace(&base, number, body), what);
        }
        let mut freed = Revision::on(&base);
        freed.free(4);
        assert_refused(&freed.end(), "freed content");
    }
}

#[test]
fn a_field_cannot_show_something_else_than_its_value() {
    for base in bases() {
        let shows = |value: &str, content: &str| {
            let mut update = Revision::on(&base);
            update
                .object(7, &text_field(value, "20 0 R"))
                .stream(20, FORM, content);
            update.end()
        };
        assert_refused(&shows("100", &appearance("900")), "other text");
        assert_refused(&shows("old", &appearance("new")), "other appearance");
        assert_refused(&shows("100", "/Im Do"), "picture");
        assert_refused(&shows("100", ""), "nothing");
        let mut moved = Revision::on(&base);
        moved.object(
            7,
            &text_field("old", "10 0 R").replace("72 500 272 520", "72 690 272 730"),
        );
        assert_refused(&moved.end(), "moved");
        let mut renamed = Revision::on(&base);
        renamed.object(7, &text_field("old", "10 0 R").replace("(Name)", "(Other)"));
        assert_refused(&renamed.end(), "renamed");
        let mut font = Revision::on(&base);
        font.object(7, &text_field("100", "20 0 R"))
            .stream(
                20,
                "/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</Helv 21 0 R>>>>",
                &appearance("100"),
            )
            .object(
                21,
                "<</Type/Font/Subtype/TrueType/BaseFont/ABCDEF+Evil/FontDescriptor 22 0 R>>",
            )
            .object(22, "<</Type/FontDescriptor/FontFile2 23 0 R>>")
            .stream(23, "", "glyphs");
        assert_refused(&font.end(), "font of its own");
    }
}

#[test]
fn bytes_behind_the_signature_cannot_be_ignored() {
    for base in bases() {
        let object = b"4 0 obj\n<</Length 3>>\nstream\nabc\nendstream\nendobj\n";
        let joined = |parts: &[&[u8]]| [&[base.as_slice()], parts].concat().concat();
        assert_refused(&joined(&[object]), "object without cross-reference");
        assert_refused(&joined(&[b"% harmless?\n", object]), "behind a comment");
        assert_refused(&joined(&[b"some words"]), "words");
        let text = String::from_utf8_lossy(&base).into_owned();
        let at = text.rfind("startxref\n").unwrap();
        let tail = &base[at..];
        assert_refused(&joined(&[object, tail]), "the old cross-reference again");
        let mut empty = Revision::on(&base);
        empty.bytes.extend_from_slice(object);
        assert_refused(&empty.end(), "empty cross-reference");
        let mut hidden = Revision::on(&base);
        hidden.object(90, "<</Nothing true>>");
        hidden.bytes.extend_from_slice(object);
        assert_refused(&hidden.end(), "cross-reference to another object");
        let mut partial = joined(&[object]);
        partial.extend_from_slice(b"trailer\n<</Root 1 0 R/Size 20>>\n");
        assert_refused(&partial, "trailer without cross-reference");
    }
}

#[test]
fn trailers_and_structure_cannot_be_exchanged() {
    for base in bases() {
        let mut root = Revision::on(&base);
        root.object(70, "<</Type/Catalog/Pages 71 0 R>>")
            .object(71, "<</Type/Pages/Kids[]/Count 0>>");
        root.trailer = "/Root 70 0 R".to_owned();
        let forged = String::from_utf8_lossy(&root.end()).len();
        assert!(forged > base.len());
        let mut bytes = root.bytes.clone();
        let at = bytes
            .windows(12)
            .rposition(|window| window == b"/Root 1 0 R/")
            .unwrap();
        bytes.splice(at..at + 11, []);
        assert_refused(&bytes, "another catalog");
        let mut encrypted = Revision::on(&base);
        encrypted.trailer = "/Encrypt<</Filter/Standard/V 1/R 2/O(x)/U(y)/P -4>>".to_owned();
        encrypted.object(80, "<<>>");
        assert_refused(&encrypted.end(), "encryption added");
        let mut bypass = Revision::on(&base);
        bypass.object(4, "<</Length 0>>\nstream\n\nendstream");
        let end = String::from_utf8_lossy(&bypass.end()).into_owned();
        assert!(end.len() > base.len());
        assert_refused(
            &[b"junk\n", base.as_slice()].concat(),
            "something before the header",
        );
    }
}

#[test]
fn references_that_led_nowhere_stay_so() {
    // The signed page has a second content stream that is not there.
    let mut first = Revision::first();
    first
        .object(1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[8 0 R]/SigFlags 3>>>>")
        .object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
        .object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents[4 0 R 30 0 R]/Annots[8 0 R]>>")
        .stream(4, "", "BT (Pay 100) Tj ET")
        .object(8, "<</Type/Annot/Subtype/Widget/FT/Sig/T(Sig1)/F 132/Rect[0 0 0 0]/P 3 0 R/V 11 0 R>>")
        .object(11, &crate::maker::placeholder(""));
    let base = crate::maker::sign(first.end());
    crate::maker::assert_valid(&base, "base");
    let mut update = Revision::on(&base);
    update.stream(30, "", "BT (Pay 900) Tj ET");
    assert_refused(&update.end(), "content that was missing");
}

/// The signed document with its byte range or contents rewritten by hand.
fn tampered(edit: impl Fn(&mut String)) -> Vec<u8> {
    let mut text: String = signed().iter().map(|byte| char::from(*byte)).collect();
    edit(&mut text);
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap())
        .collect()
}

fn part(text: &str, from: &str, to: &str) -> std::ops::Range<usize> {
    let start = text.find(from).unwrap();
    start..start + text[start..].find(to).unwrap() + to.len()
}

#[test]
fn universal_forgeries_fail() {
    for range in [
        "",
        "/ByteRange null",
        "/ByteRange[]",
        "/ByteRange[0 0 0 0]",
        "/ByteRange[0 10 5 20]",
        "/ByteRange[0 -1 10 20]",
        "/ByteRange[0 10]",
        "/ByteRange[0 10 20 30 40 50]",
        "/ByteRange[0 1.5 10 20]",
        "/ByteRange(0 10 20 30)",
        "/ByteRange[1 10 20 30]",
        "/ByteRange[0 10 20 99999999]",
        "/ByteRange[0 10 20 9223372036854775807]",
        "/ByteRange[0 10 99999999999 1]",
        "/ByteRange[null null null null]",
        "/ByteRange 4 0 R",
    ] {
        let forged = tampered(|text| {
            let place = part(text, "/ByteRange[", "]");
            text.replace_range(place, range);
        });
        assert_refused(&forged, range);
    }
    for contents in [
        "",
        "/Contents null",
        "/Contents<>",
        "/Contents<00>",
        "/Contents()",
        "/Contents 0",
        "/Contents<30>",
        "/Contents<3080>",
        "/Contents<zz>",
        "/Contents",
        "/Contents<3082ffff>",
        "/Contents 11 0 R",
    ] {
        let forged = tampered(|text| {
            let place = part(text, "/Contents<", ">");
            text.replace_range(place, contents);
        });
        assert_refused(&forged, contents);
    }
    for (from, to) in [
        (
            "/SubFilter/ETSI.CAdES.detached",
            "/SubFilter/ETSI.CAdES.attached",
        ),
        ("/SubFilter/ETSI.CAdES.detached", ""),
        ("/SubFilter/ETSI.CAdES.detached", "/SubFilter/ETSI.RFC3161"),
        (
            "/SubFilter/ETSI.CAdES.detached",
            "/SubFilter/adbe.x509.rsa_sha1",
        ),
        ("/V 11 0 R", "/V 4 0 R"),
        ("/V 11 0 R", "/V[11 0 R]"),
        ("/V 11 0 R", "/V(11)"),
    ] {
        assert_refused(&tampered(|text| *text = text.replace(from, to)), to);
    }
}

#[test]
fn wrapping_fails() {
    // The signed second part stands at the end; something else is put in its old place.
    let original = signed();
    let text: String = original.iter().map(|byte| char::from(*byte)).collect();
    let contents = part(&text, "/Contents<", ">");
    let mut wrapped = original[..contents.end].to_vec();
    wrapped
        .extend_from_slice(b">>\nendobj\n4 0 obj\n<</Length 3>>\nstream\nabc\nendstream\nendobj\n");
    let moved = wrapped.len();
    wrapped.extend_from_slice(&original[contents.end..]);
    let mut text: String = wrapped.iter().map(|byte| char::from(*byte)).collect();
    let range = part(&text, "/ByteRange[", "]");
    let length = range.len();
    let first = contents.start + "/Contents".len();
    let mut new = format!(
        "/ByteRange[0 {first} {moved} {}",
        original.len() - contents.end
    );
    while new.len() + 1 < length {
        new.push(' ');
    }
    new.push(']');
    text.replace_range(range, &new);
    let wrapped: Vec<u8> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap())
        .collect();
    assert_refused(&wrapped, "moved second part");
}

#[test]
fn nothing_at_all_is_answered_too() {
    for bytes in [
        &b""[..],
        b"%PDF-",
        b"%PDF-1.7",
        b"not a document",
        &[0; 1000],
        b"%PDF-1.7\nstartxref\n0\n%%EOF",
    ] {
        assert_eq!(
            crate::maker::judge(bytes).conclusion,
            verifier::Conclusion::Unsigned
        );
    }
}
