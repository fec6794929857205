//! What operators see, and what they must not.

use segeld_tests::{client::invisible, daemon::Demo, document::Document};

use crate::people::{NOBODY, client, ec, rsa};

/// The listener of its own.
async fn fetch(path: &str) -> (u16, String) {
    let url = Demo::shared().get("SEGELD_METRICS_URL");
    // SEGELD_METRICS_URL is the address of /metrics itself.
    let url = url.strip_suffix("/metrics").unwrap_or(url);
    let response = reqwest::get(format!("{url}{path}")).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn it_says_that_it_lives_and_that_it_can_sign() {
    assert_eq!(fetch("/healthz").await.0, 200);
    let (status, text) = fetch("/readyz").await;
    assert_eq!(status, 200, "{text}");
}

#[tokio::test]
async fn figures_are_by_route_template_and_stage() {
    let document = Document::new().build();
    let signed = client()
        .sign_v1(invisible(&document, ec().nik, ec().passphrase))
        .await;
    assert_eq!(signed.status, 200);
    client()
        .get(&format!("/api/user/status/{}", ec().nik))
        .await;
    let (status, text) = fetch("/metrics").await;
    assert_eq!(status, 200);
    for needed in [
        "/api/sign/pdf",
        "/api/user/status/{nik}",
        "prepare",
        "queue",
        "token",
        "embed",
        "auth",
    ] {
        assert!(text.contains(needed), "{needed} is not in\n{text}");
    }
    assert!(!text.contains(ec().nik));
}

#[tokio::test]
async fn logs_and_figures_keep_secrets_and_people_out() {
    let document = Document::new().build();
    let signed = client()
        .sign_v1(invisible(&document, rsa().nik, rsa().passphrase))
        .await;
    assert_eq!(signed.status, 200);
    client()
        .sign_v1(invisible(&document, NOBODY, "rahasia-sekali"))
        .await;
    let query = [
        ("nik", rsa().nik),
        ("passphrase", "rahasia-sekali"),
        ("tampilan", "invisible"),
    ];
    let request = client()
        .request(reqwest::Method::POST, "/api/sign/pdf")
        .query(&query);
    segeld_tests::client::send(request.multipart(segeld_tests::client::file(b"bukan pdf"))).await;
    client().get(&format!("/api/user/status/{NOBODY}")).await;
    let (_, figures) = fetch("/metrics").await;
    let demo = Demo::shared();
    let log = demo.daemon.log();
    assert!(!log.is_empty());
    // The line that invites to try names the demo's own person and passphrase; everything else must not.
    let log: String = log
        .lines()
        .filter(|line| line.trim_start().starts_with('{'))
        .collect();
    let email = demo.get("SEGELD_EMAIL");
    for secret in [
        "rahasia-sekali",
        rsa().passphrase,
        rsa().nik,
        NOBODY,
        email,
        demo.get("SEGELD_CLIENT_SECRET"),
    ] {
        assert!(!log.contains(secret), "the log says {secret}");
        assert!(!figures.contains(secret), "the figures say {secret}");
    }
}
