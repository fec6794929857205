//! What a signature adds to documents that claim PDF/A or PDF/UA, rule by rule with the clause that has it. Clauses are
//! those of ISO 19005-2 (parts 3 and 4 have them under the same or nearby numbers) unless another standard is named.

use super::*;
use crate::appearance::{Caption, image};

/// One page; the catalogue says what is claimed. Object 4 is the metadata, 7 a structure tree.
fn claiming(xmp: &str, catalogue: &str, section: SectionKind) -> Vec<u8> {
    let mut sample = Sample::new();
    sample.object(
        1,
        &format!(
            "<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R/MarkInfo<</Marked true>>{catalogue}>>"
        ),
    );
    sample.object(2, "<</Type/Pages/Count 1/Kids[3 0 R]>>");
    sample.object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>");
    sample.stream(4, "/Type/Metadata/Subtype/XML", xmp.as_bytes());
    sample.object(5, "<</S/GTS_PDFA1/DestOutputProfile 6 0 R>>");
    sample.stream(6, "/N 3", &[&[0; 16][..], b"RGB "].concat());
    sample.object(7, "<</Type/StructTreeRoot/K 8 0 R/ParentTree 9 0 R>>");
    sample.object(8, "<</Type/StructElem/S/Document/P 7 0 R/K[]>>");
    sample.object(9, "<</Nums[]>>");
    if section == SectionKind::Stream {
        sample.end_with_stream(10, "");
    } else {
        sample.table("");
    }
    sample.bytes
}

fn xmp(part: u8, level: &str) -> String {
    format!("<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>{level}</pdfaid:conformance>")
}

/// Half transparent pixels, and a caption.
fn picture_at(y: f64) -> Mark {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(png::ColorType::Rgba);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[255, 0, 0, 128, 0, 0, 255, 255])
        .unwrap();
    let image = image::decode(&bytes, &image::Limits::default()).unwrap();
    let extent = Extent {
        width: Some(150.0),
        height: Some(60.0),
    };
    Mark {
        content: Content::Image(Arc::new(image)),
        caption: Some(Arc::new(Caption::new("Kepala Dinas").unwrap())),
        place: Place {
            page: PageChoice::First,
            at: Position::V2 {
                origin_x: 20.0,
                origin_y: y,
                extent,
            },
        },
    }
}

/// The objects that a revision added or changed, with the text of their streams decoded.
fn added(document: &[u8], signed: &[u8]) -> Vec<(Dictionary, Vec<u8>)> {
    let before = Pdf::open(document, Limits::default()).unwrap().size();
    let pdf = Pdf::open(signed, Limits::default()).unwrap();
    let read = |number| match &*pdf.object((number, 0)).unwrap() {
        Object::Dictionary(dict) => Some((dict.clone(), Vec::new())),
        Object::Stream(stream) => Some((stream.dict.clone(), pdf.decode(stream).unwrap())),
        _ => None,
    };
    (before..pdf.size()).filter_map(read).collect()
}

fn is(dict: &Dictionary, key: &[u8], name: &[u8]) -> bool {
    dict.get(key)
        .is_ok_and(|value| value.as_name().is_ok_and(|value| value == name))
}

fn obeys(document: &[u8], signed: &[u8], part: u8, intent: bool) {
    let objects = added(document, signed);
    let any = |key: &[u8]| objects.iter().any(|(dict, _)| dict.has(key));
    for (dict, _) in objects.iter().filter(|(dict, _)| dict.has(b"Rect")) {
        // 6.3.2 (ISO 19005-1, 6.5.3): Print; neither Invisible, Hidden nor NoView; no transparency by /CA.
        assert_eq!(
            dict.get(b"F").unwrap().as_i64().unwrap() & (1 | 2 | 4 | 32),
            4
        );
        assert!(!dict.has(b"CA"));
        // 6.3.3: an appearance, and no other state than normal.
        let appearances = dict.get(b"AP").unwrap().as_dict().unwrap();
        assert_eq!(appearances.iter().count(), 1);
        assert!(appearances.get(b"N").unwrap().as_reference().is_ok());
        // 6.4.1, 6.5.2: no actions; 6.3.1: types that the part knows.
        assert!(!dict.has(b"A") && !dict.has(b"AA"));
        assert!(is(dict, b"Subtype", b"Widget") || is(dict, b"Subtype", b"Stamp"));
    }
    // 6.4.1 and ISO 19005-1, 6.9.
    assert!(!any(b"NeedAppearances") && !any(b"XFA"));
    if part == 1 {
        // ISO 19005-1, 6.4: no soft mask; 6.1.4 and 6.1.8: neither cross-reference nor object streams.
        assert!(!any(b"SMask"));
        assert!(
            !objects
                .iter()
                .any(|(dict, _)| is(dict, b"Type", b"XRef") || is(dict, b"Type", b"ObjStm"))
        );
    }
    if !intent {
        // 6.2.10: transparency only where a blending colour space is known.
        assert!(!any(b"SMask"));
        // 6.2.4.3: device colours only under an output intent.
        for (dict, content) in &objects {
            let text = format!("{dict:?}");
            assert!(!text.contains("Device"), "{text}");
            let content = String::from_utf8_lossy(content).into_owned();
            let operators = [" g", " G", " rg", " RG", " k", " K"];
            let form = is(dict, b"Subtype", b"Form");
            assert!(
                !form
                    || !content
                        .lines()
                        .any(|line| operators.iter().any(|end| line.ends_with(end))),
                "{content}"
            );
        }
    }
    // 6.2.11.4.1: font programs are embedded; 6.2.11.7.2 (level U): characters have Unicode.
    for (dict, _) in &objects {
        if is(dict, b"Type", b"FontDescriptor") {
            assert!(dict.has(b"FontFile2") || dict.has(b"FontFile3"));
        }
        if is(dict, b"Subtype", b"Type0") {
            assert!(dict.has(b"ToUnicode"));
        }
        // 6.1.7.2: no LZW; 6.2.8.1: no alternates, no interpolation.
        assert!(!is(dict, b"Filter", b"LZWDecode"));
        assert!(
            !dict.has(b"Alternates")
                && !dict
                    .get(b"Interpolate")
                    .is_ok_and(|value| value.as_bool().unwrap())
        );
    }
    assert!(
        objects
            .iter()
            .any(|(dict, _)| is(dict, b"Subtype", b"Type0"))
            || !any(b"Stamp")
    );
}

#[test]
fn what_is_added_obeys_the_part_that_is_claimed() {
    for part in 1..=4 {
        for intent in [false, true] {
            for section in [SectionKind::Table, SectionKind::Stream] {
                if part == 1 && section == SectionKind::Stream {
                    continue;
                }
                let intents = if intent { "/OutputIntents[5 0 R]" } else { "" };
                let document = claiming(&xmp(part, "B"), intents, section);
                let mut request = request();
                obeys(&document, &sign(&document, &request).unwrap(), part, intent);
                request.marks = vec![picture_at(20.0), qr_at(200.0), picture_at(200.0)];
                obeys(&document, &sign(&document, &request).unwrap(), part, intent);
            }
        }
    }
}

/// ISO 19005-1, 6.8; ISO 19005-2, 6.7; ISO 14289-1, 7.18.
#[test]
fn annotations_stand_in_the_structure_of_accessible_documents() {
    let accessible = "<pdfuaid:part>1</pdfuaid:part>".to_owned();
    for (claim, stamp) in [
        (xmp(1, "A"), &b"Figure"[..]),
        (xmp(2, "A"), b"Annot"),
        (accessible.clone(), b"Annot"),
    ] {
        let document = claiming(&claim, "/StructTreeRoot 7 0 R", SectionKind::Table);
        for marks in [vec![], vec![qr_at(20.0), qr_at(200.0)]] {
            let mut request = request();
            request.marks = marks;
            let prepared = prepare(&document, &request, &Limits::default()).unwrap();
            assert_eq!(prepared.warnings, []);
            let signed = sign(&document, &request).unwrap();
            let objects = added(&document, &signed);
            let roles: Vec<&[u8]> = objects
                .iter()
                .filter(|(dict, _)| is(dict, b"Type", b"StructElem"))
                .map(|(dict, _)| dict.get(b"S").unwrap().as_name().unwrap())
                .collect();
            let due: &[&[u8]] = if request.marks.is_empty() {
                &[b"Form"]
            } else {
                &[b"Form", stamp]
            };
            assert_eq!(roles, due);
            for (dict, _) in objects.iter().filter(|(dict, _)| dict.has(b"Rect")) {
                assert!(dict.has(b"StructParent"));
                assert!(dict.has(b"TU") || dict.has(b"Contents"));
            }
            let pdf = Pdf::open(&signed, Limits::default()).unwrap();
            assert_eq!(
                pdf.page(1).unwrap().dictionary().has(b"Tabs"),
                claim == accessible
            );

            // An earlier signature's structure stays, and the answer says so.
            let again = prepare(&signed, &request, &Limits::default());
            match again {
                Ok(again) => assert_eq!(again.warnings, [Warning::OutsideStructure]),
                Err(error) => assert!(matches!(error, Error::SeveralMarks)),
            }
        }
    }
}

#[test]
fn what_stays_outside_of_the_structure_is_told() {
    let warnings = |claim: &str, catalogue| {
        let document = claiming(claim, catalogue, SectionKind::Table);
        let mut visible = request();
        visible.marks = vec![qr_at(20.0)];
        prepare(&document, &visible, &Limits::default())
            .unwrap()
            .warnings
    };
    for claim in [
        xmp(1, "A"),
        xmp(3, "A"),
        "<pdfuaid:part>1</pdfuaid:part>".to_owned(),
    ] {
        assert_eq!(warnings(&claim, ""), [Warning::OutsideStructure]);
        // No tree that can be added to.
        assert_eq!(
            warnings(&claim, "/StructTreeRoot 4 0 R/X 1"),
            [Warning::OutsideStructure]
        );
    }
    assert_eq!(warnings(&xmp(2, "U"), ""), []);
    assert_eq!(warnings("", "/StructTreeRoot 7 0 R"), []);
}
