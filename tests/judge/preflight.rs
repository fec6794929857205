//! Apache PDFBox Preflight on PDF/A-1b: Debian's libpdfbox2-java, run by `java` from one source file.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::root;

/// Where Debian puts libraries.
const LIBRARIES: &str = "/usr/share/java";
/// What Preflight needs, and what Java no longer has itself.
const JARS: [&str; 7] = [
    "preflight.jar",
    "pdfbox2.jar",
    "fontbox2.jar",
    "xmpbox.jar",
    "commons-logging.jar",
    "javax.activation.jar",
    "jaxb-api.jar",
];

/// What keeps Preflight from being run here; `None` when nothing does.
#[must_use]
pub fn missing() -> Option<String> {
    let jar = JARS
        .iter()
        .find(|jar| !Path::new(LIBRARIES).join(jar).is_file());
    if let Some(jar) = jar {
        return Some(format!("no {jar}"));
    }
    // A bare runtime cannot run a source file.
    let compiler = Command::new("javac").arg("-version").output();
    compiler.err().map(|error| format!("javac: {error}"))
}

/// What Preflight holds against each of these documents; nothing against a sound PDF/A-1b.
///
/// # Panics
/// When it does not run: see [`missing`].
#[must_use]
pub fn judge(documents: &[&[u8]]) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().expect("a directory");
    let mut names = String::new();
    for (index, document) in documents.iter().enumerate() {
        let path = folder.path().join(format!("{index}.pdf"));
        std::fs::write(&path, document).expect("a file");
        names.push_str(path.to_str().expect("a name in UTF-8"));
        names.push('\n');
    }
    let jars = JARS.map(|jar| format!("{LIBRARIES}/{jar}"));
    let mut child = Command::new("java")
        .args(["-Djava.awt.headless=true", "-cp", &jars.join(":")])
        .arg(root().join("tests/judge/Preflight.java"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("java runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(names.as_bytes()).expect("java reads");
    drop(input);
    let output = child.wait_with_output().expect("java ends");
    let answers: Vec<Option<String>> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| Some(line.to_owned()).filter(|line| line != "valid"))
        .collect();
    assert_eq!(answers.len(), documents.len(), "{answers:?}");
    answers
}
