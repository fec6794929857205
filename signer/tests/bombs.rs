//! What pictures and documents made to exhaust a machine cost: each is given to a process of its own, which has to end
//! with a refusal or a result, below 256 MB at its peak.
//!
//! The caps on time are for builds without optimisation on busy machines; they catch what does not end.

#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "input of tests, made by them"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use lopdf::{Document, Object, ObjectId, Stream, dictionary};
use signer::appearance::Extent;
use signer::appearance::image;
use signer::appearance::marker::{self, Marker};

const MOST_MEMORY: u64 = 256 << 20;
const LONGEST: Duration = Duration::from_secs(120);

/// Names the bomb that the process is to meet.
const VARIABLE: &str = "SEGELD_TEST_BOMB";

const BOMBS: [&str; 7] = [
    "picture of 25 million pixels of 16 bits",
    "picture that claims more than there is",
    "forms in forms",
    "a form in itself",
    "content that inflates",
    "characters without number",
    "a map of endless characters",
];

/// A picture of one colour, which compresses well.
fn picture(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Sixteen);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    let row = vec![7; usize::try_from(side).unwrap() * 8];
    for _ in 0..side {
        std::io::Write::write_all(&mut stream, &row).unwrap();
    }
    stream.finish().unwrap();
    writer.finish().unwrap();
    bytes
}

/// A page with this content, and something that its resources call /X.
fn document(content: &[u8], build: impl FnOnce(&mut Document) -> Object) -> Vec<u8> {
    let mut document = Document::with_version("1.7");
    let shared = build(&mut document);
    let mut content = Stream::new(lopdf::Dictionary::new(), content.to_vec());
    content.compress().unwrap();
    let content = document.add_object(content);
    let tree = document.new_object_id();
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => Object::Reference(tree), "Contents" => Object::Reference(content),
        "MediaBox" => vec![0.into(), 0.into(), 600.into(), 800.into()],
        "Resources" => dictionary! {
            "Font" => dictionary! { "X" => shared.clone() }, "XObject" => dictionary! { "X" => shared },
        },
    });
    let pages =
        dictionary! { "Type" => "Pages", "Count" => 1, "Kids" => vec![Object::Reference(page)] };
    document.objects.insert(tree, pages.into());
    let root = document
        .add_object(dictionary! { "Type" => "Catalog", "Pages" => Object::Reference(tree) });
    document.trailer.set("Root", Object::Reference(root));
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn form(inner: ObjectId) -> Object {
    let dict = dictionary! {
        "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 9.into(), 9.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "X" => Object::Reference(inner) } },
    };
    Stream::new(dict, b"/X Do /X Do /X Do".to_vec()).into()
}

fn nested(document: &mut Document) -> Object {
    let mut inner = document.add_object(Object::Null);
    for _ in 0..18 {
        inner = document.add_object(form(inner));
    }
    Object::Reference(inner)
}

fn itself(document: &mut Document) -> Object {
    let id = document.new_object_id();
    document.objects.insert(id, form(id));
    Object::Reference(id)
}

/// Each code stands for a megabyte of text.
fn endless(document: &mut Document) -> Object {
    let map = format!(
        "1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfchar <0101> <{}> endbfchar",
        "0041".repeat(250_000)
    );
    let map = document.add_object(Stream::new(lopdf::Dictionary::new(), map.into_bytes()));
    let descendant = dictionary! { "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "X", "DW" => 500 };
    let font = dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "X", "Encoding" => "Identity-H",
        "DescendantFonts" => vec![descendant.into()], "ToUnicode" => Object::Reference(map),
    };
    Object::Reference(document.add_object(font))
}

/// True when the bomb was refused.
fn meet(bomb: &str) -> bool {
    let show = format!(
        "BT /X 1 Tf {} ET",
        "(\u{1}\u{1}\u{1}\u{1}) Tj ".repeat(100_000)
    );
    let document = match bomb {
        "forms in forms" => document(b"/X Do", nested),
        "a form in itself" => document(b"/X Do", itself),
        "content that inflates" => document(&vec![b' '; 100 << 20], |_| Object::Null),
        "characters without number" => document(
            format!("BT /X 1 Tf ({}) Tj ET", "a".repeat(20_000_000)).as_bytes(),
            endless,
        ),
        "a map of endless characters" => document(show.as_bytes(), endless),
        picture_bomb => {
            let claims = picture_bomb.contains("claims");
            let mut bytes = picture(if claims { 100 } else { 5_000 });
            if claims {
                // Width and height; the checksum is wrong by that, which nobody should get to see first.
                bytes[16..24].copy_from_slice(&[0, 0, 0x3f, 0xff, 0, 0, 0x3f, 0xff]);
            }
            return image::decode(&bytes, &image::Limits::default()).is_err();
        }
    };
    reset_peak();
    let marker = Marker {
        text: "#".to_owned(),
        page: None,
        extent: Extent::default(),
    };
    marker::locate(&document, None, &[marker], Instant::now() + LONGEST, None).is_err()
}

/// What making the bomb took does not count.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        << 10
}

#[test]
fn bombs_are_refused_within_bounds() {
    if let Ok(bomb) = std::env::var(VARIABLE) {
        let refused = meet(&bomb);
        let peak = peak();
        assert!(peak < MOST_MEMORY, "{bomb}: {} MB", peak >> 20);
        assert!(refused || !bomb.contains("claims"), "{bomb}");
        eprintln!("{bomb}: refused {refused}, {} MB", peak >> 20);
        return;
    }
    for bomb in BOMBS {
        let began = Instant::now();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["bombs_are_refused_within_bounds", "--exact", "--nocapture"])
            .env(VARIABLE, bomb)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{bomb}: {said}");
        assert!(began.elapsed() < LONGEST, "{bomb}: {:?}", began.elapsed());
        eprintln!("{} in {:?}", said.trim(), began.elapsed());
    }
}
