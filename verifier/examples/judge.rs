//! Prints the verdict on files, for looking at many of them.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example for the terminal"
)]

use verifier::{Anchor, NoEvidence, Policy, Trust, verify};

fn main() {
    let mut anchors = Vec::new();
    let mut full = false;
    let mut time = jiff::Timestamp::now();
    let mut password = None;
    for argument in std::env::args().skip(1) {
        if argument == "-v" {
            full = true;
        } else if let Some(path) = argument.strip_prefix("--anchor=") {
            let bytes = std::fs::read(path).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let ders = signer::x509::pem::certificates(&text, 100).map_or_else(
                |_| vec![bytes],
                |list| list.iter().map(|one| one.as_der().to_vec()).collect(),
            );
            anchors.extend(
                ders.iter()
                    .filter_map(|der| Anchor::from_der(der, Trust::ALL).ok()),
            );
        } else if let Some(text) = argument.strip_prefix("--time=") {
            time = text.parse().unwrap();
        } else if let Some(text) = argument.strip_prefix("--password=") {
            password = Some(text.to_owned().into());
        } else {
            let bytes = std::fs::read(&argument).unwrap();
            let mut policy = Policy::new(anchors.clone(), time);
            policy.password.clone_from(&password);
            let start = std::time::Instant::now();
            let report = verify(&bytes, &policy, &NoEvidence);
            println!(
                "{argument}: {} ({} ms)",
                report.conclusion.name(),
                start.elapsed().as_millis()
            );
            for finding in report.findings.iter().filter(|_| true) {
                println!(
                    "  {} {:?}: {}",
                    finding.check.name(),
                    finding.outcome,
                    finding.detail
                );
            }
            for one in &report.signatures {
                println!(
                    "  {:?} {:?} {} {} {:?} level {:?} trusted {} revision {:?}",
                    one.field,
                    one.purpose,
                    one.indication.name(),
                    one.sub_indication.map_or("", verifier::SubIndication::name),
                    one.integrity,
                    one.level,
                    one.trusted,
                    one.coverage.revision,
                );
                for finding in &one.findings {
                    if full || !matches!(finding.outcome, verifier::Outcome::Passed) {
                        println!(
                            "    {} {:?}: {}",
                            finding.check.name(),
                            finding.outcome,
                            finding.detail
                        );
                    }
                }
                for stamp in &one.timestamps {
                    println!(
                        "    timestamp {:?} {} {:?}",
                        stamp.time,
                        stamp.indication.name(),
                        stamp.sub_indication
                    );
                    for finding in &stamp.findings {
                        if full || !matches!(finding.outcome, verifier::Outcome::Passed) {
                            println!(
                                "      {} {:?}: {}",
                                finding.check.name(),
                                finding.outcome,
                                finding.detail
                            );
                        }
                    }
                }
                for change in &one.changes {
                    println!("    change {change:?}");
                }
            }
        }
    }
}
