//! `segeld hsm`: a look at a token, beside the daemon that uses it.

use std::process::{Command, Output};

use segeld_tests::daemon::{Demo, binary};

fn hsm(arguments: &[&str]) -> Output {
    let demo = Demo::shared();
    Command::new(binary())
        .arg("hsm")
        .args(arguments)
        .arg("--config")
        .arg(demo.dir.join("segeld.toml"))
        .env("SOFTHSM2_CONF", demo.dir.join("softhsm2.conf"))
        .output()
        .unwrap()
}

#[test]
fn a_token_is_shown_with_its_keys_while_it_serves() {
    let output = hsm(&["status"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("\"segeld-demo\""), "{text}");
    let vault = text.lines().find(|line| line.contains("segeld-vault"));
    let vault = vault.expect("the store's key is in the token");
    assert!(
        vault.contains("sensitive") && !vault.contains("extractable"),
        "{vault}"
    );
}

#[test]
fn nothing_is_made_or_measured_beside_a_daemon_unless_told() {
    for command in ["test", "bench"] {
        let output = hsm(&[command]);
        assert!(!output.status.success() && output.stdout.is_empty());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("--beside-daemon"), "{said}");
    }
    let output = hsm(&["test", "--beside-daemon"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for answer in [
        "good  P-256: can be made and signs",
        // What SoftHSM is known for.
        "WARN  wrapping key: a key made to wrap and unwrap also decrypts",
    ] {
        assert!(text.contains(answer), "{text}");
    }
}
