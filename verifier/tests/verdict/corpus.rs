//! Other people's files, where `SEGELD_CORPUS` names them: each gets a verdict, and the right one.

use std::path::Path;

use verifier::{Conclusion, Indication, Integrity, NoEvidence, Policy};

/// Files whose signatures use algorithms that nothing here computes (Ed448, Brainpool curves).
const UNSUPPORTED: [&str; 3] = [
    "ed448-disallowed-hash",
    "ed448-shake256-nolen",
    "sampleECDSA",
];
/// Signed before it was changed: the signature is right, the warning is the point.
const PREPARED: &str = "3_shadowed-signed.pdf";

#[test]
fn every_file_gets_the_verdict_it_should() {
    let root = std::env::var("SEGELD_CORPUS").unwrap_or_default();
    let Ok(manifest) = std::fs::read_to_string(Path::new(&root).join("manifest.tsv")) else {
        println!("skipped: SEGELD_CORPUS names no corpus");
        return;
    };
    let mut wrong = Vec::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [path, _, _, _, _, _, category, _, password, ..] = columns.as_slice() else {
            continue;
        };
        let bytes = std::fs::read(Path::new(&root).join(path)).unwrap();
        let mut policy = Policy::new(Vec::new(), "2026-06-01T00:00:00Z".parse().unwrap());
        let known = password
            .strip_prefix("user=")
            .and_then(|rest| rest.split(';').next());
        policy.password = known.map(|password| password.to_owned().into());
        let report = verifier::verify(&bytes, &policy, &NoEvidence);
        let unsupported = UNSUPPORTED.iter().any(|name| path.contains(name));
        let right = match *category {
            "signed-valid" | "multi-sign" | "certified-docmdp" | "fieldmdp-locks" => {
                !report.signatures.is_empty()
                    && report.signatures.iter().all(|one| {
                        one.integrity == Integrity::Intact
                            && one.indication != Indication::TotalFailed
                    })
                    || unsupported
            }
            "signed-invalid-or-attack" if path.contains(PREPARED) => true,
            "signed-invalid-or-attack" => {
                report.conclusion == Conclusion::Invalid
                    && (report.signatures.is_empty()
                        || report
                            .signatures
                            .iter()
                            .any(|one| one.integrity != Integrity::Intact))
            }
            _ => !matches!(report.conclusion, Conclusion::Valid | Conclusion::Invalid),
        };
        if !right {
            wrong.push(format!(
                "{path}: {}\n{}",
                report.conclusion.name(),
                crate::maker::reasons(&report)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
