//! Credentials: files whose content is a secret.
//!
//! The service manager hands them over in `$CREDENTIALS_DIRECTORY`; without one they lie in
//! `credentials-dir`. A file that others can read is refused, since a secret that leaked once stays leaked.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

/// The largest credential that is read.
const LARGEST: usize = 4096;

/// Where credentials are read from.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// `$CREDENTIALS_DIRECTORY`: the service manager guards it by an access list, whose mask shows in the
    /// group's permission to read.
    ServiceManager(PathBuf),
    /// `credentials-dir` of the configuration.
    Directory(PathBuf),
    /// None was named.
    Nowhere,
}

impl Credentials {
    /// Reads the secret in the credential `name`, without the line break at its end.
    pub(crate) fn read(&self, name: &str) -> Result<SecretString, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !name.chars().all(plain) || name.starts_with('.') || name.len() > 255 {
            return Err("must be the name of a file, without a path".to_owned());
        }
        let (directory, forbidden) = match self {
            Self::ServiceManager(directory) => (directory, 0o037),
            Self::Directory(directory) => (directory, 0o077),
            Self::Nowhere => {
                return Err(
                    "cannot be read: neither credentials-dir nor $CREDENTIALS_DIRECTORY is set"
                        .to_owned(),
                );
            }
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
        open_private(&directory.join(name), forbidden)?
            .take(LARGEST as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("credential cannot be read: {error}"))?;
        if bytes.len() > LARGEST {
            return Err(format!("credential is larger than {LARGEST} bytes"));
        }
        let text =
            std::str::from_utf8(&bytes).map_err(|_| "credential is not UTF-8 text".to_owned())?;
        let secret = text.trim_end_matches(['\n', '\r']);
        if secret.is_empty() {
            return Err("credential is empty".to_owned());
        }
        Ok(SecretString::from(secret))
    }
}

/// Checks that a file with a secret can be read, and by its owner alone.
pub(crate) fn check_private(path: &Path) -> Result<(), String> {
    open_private(path, 0o077).map(drop)
}

/// Checks that a file is there and can be read.
pub(crate) fn check_readable(path: &Path) -> Result<(), String> {
    let file =
        File::open(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(()),
        _ => Err(format!("{} is not a file", path.display())),
    }
}

/// Opens a file, then judges the opened one, so that it cannot be exchanged in between.
fn open_private(path: &Path, forbidden: u32) -> Result<File, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let metadata = file
        .metadata()
        .map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    let mode = metadata.mode() & 0o777;
    if mode & forbidden != 0 {
        return Err(format!(
            "{shown} holds a secret and others may read it (mode {mode:03o}); chmod 600 it"
        ));
    }
    Ok(file)
}
