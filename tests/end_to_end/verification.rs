//! What is signed here is found valid here; what was changed afterwards, or is no document, is not.

use reqwest::multipart::Form;
use segeld_tests::client::{encode, invisible, pdf_part, send};
use segeld_tests::document::Document;
use serde_json::{Value, json};

use crate::people::{client, ec, rsa};

async fn verify_v1(pdf: &[u8]) -> Value {
    let client = client();
    let form = Form::new().part("signed_file", pdf_part(pdf));
    let request = client.request(reqwest::Method::POST, "/api/sign/verify");
    let answer = send(request.multipart(form)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn verify_v2(pdf: &[u8]) -> Value {
    let body = json!({ "file": encode(pdf) });
    let answer = client().post("/api/v2/verify/pdf", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn own_signatures_are_valid_in_both_versions() {
    let mut document = Document::new().build();
    for (count, person) in [(1, rsa()), (2, ec())] {
        let form = invisible(&document, person.nik, person.passphrase);
        document = client().sign_v1(form).await.pdf();
        let first = verify_v1(&document).await;
        assert_eq!(first["summary"], "VALID", "{first}");
        assert_eq!(first["jumlah_signature"], count);
        for detail in first["details"].as_array().unwrap() {
            assert_eq!(detail["signature_document"]["document_integrity"], true);
            assert_eq!(detail["info_signer"]["cert_user_certified"], true);
        }
        let second = verify_v2(&document).await;
        assert_eq!(second["conclusion"], "VALID", "{second}");
        assert_eq!(second["signatureCount"], count);
        let newest = second["signatureInformations"]
            .as_array()
            .unwrap()
            .last()
            .unwrap();
        assert_eq!(newest["signatureFormat"], "PAdES-BASELINE-B", "{second}");
        assert_eq!(newest["lastSignature"], true);
        assert_eq!(newest["integrityValid"], true);
    }
}

#[tokio::test]
async fn a_changed_document_is_not_valid() {
    let person = rsa();
    let document = Document::new().build();
    let form = invisible(&document, person.nik, person.passphrase);
    let mut signed = client().sign_v1(form).await.pdf();
    let at = signed
        .windows(5)
        .position(|window| window == b"/Page")
        .unwrap();
    signed[at + 1] = b'p';
    let first = verify_v1(&signed).await;
    assert_eq!(first["summary"], "INVALID", "{first}");
    let second = verify_v2(&signed).await;
    assert_eq!(second["conclusion"], "INVALID", "{second}");
    assert!(!second["warning"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn unsigned_documents_and_other_things_are_told_apart() {
    let document = Document::new().build();
    let first = verify_v1(&document).await;
    assert_eq!(
        (
            &first["summary"],
            &first["notes"],
            &first["jumlah_signature"]
        ),
        (&Value::Null, &Value::Null, &json!(0))
    );
    let second = verify_v2(&document).await;
    assert_eq!(second["conclusion"], "NO_SIGNATURE");
    assert_eq!(
        second["description"],
        "Dokumen tidak memiliki tandatangan elektronik"
    );
    let body = json!({ "file": encode(b"not a document") });
    client()
        .post("/api/v2/verify/pdf", &body)
        .await
        .refused(400, 4015);
    client()
        .post("/api/v2/verify/pdf", &json!({}))
        .await
        .refused(400, 4014);
}
