//! The configuration file: every key, its check, and when it is read again.

pub(crate) mod fault;
pub(crate) mod latency;
mod profile;

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroU64},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::call::Call;
pub(crate) use fault::Fault;
pub(crate) use latency::Latency;
use profile::Profile;

/// What the file may hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Conf {
    /// The real module.
    pub(crate) module: PathBuf,
    profile: Option<Profile>,
    #[serde(default)]
    latency: BTreeMap<Call, Latency>,
    max_parallel: Option<NonZeroU32>,
    max_per_second: Option<NonZeroU32>,
    max_sessions: Option<NonZeroU64>,
    /// Where calls are written down, one JSON object a line; appended to.
    pub(crate) log: Option<PathBuf>,
    /// Start of the chance by which faults strike and latencies vary.
    #[serde(default)]
    pub(crate) seed: u64,
    #[serde(default)]
    pub(crate) session_handles: SessionHandles,
    #[serde(default)]
    pub(crate) fault: Vec<Fault>,
}

/// How session handles are numbered after `C_Finalize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SessionHandles {
    /// Never twice in a process: a stale handle is always caught.
    #[default]
    Unique,
    /// From 1 again, as `SoftHSM` does: a stale handle may mean another's session.
    Restart,
}

/// Why the file is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the environment variable HSM_SIM_CONF is not set")]
    NotNamed,
    #[error("{path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {source}")]
    Parse {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("{path}: the log cannot be opened: {source}")]
    Log {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("module changed from {from} to {to} while it is loaded")]
    ModuleChanged { from: PathBuf, to: PathBuf },
}

impl Conf {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| Error::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// The file's own latency for a call, else the profile's.
    pub(crate) fn latency(&self, call: Call) -> Option<Latency> {
        self.latency
            .get(&call)
            .copied()
            .or_else(|| self.profile.and_then(|profile| profile.latency(call)))
    }

    pub(crate) fn max_parallel(&self) -> Option<NonZeroU32> {
        self.max_parallel
            .or_else(|| self.profile.and_then(Profile::max_parallel))
    }

    pub(crate) fn max_per_second(&self) -> Option<NonZeroU32> {
        self.max_per_second
            .or_else(|| self.profile.and_then(Profile::max_per_second))
    }

    pub(crate) fn max_sessions(&self) -> Option<NonZeroU64> {
        self.max_sessions
            .or_else(|| self.profile.and_then(Profile::max_sessions))
    }
}

/// What shows that the file was changed: times alone are too coarse for two changes within a clock tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    /// `None` when there is no such file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: metadata.ino(),
            size: metadata.size(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        })
    }
}

impl<'de> Deserialize<'de> for Call {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
