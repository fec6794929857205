//! `[store]`: where records are kept.

use std::path::PathBuf;

use crate::default;
use crate::reader::Section;

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// `sqlite:PATH`: a file of the daemon's own.
    Sqlite(PathBuf),
}

/// Where records are kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Store {
    /// The database.
    pub url: StoreUrl,
    /// Connections to it.
    pub connections: u32,
}

impl Store {
    /// A store in one SQLite file, with the default settings.
    #[must_use]
    pub fn sqlite(path: PathBuf) -> Self {
        Self {
            url: StoreUrl::Sqlite(path),
            connections: default::STORE_CONNECTIONS,
        }
    }

    pub(crate) fn read(mut section: Section<'_>) -> Option<Self> {
        let url = section.required::<String>("url").and_then(|url| {
            let path = url.strip_prefix("sqlite:").map(|path| {
                // `sqlite:///abs` and `sqlite:/abs` name the same file; `sqlite:rel` starts at this file.
                path.strip_prefix("//").unwrap_or(path)
            });
            match path {
                Some(path) if !path.is_empty() && !path.contains(['?', '#']) => {
                    Some(StoreUrl::Sqlite(section.context().resolve(path)))
                }
                _ => {
                    section.fault("url", "must be \"sqlite:\" and the path of a file");
                    None
                }
            }
        });
        let connections = section.within("connections", default::STORE_CONNECTIONS, 1..=1024);
        section.finish();
        Some(Self {
            url: url?,
            connections,
        })
    }
}
