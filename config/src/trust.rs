//! `[trust]`: whose signatures and timestamps count when documents are verified.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use signer::x509::{Certificate, pem};

use crate::reader::Section;

/// The largest file of certificates that is read.
const LARGEST: u64 = 4 << 20;
/// Certificates in one file.
const MOST: usize = 1_000;

/// Trust anchors beside the embedded authority's root, each trusted while its certificate is valid.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Trust {
    /// For those who sign documents.
    pub signing: Vec<Certificate>,
    /// For those who sign timestamps.
    pub timestamping: Vec<Certificate>,
}

impl Trust {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let mut read = |key| {
            let mut certificates = Vec::new();
            for path in section.paths(key) {
                match anchors(&path) {
                    Ok(found) => certificates.extend(found),
                    Err(message) => section.fault(key, message),
                }
            }
            certificates
        };
        let trust = Self {
            signing: read("signing"),
            timestamping: read("timestamping"),
        };
        section.finish();
        trust
    }
}

fn anchors(path: &Path) -> Result<Vec<Certificate>, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    pem::certificates(&text, MOST).map_err(|error| format!("{}: {error}", path.display()))
}
