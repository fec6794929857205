//! Everything that is refused, and the contract's answer to it.

use reqwest::{Method, multipart::Form};
use segeld_tests::{
    client::{Answer, encode, file, invisible, pdf_part, send},
    document::Document,
};
use serde_json::{Value, json};

use crate::people::{NOBODY, client, ec, foreign, revoked, rsa};

fn v2(nik: &str, passphrase: &str, pdf: &[u8]) -> Value {
    json!({ "nik": nik, "passphrase": passphrase, "file": [encode(pdf)], "signatureProperties": [{ "tampilan": "INVISIBLE" }] })
}

async fn both(nik: &str, passphrase: &str, pdf: &[u8]) -> [Answer; 2] {
    let (v1, v2) = (
        client().sign_v1(invisible(pdf, nik, passphrase)).await,
        client().sign_v2(&v2(nik, passphrase, pdf)).await,
    );
    [v1, v2]
}

#[tokio::test]
async fn a_wrong_passphrase_is_2031() {
    let document = Document::new().build();
    for answer in both(ec().nik, "bukan ini", &document).await {
        answer.refused(400, 2031);
        assert_eq!(answer.json()["error"], "Passphrase anda salah");
    }
    // Once is not enough to be locked out.
    for answer in both(ec().nik, ec().passphrase, &document).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn another_persons_passphrase_is_2031() {
    for answer in both(rsa().nik, ec().passphrase, &Document::new().build()).await {
        answer.refused(400, 2031);
    }
}

#[tokio::test]
async fn an_unknown_person_is_2011() {
    for answer in both(NOBODY, "apa saja", &Document::new().build()).await {
        answer.refused(400, 2011);
    }
}

#[tokio::test]
async fn a_person_of_another_agency_is_like_nobody() {
    let document = Document::new().build();
    let foreign = foreign();
    let (theirs, nobodys) = (
        both(foreign.nik, foreign.passphrase, &document).await,
        both(NOBODY, foreign.passphrase, &document).await,
    );
    for (theirs, nobodys) in theirs.iter().zip(&nobodys) {
        theirs.refused(400, 2011);
        assert_eq!(
            (theirs.status, &theirs.body),
            (nobodys.status, &nobodys.body)
        );
    }
    let status = client()
        .get(&format!("/api/user/status/{}", foreign.nik))
        .await;
    assert_eq!(status.json()["status"], "NOT_REGISTERED");
    let status = client()
        .post("/api/v2/user/check/status", &json!({ "nik": foreign.nik }))
        .await;
    assert_eq!(status.json()["status"], "NOT_REGISTERED");
}

#[tokio::test]
async fn a_revoked_certificate_is_2041_whatever_the_passphrase() {
    for passphrase in [revoked().passphrase, "bukan ini"] {
        for answer in both(revoked().nik, passphrase, &Document::new().build()).await {
            answer.refused(400, 2041);
            assert!(answer.text().contains("REVOKE"), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn missing_fields_are_4014() {
    let document = Document::new().build();
    let fields = [
        ("nik", ec().nik),
        ("passphrase", ec().passphrase),
        ("tampilan", "invisible"),
    ];
    for missing in ["file", "nik", "passphrase", "tampilan"] {
        let form = if missing == "file" {
            Form::new()
        } else {
            file(&document)
        };
        let given = fields.into_iter().filter(|(name, _)| *name != missing);
        let form = given.fold(form, |form, (name, value)| form.text(name, value));
        let answer = client().sign_v1(form).await;
        answer.refused(400, 4014);
        assert!(
            answer.text().contains(missing),
            "{missing}: {}",
            answer.text()
        );
        // An empty string is as good as absent.
        if missing != "file" {
            let form = fields
                .into_iter()
                .fold(file(&document), |form, (name, value)| {
                    form.text(name, if name == missing { "" } else { value })
                });
            client().sign_v1(form).await.refused(400, 4014);
        }
    }
    for missing in ["nik", "passphrase", "file", "signatureProperties"] {
        let mut body = v2(ec().nik, ec().passphrase, &document);
        body.as_object_mut().unwrap().remove(missing);
        client().sign_v2(&body).await.refused(400, 4014);
        body[missing] = Value::Null;
        client().sign_v2(&body).await.refused(400, 4014);
    }
}

#[tokio::test]
async fn what_is_not_a_pdf_is_4015() {
    for not in [
        b"hello".as_slice(),
        b"\x89PNG\r\n\x1a\n0000",
        b"<html></html>",
    ] {
        for answer in both(ec().nik, ec().passphrase, not).await {
            answer.refused(400, 4015);
        }
    }
    let mut body = v2(ec().nik, ec().passphrase, b"");
    body["file"] = json!(["not base64!"]);
    client().sign_v2(&body).await.refused(400, 4015);
}

#[tokio::test]
async fn what_cannot_be_signed_is_4016() {
    let cut = b"%PDF-1.7\nthis never was a document\n".to_vec();
    let certified = Document::new().catalog("/Perms<</DocMDP 9 0 R>>").build();
    for answer in both(ec().nik, ec().passphrase, &cut).await {
        answer.refused(400, 4016);
    }
    // A certification that is no signature is nobody's permission; signing must be refused or leave a valid file, never crash.
    for answer in both(ec().nik, ec().passphrase, &certified).await {
        assert!(
            answer.status == 200 || answer.status == 400,
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn one_bad_file_fails_the_request_and_is_named() {
    let good = Document::new().build();
    let mut body = v2(ec().nik, ec().passphrase, &good);
    body["file"] = json!([encode(&good), encode(b"bad"), encode(&good)]);
    let answer = client().sign_v2(&body).await;
    answer.refused(400, 4015);
    assert!(
        answer.text().contains('1') || answer.text().contains('2'),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn malformed_bodies_are_4015() {
    for body in ["{", "[]", "\"text\"", "{\"nik\": {}}"] {
        let request = client()
            .request(Method::POST, "/api/v2/sign/pdf")
            .header("content-type", "application/json")
            .body(body);
        let answer = send(request).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(
            [4014, 4015]
                .map(|code| json!(code))
                .contains(&answer.json()["status_code"]),
            "{}",
            answer.text()
        );
    }
    let request = client()
        .request(Method::POST, "/api/sign/pdf")
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--y");
    assert_eq!(send(request).await.status, 400);
}

#[tokio::test]
async fn a_document_above_the_limit_is_4131() {
    // 64 MiB a file is the default.
    let mut large = Document::new().build();
    large.resize(65 << 20, b' ');
    client()
        .sign_v1(invisible(&large, ec().nik, ec().passphrase))
        .await
        .refused(413, 4131);
    client()
        .sign_v2(&v2(ec().nik, ec().passphrase, &large))
        .await
        .refused(413, 4131);
}

#[tokio::test]
async fn more_files_than_the_limit_are_4131() {
    let mut body = v2(ec().nik, ec().passphrase, b"x");
    body["file"] = json!(vec![encode(b"x"); 501]);
    let answer = client().sign_v2(&body).await;
    assert_eq!(
        answer.json()["status_code"],
        json!(4131),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn wrong_or_missing_credentials_are_401_in_its_own_shape() {
    let document = Document::new().build();
    let status = "/api/user/status/1234567890123456";
    let wrong = client().with_secret("bukan-rahasia");
    for answer in [
        wrong
            .sign_v1(invisible(&document, ec().nik, ec().passphrase))
            .await,
        send(
            client()
                .anonymous(Method::POST, "/api/sign/pdf")
                .multipart(Form::new().part("file", pdf_part(&document))),
        )
        .await,
        wrong
            .sign_v2(&v2(ec().nik, ec().passphrase, &document))
            .await,
        wrong.get(status).await,
        send(client().anonymous(Method::GET, status)).await,
        send(
            client()
                .anonymous(Method::GET, status)
                .header("authorization", "Basic !!!"),
        )
        .await,
        send(client().anonymous(Method::GET, status).bearer_auth("abc")).await,
    ] {
        assert_eq!(answer.status, 401);
        assert!(
            answer
                .header("www-authenticate")
                .is_some_and(|value| value.starts_with("Basic"))
        );
        let json = answer.json();
        let mut keys: Vec<_> = json
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(keys, ["error", "path", "status", "timestamp"]);
        assert_eq!(json["status"], json!(401));
        assert!(
            !json["path"].as_str().unwrap().contains("1234567890123456"),
            "{json}"
        );
    }
}
