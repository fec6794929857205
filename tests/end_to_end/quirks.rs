//! What real callers send, and what must come of it.

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use segeld_tests::{
    client::{Client, decode, encode, file, invisible, pdf_part, png_part, raw, send},
    daemon::Demo,
    document::Document,
    picture::png,
};
use serde_json::json;

use crate::people::{client, ec, judges};

#[tokio::test]
async fn text_fields_may_be_in_the_query_and_the_body_wins() {
    let document = Document::new().build();
    let (nik, passphrase) = (ec().nik, ec().passphrase);
    let query = [
        ("nik", nik),
        ("passphrase", "salah"),
        ("tampilan", "invisible"),
        ("reason", "dari query"),
    ];
    let form = file(&document).text("passphrase", passphrase);
    let request = client()
        .request(Method::POST, "/api/sign/pdf")
        .query(&query)
        .multipart(form);
    let signed = send(request).await.pdf();
    judges().approve(&document, &signed);
    assert!(String::from_utf8_lossy(&signed[document.len()..]).contains("dari query"));
}

#[tokio::test]
async fn doubled_slashes_are_one() {
    let document = Document::new().build();
    let request = client()
        .request(Method::POST, "//api///sign/pdf")
        .multipart(invisible(&document, ec().nik, ec().passphrase));
    judges().approve(&document, &send(request).await.pdf());
}

#[tokio::test]
async fn an_answer_in_base64_can_be_asked_for() {
    let document = Document::new().build();
    let form = invisible(&document, ec().nik, ec().passphrase).text("jenis_response", "BASE64");
    let answer = client().sign_v1(form).await;
    let json = answer.json();
    assert_eq!(answer.status, 200);
    assert!(
        json["message"].is_string() && json.get("error").is_none(),
        "{json}"
    );
    assert_eq!(json["id_dokumen"].as_str().map(str::len), Some(32));
    judges().approve(
        &document,
        &decode(json["base64_signed_file"].as_str().expect("a file")),
    );
    let form = invisible(&document, ec().nik, ec().passphrase).text("jenis_response", "BYTE");
    judges().approve(&document, &client().sign_v1(form).await.pdf());
}

#[tokio::test]
async fn an_invisible_signature_ignores_what_belongs_to_visible_ones() {
    let document = Document::new().build();
    let form = invisible(&document, ec().nik, ec().passphrase)
        .text("image", "true")
        .text("xAxis", "abc")
        .text("page", "99")
        .text("nomor", "1");
    judges().approve(&document, &client().sign_v1(form).await.pdf());
    let body = json!({
        "nik": ec().nik, "passphrase": ec().passphrase, "file": [encode(&document)],
        "signatureProperties": [{ "tampilan": "invisible", "imageBase64": "null", "page": null, "originX": "x", "tag": "null", "location": "null" }],
    });
    judges().approve(&document, &client().sign_v2(&body).await.files()[0]);
}

#[tokio::test]
async fn the_picture_may_come_twice_and_truth_in_many_spellings() {
    let document = Document::new().build();
    let picture = png(60, 60);
    for yes in ["true", "1", "TRUE"] {
        let fields = [
            ("nik", ec().nik),
            ("passphrase", ec().passphrase),
            ("tampilan", "VISIBLE"),
            ("image", yes),
        ];
        let place = [
            ("page", "1"),
            ("xAxis", "10"),
            ("yAxis", "10"),
            ("width", "50"),
            ("height", "50"),
        ];
        let form = fields
            .into_iter()
            .chain(place)
            .fold(file(&document), |form, (name, value)| {
                form.text(name, value)
            });
        let form = form
            .part("imageTTD", png_part(&picture))
            .part("imageTTD", png_part(&picture));
        judges().approve(&document, &client().sign_v1(form).await.pdf());
    }
    for no in ["false", "0", ""] {
        let fields = [
            ("nik", ec().nik),
            ("passphrase", ec().passphrase),
            ("tampilan", "Visible"),
            ("image", no),
            ("linkQR", "x"),
        ];
        let place = [
            ("page", "1"),
            ("xAxis", "10"),
            ("yAxis", "10"),
            ("width", "50"),
            ("height", "50"),
        ];
        let form = fields
            .into_iter()
            .chain(place)
            .fold(file(&document), |form, (name, value)| {
                form.text(name, value)
            });
        judges().approve(&document, &client().sign_v1(form).await.pdf());
    }
}

#[tokio::test]
async fn parts_need_no_media_type_and_names_may_be_anything() {
    let document = Document::new().build();
    let part = Part::bytes(document.clone()).file_name("../../rahasia \"x\".exe");
    let fields = [
        ("nik", ec().nik),
        ("passphrase", ec().passphrase),
        ("tampilan", "invisible"),
    ];
    let form = fields
        .into_iter()
        .fold(Form::new().part("file", part), |form, (name, value)| {
            form.text(name, value)
        });
    judges().approve(&document, &client().sign_v1(form).await.pdf());
    let form = Form::new()
        .text("tampilan", "Invisible")
        .text("passphrase", ec().passphrase)
        .text("nik", ec().nik);
    judges().approve(
        &document,
        &client()
            .sign_v1(form.part("file", pdf_part(&document)))
            .await
            .pdf(),
    );
}

#[tokio::test]
async fn english_is_spoken_on_request() {
    let document = Document::new().build();
    let form = || invisible(&document, ec().nik, "salah lagi");
    let request = client()
        .request(Method::POST, "/api/sign/pdf")
        .header("accept-language", "en-GB, id;q=0.5")
        .multipart(form());
    let english = send(request).await;
    english.refused(400, 2031);
    assert_ne!(english.json()["error"], "Passphrase anda salah");
    // A right passphrase in between, so that two wrong ones are no pattern.
    assert_eq!(
        client()
            .sign_v1(invisible(&document, ec().nik, ec().passphrase))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn basic_is_used_when_bearer_comes_too() {
    let client = Client::plain(Demo::shared());
    let path = format!("/api/user/status/{}", ec().nik);
    for order in [
        ["Bearer abc".to_owned(), client.basic()],
        [client.basic(), "Bearer abc".to_owned()],
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {}\r\nAuthorization: {}\r\n\r\n",
            order[0], order[1]
        );
        let answer = raw(&client.base, request.as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("1111"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_caller_that_waits_for_100_is_told_to_go_on() {
    let client = Client::plain(Demo::shared());
    let body = json!({ "nik": ec().nik }).to_string();
    let request = format!(
        "POST /api/v2/user/check/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {}\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        client.basic(),
        body.len(),
    );
    let answer = raw(&client.base, request.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 100") && answer.contains("HTTP/1.1 200"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_plain_listener_serves_the_same() {
    let document = Document::new().build();
    let client = Client::plain(Demo::shared());
    judges().approve(
        &document,
        &client
            .sign_v1(invisible(&document, ec().nik, ec().passphrase))
            .await
            .pdf(),
    );
}

#[tokio::test]
async fn the_level_may_be_named_and_a_higher_one_is_refused() {
    let document = Document::new().build();
    let (nik, passphrase) = (ec().nik, ec().passphrase);
    let v2 = |level: &str| json!({ "nik": nik, "passphrase": passphrase, "file": [encode(&document)], "level": level, "signatureProperties": [{ "tampilan": "INVISIBLE" }] });
    judges().approve(&document, &client().sign_v2(&v2("B-B")).await.files()[0]);
    let v1 = |level: &'static str| invisible(&document, nik, passphrase).text("level", level);
    judges().approve(&document, &client().sign_v1(v1("B-B")).await.pdf());
    // Never signed at a lower level than was asked for.
    for level in ["B-T", "B-LT", "B-LTA", "B-X"] {
        client().sign_v2(&v2(level)).await.refused(400, 4015);
        client().sign_v1(v1(level)).await.refused(400, 4015);
    }
}
