//! poppler's `pdfsig`. It judges the signed bytes alone, so what matters beside "valid" is that they are the whole file.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, process::Command};

use super::{Case, in_file};

/// What it says of one signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// "Signature is Valid."
    pub valid: bool,
    /// "Total document signed"
    pub total: bool,
}

/// What it says of a file, in the order of its fields.
///
/// # Panics
/// When there is no `pdfsig`.
#[must_use]
pub fn judge(pdf: &[u8], password: Option<&str>) -> Vec<Verdict> {
    // It takes a password as bytes: UTF-8 for the newest encryption, Latin-1 for all others.
    let latin_1 = password.and_then(|text| {
        text.chars()
            .map(|c| u8::try_from(c).ok())
            .collect::<Option<Vec<u8>>>()
    });
    let as_text = run(pdf, password.map(str::as_bytes));
    if as_text.is_empty() && latin_1.is_some() {
        run(pdf, latin_1.as_deref())
    } else {
        as_text
    }
}

fn run(pdf: &[u8], password: Option<&[u8]>) -> Vec<Verdict> {
    let output = in_file(pdf, |path| {
        let mut command = Command::new("pdfsig");
        command.arg("-nocert");
        if let Some(password) = password {
            command.arg("-upw").arg(OsStr::from_bytes(password));
        }
        command.arg(path).output().expect("pdfsig runs")
    });
    let mut verdicts: Vec<Verdict> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if line.starts_with("Signature #") {
            verdicts.push(Verdict::default());
        }
        if let Some(verdict) = verdicts.last_mut() {
            verdict.valid |= line.contains("Signature Validation: Signature is Valid.");
            verdict.total |= line.contains("Total document signed");
        }
    }
    verdicts
}

pub(super) fn faults(case: Case<'_>) -> Option<String> {
    let after = judge(case.after, case.password);
    let newest = after
        .iter()
        .filter(|verdict| verdict.valid && verdict.total)
        .count();
    let valid = |verdicts: &[Verdict]| verdicts.iter().filter(|verdict| verdict.valid).count();
    let kept = valid(&after) > valid(&judge(case.before, case.password));
    (newest != 1 || !kept).then(|| format!("pdfsig: {after:?}"))
}
