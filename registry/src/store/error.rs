//! What can go wrong between the registry and its database.

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Us: the writer has ended.
    #[error("the store is closed")]
    Closed,
    /// Operator or us: a row that the daemon wrote does not read as it was written.
    #[error("column {column} does not hold what it should")]
    Column {
        /// The column.
        column: &'static str,
    },
    /// Operator: this database is not supported.
    #[error("this database engine is not supported")]
    Engine,
    /// Operator: the database file cannot be opened.
    #[error("cannot open the database file")]
    File {
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Operator: the tables cannot be brought up to date.
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Operator: the database cannot be opened.
    #[error("cannot open the database")]
    Open {
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// Caller: what should be unique is there already.
    #[error("exists already")]
    Exists,
    /// The database refused or lost a statement.
    #[error("the database did not carry out a statement")]
    Statement {
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
}

impl Error {
    pub(crate) fn open(source: sqlx::Error) -> Self {
        Self::Open { source }
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        let unique = source
            .as_database_error()
            .is_some_and(sqlx::error::DatabaseError::is_unique_violation);
        if unique {
            Self::Exists
        } else {
            Self::Statement { source }
        }
    }
}
