//! A token that fails under the daemon, by hsm-sim in the place of the module: callers see nothing of it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use segeld_tests::{
    client::{Client, invisible},
    daemon::{Daemon, Demo},
    document::Document,
    judge::{Case, Judges},
};
use serde_json::Value;
use tokio::task::JoinSet;

/// A demo's house, served again with the simulator between the daemon and its token.
struct House {
    demo: Demo,
    daemon: Daemon,
    dir: PathBuf,
}

impl House {
    fn open(dir: &Path) -> Self {
        let mut demo = Demo::start(dir).unwrap();
        demo.daemon.signal("TERM");
        assert!(demo.daemon.exit().success());
        let module = demo.get("SEGELD_PKCS11_MODULE");
        let sim = std::env::current_exe()
            .unwrap()
            .with_file_name("libhsm_sim.so");
        assert!(sim.is_file(), "{} is built with the tests", sim.display());
        let configuration = std::fs::read_to_string(dir.join("segeld.toml")).unwrap();
        assert!(configuration.contains(module));
        // Beside the original, where relative paths start.
        let path = dir.join("failing.toml");
        std::fs::write(&path, configuration.replace(module, sim.to_str().unwrap())).unwrap();
        let house_dir = dir.to_owned();
        fail(&house_dir, module, "");
        let arguments = ["serve".as_ref(), "--config".as_ref(), path.as_os_str()];
        let environment = [
            ("SOFTHSM2_CONF", dir.join("softhsm2.conf")),
            ("HSM_SIM_CONF", dir.join("sim.toml")),
        ];
        let daemon = Daemon::start_in(
            arguments,
            &environment
                .each_ref()
                .map(|(name, path)| (*name, path.as_path())),
        );
        Self {
            demo,
            daemon,
            dir: house_dir,
        }
    }

    /// Puts faults in the place of those that were.
    fn fail(&self, faults: &str) {
        fail(&self.dir, self.demo.get("SEGELD_PKCS11_MODULE"), faults);
    }

    async fn ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let url = self
            .demo
            .get("SEGELD_METRICS_URL")
            .replace("/metrics", "/readyz");
        loop {
            let answer = reqwest::get(&url).await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "not ready; the log:\n{}",
                self.daemon.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How often an effect has struck; that a hang begins has a line of its own.
    fn strikes(&self, effect: &str) -> usize {
        let log = std::fs::read_to_string(self.dir.join("calls.jsonl")).unwrap();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter(|line| line["fault"] == effect && line["result"] != "hangs")
            .count()
    }
}

fn fail(dir: &Path, module: &str, faults: &str) {
    let log = dir.join("calls.jsonl");
    let text = format!(
        "module = \"{module}\"\nlog = \"{}\"\n{faults}",
        log.display()
    );
    std::fs::write(dir.join("sim.new"), text).unwrap();
    std::fs::rename(dir.join("sim.new"), dir.join("sim.toml")).unwrap();
}

#[tokio::test]
async fn callers_see_nothing_of_a_token_that_fails_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(dir.path());
    house.ready().await;
    let (client, judges) = (Client::new(&house.demo), Judges::new(&house.demo));
    let document = Document::new().build();
    let (nik, passphrase) = (
        house.demo.get("SEGELD_NIK_EC").to_owned(),
        house.demo.get("SEGELD_PASSPHRASE_EC").to_owned(),
    );
    for (effect, call, fault) in [
        ("lose-sessions", "C_Sign", "lose-sessions = true"),
        ("lose-sessions", "C_SignInit", "lose-sessions = true"),
        ("return", "C_Sign", "return = \"CKR_DEVICE_ERROR\""),
        (
            "return",
            "C_SignInit",
            "return = \"CKR_KEY_HANDLE_INVALID\"",
        ),
        ("flip-bit", "C_Sign", "flip-bit = true"),
        ("hang", "C_Sign", "hang = \"300ms\""),
        ("die", "C_SignInit", "die = true"),
        ("token-absent", "C_Sign", "token-absent = \"1s\""),
    ] {
        let before = house.strikes(effect);
        house.fail(&format!(
            "[[fault]]\ncall = \"{call}\"\nafter = 1\ncount = 1\n{fault}\n"
        ));
        let mut running = JoinSet::new();
        for _ in 0..6 {
            let (client, form) = (client.clone(), invisible(&document, &nik, &passphrase));
            running.spawn(async move { client.sign_v1(form).await });
        }
        for answer in running.join_all().await {
            assert_eq!(
                answer.status,
                200,
                "{effect} at {call}: {}; the log:\n{}",
                answer.text(),
                house.daemon.log()
            );
            assert_eq!(
                judges.faults(Case::new(&document, &answer.body)),
                Vec::<String>::new(),
                "{effect} at {call}"
            );
        }
        assert_eq!(house.strikes(effect), before + 1, "{effect} at {call}");
    }
}
