use super::*;
use crate::pdf::sample::Sample;

fn rewritten(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    rewrite(bytes, &Caps::default())
}

fn pages(bytes: &[u8]) -> u32 {
    Pdf::open(bytes, Limits::default())
        .unwrap()
        .page_count()
        .unwrap()
}

fn refused(bytes: &[u8]) -> bool {
    matches!(rewritten(bytes), Err(Error::NotRepairable { .. }))
}

fn replaced(bytes: &[u8], what: &str, with: &str) -> Vec<u8> {
    String::from_utf8_lossy(bytes)
        .replace(what, with)
        .into_bytes()
}

#[test]
fn a_lost_cross_reference_is_found_again() {
    let mut sample = Sample::pages(2);
    sample.table("");
    sample.object(2, "<</Type/Pages/Count 1/Kids[4 0 R]/MediaBox[0 0 9 9]>>");
    sample.object(9, "(never reached)");
    sample.table("");
    for (what, with) in [
        ("startxref", "start"),
        ("xref\n0", "xerf\n0"),
        ("0000000", "000000"),
        ("%%EOF", ""),
    ] {
        let broken = replaced(&sample.bytes, what, with);
        let whole = rewritten(&broken).unwrap();
        assert_eq!(pages(&whole), 1, "{what}");
        assert!(memchr::memmem::find(&whole, b"never reached").is_none());
    }
    let without_trailer = replaced(&sample.bytes, "trailer", "relliart");
    assert_eq!(pages(&rewritten(&without_trailer).unwrap()), 1);
}

#[test]
fn junk_before_the_header_is_left_out() {
    for counted_from_start in [true, false] {
        let junk = b"HTTP/1.1 200 OK\r\n\r\n";
        let mut sample = Sample::new();
        if counted_from_start {
            sample.bytes.splice(0..0, junk.iter().copied());
        }
        sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
        sample.object(2, "<</Type/Pages/Count 1/Kids[3 0 R]>>");
        sample.object(3, "<</Type/Page>>");
        sample.table("");
        if !counted_from_start {
            sample.bytes.splice(0..0, junk.iter().copied());
        }
        let pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
        assert!(pdf.needs_rewrite());
        let whole = rewritten(&sample.bytes).unwrap();
        assert!(whole.starts_with(b"%PDF-1.7"));
        assert_eq!(pages(&whole), 1);
    }
}

#[test]
fn object_streams_are_found_too() {
    let mut sample = Sample::new();
    sample.object_stream(
        5,
        &[
            (1, "<</Type/Catalog/Pages 2 0 R>>"),
            (2, "<</Type/Pages/Count 1/Kids[3 0 R]/X(a(b)c)>>"),
        ],
    );
    sample.object(3, "<</Type/Page/MediaBox[0 0 9 9.5]/Contents 4 0 R>>");
    sample.stream(4, "", b"1 0 obj is no object in here endobj");
    sample.end_with_stream(6, "");
    let broken = replaced(&sample.bytes, "startxref", "startref");
    let whole = rewritten(&broken).unwrap();
    let pdf = Pdf::open(&whole, Limits::default()).unwrap();
    let page = pdf.page(1).unwrap();
    let contents = pdf.get(page.dictionary(), b"Contents").unwrap();
    assert_eq!(
        contents.as_stream().unwrap().content,
        b"1 0 obj is no object in here endobj"
    );
    assert!((page.media_box.height() - 9.5).abs() < f32::EPSILON);
}

#[test]
fn signed_encrypted_and_doubtful_files_are_refused() {
    let broken = |trailer: &str, extra: &str| {
        let mut sample = Sample::pages(1);
        if !extra.is_empty() {
            sample.object(9, extra);
        }
        sample.table(trailer);
        replaced(&sample.bytes, "startxref", "startref")
    };
    assert_eq!(pages(&rewritten(&broken("", "")).unwrap()), 1);
    assert!(refused(&broken("/Encrypt 9 0 R", "")));
    assert!(refused(&broken("", "<</Byte#52ange[0 1 2 3]>>")));
    assert!(refused(&broken("", "<</Type/Sig/ByteRange [0 1 2 3]>>")));
    assert!(refused(&broken("", "<<>>\nstream\nendstream x endobj")));
    assert!(refused(b"%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj"));
    assert_eq!(rewritten(b"no PDF"), Err(Error::NotPdf));
}

#[test]
fn what_an_object_was_last_counts_even_if_it_is_broken() {
    let mut sample = Sample::pages(1);
    sample.object(2, "<</Type/Pages/Count 1/Kids[3 0 R]/X(>>");
    sample.table("");
    assert!(refused(&replaced(&sample.bytes, "startxref", "startref")));
}

#[test]
fn caps_hold() {
    let mut sample = Sample::pages(1);
    sample.object(9, &format!("[{}]", "1 ".repeat(1_000)));
    sample.table("");
    let broken = replaced(&sample.bytes, "startxref", "startref");
    for caps in [
        Caps {
            max_bytes: 100,
            ..Caps::default()
        },
        Caps {
            max_tokens: 500,
            ..Caps::default()
        },
        Caps {
            max_objects: 3,
            ..Caps::default()
        },
    ] {
        assert!(matches!(
            rewrite(&broken, &caps),
            Err(Error::NotRepairable { .. })
        ));
    }
}
