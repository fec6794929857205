//! A daemon on a token behind the simulator, and a supervisor that starts it again when it ends.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use segeld_tests::daemon::Demo;

use crate::sim::{Sim, library};

/// What the daemon ends with when only another process can mend it.
const RESTART: i32 = 75;

/// The daemon's directory, the daemon itself, and who looks after it.
pub(crate) struct House {
    _dir: tempfile::TempDir,
    path: PathBuf,
    pub(crate) sim: Sim,
    watched: Arc<Watched>,
    supervisor: Option<thread::JoinHandle<()>>,
}

struct Watched {
    demo: Mutex<Demo>,
    /// When the process ended by itself, and with what.
    ends: Mutex<Vec<Option<i32>>>,
    closing: AtomicBool,
}

impl House {
    /// Sets a demo up, with requests that may take 10 s.
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("segeld-resilience-")
            .tempdir()
            .expect("a directory");
        let path = dir.path().canonicalize().expect("a directory");
        let sim = Sim::new(&path);
        let house = path.join("house");
        let demo = start(&house, &sim);
        demo.daemon.signal("TERM");
        let mut demo = demo;
        demo.daemon.exit();
        configure(&house.join("segeld.toml"));
        let watched = Arc::new(Watched {
            demo: Mutex::new(start(&house, &sim)),
            ends: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let (supervised, restarts, simulator) = (Arc::clone(&watched), house.clone(), sim.clone());
        let supervisor = thread::spawn(move || supervise(&supervised, &restarts, &simulator));
        Self {
            _dir: dir,
            path: house,
            sim,
            watched,
            supervisor: Some(supervisor),
        }
    }

    pub(crate) fn demo(&self) -> MutexGuard<'_, Demo> {
        self.watched.demo.lock().expect("nobody panicked")
    }

    /// Whether the process has ended since the last question because only another could help.
    ///
    /// # Panics
    /// When it ended otherwise.
    pub(crate) fn has_restarted(&self) -> bool {
        let ends = std::mem::take(&mut *self.watched.ends.lock().expect("nobody panicked"));
        assert!(
            ends.iter().all(|status| *status == Some(RESTART)),
            "the daemon ended with {ends:?}; the log:\n{}",
            self.log()
        );
        !ends.is_empty()
    }

    /// Whether the process has ended and nobody has asked for it yet.
    pub(crate) fn has_ended(&self) -> bool {
        !self
            .watched
            .ends
            .lock()
            .expect("nobody panicked")
            .is_empty()
    }

    /// Whether a process is there and ready: the supervisor holds the daemon until it is.
    pub(crate) fn is_up(&self) -> bool {
        self.watched
            .demo
            .try_lock()
            .is_ok_and(|mut demo| demo.daemon.ended().is_none())
    }

    /// A new process, whatever the old one does.
    pub(crate) fn replace(&self) {
        self.sim.plan("");
        let mut demo = self.demo();
        demo.daemon.signal("KILL");
        demo.daemon.exit();
        *demo = start(&self.path, &self.sim);
    }

    /// The end of what the daemon has logged.
    pub(crate) fn log(&self) -> String {
        let log = self.demo().daemon.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// How often each document was recorded as signed, by its `id_dokumen`.
    pub(crate) fn records(&self) -> Vec<(String, usize)> {
        let script = "import sqlite3, sys\n\
            store = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)\n\
            for row in store.execute(\"SELECT document_id, count(*) FROM signature_record WHERE document_id IS NOT NULL GROUP BY document_digest, document_id\"):\n\
            \x20   print(row[0], row[1])\n";
        let output = Command::new("python3")
            .args(["-c", script])
            .arg(self.path.join("segeld.db"))
            .output()
            .expect("python3 runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let rows = text.lines().filter_map(|line| line.split_once(' '));
        rows.map(|(id, count)| (id.to_owned(), count.parse().expect("a number")))
            .collect()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.watched.closing.store(true, Ordering::Relaxed);
        if let Some(supervisor) = self.supervisor.take() {
            drop(supervisor.join());
        }
    }
}

fn start(house: &Path, sim: &Sim) -> Demo {
    let configuration = sim.configuration();
    Demo::start_behind(
        house,
        &library(),
        &[("HSM_SIM_CONF", configuration.as_path())],
    )
    .unwrap_or_else(|reason| panic!("{reason}"))
}

/// Requests of 10 s, and no queue for passphrases that a burst after an outage could fill.
fn configure(path: &Path) {
    let text = std::fs::read_to_string(path).expect("the demo's configuration");
    let text = text
        .replace("[limits]\n", "[limits]\nrequest-deadline = \"10s\"\n")
        .replace(
            "[activation]\n",
            "[activation]\nargon2-queue = 10000\nremember = \"15m\"\n",
        );
    std::fs::write(path, text).expect("the demo's configuration");
}

/// Starts the daemon again when it has ended by itself; the device is well by then.
fn supervise(watched: &Watched, house: &Path, sim: &Sim) {
    while !watched.closing.load(Ordering::Relaxed) {
        thread::park_timeout(Duration::from_millis(50));
        let mut demo = watched.demo.lock().expect("nobody panicked");
        let Some(status) = demo.daemon.ended() else {
            continue;
        };
        watched
            .ends
            .lock()
            .expect("nobody panicked")
            .push(status.code());
        sim.plan("");
        *demo = start(house, sim);
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(patience: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}
