//! Whether a person is registered and may sign.

use segeld_tests::daemon::Demo;
use serde_json::json;

use crate::people::{NOBODY, client, ec, revoked, rsa};

#[tokio::test]
async fn version_1_answers_with_whole_numbers() {
    for person in [rsa(), ec()] {
        let json = client()
            .get(&format!("/api/user/status/{}", person.nik))
            .await
            .json();
        let message = "User sudah terdaftar dan memiliki sertifikat dengan status ISSUE";
        assert_eq!(
            json,
            json!({ "status_code": 1111, "status": "ISSUE", "message": message })
        );
    }
    let answer = client().get(&format!("/api/user/status/{NOBODY}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({ "status_code": 1110, "status": "NOT_REGISTERED", "message": "User belum terdaftar" })
    );
    let json = client()
        .get(&format!("/api/user/status/{}", revoked().nik))
        .await
        .json();
    assert_eq!(json["status"], "REVOKE");
    assert!(json["status_code"].is_i64());
}

#[tokio::test]
async fn version_2_answers_with_text() {
    let path = "/api/v2/user/check/status";
    let email = Demo::shared().get("SEGELD_EMAIL");
    for body in [
        json!({ "nik": rsa().nik }),
        json!({ "email": email }),
        json!({ "nik": rsa().nik, "email": email }),
        json!({ "nik": ec().nik }),
    ] {
        let answer = client().post(path, &body).await;
        assert_eq!(answer.status, 200);
        let json = answer.json();
        assert_eq!(
            (&json["status_code"], &json["status"]),
            (&json!("1111"), &json!("ISSUE")),
            "{json}"
        );
        assert!(json["message"].is_string() && json.get("error").is_none());
    }
    for body in [
        json!({ "nik": NOBODY }),
        json!({ "email": "tidak.ada@example.go.id" }),
    ] {
        let answer = client().post(path, &body).await;
        assert_eq!(answer.status, 200);
        let json = answer.json();
        assert_eq!(
            (&json["status_code"], &json["status"]),
            (&json!("2011"), &json!("NOT_REGISTERED")),
            "{json}"
        );
    }
    let json = client()
        .post(path, &json!({ "nik": revoked().nik }))
        .await
        .json();
    assert_eq!(json["status"], "REVOKE");
    assert!(json["status_code"].is_string(), "{json}");
}
