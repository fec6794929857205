//! `make corpus`: signs third-party PDFs through the running daemon, has the results judged, and prints a table by category.
//!
//! The files lie in `SEGELD_CORPUS` with a `manifest.tsv` that says of each what must come of it; none of them is part of this
//! project. Arguments limit the run to paths that contain one of them. The exit is not zero when a claimed category falls
//! short; a category that is not claimed yet is printed all the same.

mod attempt;
mod manifest;
mod rule;

use std::{
    collections::BTreeMap,
    io::Write,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use segeld_tests::daemon::Demo;

use attempt::Bench;
use manifest::Row;

/// What is promised today: every file of these does what its row says.
const CLAIMED: &[&str] = &[
    "cjk-or-embedded-fonts",
    "large",
    "linearized",
    "many-pages",
    "pdf20",
    "pdfa",
    "plain",
    "xrefstream",
];

/// One category's line of the table.
#[derive(Debug, Default)]
struct Tally {
    /// Files by what is due of them.
    due: BTreeMap<&'static str, usize>,
    passed: usize,
    failed: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let folder = PathBuf::from(
        std::env::var_os("SEGELD_CORPUS").unwrap_or_else(|| "../shared/corpus".into()),
    );
    if !folder.join("manifest.tsv").is_file() {
        say(&format!(
            "corpus: skipping, there is no manifest.tsv in {}",
            folder.display()
        ));
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let rows = manifest::read(&folder.join("manifest.tsv"));
    let rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| wanted.is_empty() || wanted.iter().any(|part| row.path.contains(part)))
        .collect();
    let outcomes = run(&folder, &rows);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (row, outcome) in rows.iter().zip(outcomes) {
        let tally = tallies.entry(&row.category).or_default();
        *tally
            .due
            .entry(rule::due(&row.expected).map_or("no rule", rule::Due::name))
            .or_default() += 1;
        match outcome {
            Ok(()) => tally.passed += 1,
            Err(reason) => tally.failed.push((row.path.clone(), reason)),
        }
    }
    print(&tallies);
    let short = tallies
        .iter()
        .any(|(category, tally)| CLAIMED.contains(category) && !tally.failed.is_empty());
    if short {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Two at a time: a judge is a process that computes, and so is the daemon.
fn run(folder: &std::path::Path, rows: &[Row]) -> Vec<Result<(), String>> {
    let demo = Demo::shared();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let bench = Bench::new(demo);
                while let Some((index, row)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, rows.get(i)?)))
                {
                    let outcome = bench.judge(&folder.join(&row.path), row);
                    outcomes
                        .lock()
                        .expect("no worker panicked")
                        .insert(index, outcome);
                }
            });
        }
    });
    outcomes
        .into_inner()
        .expect("no worker panicked")
        .into_values()
        .collect()
}

fn print(tallies: &BTreeMap<&str, Tally>) {
    say("| category | files | due | passed | failed |");
    say("|---|---|---|---|---|");
    for (category, tally) in tallies {
        let due: Vec<String> = tally
            .due
            .iter()
            .map(|(due, count)| format!("{count} {due}"))
            .collect();
        let claimed = if CLAIMED.contains(category) {
            " (claimed)"
        } else {
            ""
        };
        let (passed, failed) = (tally.passed, tally.failed.len());
        say(&format!(
            "| {category}{claimed} | {} | {} | {passed} | {failed} |",
            passed + failed,
            due.join(", ")
        ));
    }
    let (passed, failed) = tallies.values().fold((0, 0), |(p, f), tally| {
        (p + tally.passed, f + tally.failed.len())
    });
    say(&format!(
        "| all | {} | | {passed} | {failed} |",
        passed + failed
    ));
    for tally in tallies.values() {
        for (path, reason) in &tally.failed {
            say(&format!("- {path}: {reason}"));
        }
    }
}

/// Standard output; a reader that has gone away is no reason to panic.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
