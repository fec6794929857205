use super::*;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};
use std::fmt::Write;
use std::time::Duration;

/// A document under construction, each page with fonts of every kind.
struct Builder {
    document: Document,
    tree: ObjectId,
    kids: Vec<Object>,
    fonts: Dictionary,
}

impl Builder {
    fn new() -> Self {
        let mut document = Document::with_version("1.7");
        let tree = document.new_object_id();
        let mut builder = Self {
            document,
            tree,
            kids: Vec::new(),
            fonts: Dictionary::new(),
        };
        builder.fonts();
        builder
    }

    fn stream(&mut self, dict: Dictionary, content: &str) -> ObjectId {
        self.document
            .add_object(Stream::new(dict, content.as_bytes().to_vec()))
    }

    fn fonts(&mut self) {
        let helvetica =
            dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
        // Glyph 1 is "[", 2 is "q" and so on: only the map says so.
        let mut map =
            String::from("1 begincodespacerange <0000> <FFFF> endcodespacerange 8 beginbfchar ");
        for (code, character) in (1_u16..).zip("[qr_ttd]".chars()) {
            write!(map, "<{code:04X}> <{:04X}> ", u32::from(character)).unwrap();
        }
        let map = self.stream(Dictionary::new(), &(map + "endbfchar"));
        let cid = |to_unicode: Option<ObjectId>| {
            let descendant = dictionary! {
                "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "Invented", "DW" => 500,
                "CIDSystemInfo" => dictionary! {
                    "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("Identity"), "Supplement" => 0,
                },
            };
            let mut font = dictionary! {
                "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "Invented", "Encoding" => "Identity-H",
                "DescendantFonts" => vec![descendant.into()],
            };
            if let Some(map) = to_unicode {
                font.set("ToUnicode", Object::Reference(map));
            }
            font
        };
        let program = self.stream(Dictionary::new(), "500 0 0 0 500 500 d1 0 0 500 500 re f");
        let painted = dictionary! {
            "Type" => "Font", "Subtype" => "Type3", "FontMatrix" => vec![0.001.into(), 0.into(), 0.into(), 0.001.into(), 0.into(), 0.into()],
            "FontBBox" => vec![0.into(), 0.into(), 500.into(), 500.into()], "FirstChar" => 1, "LastChar" => 2,
            "Widths" => vec![500.into(), 500.into()],
            "CharProcs" => dictionary! { "numbersign" => Object::Reference(program), "dollar" => Object::Reference(program) },
            "Encoding" => dictionary! { "Differences" => vec![1.into(), "numbersign".into(), "dollar".into()] },
        };
        let truetype = dictionary! { "Type" => "Font", "Subtype" => "TrueType", "BaseFont" => "Arial", "Encoding" => "WinAnsiEncoding" };
        for (name, font) in [
            ("H", helvetica),
            ("C", cid(Some(map))),
            ("N", cid(None)),
            ("P", painted),
            ("T", truetype),
        ] {
            self.fonts.set(name, font);
        }
    }

    fn page(&mut self, content: &str) -> &mut Dictionary {
        self.page_with(content, Dictionary::new())
    }

    fn page_with(&mut self, content: &str, objects: Dictionary) -> &mut Dictionary {
        let content = self.stream(Dictionary::new(), content);
        let page = dictionary! {
            "Type" => "Page", "Parent" => Object::Reference(self.tree), "Contents" => Object::Reference(content),
            "MediaBox" => vec![0.into(), 0.into(), 600.into(), 800.into()],
            "Resources" => dictionary! { "Font" => self.fonts.clone(), "XObject" => objects },
        };
        let id = self.document.add_object(page);
        self.kids.push(Object::Reference(id));
        self.document.get_dictionary_mut(id).unwrap()
    }

    fn form(&mut self, content: &str, objects: Dictionary) -> ObjectId {
        let form = dictionary! {
            "Type" => "XObject", "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 600.into(), 800.into()],
            "Resources" => dictionary! { "Font" => self.fonts.clone(), "XObject" => objects },
        };
        self.stream(form, content)
    }

    fn finish(mut self) -> Vec<u8> {
        let count = i64::try_from(self.kids.len()).unwrap();
        let tree = dictionary! { "Type" => "Pages", "Count" => count, "Kids" => self.kids };
        self.document.objects.insert(self.tree, tree.into());
        let root = self.document.add_object(
            dictionary! { "Type" => "Catalog", "Pages" => Object::Reference(self.tree) },
        );
        self.document.trailer.set("Root", Object::Reference(root));
        let mut bytes = Vec::new();
        self.document.save_to(&mut bytes).unwrap();
        bytes
    }
}

fn marker(text: &str) -> Marker {
    Marker {
        text: text.to_owned(),
        page: None,
        extent: Extent::default(),
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn one(document: &[u8], text: &str) -> Result<(u32, f64, f64), Error> {
    let places = locate(document, None, &[marker(text)], soon(), None)?;
    let [
        Place {
            page: PageChoice::Number(page),
            at: Position::Centred { x, y, .. },
        },
    ] = places[..]
    else {
        panic!("{places:?}")
    };
    Ok((page, x, y))
}

fn in_one_page(content: &str, text: &str) -> Result<(u32, f64, f64), Error> {
    let mut builder = Builder::new();
    builder.page(content);
    one(&builder.finish(), text)
}

fn near((page, x, y): (u32, f64, f64), expected: (u32, f64, f64)) -> bool {
    page == expected.0 && (x - expected.1).abs() < 6.0 && (y - expected.2).abs() < 6.0
}

#[test]
fn every_kind_of_font_and_operator() {
    for (content, text) in [
        ("BT /H 20 Tf 100 600 Td (#) Tj ET", "#"),
        ("BT /T 20 Tf 100 600 Td (#) Tj ET", "#"),
        ("BT /P 20 Tf 100 600 Td <01> Tj ET", "#"),
        ("BT /H 20 Tf 1 0 0 1 100 600 Tm 3 Tr (#) Tj ET", "#"),
        ("BT /H 20 Tf 20 TL 100 620 Td (#) ' ET", "#"),
        ("0.5 0 0 0.5 0 0 cm BT /H 40 Tf 200 1200 Td (#) Tj ET", "#"),
    ] {
        let found = in_one_page(content, text);
        assert!(
            found
                .clone()
                .is_ok_and(|found| near(found, (1, 105.0, 194.0))),
            "{content}: {found:?}"
        );
    }
    for content in [
        "BT /C 10 Tf 100 600 Td <00010002000300040005000600070008> Tj ET",
        "BT /C 10 Tf 100 600 Td <0001> Tj <00020003> Tj 15 0 Td <000400050006> Tj ET BT /C 10 Tf 130 600 Td <00070008> Tj ET",
        "BT /H 10 Tf 100 600 Td [(\\[q) -10 (r) 20 (_) (tt) (d\\])] TJ ET",
        // Drawn from right to left, and twice for bold.
        "BT /C 10 Tf 120 600 Td <0005000600070008> Tj -20 0 Td <0001000200030004> Tj 0.3 0 Td <0001000200030004> Tj ET",
    ] {
        let found = in_one_page(content, "[qr_ttd]");
        assert!(
            found
                .clone()
                .is_ok_and(|found| near(found, (1, 120.0, 197.0))),
            "{content}: {found:?}"
        );
    }
}

#[test]
fn spaces_are_seen_as_a_reader_sees_them() {
    for content in [
        "BT /H 10 Tf 100 600 Td (${ttd  kepala}) Tj ET",
        "BT /H 10 Tf 100 600 Td (${ttd) Tj 30 0 Td (kepala}) Tj ET",
        "BT /H 10 Tf 100 600 Td (${ttdkepala}) Tj ET",
        "BT /H 10 Tf 5 Tc 100 600 Td (${ttd kepala}) Tj ET",
    ] {
        assert!(
            in_one_page(content, " ${ttd\tkepala} ").is_ok(),
            "{content}"
        );
    }
    // No ordinary word is found across the space between two others.
    let text = "BT /H 10 Tf 100 600 Td (surat tdk sah) Tj ET";
    assert_eq!(
        in_one_page(text, "ttd"),
        Err(Error::NotFound {
            index: 0,
            unreadable: false
        })
    );
    let columns = "BT /H 10 Tf 100 600 Td (${t) Tj 200 0 Td (td}) Tj ET";
    assert!(in_one_page(columns, "${ttd}").is_err());
}

#[test]
fn ligatures_are_the_letters_that_they_stand_for() {
    let mut builder = Builder::new();
    let map = "1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfchar <0001> <FB01> <0002> <0078> endbfchar";
    let map = builder.stream(Dictionary::new(), map);
    if let Ok(font) = builder.fonts.get_mut(b"N").and_then(Object::as_dict_mut) {
        font.set("ToUnicode", Object::Reference(map));
    }
    builder.page("BT /N 20 Tf 100 600 Td <00010002> Tj ET");
    let document = builder.finish();
    assert!(
        one(&document, "fix").is_ok()
            && one(&document, "\u{FB01}x").is_ok()
            && one(&document, "x").is_ok()
    );
    assert!(one(&document, "fox").is_err());
}

#[test]
fn the_first_in_reading_order_counts() {
    let content =
        "BT /H 10 Tf 300 200 Td (#) Tj -200 0 Td (#) Tj 0 300 Td (#) Tj 200 0 Td (#) Tj ET";
    assert!(near(in_one_page(content, "#").unwrap(), (1, 102.0, 297.0)));
    let mut builder = Builder::new();
    builder.page("BT /H 10 Tf 100 600 Td (satu) Tj ET");
    builder.page("BT /H 10 Tf 100 600 Td (dua ^) Tj ET");
    builder.page("BT /H 10 Tf 100 600 Td (tiga ^ #) Tj ET");
    let document = builder.finish();
    let on = |page| Marker {
        page: Some(page),
        ..marker("^")
    };
    let markers = [
        marker("^"),
        on(PageChoice::Last),
        on(PageChoice::Number(3)),
        marker("#"),
        marker("satu"),
    ];
    let pages: Vec<_> = locate(&document, None, &markers, soon(), None)
        .unwrap()
        .iter()
        .map(|place| place.page)
        .collect();
    assert_eq!(pages, [2, 3, 3, 3, 1].map(PageChoice::Number));
    assert_eq!(
        locate(
            &document,
            None,
            &[marker("^"), on(PageChoice::First)],
            soon(),
            None,
        ),
        Err(Error::NotFound {
            index: 1,
            unreadable: false
        })
    );
    assert_eq!(
        locate(&document, None, &[on(PageChoice::Number(4))], soon(), None),
        Err(Error::Document(pdf::Error::NoSuchPage {
            page: 4,
            count: 3
        }))
    );
}

#[test]
fn the_place_is_that_of_the_page_as_displayed() {
    for (rotate, expected) in [
        (0, (105.0, 194.0)),
        (90, (606.0, 105.0)),
        (180, (495.0, 606.0)),
        (270, (194.0, 495.0)),
    ] {
        let mut builder = Builder::new();
        builder
            .page("BT /H 20 Tf 100 600 Td (#) Tj ET")
            .set("Rotate", rotate);
        let found = one(&builder.finish(), "#").unwrap();
        assert!(
            near(found, (1, expected.0, expected.1)),
            "{rotate}: {found:?}"
        );
    }
    let mut builder = Builder::new();
    let page = builder.page(
        "BT /H 20 Tf 100 600 Td (#) Tj ET 1 0 0 1 0 -580 cm BT /H 20 Tf 100 600 Td (^) Tj ET",
    );
    page.set(
        "CropBox",
        vec![Object::from(50), 100.into(), 400.into(), 700.into()],
    );
    page.set("UserUnit", 2.0);
    let document = builder.finish();
    assert!(near(one(&document, "#").unwrap(), (1, 110.0, 188.0)));
    assert_eq!(
        one(&document, "^"),
        Err(Error::NotFound {
            index: 0,
            unreadable: false
        }),
        "cropped away"
    );
    // Text that stands on its side.
    let turned = in_one_page(
        "BT /H 10 Tf 0 1 -1 0 300 400 Tm (${t) Tj (td}) Tj ET",
        "${ttd}",
    )
    .unwrap();
    assert!(near(turned, (1, 297.0, 386.0)), "{turned:?}");
}

#[test]
fn forms_are_seen_where_they_are_shown() {
    let mut builder = Builder::new();
    let inner = builder.form("BT /H 20 Tf 0 0 Td (#) Tj ET", Dictionary::new());
    let outer = builder.form(
        "1 0 0 1 50 100 cm /I Do",
        dictionary! { "I" => Object::Reference(inner) },
    );
    builder.page_with(
        "1 0 0 1 50 500 cm /O Do",
        dictionary! { "O" => Object::Reference(outer) },
    );
    assert!(near(
        one(&builder.finish(), "#").unwrap(),
        (1, 105.0, 194.0)
    ));
}

#[test]
fn text_without_characters_is_said_to_be_so() {
    let content = "BT /N 20 Tf 100 600 Td <00010002> Tj ET";
    assert_eq!(
        in_one_page(content, "#"),
        Err(Error::NotFound {
            index: 0,
            unreadable: true
        })
    );
    for nothing in ["", "  \n", &"x".repeat(2000)] {
        assert_eq!(in_one_page(content, nothing), Err(Error::Text { index: 0 }));
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let complex =
        |document: &[u8]| assert!(matches!(one(document, "#"), Err(Error::TooComplex(_))));
    // Two forms in each form, thirty levels deep; and fifteen.
    for (levels, times) in [(30, 2), (19, 4)] {
        let mut builder = Builder::new();
        let mut form = builder.form("0 0 m", Dictionary::new());
        for _ in 0..levels {
            form = builder.form(
                &"/F Do ".repeat(times),
                dictionary! { "F" => Object::Reference(form) },
            );
        }
        builder.page_with("/F Do", dictionary! { "F" => Object::Reference(form) });
        complex(&builder.finish());
    }
    // A form within itself.
    let mut builder = Builder::new();
    let form = builder.document.new_object_id();
    let dict = dictionary! {
        "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 1.into(), 1.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "F" => Object::Reference(form) } },
    };
    builder
        .document
        .objects
        .insert(form, Stream::new(dict, b"/F Do /F Do".to_vec()).into());
    builder.page_with("/F Do", dictionary! { "F" => Object::Reference(form) });
    complex(&builder.finish());
    // One string of a million glyphs, and as much in many.
    let mut builder = Builder::new();
    builder.page(&format!("BT /P 1 Tf ({}) Tj ET", "\u{1}".repeat(1_000_000)));
    complex(&builder.finish());
    let mut builder = Builder::new();
    builder.page(&format!(
        "BT /P 1 Tf {} ET",
        format!("({}) Tj ", "\u{1}".repeat(50_000)).repeat(50)
    ));
    complex(&builder.finish());
    // Widths of four thousand million glyphs, twice in another way, and characters of a megabyte each.
    let widths = [
        vec![0.into(), u32::MAX.into(), 500.into()],
        [0, 65_535, 500]
            .repeat(50_000)
            .into_iter()
            .map(Object::Integer)
            .collect(),
    ];
    for widths in widths {
        let mut builder = Builder::new();
        let descendant = dictionary! { "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "X", "W" => widths };
        let font = dictionary! {
            "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "X", "Encoding" => "Identity-H",
            "DescendantFonts" => vec![descendant.into()],
        };
        builder.fonts.set("W", font);
        builder.fonts.set("F", dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "X", "FirstChar" => i64::MAX, "LastChar" => i64::MAX, "Widths" => vec![1.into()],
        });
        builder.page("BT /W 9 Tf 9 9 Td <0001> Tj /F 9 Tf (x) Tj ET");
        assert!(matches!(
            one(&builder.finish(), "#"),
            Err(Error::NotFound { .. })
        ));
    }
    let mut builder = Builder::new();
    let map = format!(
        "1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfchar <0101> <{}> endbfchar",
        "0041".repeat(250_000)
    );
    let map = builder.stream(Dictionary::new(), &map);
    if let Ok(font) = builder.fonts.get_mut(b"N").and_then(Object::as_dict_mut) {
        font.set("ToUnicode", Object::Reference(map));
    }
    builder.page(&format!(
        "BT /N 1 Tf {} ET",
        format!("({}) Tj ", "\u{1}".repeat(50_000)).repeat(30)
    ));
    assert!(matches!(
        one(&builder.finish(), "#"),
        Err(Error::NotFound {
            unreadable: true,
            ..
        })
    ));
    // Content that inflates beyond all measure.
    let mut builder = Builder::new();
    let mut content = Stream::new(Dictionary::new(), vec![b' '; 200 << 20]);
    content.compress().unwrap();
    let content = builder.document.add_object(content);
    builder.page("").set("Contents", Object::Reference(content));
    complex(&builder.finish());
}

#[test]
fn brackets_without_end_and_other_rubbish_end() {
    for content in [
        "[".repeat(100_000),
        "<<".repeat(100_000),
        "(".repeat(100_000),
        "q ".repeat(100_000),
        "BI ID".repeat(1_000),
        "BT /H 1e38 Tf 1e38 0 0 1e38 1e38 1e38 Tm (#) Tj ET".to_owned(),
    ] {
        let _found_or_not = in_one_page(&content, "#");
    }
}

#[test]
fn the_deadline_is_kept() {
    let mut builder = Builder::new();
    for _ in 0..100 {
        builder.page("BT /H 10 Tf 100 600 Td (tanpa penanda) Tj ET");
    }
    let document = builder.finish();
    assert_eq!(
        one(&document, "#"),
        Err(Error::NotFound {
            index: 0,
            unreadable: false
        })
    );
    assert_eq!(
        locate(&document, None, &[marker("#")], Instant::now(), None),
        Err(Error::Deadline)
    );
}

#[test]
fn what_is_no_document_is_said_to_be_so() {
    for document in [&b""[..], b"%PDF-1.7", b"\x89PNG"] {
        assert!(matches!(one(document, "#"), Err(Error::Document(_))));
    }
}

/// Every marker that the corpus lists is found, inside a word that `pdftotext` sees there.
#[test]
fn the_corpus_holds_what_it_lists() {
    let corpus = std::env::var("SEGELD_CORPUS").unwrap_or_default();
    let corpus = std::path::Path::new(&corpus);
    let Ok(manifest) = std::fs::read_to_string(corpus.join("manifest.tsv")) else {
        eprintln!("skipped: SEGELD_CORPUS names no corpus");
        return;
    };
    let mut faults = Vec::new();
    for row in manifest.lines() {
        let columns: Vec<&str> = row.split('\t').collect();
        // Its fonts give no characters: what the list has are the codes of glyphs.
        if row.starts_with("with-tags/testarea-itext5__testLukasRr.pdf") {
            let document = std::fs::read(corpus.join(columns[0])).unwrap();
            assert_eq!(
                one(&document, "#12"),
                Err(Error::NotFound {
                    index: 0,
                    unreadable: true
                })
            );
            continue;
        }
        let Some(tags) = columns
            .last()
            .and_then(|notes| notes.split("tags p1-4: ").nth(1))
        else {
            continue;
        };
        let tags = tags.split(" chars ").next().unwrap_or_default();
        let document = std::fs::read(corpus.join(columns[0])).unwrap();
        for tag in tags.split(' ').filter(|tag| !tag.is_empty()) {
            match one(&document, tag) {
                // Without the tables of Chinese fonts pdftotext sees nothing there.
                Ok(_) if !tag.is_ascii() => {}
                Ok(found) if !word_at(&corpus.join(columns[0]), found, tag) => {
                    faults.push(format!("{}: {tag} at {found:?} is no word", columns[0]));
                }
                Ok(_) => {}
                Err(error) => faults.push(format!("{}: {tag}: {error}", columns[0])),
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Whether pdftotext sees a word with part of the marker in it at this place.
fn word_at(file: &std::path::Path, (page, x, y): (u32, f64, f64), tag: &str) -> bool {
    let number = page.to_string();
    let output = std::process::Command::new("pdftotext")
        .args(["-bbox", "-cropbox", "-f", &number, "-l", &number])
        .arg(file)
        .arg("-")
        .output()
        .unwrap();
    let html = String::from_utf8_lossy(&output.stdout).into_owned();
    let attribute = |line: &str, name: &str| -> Option<f64> {
        line.split(&format!("{name}=\""))
            .nth(1)?
            .split('"')
            .next()?
            .parse()
            .ok()
    };
    let first = tag.chars().next().unwrap().to_string();
    html.lines()
        .filter(|line| line.contains("<word "))
        .any(|line| {
            let [left, top, right, bottom] =
                ["xMin", "yMin", "xMax", "yMax"].map(|name| attribute(line, name).unwrap());
            let text = line
                .split('>')
                .nth(1)
                .unwrap_or_default()
                .replace("&lt;", "<")
                .replace("&amp;", "&");
            text.contains(&first)
                && (left - 3.0..=right + 3.0).contains(&x)
                && (top - 3.0..=bottom + 3.0).contains(&y)
        })
}

#[test]
fn damage_ends_in_a_place_or_a_refusal() {
    let mut builder = Builder::new();
    let form = builder.form("BT /H 20 Tf 0 0 Td (#) Tj ET", Dictionary::new());
    let content = "/F Do BT /C 10 Tf 9 9 Td <00010002> Tj /P 9 Tf [(\u{1}) -9 (\u{2})] TJ /N 5 Tf <0001> ' /T 7 Tf (x) Tj ET";
    builder
        .page_with(content, dictionary! { "F" => Object::Reference(form) })
        .set("Rotate", 90);
    let file = builder.finish();
    let rounds = std::env::var("SEGELD_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(100);
    let mut state = 1_u64;
    let mut below = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    for _ in 0..rounds {
        let mut damaged = file.clone();
        for _ in 0..=below(8) {
            let at = below(damaged.len());
            damaged[at] = if below(2) == 0 {
                b"0123456789<>[]()/ "[below(18)]
            } else {
                u8::try_from(below(256)).unwrap()
            };
        }
        let result = locate(
            &damaged,
            None,
            &[marker("#")],
            Instant::now() + Duration::from_secs(5),
            Some(&Caps::default()),
        );
        assert!(
            !matches!(
                result,
                Err(Error::Deadline | Error::TooComplex("it cannot be read"))
            ),
            "{result:?}"
        );
    }
}
