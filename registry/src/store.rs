//! The store: one set of SQL for SQLite and PostgreSQL.
//!
//! sqlx's `Any` driver runs the statements. What both engines share is the rule: columns are BYTEA, BIGINT and
//! TEXT, parameters are `$n`, identifiers are made here, a counter changes in one conditional
//! `UPDATE … RETURNING`. Reads take a connection from the pool; every write goes through the
//! [`Writer`](writer::Writer), which commits those of many requests together.

pub(crate) mod agency;
pub(crate) mod application;
pub(crate) mod authority;
pub(crate) mod certificate;
pub(crate) mod data_key;
mod error;
pub(crate) mod holder;
pub(crate) mod passphrase;
pub(crate) mod record;
pub(crate) mod seal;
pub(crate) mod subscriber;
pub(crate) mod writer;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Executor};

pub use error::Error;
use zeroize::Zeroizing;

use writer::Writer;

/// The database, open and migrated.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) pool: AnyPool,
    pub(crate) writer: Writer,
}

impl Store {
    /// Opens the database, makes it when it is not there, and brings its tables up to date.
    pub(crate) async fn open(settings: &config::Store) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let url = match &settings.url {
            config::StoreUrl::Sqlite(path) => sqlite_url(path)?,
            config::StoreUrl::Postgres(url) => postgres_url(url, settings.password.as_ref()),
            _ => return Err(Error::Engine),
        };
        let options: AnyConnectOptions = url.parse().map_err(Error::open)?;
        let pool = AnyPoolOptions::new()
            .max_connections(settings.connections)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(|connection, _| Box::pin(prepare(connection)))
            .connect_with(options.clone())
            .await
            .map_err(Error::open)?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        let writer = Writer::start(options).await.map_err(Error::open)?;
        Ok(Self { pool, writer })
    }

    /// Commits what is under way and closes every connection.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.pool.close().await;
    }
}

/// A file of the daemon's own, made so that nobody else can read it; the log beside it inherits its mode.
fn sqlite_url(path: &Path) -> Result<Zeroizing<String>, Error> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| Error::File { source })?;
    let mut url = Zeroizing::new("sqlite://".to_owned());
    escape(&mut url, path.as_os_str().as_encoded_bytes());
    Ok(url)
}

/// The URL with the password in it, which is wiped when the options have been read out of it.
fn postgres_url(url: &str, password: Option<&SecretString>) -> Zeroizing<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let mut full = Zeroizing::new(String::with_capacity(url.len() + 4096 * 3));
    match (password, rest.split_once('@')) {
        (Some(password), Some((user, host))) => {
            full.push_str(&format!("{scheme}://{user}:"));
            escape(&mut full, password.expose_secret().as_bytes());
            full.push('@');
            full.push_str(host);
        }
        _ => full.push_str(url),
    }
    full
}

/// Bytes as a URL writes them.
fn escape(url: &mut String, bytes: &[u8]) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            url.push(char::from(*byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Settings of a SQLite connection: readers beside one writer, and a commit that survives the loss of power.
async fn prepare(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if connection.backend_name() == "SQLite" {
        for pragma in [
            "PRAGMA busy_timeout = 10000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
            "PRAGMA secure_delete = ON",
        ] {
            connection.execute(pragma).await?;
        }
    }
    Ok(())
}

/// Milliseconds since 1970, as times are stored.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A count as the store keeps it.
pub(crate) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A column that must hold what the daemon wrote there.
pub(crate) fn column<T>(column: &'static str, value: Option<T>) -> Result<T, Error> {
    value.ok_or(Error::Column { column })
}
