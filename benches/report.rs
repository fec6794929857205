//! The report: what machine, what versions, what command, and the figures; printed, and written to docs/benchmarks.md.

use std::{fmt::Write as _, process::Command, time::Duration};

use crate::load::Median;

/// Text in the making.
#[derive(Debug, Default)]
pub struct Report(String);

impl Report {
    /// Heading, machine and versions.
    #[must_use]
    pub fn new(repetitions: usize, time: Duration) -> Self {
        let mut report = Self::default();
        report.line("# Benchmarks");
        report.line("");
        report.line("Written by `make bench`; nothing here is edited by hand.");
        report.line("");
        report.line(&format!(
            "- Machine: {}, {} processors, {} of memory",
            processor(),
            processors(),
            memory()
        ));
        let kernel = said("uname", &["-sr"]);
        report.line(&format!("- System: {}, {kernel}", distribution()));
        report.line(&format!(
            "- Token: SoftHSM {}, OpenSSL {}",
            package("softhsm2"),
            package("libssl3")
        ));
        report.line(&format!(
            "- Built by {}, commit {}",
            said("rustc", &["--version"]),
            said("git", &["rev-parse", "--short", "HEAD"])
        ));
        report.line(&format!("- Load average at the start: {}", load_average()));
        report.line(&format!("- Every figure is the median of {repetitions} repetitions of {} ms; spread is from the least to the greatest, in percent of it.", time.as_millis()));
        report
    }

    /// Adds a line.
    pub fn line(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{text}");
    }

    /// A section with a table.
    pub fn table(
        &mut self,
        title: &str,
        explanation: &str,
        columns: &[&str],
        rows: &[Vec<String>],
    ) {
        self.line("");
        self.line(&format!("## {title}"));
        self.line("");
        self.line(explanation);
        self.line("");
        self.line(&format!("| {} |", columns.join(" | ")));
        self.line(&format!("|{}", "---|".repeat(columns.len())));
        for row in rows {
            self.line(&format!("| {} |", row.join(" | ")));
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A rate, without false precision.
#[must_use]
pub fn rate(median: Median) -> String {
    if median.value < 100.0 {
        format!("{:.1}", median.value)
    } else {
        format!("{:.0}", median.value)
    }
}

/// A spread in percent.
#[must_use]
pub fn spread(median: Median) -> String {
    format!("{:.0} %", median.spread * 100.0)
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    if text.is_empty() {
        "unknown".to_owned()
    } else {
        text
    }
}

fn package(name: &str) -> String {
    said("dpkg-query", &["-W", "-f=${Version}", name])
}

fn field(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let value = text
        .lines()
        .find(|line| line.starts_with(name))
        .and_then(|line| line.split_once([':', '=']));
    value.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().trim_matches('"').to_owned(),
    )
}

fn processor() -> String {
    field("/proc/cpuinfo", "model name")
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn memory() -> String {
    let kilobytes: u64 = field("/proc/meminfo", "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or_default();
    format!("{} GiB", kilobytes >> 20)
}

fn distribution() -> String {
    field("/etc/os-release", "PRETTY_NAME")
}

/// How busy the machine was in the last minute.
#[must_use]
pub fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split(' ')
        .take(1)
        .collect()
}
