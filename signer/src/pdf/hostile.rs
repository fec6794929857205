//! Files made to crash, hang or bloat whoever reads them.

use lopdf::{Dictionary, Stream};

use super::repair::{Caps, rewrite};
use super::sample::{Place, Sample};
use super::{Error, Limits, Object, Pdf};

/// Reads all there is to read; whether it succeeds does not matter.
fn read_all(bytes: &[u8]) -> Result<(), Error> {
    let mut pdf = Pdf::open(bytes, Limits::default())?;
    drop(pdf.unlock(None));
    let numbers: Vec<u32> = pdf
        .revisions()
        .iter()
        .flat_map(super::Revision::numbers)
        .take(10_000)
        .collect();
    for number in numbers {
        if let Ok(object) = pdf.object((number, 0))
            && let Object::Stream(stream) = &*object
        {
            drop(pdf.decode(stream));
        }
    }
    let count = pdf.page_count()?;
    pdf.page(1)?;
    pdf.page(count).map(drop)
}

fn zeros(count: usize) -> Stream {
    let mut stream = Stream::new(Dictionary::new(), vec![b'0'; count]);
    stream.compress().unwrap();
    stream
}

fn limit(outcome: &Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Limit { .. }))
}

#[test]
fn chains_that_do_not_end() {
    for previous in [
        "/Prev 15",
        "/Prev 100000",
        "/Prev -1",
        "/Prev 1 0 R",
        "/Prev 0",
        "/XRefStm 9",
    ] {
        let mut sample = Sample::pages(1);
        sample.table(previous);
        assert!(
            read_all(&sample.bytes).unwrap_err().is_damage(),
            "{previous}"
        );
    }
    let mut circle = Sample::pages(1);
    circle.table("");
    let start = circle.previous.unwrap();
    circle.table("");
    let text = String::from_utf8_lossy(&circle.bytes).into_owned();
    let second = circle.previous.unwrap();
    // The first section is made to follow the second, at the same length.
    let circular = text.replacen(
        "/Size 4/Root 1 0 R>>",
        &format!("/Size 4 /Prev {second}>>"),
        1,
    );
    assert!(read_all(circular.as_bytes()).is_err(), "{start}");
    let mut long = Sample::pages(1);
    for _ in 0..3_000 {
        long.table("");
    }
    assert!(limit(&read_all(&long.bytes)));
}

#[test]
fn objects_that_need_themselves() {
    let mut sample = Sample::pages(1);
    sample.object(5, "6 0 R");
    sample.object(6, "5 0 R");
    sample.object(7, "<</Length 7 0 R>>\nstream\nx\nendstream");
    sample.object(8, "<</Length 9 0 R>>\nstream\nx\nendstream");
    sample.object(9, "<</Length 8 0 R>>\nstream\nx\nendstream");
    sample.object(
        10,
        "<</Type/ObjStm/N 11 0 R/First 9/Length 1>>\nstream\nx\nendstream",
    );
    sample.at(11, Place::Within(10, 0));
    sample.at(12, Place::Within(12, 0));
    sample.end_with_stream(13, "");
    let pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
    for number in [5, 6] {
        assert!(
            pdf.resolve(&Object::Reference((number, 0)))
                .unwrap_err()
                .is_damage()
        );
    }
    for number in [7, 8, 9, 11, 12] {
        assert!(pdf.object((number, 0)).unwrap_err().is_damage(), "{number}");
    }
}

#[test]
fn numbers_that_promise_too_much() {
    for (what, with) in [
        ("/Size 4", "/Size 4294967295"),
        ("\n0 4\n", "\n0 4000000000\n"),
        ("\n0 4\n", "\n4294967290 4\n"),
        ("\n0 4\n", "\n0 40000\n"),
    ] {
        let mut sample = Sample::pages(1);
        sample.table("");
        let text = String::from_utf8_lossy(&sample.bytes).replace(what, with);
        drop(read_all(text.as_bytes()));
    }
    for (what, with) in [
        ("/W[1 4 1]", "/W[8 8 8]"),
        ("/W[1 4 1]", "/W[0 0 0]"),
        ("/W[1 4 1]", "/W[1 99999999999 1]"),
        ("/Index[1 ", "/Index[4294967295 "),
        ("/Index[1 4", "/Index[1 8000000"),
        ("/N 1", "/N 99999999"),
        ("/N 1", "/N -1"),
        ("/First 4", "/First 99999999"),
    ] {
        let mut sample = Sample::pages(1);
        sample.object_stream(4, &[(9, "(nine)")]);
        sample.end_with_stream(5, "");
        let text = String::from_utf8_lossy(&sample.bytes).replace(what, with);
        drop(read_all(text.as_bytes()));
        drop(rewrite(text.as_bytes(), &Caps::default()));
    }
}

#[test]
fn streams_that_grow() {
    let bomb = zeros(80 << 20);
    let mut sample = Sample::pages(1);
    let keys = "/Type/ObjStm/N 1/First 4/Filter/FlateDecode";
    sample.stream(4, keys, &bomb.content);
    sample.at(5, Place::Within(4, 0));
    let again = "/Filter[/FlateDecode/FlateDecode/FlateDecode/FlateDecode/FlateDecode]";
    sample.stream(6, again, &bomb.content);
    sample.end_with_stream(7, "");
    let pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
    assert!(matches!(pdf.object((5, 0)), Err(Error::Limit { .. })));
    let object = pdf.object((6, 0)).unwrap();
    assert!(matches!(
        pdf.decode(object.as_stream().unwrap()),
        Err(Error::Limit { .. })
    ));

    let mut sample = Sample::pages(1);
    let start = sample.bytes.len();
    let keys = "/Type/XRef/W[1 4 1]/Size 4/Root 1 0 R/Filter/FlateDecode";
    sample.stream(4, keys, &bomb.content);
    sample.end(start);
    assert!(limit(&read_all(&sample.bytes)));
    assert!(rewrite(&sample.bytes, &Caps::default()).is_err());
}

#[test]
fn many_streams_that_grow_a_little_less() {
    let bomb = zeros(30 << 20);
    let mut sample = Sample::pages(1);
    for number in 10..30 {
        sample.stream(
            number,
            "/Type/ObjStm/N 1/First 4/Filter/FlateDecode",
            &bomb.content,
        );
        sample.at(number + 100, Place::Within(number, 0));
    }
    sample.end_with_stream(200, "");
    let pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
    let outcomes: Vec<_> = (110..130).map(|number| pdf.object((number, 0))).collect();
    assert!(matches!(outcomes.last(), Some(Err(Error::Limit { .. }))));
}

#[test]
fn files_that_explode_under_repair() {
    let objects: String = (1..500_000)
        .map(|number| format!("{number} 0 obj 1 endobj\n"))
        .collect();
    let array = format!("1 0 obj [{}] endobj", "0 ".repeat(3_900_000));
    let strings = "1 0 obj ( ".repeat(19_000);
    let nested = "1 0 obj [[[[ ".repeat(19_000);
    let hexadecimal = "1 0 obj < ".repeat(700_000);
    let trailers = "trailer << ".repeat(600_000);
    let streams = "1 0 obj <<>> stream ".repeat(19_000);
    let comments = "%".repeat(7 << 20);
    for hostile in [
        objects,
        array,
        strings,
        nested,
        hexadecimal,
        trailers,
        streams,
        comments,
    ] {
        let bytes = format!("%PDF-1.7\n{hostile}").into_bytes();
        assert!(matches!(
            rewrite(&bytes, &Caps::default()),
            Err(Error::NotRepairable { .. })
        ));
    }
}

#[test]
fn a_stream_of_objects_that_all_start_at_the_same_place() {
    let long = "x".repeat(1 << 20);
    let mut head = String::new();
    for number in 10..5_010 {
        head.push_str(&format!("{number} 0 "));
    }
    let mut sample = Sample::pages(1);
    let keys = format!("/Type/ObjStm/N 5000/First {}", head.len());
    sample.stream(4, &keys, format!("{head}({long})").as_bytes());
    for number in 10..40 {
        sample.at(number, Place::Within(4, number - 10));
    }
    sample.end_with_stream(5_020, "");
    let pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
    // Each is a megabyte: those that are kept stay within the bound, and all can be had.
    for number in 10..40 {
        assert!(pdf.object((number, 0)).is_ok());
    }
    let text = String::from_utf8_lossy(&sample.bytes).replace("startxref", "startref");
    assert!(rewrite(text.as_bytes(), &Caps::default()).is_err());
}

#[test]
fn whatever_is_changed_in_a_file_nothing_breaks() {
    let mut table = Sample::pages(2);
    table.stream(9, "", b"data");
    table.table("/ID[<00><01>]");
    table.object(3, "<</Type/Page/Parent 2 0 R/Contents 9 0 R/Rotate 90>>");
    table.table("");
    let mut stream = Sample::pages(2);
    stream.object_stream(10, &[(7, "(seven)"), (8, "[8 7 0 R]")]);
    stream.end_with_stream(11, "");
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).unwrap() % bound
    };
    let spice = b"0123456789 /<>[]()%RobjxrefstreamPv\r\n\0\xff-+.";
    for round in 0..4_000 {
        let mut bytes = if round % 2 == 0 {
            table.bytes.clone()
        } else {
            stream.bytes.clone()
        };
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(4) {
                0 => bytes.truncate(at.max(20)),
                1 => drop(bytes.drain(at..bytes.len().min(at + next(30)))),
                2 => bytes.insert(at, spice[next(spice.len())]),
                _ => bytes[at] = spice[next(spice.len())],
            }
        }
        drop(read_all(&bytes));
        if let Ok(whole) = rewrite(&bytes, &Caps::default()) {
            read_all(&whole).unwrap();
        }
    }
}
