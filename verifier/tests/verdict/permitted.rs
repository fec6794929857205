//! What may follow a signature.

use crate::maker::{
    FORM, Revision, appearance, assert_refused, assert_valid, certified, judge, person,
    placeholder, sign, signed, text_field, time,
};
use jiff::tz::TimeZone;
use signer::cms::algorithm::SignatureAlgorithm;
use signer::pades::{Field, Request, SignerIdentity, prepare};

fn filled(base: &[u8]) -> Vec<u8> {
    let mut update = Revision::on(base);
    update
        .object(7, &text_field("Budi", "20 0 R"))
        .stream(20, FORM, &appearance("Budi"));
    update.end()
}

fn with_store(base: &[u8]) -> Vec<u8> {
    let mut update = Revision::on(base);
    let catalog = if String::from_utf8_lossy(base).contains("/Perms") {
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/Perms<</DocMDP 11 0 R>>/DSS 30 0 R>>"
    } else {
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/DSS 30 0 R>>"
    };
    update
        .object(1, catalog)
        .object(
            30,
            "<</Type/DSS/Certs[31 0 R]/VRI<</0102<</Cert[31 0 R]>>>>>>",
        )
        .stream(31, "", "certificate");
    update.end()
}

/// Signed again by the house itself, into a new invisible field or the empty one.
fn signed_again(base: &[u8], field: Field) -> Vec<u8> {
    let identity =
        SignerIdentity::new(&person().chain, SignatureAlgorithm::EcdsaP256Sha256).unwrap();
    let at = time("2026-05-01T00:00:00Z").to_zoned(TimeZone::UTC);
    let mut request = Request::new(std::sync::Arc::new(identity), at);
    request.field = field;
    let prepared = prepare(base, &request, &signer::pdf::Limits::default()).unwrap();
    let signature = person().key.signature(prepared.message());
    let signed = prepared.embed(signature).unwrap();
    [base, &signed.revision].concat()
}

#[test]
fn an_untouched_signature_is_valid() {
    assert_valid(&signed(), "approval");
    for permitted in 1..=3 {
        assert_valid(&certified(permitted), "certification");
    }
}

#[test]
fn without_the_anchor_it_is_undecided() {
    let policy = verifier::Policy::new(Vec::new(), time("2026-06-01T00:00:00Z"));
    let report = verifier::verify(&signed(), &policy, &verifier::NoEvidence);
    assert_eq!(report.conclusion, verifier::Conclusion::Indeterminate);
    let one = &report.signatures[0];
    assert_eq!(
        one.sub_indication,
        Some(verifier::SubIndication::NoCertificateChainFound)
    );
    assert_eq!(one.integrity, verifier::Integrity::Intact);
}

#[test]
fn after_the_certificate_expired_it_is_out_of_bounds() {
    let mut report = judge(&signed());
    assert_eq!(
        report.signatures.remove(0).level,
        Some(verifier::Level::BaselineB)
    );
    let anchor = person().chain.certificates()[1].as_der().to_vec();
    let anchor = verifier::Anchor::from_der(&anchor, verifier::Trust::ALL)
        .unwrap()
        .within(None, None);
    let policy = verifier::Policy::new(vec![anchor], time("2036-01-01T00:00:00Z"));
    let report = verifier::verify(&signed(), &policy, &verifier::NoEvidence);
    assert_eq!(
        report.signatures[0].sub_indication,
        Some(verifier::SubIndication::OutOfBoundsNoPoe)
    );
}

#[test]
fn filling_in_a_field_is_permitted_unless_locked() {
    assert_valid(&filled(&signed()), "approval");
    assert_refused(&filled(&certified(1)), "P 1");
    assert_valid(&filled(&certified(2)), "P 2");
    assert_valid(&filled(&certified(3)), "P 3");
    let lock = "/Reference[<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams/V/1.2\
                /Action/Include/Fields[(Name)]>>>>]";
    let locked = sign(crate::maker::form(lock, ""));
    assert_valid(&locked, "lock");
    assert_refused(&filled(&locked), "locked field");
    let mut overwritten = Revision::on(&signed());
    overwritten
        .object(7, &text_field("Budi", "10 0 R"))
        .stream(10, FORM, &appearance("Budi"));
    assert_valid(&overwritten.end(), "appearance in the same object");
    let mut chosen = Revision::on(&signed());
    chosen.object(
        12,
        "<</Type/Annot/Subtype/Widget/FT/Btn/T(Agree)/F 4/Rect[72 600 90 618]/P 3 0 R/V/Yes/AS/Yes\
         /AP<</N<</Yes 13 0 R/Off 14 0 R>>>>>>",
    );
    assert_valid(&chosen.end(), "check box");
}

#[test]
fn validation_material_is_permitted_always() {
    assert_valid(&with_store(&signed()), "approval");
    for permitted in 1..=3 {
        assert_valid(&with_store(&certified(permitted)), "certification");
    }
    let mut information = Revision::on(&signed());
    information.trailer = "/Info 40 0 R".to_owned();
    information.object(40, "<</Title(A title)/ModDate(D:20260101)>>");
    assert_valid(&information.end(), "information");
}

#[test]
fn further_signatures_are_permitted_where_signing_is() {
    let new = || Field::New { name: None };
    let existing = || Field::Existing("Sig2".to_owned());
    for base in [signed(), certified(2), certified(3)] {
        let twice = signed_again(&base, new());
        assert_valid(&twice, "new field");
        assert_valid(&signed_again(&twice, existing()), "existing field");
        assert_valid(&filled(&twice), "filled in after two");
    }
    let report = judge(&signed_again(&signed_again(&signed(), new()), existing()));
    assert_eq!(report.signatures.len(), 3);
    assert!(report.signatures[2].coverage.whole_document);
}

#[test]
fn a_visible_signature_in_a_new_field_is_as_good_as_its_signature() {
    let add = |base: &[u8], value: &str| {
        let mut update = Revision::on(base);
        update
            .object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</Helv 5 0 R>>>>\
                 /Annots[7 0 R 8 0 R 9 0 R 12 0 R 50 0 R]>>")
            .object(6, "<</Fields[7 0 R 8 0 R 9 0 R 12 0 R 50 0 R]/SigFlags 3/DR<</Font<</Helv 5 0 R>>>>/DA(/Helv 0 Tf 0 g)>>")
            .object(50, &format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(New)/F 132/Rect[60 690 260 730]/P 3 0 R\
                 /AP<</N 52 0 R>>{value}>>"))
            .object(51, &placeholder(""))
            .stream(52, FORM, "0 0 200 20 re f");
        update.end()
    };
    assert_valid(&sign(add(&signed(), "/V 51 0 R")), "signed");
    assert_refused(&add(&signed(), "/V 51 0 R"), "signed by nobody");
    assert_refused(&add(&signed(), ""), "not signed");
    for permitted in 1..=3 {
        assert_refused(
            &sign(add(&certified(permitted), "/V 51 0 R")),
            "sneaky signature",
        );
        assert_refused(&add(&certified(permitted), ""), "sneaky field");
    }
}

#[test]
fn notes_are_permitted_by_p_3_alone_and_only_harmless_ones() {
    let annotate = |base: &[u8], annotation: &str| {
        let mut update = Revision::on(base);
        update
            .object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</Helv 5 0 R>>>>\
                 /Annots[7 0 R 8 0 R 9 0 R 12 0 R 60 0 R]>>")
            .object(60, annotation);
        update.end()
    };
    let note = "<</Type/Annot/Subtype/Text/Rect[10 10 28 28]/Contents(a remark)>>";
    assert_valid(&annotate(&certified(3), note), "note");
    assert_refused(&annotate(&certified(2), note), "note with P 2");
    assert_refused(&annotate(&signed(), note), "note after an approval");
    for evil in [
        "<</Type/Annot/Subtype/FreeText/Rect[60 690 300 730]/Contents(Pay 900)/DA(/Helv 24 Tf)>>",
        "<</Type/Annot/Subtype/Stamp/Rect[60 690 300 730]/AP<</N 10 0 R>>>>",
        "<</Type/Annot/Subtype/Redact/Rect[60 690 300 730]/OC null>>",
        "<</Type/Annot/Subtype/Square/Rect[60 690 300 730]/IC[1 1 1]>>",
        "<</Type/Annot/Subtype/Text/Rect[60 690 300 730]/AP<</N 10 0 R>>>>",
        "<</Type/Annot/Subtype/Link/Rect[60 690 300 730]/A<</S/URI/URI(https://example.org)>>>>",
        "<</Type/Annot/Subtype/Widget/Rect[60 690 300 730]/AP<</N 10 0 R>>>>",
    ] {
        for permitted in 1..=3 {
            assert_refused(&annotate(&certified(permitted), evil), evil);
        }
    }
}
