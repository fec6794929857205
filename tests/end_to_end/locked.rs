//! Guessing: too many wrong passphrases in a row. A demo of its own, since a person is locked everywhere.

use segeld_tests::{
    client::{Client, invisible},
    daemon::Demo,
    document::Document,
};

/// More than any sensible setting allows.
const GUESSES: usize = 20;

#[tokio::test]
async fn too_many_guesses_lock_the_person_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path()).unwrap();
    let client = Client::new(&demo);
    let document = Document::new().build();
    let (nik, passphrase) = (demo.get("SEGELD_NIK_EC"), demo.get("SEGELD_PASSPHRASE_EC"));
    let mut wrong = 0;
    let locked = loop {
        let answer = client.sign_v1(invisible(&document, nik, "tebakan")).await;
        if answer.json()["status_code"] == 2033 {
            break answer;
        }
        answer.refused(400, 2031);
        wrong += 1;
        assert!(wrong < GUESSES, "nobody is locked after {GUESSES} guesses");
    };
    assert!(
        locked.status == 400 || locked.status == 429,
        "{}",
        locked.status
    );
    let seconds: u64 = locked
        .header("retry-after")
        .expect("Retry-After")
        .parse()
        .expect("seconds");
    assert!(seconds > 0);
    // The right passphrase does not help now, and says nothing about being right.
    let right = client.sign_v1(invisible(&document, nik, passphrase)).await;
    assert_eq!(right.json()["status_code"], 2033);
    let other = client
        .sign_v1(invisible(
            &document,
            demo.get("SEGELD_NIK"),
            demo.get("SEGELD_PASSPHRASE"),
        ))
        .await;
    assert_eq!(other.status, 200, "{}", other.text());
}
