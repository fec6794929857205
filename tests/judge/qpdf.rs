//! `qpdf --check`: the file's structure. A signed file may have no fault that it did not come with.

use std::{collections::BTreeSet, process::Command};

use super::{Case, in_file};

/// What it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// 0 sound, 3 warnings, 2 errors.
    pub exit: i32,
    /// Without file names and numbers, which change with every revision.
    pub warnings: BTreeSet<String>,
}

/// Checks a file.
///
/// # Panics
/// When there is no `qpdf`.
#[must_use]
pub fn check(pdf: &[u8], password: Option<&str>) -> Check {
    let (output, name) = in_file(pdf, |path| {
        let mut command = Command::new("qpdf");
        command.arg("--check");
        if let Some(password) = password {
            command.arg(format!("--password={password}"));
        }
        (
            command.arg(path).output().expect("qpdf runs"),
            path.display().to_string(),
        )
    });
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let warnings = said
        .lines()
        .map(|line| {
            line.replace(&name, "")
                .replace(|c: char| c.is_ascii_digit(), "")
        })
        .collect();
    Check {
        exit: output.status.code().unwrap_or(-1),
        warnings,
    }
}

pub(super) fn faults(case: Case<'_>) -> Vec<String> {
    let (before, after) = (
        check(case.before, case.password),
        check(case.after, case.password),
    );
    // 2 is worse than 3.
    let rank = |exit| {
        [0, 3, 2]
            .iter()
            .position(|known| *known == exit)
            .unwrap_or(usize::MAX)
    };
    let mut faults = Vec::new();
    if rank(after.exit) > rank(before.exit) {
        faults.push(format!("qpdf: exit {} was {}", after.exit, before.exit));
    }
    faults.extend(
        after
            .warnings
            .difference(&before.warnings)
            .map(|warning| format!("qpdf: {warning}")),
    );
    faults
}
