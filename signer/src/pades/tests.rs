use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use jiff::{Timestamp, Zoned};
use lopdf::{Dictionary, Object, ObjectId};

use super::*;
use crate::appearance::{Content, Extent, Mark, PageChoice, Place, Position, qr};
use crate::cms::algorithm::SignatureAlgorithm;
use crate::key::SigningKey;
use crate::key::testing::{MemoryKey, now};
use crate::pdf::acro_form::AcroForm;
use crate::pdf::doc_mdp::Permitted;
use crate::pdf::repair::Caps;
use crate::pdf::sample::Sample;
use crate::pdf::{Limits, Pdf, SectionKind};
use crate::x509::{Chain, issue};

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

static KEY: LazyLock<MemoryKey> =
    LazyLock::new(|| MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256));

static SIGNER: LazyLock<Arc<SignerIdentity>> = LazyLock::new(|| {
    let start = Timestamp::now();
    let validity = issue::Validity::new(start, start + Duration::from_secs(3600)).unwrap();
    let subject = issue::Subject::named("Uji");
    let root = now(issue::root(&subject, &*KEY, &validity, deadline())).unwrap();
    let chain = Chain::new(vec![root]).unwrap();
    Arc::new(SignerIdentity::new(&chain, KEY.algorithm()).unwrap())
});

fn request() -> Request {
    Request {
        repair: Some(Caps::default()),
        ..Request::new(Arc::clone(&SIGNER), Zoned::now())
    }
}

fn sign(document: &[u8], request: &Request) -> Result<Vec<u8>, Error> {
    let prepared = prepare(document, request, &Limits::default())?;
    let signature = now(KEY.sign(prepared.message().to_vec(), deadline())).unwrap();
    let signed = prepared.embed(signature)?;
    assert!(matches!(signed.base, Base::Original));
    Ok([document, &signed.revision].concat())
}

/// The dictionary of the signature in a field, once it has been found to cover everything up to `end`.
fn signature(document: &[u8], name: &str, end: usize) -> Dictionary {
    let pdf = Pdf::open(document, Limits::default()).unwrap();
    assert_eq!(pdf.anomalies(), []);
    let form = AcroForm::read(&pdf).unwrap();
    let value = form.field(name).unwrap().value.clone().unwrap();
    let dict = pdf.resolve(&value).unwrap().as_dict().unwrap().clone();
    let range: Vec<usize> = dict
        .get(b"ByteRange")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|number| usize::try_from(number.as_i64().unwrap()).unwrap())
        .collect();
    let [0, before, after, length] = range[..] else {
        panic!("{range:?}")
    };
    assert_eq!(after + length, end);
    assert_eq!((document[before], document[after - 1]), (b'<', b'>'));
    let contents = dict.get(b"Contents").unwrap().as_str().unwrap();
    let digest = KEY
        .algorithm()
        .digest()
        .digest(&[&document[..before], &document[after..end]].concat());
    assert!(memchr::memmem::find(contents, &digest).is_some());
    dict
}

fn qr_at(x: f64) -> Mark {
    let extent = Extent {
        width: Some(50.0),
        height: Some(50.0),
    };
    Mark {
        content: Content::Qr(Arc::new(qr::encode("x").unwrap())),
        caption: None,
        place: Place {
            page: PageChoice::First,
            at: Position::V2 {
                origin_x: x,
                origin_y: 20.0,
                extent,
            },
        },
    }
}

fn table() -> Vec<u8> {
    let mut sample = Sample::pages(2);
    sample.table("");
    sample.bytes
}

fn stream() -> Vec<u8> {
    let mut sample = Sample::new();
    sample.object_stream(
        4,
        &[
            (1, "<</Type/Catalog/Pages 2 0 R>>"),
            (2, "<</Type/Pages/Count 1/Kids[3 0 R]>>"),
            (
                3,
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.27559055 841.88976378]>>",
            ),
        ],
    );
    sample.end_with_stream(5, "");
    sample.bytes
}

/// A form with an empty field (object 4) of these keys.
fn with_field(keys: &str) -> Vec<u8> {
    let mut sample = Sample::new();
    sample.object(
        1,
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/DA(/Helv 0 Tf)>>>>",
    );
    sample.object(2, "<</Type/Pages/Count 1/Kids[3 0 R]>>");
    sample.object(
        3,
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R]>>",
    );
    sample.object(
        4,
        &format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(ttd)/Rect[10 10 110 60]{keys}>>"),
    );
    sample.table("");
    sample.bytes
}

fn object(document: &[u8], id: ObjectId) -> Object {
    let pdf = Pdf::open(document, Limits::default()).unwrap();
    Object::clone(&pdf.object(id).unwrap())
}

#[test]
fn every_kind_of_section_is_continued_in_kind() {
    for (document, kind) in [
        (table(), SectionKind::Table),
        (stream(), SectionKind::Stream),
    ] {
        let once = sign(&document, &request()).unwrap();
        assert!(once.starts_with(&document));
        let twice = sign(&once, &request()).unwrap();
        let pdf = Pdf::open(&twice, Limits::default()).unwrap();
        let kinds: Vec<SectionKind> = pdf
            .revisions()
            .iter()
            .map(|revision| revision.kind())
            .collect();
        assert_eq!(kinds, [kind; 3]);
        signature(&twice, "Signature1", once.len());
        signature(&twice, "Signature2", twice.len());
    }
}

#[test]
fn the_dictionary_says_what_was_asked() {
    let mut asked = request();
    asked.reason = Some("Persetujuan (1)".to_owned());
    asked.location = Some("Yogyakarta – DIY".to_owned());
    asked.sub_filter = SubFilter::Pkcs7Detached;
    let signed = sign(&table(), &asked).unwrap();
    let dict = signature(&signed, "Signature1", signed.len());
    assert_eq!(
        dict.get(b"SubFilter").unwrap().as_name().unwrap(),
        b"adbe.pkcs7.detached"
    );
    assert_eq!(
        lopdf::decode_text_string(dict.get(b"Reason").unwrap()).unwrap(),
        "Persetujuan (1)"
    );
    assert_eq!(
        lopdf::decode_text_string(dict.get(b"Location").unwrap()).unwrap(),
        "Yogyakarta – DIY"
    );
    assert!(!dict.has(b"Name"));
}

#[test]
fn a_page_keeps_its_other_values_byte_for_byte() {
    let signed = sign(&stream(), &request()).unwrap();
    let kept = b"/MediaBox [0 0 595.27559055 841.88976378]/Annots";
    assert!(memchr::memmem::find(&signed, kept).is_some());
}

#[test]
fn annotations_shared_by_pages_are_not_added_to() {
    let mut sample = Sample::new();
    sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
    sample.object(
        2,
        "<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]/MediaBox[0 0 9 9]>>",
    );
    sample.object(3, "<</Type/Page/Parent 2 0 R/Annots 5 0 R>>");
    sample.object(4, "<</Type/Page/Parent 2 0 R/Annots 5 0 R>>");
    sample.object(5, "[6 0 R % the only one\n]");
    sample.object(6, "<</Subtype/Text/Rect[0 0 1 1]>>");
    sample.table("");
    let signed = sign(&sample.bytes, &request()).unwrap();
    let annotations = |page| {
        let page = object(&signed, (page, 0));
        page.as_dict().unwrap().get(b"Annots").unwrap().clone()
    };
    assert_eq!(annotations(3).as_array().unwrap().len(), 2);
    assert_eq!(annotations(4), Object::Reference((5, 0)));
    assert_eq!(object(&signed, (5, 0)).as_array().unwrap().len(), 1);
}

#[test]
fn several_marks_are_one_field_and_stamps() {
    let mut asked = request();
    asked.marks = vec![qr_at(10.0), qr_at(100.0), qr_at(200.0)];
    let signed = sign(&table(), &asked).unwrap();
    let page = object(&signed, (3, 0));
    let annotations = page
        .as_dict()
        .unwrap()
        .get(b"Annots")
        .unwrap()
        .as_array()
        .unwrap()
        .clone();
    let kinds: Vec<String> = annotations
        .iter()
        .map(|annotation| {
            let annotation = object(&signed, annotation.as_reference().unwrap());
            String::from_utf8(
                annotation
                    .as_dict()
                    .unwrap()
                    .get(b"Subtype")
                    .unwrap()
                    .as_name()
                    .unwrap()
                    .to_vec(),
            )
            .unwrap()
        })
        .collect();
    assert_eq!(kinds, ["Widget", "Stamp", "Stamp"]);
    assert!(matches!(sign(&signed, &asked), Err(Error::SeveralMarks)));
    asked.marks.truncate(1);
    sign(&signed, &asked).unwrap();
}

#[test]
fn an_empty_field_is_signed_by_name() {
    let mut asked = request();
    asked.field = Field::Existing("ttd".to_owned());
    asked.marks = vec![qr_at(0.0)];
    let signed = sign(&with_field("/F 2"), &asked).unwrap();
    signature(&signed, "ttd", signed.len());
    let field = object(&signed, (4, 0));
    let field = field.as_dict().unwrap();
    assert!(field.has(b"AP"));
    assert_eq!(field.get(b"F").unwrap().as_i64().unwrap(), 132);
    assert!(memchr::memmem::find(&signed, b"/SigFlags 3").is_some());
    assert!(matches!(
        sign(&signed, &asked),
        Err(Error::FieldSigned { .. })
    ));
    asked.field = Field::Existing("lain".to_owned());
    assert!(matches!(
        sign(&signed, &asked),
        Err(Error::FieldNotFound { .. })
    ));
    for name in ["ttd", "a.b", ""] {
        asked.field = Field::New {
            name: Some(name.to_owned()),
        };
        assert!(
            matches!(sign(&signed, &asked), Err(Error::FieldName { .. })),
            "{name}"
        );
    }
}

#[test]
fn a_lock_is_written_and_honoured() {
    let mut asked = request();
    asked.field = Field::Existing("ttd".to_owned());
    let signed = sign(
        &with_field("/Lock<</Action/Exclude/Fields[(boleh)]>>"),
        &asked,
    )
    .unwrap();
    let dict = signature(&signed, "ttd", signed.len());
    let reference = dict.get(b"Reference").unwrap().as_array().unwrap()[0]
        .as_dict()
        .unwrap();
    assert_eq!(
        reference
            .get(b"TransformMethod")
            .unwrap()
            .as_name()
            .unwrap(),
        b"FieldMDP"
    );
    assert!(matches!(
        sign(&signed, &request()),
        Err(Error::FieldLocked { .. })
    ));
    asked.field = Field::New {
        name: Some("boleh".to_owned()),
    };
    sign(&signed, &asked).unwrap();
}

#[test]
fn a_lock_may_forbid_all_changes() {
    let mut asked = request();
    asked.field = Field::Existing("ttd".to_owned());
    let signed = sign(
        &with_field("/Lock<</Action/Include/Fields[(x)]/P 1>>"),
        &asked,
    )
    .unwrap();
    assert!(matches!(
        sign(&signed, &request()),
        Err(Error::NoChangesPermitted)
    ));
    assert_eq!(
        inspect(&signed, None, &Limits::default())
            .unwrap()
            .permitted,
        Some(Permitted::Nothing)
    );
}

#[test]
fn seed_values_are_obeyed_or_refused_by_name() {
    let refused = |seed: &str, reason: Option<&str>| {
        let mut asked = request();
        asked.field = Field::Existing("ttd".to_owned());
        asked.reason = reason.map(str::to_owned);
        match sign(&with_field(&format!("/SV<<{seed}>>")), &asked) {
            Ok(signed) => {
                let dict = signature(&signed, "ttd", signed.len());
                let reason = if dict.has(b"Reason") { "reason " } else { "" };
                reason.to_owned()
                    + std::str::from_utf8(dict.get(b"SubFilter").unwrap().as_name().unwrap())
                        .unwrap()
            }
            Err(Error::SeedValue { constraint }) => constraint.to_owned(),
            Err(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused("/Filter/Other/SubFilter[/x]", None),
        "ETSI.CAdES.detached"
    );
    assert_eq!(refused("/Ff 1/Filter/Other", None), "Filter");
    assert_eq!(
        refused("/Ff 2/SubFilter[/adbe.pkcs7.detached]", None),
        "adbe.pkcs7.detached"
    );
    assert_eq!(
        refused("/Ff 2/SubFilter[/adbe.x509.rsa_sha1]", None),
        "SubFilter"
    );
    assert_eq!(
        refused("/Ff 8/Reasons[(a)(b)]", Some("b")),
        "reason ETSI.CAdES.detached"
    );
    assert_eq!(refused("/Ff 8/Reasons[(a)(b)]", Some("c")), "Reasons");
    assert_eq!(
        refused("/Ff 8/Reasons[(.)]", Some("c")),
        "ETSI.CAdES.detached"
    );
    assert_eq!(
        refused("/Ff 64/DigestMethod[/SHA512]", None),
        "DigestMethod"
    );
    assert_eq!(
        refused("/Ff 64/DigestMethod[(sha256)]", None),
        "ETSI.CAdES.detached"
    );
    assert_eq!(refused("/MDP<</P 2>>", None), "MDP");
    assert_eq!(refused("/TimeStamp<</URL(x)/Ff 1>>", None), "TimeStamp");
    assert_eq!(
        refused("/Cert<</Ff 1/Subject[<30>]>>", None),
        "Cert/Subject"
    );
    assert_eq!(
        refused("/Cert<</Ff 32/KeyUsage[(1)]>>", None),
        "Cert/KeyUsage"
    );
}

#[test]
fn a_certification_is_kept_or_the_request_refused() {
    let certified = |p: u32| {
        let value = format!(
            "/V<</Type/Sig/Filter/Adobe.PPKLite/Reference[<</TransformMethod/DocMDP/TransformParams<</P {p}>>>>]>>"
        );
        with_field(&value)
    };
    assert!(matches!(
        sign(&certified(1), &request()),
        Err(Error::NoChangesPermitted)
    ));
    let mut visible = request();
    visible.marks = vec![qr_at(10.0)];
    for p in [2, 3] {
        sign(&certified(p), &request()).unwrap();
        assert!(matches!(
            sign(&certified(p), &visible),
            Err(Error::CertifiedVisible)
        ));
        let mut allowed = visible.clone();
        allowed.certified_visible = true;
        sign(&certified(p), &allowed).unwrap();
    }
}

#[test]
fn a_form_that_holds_a_signature_keeps_its_flags() {
    let document = with_field("/V<</Type/Sig>>");
    let signed = sign(&document, &request()).unwrap();
    assert!(memchr::memmem::find(&signed, b"SigFlags").is_none());
    let inspection = inspect(&signed, None, &Limits::default()).unwrap();
    let leaf = SIGNER.chain().leaf().as_der();
    let carries: Vec<bool> = inspection
        .signatures
        .iter()
        .map(|signature| signature.carries(leaf))
        .collect();
    assert_eq!(carries, [false, true]);
    let names: Vec<&str> = inspection
        .signatures
        .iter()
        .map(|signature| signature.field_name.as_str())
        .collect();
    assert_eq!(names, ["ttd", "Signature2"]);
}

#[test]
fn a_reference_to_nothing_does_not_come_to_mean_the_signature() {
    let signed = sign(&with_field("/V 5 0 R"), &request()).unwrap();
    let inspection = inspect(&signed, None, &Limits::default()).unwrap();
    assert_eq!(inspection.signatures.len(), 1);
    assert_eq!(inspection.empty_fields, ["ttd"]);
}

#[test]
fn a_signature_for_another_message_is_refused() {
    let prepared = prepare(&table(), &request(), &Limits::default()).unwrap();
    let signature = now(KEY.sign(b"other".to_vec(), deadline())).unwrap();
    assert!(matches!(prepared.embed(signature), Err(Error::Cms(_))));
}

#[test]
fn doubts_about_earlier_signatures_are_told() {
    let warnings = |document: &[u8]| {
        prepare(document, &request(), &Limits::default())
            .unwrap()
            .warnings
    };
    let signed = sign(&table(), &request()).unwrap();
    assert_eq!(warnings(&signed), []);
    assert_eq!(warnings(&sign(&signed, &request()).unwrap()), []);

    let mut changed = signed.clone();
    let at = memchr::memmem::find(&changed, b"PieceInfo").unwrap();
    changed[at] = b'Q';
    assert_eq!(warnings(&changed), [Warning::BrokenSignature]);

    let mut moved = signed.clone();
    let at = memchr::memmem::find(&moved, b"/ByteRange[0 ").unwrap() + 11;
    moved[at] = b'1';
    assert_eq!(warnings(&moved), [Warning::BrokenSignature]);

    let pdf = Pdf::open(&signed, Limits::default()).unwrap();
    let mut update = crate::pdf::incremental::Update::new(&pdf);
    update
        .edit((3, 0), vec![(b"Rotate", b"90".to_vec())])
        .unwrap();
    let later = [signed.as_slice(), &update.finish().unwrap()].concat();
    assert_eq!(warnings(&later), [Warning::ChangedAfterSigning]);
}

#[test]
fn a_damaged_document_is_rewritten_unless_it_is_signed() {
    let broken = |document: &[u8]| {
        let mut broken = document.to_vec();
        let at = memchr::memmem::rfind(&broken, b"startxref\n").unwrap() + 10;
        broken[at] = b'9';
        broken
    };
    let document = broken(&table());
    let forbidden = Request {
        repair: None,
        ..request()
    };
    let refused = prepare(&document, &forbidden, &Limits::default());
    assert!(refused.is_err_and(|error| error.is_damage()));
    let prepared = prepare(&document, &request(), &Limits::default()).unwrap();
    assert_eq!(prepared.warnings, [Warning::Repaired]);
    let signature_of = now(KEY.sign(prepared.message().to_vec(), deadline())).unwrap();
    let signed = prepared.embed(signature_of).unwrap();
    let Base::Rewritten(base) = &signed.base else {
        panic!("not rewritten")
    };
    let whole = [base.as_slice(), &signed.revision].concat();
    signature(&whole, "Signature1", whole.len());

    let document = broken(&sign(&table(), &request()).unwrap());
    let refused = prepare(&document, &request(), &Limits::default());
    assert!(matches!(
        refused,
        Err(Error::Pdf(crate::pdf::Error::NotRepairable { .. }))
    ));
}

#[test]
fn a_form_described_in_xfa_is_signed_with_a_warning() {
    let mut sample = Sample::pages(1);
    sample.object(
        1,
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]/XFA(x)/NeedAppearances true>>>>",
    );
    sample.table("");
    let prepared = prepare(&sample.bytes, &request(), &Limits::default()).unwrap();
    assert_eq!(prepared.warnings, [Warning::Xfa]);
    let signed = sign(&sample.bytes, &request()).unwrap();
    assert!(
        memchr::memmem::find(&signed[sample.bytes.len()..], b"/NeedAppearances true").is_some()
    );
}

mod archive;
mod shown;
