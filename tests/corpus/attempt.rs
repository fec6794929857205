//! One file: sent, and judged by what its row says.

use std::{path::Path, process::Command};

use segeld_tests::{
    client::{Answer, Client, decode, encode, file, invisible},
    daemon::Demo,
    judge::{Case, Judges, looks_the_same},
    picture::{Area, Rendering},
};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    manifest::Row,
    rule::{Due, due},
};

/// Categories whose files hold no signature yet, so that a visible mark may be drawn on any page.
const UNSIGNED: &[&str] = &[
    "cjk-or-embedded-fonts",
    "forms",
    "large",
    "linearized",
    "many-pages",
    "pdf20",
    "pdfa",
    "plain",
    "rotated-cropped",
    "with-tags",
    "xrefstream",
];

/// The side of the square that a visible mark is drawn in, and its distance from the lower left corner.
const SIDE: usize = 48;
const MARGIN: usize = 4;

/// A worker's own client and judges.
pub(crate) struct Bench {
    runtime: Runtime,
    client: Client,
    judges: Judges,
    nik: String,
    passphrase: String,
}

/// What came of a request.
enum Outcome {
    Signed { pdf: Vec<u8>, rewritten: bool },
    Refused,
}

impl Bench {
    pub(crate) fn new(demo: &Demo) -> Self {
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            client: Client::new(demo),
            judges: Judges::new(demo),
            nik: demo.get("SEGELD_NIK").to_owned(),
            passphrase: demo.get("SEGELD_PASSPHRASE").to_owned(),
        }
    }

    /// Whether the file does what its row says.
    pub(crate) fn judge(&self, path: &Path, row: &Row) -> Result<(), String> {
        let pdf = std::fs::read(path).map_err(|error| error.to_string())?;
        let due = due(&row.expected).ok_or_else(|| format!("no rule for: {}", row.expected))?;
        match due {
            Due::Signed => self.must_be_signed(&pdf, row)?,
            Due::Refused => {
                if let Outcome::Signed { .. } = self.send(&pdf, None)? {
                    return Err("signed, though it must be refused".to_owned());
                }
            }
            Due::Either => {
                if let Outcome::Signed {
                    pdf: after,
                    rewritten,
                } = self.send(&pdf, None)?
                {
                    self.approve(Case {
                        before: &pdf,
                        after: &after,
                        password: None,
                        rewritten,
                    })?;
                }
            }
            Due::SignedWithPassword => {
                for wrong in [None, Some("bukan ini")] {
                    if let Outcome::Signed { .. } = self.send(&pdf, wrong)? {
                        return Err(format!("signed with the password {wrong:?}"));
                    }
                }
                self.must_be_signed(&pdf, row)?;
            }
        }
        Ok(())
    }

    fn must_be_signed(&self, pdf: &[u8], row: &Row) -> Result<(), String> {
        let password = row.password.as_deref();
        let answer = self.sign(pdf, password)?;
        let Outcome::Signed {
            pdf: after,
            rewritten,
        } = outcome(&answer)?
        else {
            return Err(answer.text());
        };
        let case = Case {
            before: pdf,
            after: &after,
            password,
            rewritten,
        };
        self.approve(case)?;
        looks_the_same(case, 1)?;
        if UNSIGNED.contains(&row.category.as_str()) && password.is_none() {
            self.visible(pdf)
                .map_err(|reason| format!("visible: {reason}"))?;
        }
        Ok(())
    }

    fn send(&self, pdf: &[u8], password: Option<&str>) -> Result<Outcome, String> {
        outcome(&self.sign(pdf, password)?)
    }

    /// Without a mark: by version 1, which has no field for a password, or else by version 2.
    fn sign(&self, pdf: &[u8], password: Option<&str>) -> Result<Answer, String> {
        let (client, nik, passphrase) = (&self.client, &self.nik, &self.passphrase);
        let request = async {
            match password {
                None => client.sign_v1(invisible(pdf, nik, passphrase)).await,
                Some(password) => {
                    let properties = json!([{ "tampilan": "INVISIBLE", "pdfPassword": password }]);
                    let body = json!({ "nik": nik, "passphrase": passphrase, "file": [encode(pdf)], "signatureProperties": properties });
                    client.sign_v2(&body).await
                }
            }
        };
        Ok(self.runtime.block_on(request))
    }

    /// With a code in the lower left corner of the last page.
    fn visible(&self, pdf: &[u8]) -> Result<(), String> {
        // poppler shows pages as if their /UserUnit were 1, so that it cannot tell where a mark is.
        if pdf.windows(9).any(|window| window == b"/UserUnit") {
            return Ok(());
        }
        let Some(last) = pages(pdf) else {
            return Ok(());
        };
        let Ok(before) = Rendering::of(pdf, last, None) else {
            return Ok(());
        };
        let (width, height) = before.size();
        if width.min(height) < SIDE + 2 * MARGIN {
            return Ok(());
        }
        let fields = [
            ("tampilan", "visible"),
            ("linkQR", "https://example.go.id/"),
            ("halaman", "terakhir"),
        ];
        let place = [
            ("xAxis", MARGIN),
            ("yAxis", MARGIN),
            ("width", SIDE),
            ("height", SIDE),
        ];
        let form = file(pdf)
            .text("nik", self.nik.clone())
            .text("passphrase", self.passphrase.clone());
        let form = fields
            .into_iter()
            .fold(form, |form, (name, value)| form.text(name, value));
        let form = place.into_iter().fold(form, |form, (name, value)| {
            form.text(name, value.to_string())
        });
        let answer = self.runtime.block_on(self.client.sign_v1(form));
        let Outcome::Signed {
            pdf: after,
            rewritten,
        } = outcome(&answer)?
        else {
            return Err(answer.text());
        };
        self.approve(Case {
            before: pdf,
            after: &after,
            password: None,
            rewritten,
        })?;
        let area = before.difference(&Rendering::of(&after, last, None)?)?;
        let due = Area {
            x: MARGIN,
            y: height - MARGIN - SIDE,
            width: SIDE,
            height: SIDE,
        };
        match area {
            Some(area) if area.is_within(&due) => Ok(()),
            other => Err(format!("the mark is at {other:?}, not within {due:?}")),
        }
    }

    fn approve(&self, case: Case<'_>) -> Result<(), String> {
        let faults = self.judges.faults(case);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.join("; ").replace('\n', " "))
        }
    }
}

/// Anything but a signature or the contract's refusal of a document is a failure of the daemon.
fn outcome(answer: &Answer) -> Result<Outcome, String> {
    let json = answer
        .content_type()
        .starts_with("application/json")
        .then(|| answer.json());
    let code = json.as_ref().and_then(|json| json["status_code"].as_i64());
    let warnings = answer.header("x-segeld-warning").unwrap_or_default();
    let signed = |pdf| {
        Ok(Outcome::Signed {
            pdf,
            rewritten: warnings.contains("repaired"),
        })
    };
    match (answer.status, json, code) {
        (200, None, _) => signed(answer.body.clone()),
        (200, Some(json), _) => signed(decode(
            json["file"][0].as_str().ok_or("no file in the answer")?,
        )),
        (400, _, Some(4015 | 4016)) | (413, _, Some(4131)) => Ok(Outcome::Refused),
        (status, ..) => Err(format!("{status} {}", answer.text())),
    }
}

/// How many pages poppler sees.
fn pages(pdf: &[u8]) -> Option<usize> {
    let dir = tempfile::tempdir().ok()?;
    let path = dir.path().join("document.pdf");
    std::fs::write(&path, pdf).ok()?;
    let output = Command::new("pdfinfo").arg(path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("Pages:"))?
        .trim()
        .parse()
        .ok()
}
