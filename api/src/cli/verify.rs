//! `segeld verify FILE`: the verdict on one document, without a daemon.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use secrecy::SecretString;
use signer::x509::pem;
use verifier::{
    Anchor, Conclusion, Finding, Level, NoEvidence, Outcome, Policy, Report, SubIndication, Trust,
};

/// The largest document that is read.
const LARGEST: u64 = 1 << 30;
/// Certificates in one file of anchors.
const MOST_ANCHORS: usize = 1_000;

/// What to judge, and whom to trust.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The document.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with the password of an encrypted document on its first line.
    #[arg(long, value_name = "FILE")]
    password: Option<PathBuf>,
    /// Trust anchors, PEM; may be given several times.
    #[arg(long, value_name = "PEM")]
    trust: Vec<PathBuf>,
    /// The time validity is asked for, such as 2026-01-01T00:00:00Z; now if not given.
    #[arg(long, value_name = "TIME")]
    time: Option<Timestamp>,
    /// Answers with every check as JSON.
    #[arg(long, conflicts_with = "text")]
    json: bool,
    /// Answers for people; the default.
    #[arg(long)]
    text: bool,
}

/// Exit codes: 0 valid, 1 invalid, 2 indeterminate, 3 unsigned.
pub(super) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let document = read(&options.file, LARGEST)?;
    let mut anchors = Vec::new();
    for path in &options.trust {
        let text = read(path, LARGEST)?;
        let certificates = pem::certificates(&String::from_utf8_lossy(&text), MOST_ANCHORS)
            .with_context(|| path.display().to_string())?;
        for certificate in certificates {
            let anchor = Anchor::from_der(certificate.as_der(), Trust::ALL);
            anchors.push(anchor.with_context(|| path.display().to_string())?);
        }
    }
    let mut policy = Policy::new(anchors, options.time.unwrap_or_else(Timestamp::now));
    if let Some(path) = &options.password {
        let text = read(path, LARGEST)?;
        let text = String::from_utf8_lossy(&text);
        policy.password = text.lines().next().map(SecretString::from);
    }
    let report = verifier::verify(&document, &policy, &NoEvidence);
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{:#}", report.to_json())?;
    } else {
        out.write_all(text(&report).as_bytes())?;
    }
    Ok(ExitCode::from(match report.conclusion {
        Conclusion::Valid => 0,
        Conclusion::Invalid => 1,
        Conclusion::Indeterminate => 2,
        Conclusion::Unsigned => 3,
    }))
}

fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let context = || format!("cannot read {}", path.display());
    let file = std::fs::File::open(path).with_context(context)?;
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .with_context(context)?;
    Ok(bytes)
}

/// The report for people: what it came to, and every check that is more than passed.
fn text(report: &Report) -> String {
    let mut lines = vec![report.conclusion.name().to_owned()];
    lines.extend(
        report
            .findings
            .iter()
            .filter_map(|finding| line("", finding)),
    );
    for one in &report.signatures {
        let field = one.field.as_deref().unwrap_or("(no field)").escape_debug();
        let signer = one.chain.first();
        let signer = signer.map(|facts| facts.certificate.subject_dn());
        let parts = [
            one.indication.name(),
            one.sub_indication.map_or("", SubIndication::name),
            one.level.map_or("", Level::name),
            &signer.unwrap_or_default(),
        ];
        lines.push(format!("{field}: {}", parts.join(" ")));
        lines.extend(
            one.findings
                .iter()
                .filter_map(|finding| line("  ", finding)),
        );
    }
    lines.join("\n") + "\n"
}

fn line(indent: &str, finding: &Finding) -> Option<String> {
    let word = match finding.outcome {
        Outcome::Passed => return None,
        Outcome::Noted => "note",
        Outcome::Warned => "warning",
        Outcome::Undecided(_) => "undecided",
        Outcome::Failed(_) => "failed",
    };
    // What a document says may not steer the terminal.
    let detail: String = finding
        .detail
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    Some(format!(
        "{indent}{word}: {}: {detail}",
        finding.check.name()
    ))
}
