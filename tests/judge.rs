//! Other people's validators, and what they must say of a document that was signed just now.

pub mod openssl;
pub mod pdfsig;
pub mod preflight;
pub mod pyhanko;
pub mod qpdf;

use std::path::{Path, PathBuf};

use crate::{daemon::Demo, picture::Rendering};
use pyhanko::PyHanko;

/// The judges, with the anchor they trust.
#[derive(Debug)]
pub struct Judges {
    trust: PathBuf,
    pyhanko: PyHanko,
}

/// A document before and after.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// As it was sent.
    pub before: &'a [u8],
    /// As it came back.
    pub after: &'a [u8],
    /// What opens it.
    pub password: Option<&'a str>,
    /// Whether the original was mended first (so that its bytes are not the beginning of the answer).
    pub rewritten: bool,
}

impl<'a> Case<'a> {
    /// A document that needs no password.
    #[must_use]
    pub fn new(before: &'a [u8], after: &'a [u8]) -> Self {
        Self {
            before,
            after,
            password: None,
            rewritten: false,
        }
    }
}

impl Judges {
    /// Judges that trust the demo's anchor of signing certificates.
    ///
    /// # Panics
    /// When pyHanko does not start.
    #[must_use]
    pub fn new(demo: &Demo) -> Self {
        Self::trusting(demo.get("SEGELD_TRUST_FILE").into())
    }

    /// Judges that trust the anchors in a PEM file.
    ///
    /// # Panics
    /// When pyHanko does not start.
    #[must_use]
    pub fn trusting(trust: PathBuf) -> Self {
        Self {
            trust,
            pyhanko: PyHanko::start(),
        }
    }

    /// The anchor's file.
    #[must_use]
    pub fn trust(&self) -> &Path {
        &self.trust
    }

    /// What pyHanko says of every signature, oldest first.
    ///
    /// # Errors
    /// When it cannot read the file.
    pub fn pyhanko(
        &self,
        pdf: &[u8],
        password: Option<&str>,
    ) -> Result<Vec<pyhanko::Verdict>, String> {
        self.pyhanko.judge(pdf, &self.trust, password)
    }

    /// Everything that must hold of a newly signed document. An empty list is praise.
    #[must_use]
    pub fn faults(&self, case: Case<'_>) -> Vec<String> {
        let mut faults = Vec::new();
        if !case.rewritten && !case.after.starts_with(case.before) {
            faults.push("earlier bytes changed".to_owned());
        }
        faults.extend(self.pyhanko_faults(case));
        faults.extend(pdfsig::faults(case));
        faults.extend(qpdf::faults(case));
        faults.extend(
            openssl::verify(case.after, &self.trust)
                .err()
                .map(|reason| format!("openssl: {reason}")),
        );
        faults
    }

    /// Panics with everything the judges hold against the document.
    ///
    /// # Panics
    /// When they hold anything against it.
    pub fn approve(&self, before: &[u8], after: &[u8]) {
        let faults = self.faults(Case::new(before, after));
        assert!(faults.is_empty(), "{faults:#?}");
    }

    fn pyhanko_faults(&self, case: Case<'_>) -> Vec<String> {
        let (before, after) = match (
            self.pyhanko(case.before, case.password),
            self.pyhanko(case.after, case.password),
        ) {
            (before, Ok(after)) => (before.unwrap_or_default(), after),
            // Some files are beyond it as they come: their encryption, or syntax that it insists on.
            (Err(_), Err(_)) if !case.rewritten => return Vec::new(),
            (_, Err(reason)) => return vec![format!("pyHanko: {reason}")],
        };
        let mut faults = Vec::new();
        match after
            .iter()
            .filter(|verdict| verdict.coverage.as_deref() == Some("ENTIRE_FILE"))
            .collect::<Vec<_>>()[..]
        {
            [newest] if newest.is_valid() => {}
            [newest] => faults.push(format!("pyHanko: {newest:?}")),
            ref others => faults.push(format!(
                "pyHanko: {} signatures cover the whole file",
                others.len()
            )),
        }
        for earlier in before {
            let kept = after.iter().find(|verdict| verdict.field == earlier.field);
            if earlier.is_intact() && !kept.is_some_and(pyhanko::Verdict::is_intact) {
                faults.push(format!("pyHanko: earlier signature spoilt: {kept:?}"));
            }
        }
        faults
    }
}

/// Whether a page still looks the same after an invisible signature. A page that could not be shown before may be anything.
///
/// # Errors
/// When it does not.
pub fn looks_the_same(case: Case<'_>, page: usize) -> Result<(), String> {
    let Ok(before) = Rendering::of(case.before, page, case.password) else {
        return Ok(());
    };
    let after = Rendering::of(case.after, page, case.password)?;
    match before.difference(&after)? {
        None => Ok(()),
        Some(area) => Err(format!("page {page} looks different at {area:?}")),
    }
}

/// Writes a document where a program can read it.
fn in_file<T>(pdf: &[u8], use_it: impl FnOnce(&Path) -> T) -> T {
    let file = tempfile::Builder::new()
        .suffix(".pdf")
        .tempfile()
        .expect("a temporary file");
    std::fs::write(file.path(), pdf).expect("a temporary file can be written");
    use_it(file.path())
}
