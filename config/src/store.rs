//! `[store]`: where records are kept.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::default;
use crate::reader::Section;

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// `postgres://USER@HOST/DATABASE`, without the password, which is a credential.
    Postgres(String),
    /// `sqlite:PATH`: a file of the daemon's own.
    Sqlite(PathBuf),
}

/// Where records are kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Store {
    /// The database.
    pub url: StoreUrl,
    /// The password, read from the credential that `password` names; PostgreSQL only.
    pub password: Option<SecretString>,
    /// Connections to it.
    pub connections: u32,
}

impl Store {
    /// A store in one SQLite file, with the default settings.
    #[must_use]
    pub fn sqlite(path: PathBuf) -> Self {
        Self {
            url: StoreUrl::Sqlite(path),
            password: None,
            connections: default::STORE_CONNECTIONS,
        }
    }

    pub(crate) fn read(mut section: Section<'_>) -> Option<Self> {
        let url = section.required::<String>("url").and_then(|url| {
            let url = parse(&url, |path| section.context().resolve(path));
            if url.is_none() {
                let forms =
                    "\"sqlite:PATH\" or \"postgres://USER@HOST/DATABASE\", without a password";
                section.fault("url", format!("must be {forms}"));
            }
            url
        });
        let password = section.credential("password");
        if password.is_some() && matches!(url, Some(StoreUrl::Sqlite(_))) {
            section.fault("password", "is for PostgreSQL only");
        }
        let connections = section.within("connections", default::STORE_CONNECTIONS, 1..=1024);
        section.finish();
        Some(Self {
            url: url?,
            password,
            connections,
        })
    }
}

fn parse(url: &str, resolve: impl Fn(&str) -> PathBuf) -> Option<StoreUrl> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        // `sqlite:///abs` and `sqlite:/abs` name the same file; `sqlite:rel` starts at the configuration's directory.
        let path = path.strip_prefix("//").unwrap_or(path);
        let plain = !path.is_empty() && !path.contains(['?', '#']);
        return plain.then(|| StoreUrl::Sqlite(resolve(path)));
    }
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))?;
    let authority = rest.split('/').next()?;
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let right = !user.contains(':') && rest.len() > authority.len() && !rest.contains("password=");
    right.then(|| StoreUrl::Postgres(format!("postgres://{rest}")))
}
