use super::*;
use crate::pdf::sample::{Place, Sample};

fn open(sample: &Sample) -> Pdf<'_> {
    Pdf::open(&sample.bytes, Limits::default()).unwrap()
}

fn marker(pdf: &Pdf<'_>, number: u32) -> Object {
    (*pdf.object((number, 0)).unwrap()).clone()
}

#[test]
fn a_table_is_read() {
    let mut sample = Sample::pages(3);
    sample.table("");
    let pdf = open(&sample);
    assert_eq!(pdf.section_kind(), SectionKind::Table);
    assert_eq!(pdf.size(), 6);
    assert_eq!(pdf.version(), (1, 7));
    assert_eq!(pdf.revisions()[0].end(), sample.bytes.len());
    assert_eq!(pdf.page_count().unwrap(), 3);
    assert_eq!(pdf.page(3).unwrap().id, (5, 0));
    assert_eq!(
        pdf.page(4).unwrap_err(),
        Error::NoSuchPage { page: 4, count: 3 }
    );
    assert_eq!(marker(&pdf, 99), Object::Null);
    assert!(pdf.anomalies().is_empty());
}

#[test]
fn every_revision_is_kept_apart() {
    let mut sample = Sample::pages(1);
    sample.object(7, "(first)");
    sample.table("");
    let first_end = sample.bytes.len();
    sample.object(7, "(second)");
    sample.table("");
    let second_end = sample.bytes.len();
    sample.at(7, Place::Free);
    sample.table("");
    let pdf = open(&sample);
    let ends: Vec<usize> = pdf.revisions().iter().map(Revision::end).collect();
    assert_eq!(ends, [first_end, second_end, sample.bytes.len()]);
    assert_eq!(marker(&pdf, 7), Object::Null);
    let offsets: Vec<Option<Entry>> = (0..3).map(|revision| pdf.entry_at(revision, 7)).collect();
    assert!(matches!(
        offsets[..],
        [
            Some(Entry::InUse { offset: first, .. }),
            Some(Entry::InUse { offset: second, .. }),
            Some(Entry::Free { .. })
        ] if first < first_end && second >= first_end
    ));
    assert_eq!(pdf.entry_at(1, 1), pdf.entry(1));
    let earlier = Pdf::open(&sample.bytes[..second_end], Limits::default()).unwrap();
    assert_eq!(marker(&earlier, 7), Object::string_literal("second"));
}

#[test]
fn streams_object_streams_and_hybrids_are_read() {
    let mut sample = Sample::pages(1);
    sample.object_stream(10, &[(7, "(seven)"), (8, "[8 7 0 R]")]);
    sample.end_with_stream(11, "");
    let pdf = open(&sample);
    assert_eq!(pdf.section_kind(), SectionKind::Stream);
    assert_eq!(marker(&pdf, 7), Object::string_literal("seven"));
    assert_eq!(
        pdf.entry(8),
        Some(Entry::Compressed {
            stream: 10,
            index: 1
        })
    );
    assert_eq!(pdf.revisions()[0].end(), sample.bytes.len());
    assert!(pdf.anomalies().is_empty());

    let mut hybrid = Sample::pages(1);
    hybrid.object_stream(10, &[(7, "(seven)")]);
    let visible = std::mem::take(&mut hybrid.entries);
    hybrid.entries.insert(7, visible[&7]);
    let start = hybrid.cross_reference_stream(11, "");
    hybrid.entries = visible;
    hybrid.entries.remove(&7);
    hybrid.table(&format!("/XRefStm {start}"));
    let pdf = open(&hybrid);
    assert_eq!(pdf.section_kind(), SectionKind::Hybrid);
    assert_eq!(marker(&pdf, 7), Object::string_literal("seven"));
    assert_eq!(
        pdf.last_startxref(),
        u64::try_from(hybrid.previous.unwrap()).unwrap()
    );
}

fn anomalies(bytes: &[u8]) -> Vec<Anomaly> {
    let pdf = Pdf::open(bytes, Limits::default()).unwrap();
    pdf.page(1).unwrap();
    for number in 4..20 {
        pdf.object((number, 0)).unwrap();
    }
    pdf.anomalies()
}

fn replaced(bytes: &[u8], what: &str, with: &str) -> Vec<u8> {
    String::from_utf8_lossy(bytes)
        .replace(what, with)
        .into_bytes()
}

/// A sample without bytes that are no UTF-8, which a replacement would lengthen.
fn text() -> Sample {
    let mut sample = Sample::pages(1);
    sample.bytes.clear();
    sample.bytes.extend(b"%PDF-1.7\n");
    sample.entries.clear();
    sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
    sample.object(
        2,
        "<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 595 842]>>",
    );
    sample.object(3, "<</Type/Page/Parent 2 0 R>>");
    sample
}

#[test]
fn tables_with_lines_of_any_length() {
    for line_end in ["\n", "\r", " \r\n", "  \n"] {
        let mut sample = text();
        sample.table("");
        let bytes = replaced(&sample.bytes, " \n00", &format!("{line_end}00"));
        let bytes = replaced(&bytes, " n \ntrailer", &format!(" n{line_end}trailer"));
        assert_eq!(
            anomalies(&bytes),
            [Anomaly::TableEntryLength],
            "{line_end:?}"
        );
    }
    let mut sample = text();
    sample.table("");
    assert_eq!(anomalies(&replaced(&sample.bytes, " \n0", "\r\n0")), []);
    assert_eq!(
        anomalies(&replaced(&sample.bytes, "xref\n0 4", "xref\n1 4")),
        [Anomaly::TableStartsAtOne]
    );
    assert_eq!(
        anomalies(&replaced(&sample.bytes, "/Size 4", "/Size 3")),
        [Anomaly::Size]
    );
}

#[test]
fn what_follows_the_end() {
    let mut sample = text();
    sample.table("");
    let with = |tail: &[u8]| anomalies(&[&sample.bytes, tail].concat());
    assert_eq!(with(&[0; 5_000]), []);
    assert_eq!(with(b"\r\n<html></html>"), [Anomaly::JunkAfterEnd]);
    assert_eq!(
        with(b"3 0 obj <</Type/Page>> endobj"),
        [Anomaly::ObjectsAfterEnd]
    );
    let end = sample.bytes.len();
    let cut = &sample.bytes[..end - b"%%EOF\n".len()];
    assert_eq!(anomalies(cut), [Anomaly::NoEndMarker]);
}

#[test]
fn streams_whose_length_is_wrong() {
    let mut sample = text();
    sample.object(5, "<</Length 6 0 R>>\nstream\r\nfive\r\nendstream");
    sample.object(6, "4");
    sample.object(7, "<</Length 3>>\nstream\nseven\nendstream");
    sample.object(8, "<</Length 99999>>\nstream\neight\nendstream");
    sample.object(9, "<<>>\nstream\n\nendstream");
    sample.table("");
    let pdf = open(&sample);
    for (number, data) in [(5, "five"), (7, "seven"), (8, "eight"), (9, "")] {
        let stream = pdf.object((number, 0)).unwrap();
        assert_eq!(
            stream.as_stream().unwrap().content,
            data.as_bytes(),
            "{number}"
        );
    }
    let wrong = [7, 8, 9].map(|number| Anomaly::StreamLength { id: (number, 0) });
    assert_eq!(pdf.anomalies(), wrong);
    let mut doubtful = text();
    doubtful.object(7, "<</Length 3>>\nstream\nendstream seven\nendstream");
    doubtful.table("");
    assert!(open(&doubtful).object((7, 0)).unwrap_err().is_damage());
}

#[test]
fn entries_that_point_elsewhere_are_damage() {
    let mut sample = text();
    sample.object(7, "(seven)");
    let seven = sample.entries[&7];
    sample.at(8, seven);
    sample.at(9, Place::At(12));
    sample.at(10, Place::At(1 << 30));
    sample.at(11, Place::At(0));
    sample.table("");
    let pdf = open(&sample);
    for number in [8, 9, 10] {
        assert!(pdf.object((number, 0)).unwrap_err().is_damage(), "{number}");
    }
    assert_eq!(marker(&pdf, 11), Object::Null);
    assert_eq!(
        *pdf.object((7, 1)).unwrap(),
        Object::Null,
        "another generation"
    );
}

#[test]
fn conflicting_keys_and_wrong_places_are_told_of() {
    let mut sample = text();
    sample.object(7, "<</A 1/A 2>>");
    sample.object_stream(8, &[(9, "(nine)"), (10, "(ten)")]);
    sample.at(9, Place::Within(8, 1));
    sample.end_with_stream(11, "");
    let pdf = open(&sample);
    assert_eq!(marker(&pdf, 9), Object::string_literal("nine"));
    assert!(pdf.needs_rewrite());
    marker(&pdf, 7);
    let expected = [
        Anomaly::ObjectStreamIndex { id: (9, 0) },
        Anomaly::DuplicateKey { id: (7, 0) },
    ];
    assert_eq!(pdf.anomalies(), expected);
}

#[test]
fn a_linearized_file_is_one_revision() {
    let mut sample = text();
    let first_page = sample.entries.remove(&3).unwrap();
    let main = std::mem::take(&mut sample.entries);
    // The first-page section precedes the main one, whose place it has to know beforehand.
    let start = sample.bytes.len();
    let place = |main: usize, first_page: Place| match first_page {
        Place::At(offset) => format!(
            "xref\n3 1\n{offset:010} 00000 n \ntrailer\n<</Size 4/Root 1 0 R/Prev {main:06}>>\nstartxref\n0\n%%EOF\n"
        ),
        _ => String::new(),
    };
    let main_start = start + place(0, first_page).len();
    sample.bytes.extend(place(main_start, first_page).bytes());
    sample.entries = main;
    sample.table("");
    let end = sample.bytes.len();
    let last = format!("startxref\n{main_start}\n");
    let bytes = replaced(&sample.bytes, &last, &format!("startxref\n{start}\n"));
    let pdf = Pdf::open(&bytes, Limits::default()).unwrap();
    assert_eq!(pdf.page(1).unwrap().id, (3, 0));
    assert_eq!(pdf.revisions().len(), 1);
    assert!(pdf.revisions()[0].end() <= end);
    assert_eq!(pdf.revisions()[0].end(), bytes.len());
    assert!(pdf.anomalies().is_empty());
}

#[test]
fn an_entry_has_to_point_at_the_object_itself() {
    let mut sample = text();
    sample.object(17, "(seventeen)");
    let Place::At(offset) = sample.entries[&17] else {
        return;
    };
    sample.at(7, Place::At(offset + 1));
    let comment = sample.bytes.len();
    sample.bytes.extend(b"% comment\n");
    sample.object(8, "(eight)");
    sample.at(8, Place::At(comment));
    sample.table("");
    let pdf = open(&sample);
    assert!(pdf.object((7, 0)).unwrap_err().is_damage());
    assert!(pdf.object((8, 0)).unwrap_err().is_damage());
    assert_eq!(marker(&pdf, 17), Object::string_literal("seventeen"));
}

#[test]
fn revisions_do_not_overlap() {
    let mut sample = text();
    sample.table("");
    let first = sample.previous.unwrap();
    let section = |previous: usize| {
        format!(
            "xref\n0 0\ntrailer\n<</Size 4/Root 1 0 R/Prev {previous:06}>>\nstartxref\n0\n%%EOF\n"
        )
    };
    let (start, length) = (sample.bytes.len(), section(0).len());
    let places = [start, start + length, start + 2 * length];
    for (order, sound) in [
        ([first, places[0], places[1]], true),
        ([places[2], first, places[1]], false),
    ] {
        let mut bytes = sample.bytes.clone();
        bytes.extend(
            order
                .iter()
                .flat_map(|previous| section(*previous).into_bytes()),
        );
        let newest = if sound { places[2] } else { places[0] };
        bytes.extend(format!("startxref\n{newest}\n%%EOF\n").bytes());
        match Pdf::open(&bytes, Limits::default()) {
            Ok(pdf) => assert!(sound && pdf.revisions().len() == 4),
            Err(error) => assert!(!sound && error.is_damage()),
        }
    }
}
