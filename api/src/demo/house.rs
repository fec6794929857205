//! The directory of a demo: what lies where, who may read it, and whether it is whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The format of the directory that this program writes.
const FORMAT: u32 = 1;
/// Stands for the format while the first start is under way.
const UNFINISHED: &str = "unfinished";
/// All that a first start makes, and that another takes away when the first did not come to its end.
const MADE: [&str; 12] = [
    "tokens",
    "credentials",
    "downloads",
    "outbox",
    "segeld.toml",
    "segeld.db",
    "segeld.db-wal",
    "segeld.db-shm",
    "tls.pem",
    "tls.key",
    "ca.pem",
    "trust.pem",
];

/// The directory of a demo.
#[derive(Debug)]
pub(super) struct House(PathBuf);

impl House {
    /// Enters a directory, which is made if need be; only its owner may.
    pub(super) fn enter(dir: &Path) -> anyhow::Result<Self> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .and_then(|()| dir.canonicalize());
        let dir = made.with_context(|| format!("cannot use the directory {}", dir.display()))?;
        super::require_plain(&dir)?;
        Ok(Self(dir))
    }

    /// Keeps other demos out of the directory for as long as the file is held.
    pub(super) fn lock(&self) -> anyhow::Result<File> {
        let path = self.path("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => bail!("another demo runs in {}", self.0.display()),
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the directory"),
        }
    }

    /// Whether a first start came to its end; what an older program made is brought up to date.
    pub(super) fn stands(&self) -> anyhow::Result<bool> {
        let Ok(text) = fs::read_to_string(self.format()) else {
            return Ok(false);
        };
        if text.trim() == UNFINISHED {
            return Ok(false);
        }
        let format: u32 = text
            .trim()
            .parse()
            .with_context(|| format!("{} is no number", self.format().display()))?;
        if format > FORMAT {
            bail!(
                "{} was made by a newer segeld (format {format}, this one knows {FORMAT})",
                self.0.display()
            );
        }
        // There has been no other format so far: an older one would be brought up to date here, step by step.
        Ok(true)
    }

    /// Begins a first start: takes away what one before left unfinished.
    pub(super) fn clear(&self) -> anyhow::Result<()> {
        if self.format().exists() {
            for name in MADE {
                let path = self.path(name);
                let gone = if path.is_dir() {
                    fs::remove_dir_all(&path)
                } else {
                    fs::remove_file(&path)
                };
                match gone {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(error.into());
                    }
                    _ => {}
                }
            }
        }
        self.write(self.format(), UNFINISHED.as_bytes())?;
        for name in ["tokens", "credentials", "downloads", "outbox"] {
            let made = DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(self.path(name));
            made.with_context(|| format!("cannot make {}", self.path(name).display()))?;
        }
        Ok(())
    }

    /// Marks the house as whole.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        self.write(self.format(), format!("{FORMAT}\n").as_bytes())
    }

    /// Writes a file that only its owner may read; it is there whole or as before.
    pub(super) fn write(&self, path: PathBuf, content: &[u8]) -> anyhow::Result<()> {
        let mut new = path.clone().into_os_string();
        new.push(".new");
        let written = (|| {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        })();
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn format(&self) -> PathBuf {
        self.path("format")
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.path("segeld.toml")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path("segeld.db")
    }

    pub(super) fn credential(&self, name: &str) -> PathBuf {
        self.path("credentials").join(name)
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    pub(super) fn trust(&self) -> PathBuf {
        self.path("trust.pem")
    }
}

/// The line that tells whoever started the demo that it serves.
pub(super) fn announce(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("cannot write to standard output")
}
