//! `segeld` as a process: started, waited for, stopped; and one demo that all tests of a binary share.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

/// The first start makes keys; a loaded machine may take its time.
const READY_PATIENCE: Duration = Duration::from_secs(180);
/// Longer than the daemon itself may take to drain.
const EXIT_PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("SEGELD_BIN") {
        return named.into();
    }
    let own = std::env::current_exe().expect("the test knows its own path");
    // target/debug/deps/test and target/debug/bin both have target/debug above them.
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join("segeld"))
        .find(|path| path.is_file());
    found.expect("no segeld beside the tests: `make test`, or `cargo build --bin segeld`")
}

/// A running `segeld`, killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    lines: Mutex<Receiver<String>>,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts the program with these arguments; its standard error is kept as the log.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        Self::start_in(arguments, &[])
    }

    /// The same with variables added to the environment.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_in<A: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = A>,
        environment: &[(&str, &Path)],
    ) -> Self {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.envs(environment.iter().copied());
        let mut child = command.spawn().expect("segeld starts");
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().expect("stdout is piped");
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().expect("stderr is piped");
        let kept = Arc::clone(&log);
        thread::spawn(move || keep(stderr, &kept));
        Self {
            child,
            lines: Mutex::new(lines),
            log,
        }
    }

    /// Waits for the line `ready URL` and gives the URL.
    ///
    /// # Errors
    /// What the daemon said instead, when it ends or takes too long.
    pub fn ready(&self) -> Result<String, String> {
        let deadline = Instant::now() + READY_PATIENCE;
        let lines = self.lines.lock().expect("nobody else waits");
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(url) = line.strip_prefix("ready ") {
                        return Ok(url.to_owned());
                    }
                }
                Err(reason) => {
                    return Err(format!("not ready: {reason}; the log:\n{}", self.log()));
                }
            }
        }
    }

    /// What it has written to standard error so far.
    ///
    /// # Panics
    /// When the thread that keeps it has.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().expect("the log is whole").clone()
    }

    /// The process's number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, such as `TERM`.
    ///
    /// # Panics
    /// When there is no `kill`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .status();
        assert!(sent.expect("kill runs").success(), "SIG{name} is delivered");
    }

    /// Its status if it has ended by itself.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child can be waited for")
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it has not in time.
    pub fn exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + EXIT_PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "still running; the log:\n{}",
                self.log()
            );
            thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn keep(mut from: impl Read, log: &Mutex<String>) {
    let mut buffer = [0; 8192];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 {
            break;
        }
        if let (Ok(mut log), Some(bytes)) = (log.lock(), buffer.get(..read)) {
            log.push_str(&String::from_utf8_lossy(bytes));
        }
    }
}

/// A demo and what it says of itself in `demo.env`.
#[derive(Debug)]
pub struct Demo {
    /// The process.
    pub daemon: Daemon,
    /// Where it keeps everything.
    pub dir: PathBuf,
    values: BTreeMap<String, String>,
}

impl Demo {
    /// Starts a demo in `dir` on free ports and waits until it is ready.
    ///
    /// # Errors
    /// What it said when it did not come up.
    pub fn start(dir: &Path) -> Result<Self, String> {
        Self::started(dir, Daemon::start(demo_arguments(dir)))
    }

    /// Starts a demo in `dir` on a token behind another module than the usual one, with these variables in its environment.
    ///
    /// # Errors
    /// What it said when it did not come up.
    pub fn start_behind(
        dir: &Path,
        module: &Path,
        environment: &[(&str, &Path)],
    ) -> Result<Self, String> {
        let mut arguments = demo_arguments(dir);
        arguments.extend(["--module".to_owned(), module.display().to_string()]);
        Self::started(dir, Daemon::start_in(arguments, environment))
    }

    fn started(dir: &Path, daemon: Daemon) -> Result<Self, String> {
        let url = daemon.ready()?;
        let text = std::fs::read_to_string(dir.join("demo.env"))
            .map_err(|error| format!("demo.env: {error}"))?;
        let mut values = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#') && !line.is_empty())
        {
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| format!("demo.env: {line}"))?;
            values.insert(name.to_owned(), value.to_owned());
        }
        let demo = Self {
            daemon,
            dir: dir.to_owned(),
            values,
        };
        if demo.get("SEGELD_URL") != url {
            return Err(format!(
                "ready {url}, but SEGELD_URL is {}",
                demo.get("SEGELD_URL")
            ));
        }
        Ok(demo)
    }

    /// A value of `demo.env`.
    ///
    /// # Panics
    /// When it has none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.values
            .get(name)
            .unwrap_or_else(|| panic!("demo.env has no {name}"))
    }

    /// All of `demo.env`.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// The demo that all tests of this process share. It ends, and its directory goes, when the process does.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<(Demo, Guard)> = OnceLock::new();
        let (demo, _) = SHARED.get_or_init(|| {
            let dir = tempfile::Builder::new()
                .prefix("segeld-demo-")
                .tempdir()
                .expect("a directory")
                .keep();
            let demo = Self::start(&dir).unwrap_or_else(|reason| panic!("{reason}"));
            let guard = Guard::over(&demo);
            (demo, guard)
        });
        demo
    }
}

/// The arguments of `segeld demo` in a directory, on free ports.
#[must_use]
pub fn demo_arguments(dir: &Path) -> Vec<String> {
    let mut arguments = vec![
        "demo".to_owned(),
        "--dir".to_owned(),
        dir.display().to_string(),
    ];
    for listener in ["--listen", "--listen-plain", "--listen-metrics"] {
        arguments.extend([listener.to_owned(), "127.0.0.1:0".to_owned()]);
    }
    arguments
}

/// Statics are not dropped when a test process ends; a shell that waits for the end of its input is told by the kernel.
#[derive(Debug)]
struct Guard {
    /// Holds the pipe whose end is ours.
    _shell: Child,
}

impl Guard {
    fn over(demo: &Demo) -> Self {
        let script = "cat >/dev/null; kill \"$1\" 2>/dev/null; for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 \"$1\" 2>/dev/null || break; sleep 0.2; done; rm -rf \"$2\"";
        let mut command = Command::new("sh");
        command
            .args(["-c", script, "sh", &demo.daemon.pid().to_string()])
            .arg(&demo.dir);
        let shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self {
            _shell: shell.expect("sh runs"),
        }
    }
}
