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
