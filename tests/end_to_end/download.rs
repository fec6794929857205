//! The signed document once more, once.

use segeld_tests::{client::invisible, document::Document};
use serde_json::json;

use crate::people::{client, ec};

#[tokio::test]
async fn a_document_can_be_fetched_once() {
    let document = Document::new().build();
    let answer = client()
        .sign_v1(invisible(&document, ec().nik, ec().passphrase))
        .await;
    let id = answer.header("id_dokumen").expect("id_dokumen").to_owned();
    let signed = answer.pdf();
    let path = format!("/api/sign/download/{id}");
    // Many ask at once; one is served.
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let path = path.clone();
        asking.spawn(async move { client().get(&path).await });
    }
    let answers = asking.join_all().await;
    let (served, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(served.len(), 1);
    assert_eq!(served[0].header("id_dokumen"), Some(id.as_str()));
    assert_eq!(served[0].body, signed);
    let gone = json!({ "status_code": 4044, "error": "File tidak tersedia, pastikan bahwa dokumen belum di download" });
    for answer in refused {
        assert_eq!((answer.status, answer.json()), (400, gone.clone()));
    }
}

#[tokio::test]
async fn what_never_was_is_gone_too() {
    for id in ["0123456789abcdef0123456789abcdef", "x", "..%2f..%2fetc"] {
        let answer = client().get(&format!("/api/sign/download/{id}")).await;
        answer.refused(400, 4044);
    }
}
