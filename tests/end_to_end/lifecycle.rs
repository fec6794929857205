//! Start, stop, start again; and configurations that are wrong.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use segeld_tests::{
    client::{Client, invisible},
    daemon::{Daemon, Demo, binary},
    document::Document,
    judge::{Case, Judges},
};

#[tokio::test]
async fn a_demo_stops_in_order_and_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(dir.path()).unwrap();
    let (nik, passphrase) = (
        demo.get("SEGELD_NIK_EC").to_owned(),
        demo.get("SEGELD_PASSPHRASE_EC").to_owned(),
    );
    let document = Document::new().about(2_000_000).build();
    let before = demo.values().clone();

    // Requests that run when the signal comes are finished.
    let client = Client::new(&demo);
    let running: Vec<_> = (0..4)
        .map(|_| {
            let (client, form) = (client.clone(), invisible(&document, &nik, &passphrase));
            tokio::spawn(async move { client.sign_v1(form).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(60)).await;
    demo.daemon.signal("TERM");
    let mut served = Vec::new();
    for running in running {
        // One that had not been accepted yet may find the door closed, but none is cut off half way.
        if let Ok(answer) = running.await {
            served.push(answer.pdf());
        }
    }
    assert_eq!(demo.daemon.exit().code(), Some(0), "{}", demo.daemon.log());

    let mut demo = Demo::start(dir.path()).unwrap();
    assert_eq!(demo.values(), &before);
    let judges = Judges::new(&demo);
    served.push(
        Client::new(&demo)
            .sign_v1(invisible(&document, &nik, &passphrase))
            .await
            .pdf(),
    );
    for signed in &served {
        assert_eq!(
            judges.faults(Case::new(&document, signed)),
            Vec::<String>::new()
        );
    }
    demo.daemon.signal("INT");
    assert_eq!(demo.daemon.exit().code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_said_to_be() {
    let demo = Demo::shared();
    let copy = tempfile::tempdir().unwrap();
    let taken = demo.get("SEGELD_URL").trim_start_matches("https://");
    let mut daemon = Daemon::start([
        "demo",
        "--dir",
        copy.path().to_str().unwrap(),
        "--listen",
        taken,
        "--listen-plain",
        "127.0.0.1:0",
        "--listen-metrics",
        "127.0.0.1:0",
    ]);
    assert!(daemon.ready().is_err());
    assert!(!daemon.exit().success());
    let port = taken.rsplit(':').next().unwrap();
    assert!(daemon.log().contains(port), "{}", daemon.log());
}

/// The demo's own configuration file.
fn configuration(dir: &Path) -> PathBuf {
    let found = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    found
        .into_iter()
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .expect("a configuration")
}

fn check(path: &Path) -> Output {
    Command::new(binary())
        .arg("check")
        .arg("--config")
        .arg(path)
        .output()
        .unwrap()
}

#[test]
fn check_accepts_the_demos_configuration_and_reports_every_fault_of_another() {
    let good = configuration(&Demo::shared().dir);
    let output = check(&good);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let dir = tempfile::tempdir().unwrap();
    let bad = dir.path().join("bad.toml");
    let text = std::fs::read_to_string(&good).unwrap();
    let text = format!("no-such-key = 1\n{text}\n[no-such-table]\nx = 1\n")
        .replacen("module =", "modul =", 1);
    std::fs::write(&bad, &text).unwrap();
    let output = check(&bad);
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(78), "{said}");
    for fault in ["no-such-key", "no-such-table", "modul"] {
        assert!(said.contains(fault), "{fault} is not in\n{said}");
    }
    let serve = Command::new(binary())
        .arg("serve")
        .arg("--config")
        .arg(&bad)
        .output()
        .unwrap();
    assert_eq!(serve.status.code(), Some(78));
    let absent = check(&dir.path().join("absent.toml"));
    assert_eq!(absent.status.code(), Some(78));
}

#[test]
fn an_unknown_argument_is_explained() {
    let output = Command::new(binary()).arg("--no-such").output().unwrap();
    assert!(!output.status.success() && !output.stderr.is_empty());
}
