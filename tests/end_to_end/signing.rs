//! Signatures without a mark, by both versions, with both kinds of key, in every kind of file.

use segeld_tests::{
    client::{encode, invisible},
    daemon::Demo,
    document::{Document, Section},
};
use serde_json::{Value, json};

use crate::people::{Person, client, ec, judges, rsa};

fn request(person: Person, files: &[&[u8]]) -> Value {
    json!({
        "nik": person.nik,
        "passphrase": person.passphrase,
        "file": files.iter().map(|file| encode(file)).collect::<Vec<_>>(),
        "signatureProperties": [{ "tampilan": "INVISIBLE" }],
    })
}

#[tokio::test]
async fn version_1_signs_with_either_key_and_names_the_document() {
    let document = Document::new().build();
    for person in [rsa(), ec()] {
        let answer = client()
            .sign_v1(invisible(&document, person.nik, person.passphrase))
            .await;
        let id = answer.header("id_dokumen").expect("id_dokumen").to_owned();
        assert!(
            id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            "{id}"
        );
        judges().approve(&document, &answer.pdf());
    }
}

#[tokio::test]
async fn version_2_signs_with_either_key() {
    let document = Document::new().build();
    for person in [rsa(), ec()] {
        let files = client()
            .sign_v2(&request(person, &[&document]))
            .await
            .files();
        assert_eq!(files.len(), 1);
        judges().approve(&document, &files[0]);
    }
}

#[tokio::test]
async fn signatures_are_pades_and_name_reason_and_place() {
    let document = Document::new().build();
    let person = rsa();
    let form = invisible(&document, person.nik, person.passphrase)
        .text("reason", "Persetujuan")
        .text("location", "Jakarta");
    let signed = client().sign_v1(form).await.pdf();
    judges().approve(&document, &signed);
    let verdict = &judges().pyhanko(&signed, None).unwrap()[0];
    assert_eq!(verdict.sub_filter.as_deref(), Some("/ETSI.CAdES.detached"));
    let revision = String::from_utf8_lossy(&signed[document.len()..]).into_owned();
    assert!(revision.contains("Persetujuan") && revision.contains("Jakarta"));
}

#[tokio::test]
async fn every_kind_of_section_is_continued_in_kind() {
    let person = ec();
    for section in [Section::Classic, Section::Stream, Section::Hybrid] {
        let document = Document::new().section(section).pages(5).build();
        let signed = client()
            .sign_v1(invisible(&document, person.nik, person.passphrase))
            .await
            .pdf();
        judges().approve(&document, &signed);
        let has_table = signed[document.len()..]
            .windows(9)
            .any(|window| window == b"\ntrailer\n" || window.starts_with(b"trailer"));
        assert_eq!(has_table, section != Section::Stream, "{section:?}");
    }
}

#[tokio::test]
async fn a_second_and_third_signature_keep_the_earlier_ones_valid() {
    for section in [Section::Classic, Section::Stream] {
        let mut documents = vec![Document::new().section(section).build()];
        for person in [rsa(), ec(), rsa()] {
            let before = documents.last().unwrap().clone();
            let signed = client()
                .sign_v1(invisible(&before, person.nik, person.passphrase))
                .await
                .pdf();
            judges().approve(&before, &signed);
            documents.push(signed);
        }
        let verdicts = judges().pyhanko(documents.last().unwrap(), None).unwrap();
        assert_eq!(
            verdicts.iter().filter(|verdict| verdict.is_valid()).count(),
            3,
            "{verdicts:#?}"
        );
    }
}

#[tokio::test]
async fn many_files_come_back_in_their_order() {
    let documents: Vec<Vec<u8>> = (1..=6)
        .map(|pages| Document::new().pages(pages).build())
        .collect();
    let files: Vec<&[u8]> = documents.iter().map(Vec::as_slice).collect();
    let answer = client().sign_v2(&request(rsa(), &files)).await;
    let signed = answer.files();
    assert_eq!(signed.len(), documents.len());
    for (before, after) in documents.iter().zip(&signed) {
        judges().approve(before, after);
    }
}

#[tokio::test]
async fn a_mail_address_names_a_person_as_well_as_a_number() {
    let document = Document::new().build();
    let mut body = request(rsa(), &[&document]);
    body["email"] = json!(Demo::shared().get("SEGELD_EMAIL"));
    judges().approve(&document, &client().sign_v2(&body).await.files()[0]);
    body.as_object_mut().unwrap().remove("nik");
    judges().approve(&document, &client().sign_v2(&body).await.files()[0]);
    body["nik"] = json!(ec().nik);
    let both = client().sign_v2(&body).await;
    assert!(
        (400..500).contains(&both.status),
        "number and address of two people: {}",
        both.text()
    );
}

#[tokio::test]
async fn a_large_document_is_signed_over_both_versions() {
    let document = Document::new()
        .section(Section::Stream)
        .about(6_000_000)
        .build();
    let person = rsa();
    judges().approve(
        &document,
        &client()
            .sign_v1(invisible(&document, person.nik, person.passphrase))
            .await
            .pdf(),
    );
    judges().approve(
        &document,
        &client()
            .sign_v2(&request(person, &[&document]))
            .await
            .files()[0],
    );
}

#[tokio::test]
async fn an_empty_signature_field_of_the_file_does_no_harm() {
    let document = Document::new()
        .catalog("/AcroForm<</Fields[]/SigFlags 0>>")
        .build();
    let person = ec();
    judges().approve(
        &document,
        &client()
            .sign_v1(invisible(&document, person.nik, person.passphrase))
            .await
            .pdf(),
    );
}
