//! The simulator between a daemon, or the token layer, and SoftHSM: steered by its file, watched through its log.

use std::{
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Deserialize;

/// The simulator's files in a directory.
#[derive(Clone, Debug)]
pub(crate) struct Sim {
    dir: PathBuf,
}

/// A line of the call log, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    function: String,
    fault: Option<String>,
    entry: Option<u64>,
}

/// How long a fault may keep a test waiting for it.
const STRIKE_PATIENCE: Duration = Duration::from_secs(20);

impl Sim {
    /// With its files in this directory, which is there; no fault is planned.
    pub(crate) fn new(dir: &Path) -> Self {
        let sim = Self {
            dir: dir.to_owned(),
        };
        sim.plan("");
        sim
    }

    /// The configuration, for `HSM_SIM_CONF`.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.dir.join("sim.toml")
    }

    fn log(&self) -> PathBuf {
        self.dir.join("calls.jsonl")
    }

    /// Lets the faults of `plan` happen from now on, and no others.
    pub(crate) fn plan(&self, plan: &str) {
        let text = format!(
            "module = \"{}\"\nlog = \"{}\"\n{plan}",
            softhsm().display(),
            self.log().display()
        );
        let new = self.dir.join("sim.new");
        std::fs::write(&new, text).expect("a file");
        std::fs::rename(new, self.configuration()).expect("a file");
    }

    /// The end of the log.
    pub(crate) fn mark(&self) -> u64 {
        std::fs::metadata(self.log()).map_or(0, |log| log.len())
    }

    /// How often since `mark` the planned entry struck `call`.
    pub(crate) fn strikes(&self, mark: u64, call: &str, entry: u64) -> usize {
        let mut text = String::new();
        let mut log = std::fs::File::open(self.log()).expect("a log");
        log.seek(SeekFrom::Start(mark)).expect("a log");
        log.read_to_string(&mut text).expect("a log of text");
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Line>(line).ok());
        lines
            .filter(|line| {
                line.function == call && line.fault.is_some() && line.entry == Some(entry)
            })
            .count()
    }

    /// Whether calls of the plan's entry are under way: a call that hangs is written down when it is over.
    pub(crate) async fn await_strike(&self, mark: u64, call: &str, entry: u64) -> bool {
        let deadline = Instant::now() + STRIKE_PATIENCE;
        while Instant::now() < deadline {
            if self.strikes(mark, call, entry) > 0 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

/// The simulator's library, which is built beside the tests.
pub(crate) fn library() -> PathBuf {
    let own = std::env::current_exe().expect("the test knows its own path");
    let beside = own.with_file_name("libhsm_sim.so");
    assert!(
        beside.is_file(),
        "{} is built with the tests",
        beside.display()
    );
    beside
}

fn softhsm() -> &'static Path {
    let known = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
    ];
    let found = known.into_iter().map(Path::new).find(|path| path.is_file());
    found.expect("SoftHSM is installed")
}
