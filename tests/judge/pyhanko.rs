//! pyHanko, in one process for all documents, since it starts slowly.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use serde::Deserialize;
use serde_json::json;

use super::in_file;
use crate::root;

/// What it says of one signature.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// The field's name.
    pub field: String,
    /// Its judgement of everything: signature, chain, changes since, seed values.
    #[serde(default)]
    pub bottom_line: bool,
    /// The digest fits.
    #[serde(default)]
    pub intact: bool,
    /// The signature fits.
    #[serde(default)]
    pub valid: bool,
    /// The chain ends at the anchor.
    #[serde(default)]
    pub trusted: bool,
    /// What came after is allowed by its default policy and the document's own.
    #[serde(default)]
    pub changes_allowed: bool,
    /// `ENTIRE_FILE`, `ENTIRE_REVISION` or less.
    pub coverage: Option<String>,
    /// /`SubFilter`.
    pub sub_filter: Option<String>,
    /// The common name of the signer.
    pub signer: Option<String>,
    /// Why it could not judge.
    pub error: Option<String>,
}

impl Verdict {
    /// VALID, in its own words.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.bottom_line && self.trusted && self.is_intact()
    }

    /// Valid but for who signed.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.error.is_none() && self.intact && self.valid && self.changes_allowed
    }
}

#[derive(Debug, Deserialize)]
struct Reply {
    signatures: Option<Vec<Verdict>>,
    error: Option<String>,
}

/// The process.
#[derive(Debug)]
pub struct PyHanko {
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    child: Child,
}

impl PyHanko {
    pub(super) fn start() -> Self {
        let python = std::env::var_os("SEGELD_PYTHON")
            .map_or_else(|| root().join("var/venv/bin/python"), PathBuf::from);
        let script = root().join("tests/judge/validate.py");
        let mut command = Command::new(&python);
        command
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!(
                "{}: {error}; `scripts/set-up test` makes it",
                python.display()
            )
        });
        let pipes = (
            child.stdin.take().expect("piped"),
            BufReader::new(child.stdout.take().expect("piped")),
        );
        Self {
            pipes: Mutex::new(pipes),
            child,
        }
    }

    pub(super) fn judge(
        &self,
        pdf: &[u8],
        trust: &Path,
        password: Option<&str>,
    ) -> Result<Vec<Verdict>, String> {
        let line = in_file(pdf, |path| {
            let request = json!({ "path": path, "trust": trust, "password": password });
            let mut pipes = self.pipes.lock().expect("no judge panicked");
            writeln!(pipes.0, "{request}").expect("pyHanko listens");
            let mut line = String::new();
            pipes.1.read_line(&mut line).expect("pyHanko answers");
            line
        });
        let reply: Reply =
            serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        reply
            .signatures
            .ok_or_else(|| reply.error.unwrap_or_default())
    }
}

impl Drop for PyHanko {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
