//! What a passphrase opens, and how often it was guessed wrong.

use sqlx::{AnyConnection, Row};

use super::writer::Unit;
use super::{Error, Store, column, now};
use crate::id::HolderId;

/// The envelope of a holder: what it takes to try a passphrase.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) holder: HolderId,
    /// Which way of sealing; one so far.
    pub(crate) scheme: i64,
    pub(crate) salt: [u8; 16],
    pub(crate) memory_kib: u32,
    pub(crate) iterations: u32,
    pub(crate) nonce: [u8; 12],
    pub(crate) ciphertext: Vec<u8>,
    /// How long the first lock of this holder lasts, in milliseconds.
    pub(crate) first_lock: i64,
}

impl Record {
    /// Inserts the envelope and its counter, as a step of a larger unit.
    pub(crate) async fn insert(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO envelope (holder, scheme, salt, memory_kib, iterations, nonce, ciphertext) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.holder.stored())
        .bind(self.scheme)
        .bind(self.salt.to_vec())
        .bind(i64::from(self.memory_kib))
        .bind(i64::from(self.iterations))
        .bind(self.nonce.to_vec())
        .bind(self.ciphertext.clone())
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "INSERT INTO throttle (holder, wrong, locked_until, next_lock) VALUES ($1, 0, 0, $2)",
        )
        .bind(self.holder.stored())
        .bind(self.first_lock)
        .execute(connection)
        .await
        .map(drop)
    }
}

/// The envelope of a holder.
pub(crate) async fn of(store: &Store, holder: HolderId) -> Result<Option<Record>, Error> {
    let row = sqlx::query(
        "SELECT e.scheme, e.salt, e.memory_kib, e.iterations, e.nonce, e.ciphertext, t.next_lock \
         FROM envelope e JOIN throttle t ON t.holder = e.holder WHERE e.holder = $1",
    )
    .bind(holder.stored())
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| {
        let narrow = |name| -> Result<u32, Error> {
            column(name, u32::try_from(row.try_get::<i64, _>(name)?).ok())
        };
        Ok(Record {
            holder,
            scheme: row.try_get("scheme")?,
            salt: column("salt", row.try_get::<Vec<u8>, _>("salt")?.try_into().ok())?,
            memory_kib: narrow("memory_kib")?,
            iterations: narrow("iterations")?,
            nonce: column("nonce", row.try_get::<Vec<u8>, _>("nonce")?.try_into().ok())?,
            ciphertext: row.try_get("ciphertext")?,
            first_lock: row.try_get("next_lock")?,
        })
    })
    .transpose()
}

/// Counts a guess before it is tried, and locks when it is one too many.
///
/// One conditional update does both, so that guesses in parallel, on this daemon or another, are all counted.
#[derive(Debug)]
pub(crate) struct CountGuess {
    pub(crate) holder: HolderId,
    pub(crate) lock_after: i64,
    /// The longest lock, in milliseconds.
    pub(crate) lock_max: i64,
}

impl Unit for CountGuess {
    /// Until when the holder is locked, where this guess may not be tried.
    type Output = Result<(), i64>;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Result<(), i64>, sqlx::Error> {
        let now = now();
        let counted: Option<i64> = sqlx::query_scalar(
            "UPDATE throttle SET wrong = wrong + 1, \
             locked_until = CASE WHEN wrong + 1 >= $1 THEN $2 + next_lock ELSE locked_until END, \
             next_lock = CASE WHEN wrong + 1 < $1 THEN next_lock \
             WHEN next_lock * 2 > $3 THEN $3 ELSE next_lock * 2 END \
             WHERE holder = $4 AND locked_until <= $2 RETURNING wrong",
        )
        .bind(self.lock_after)
        .bind(now)
        .bind(self.lock_max)
        .bind(self.holder.stored())
        .fetch_optional(&mut *connection)
        .await?;
        if counted.is_some() {
            return Ok(Ok(()));
        }
        let until: Option<i64> =
            sqlx::query_scalar("SELECT locked_until FROM throttle WHERE holder = $1")
                .bind(self.holder.stored())
                .fetch_optional(connection)
                .await?;
        Ok(Err(until.unwrap_or(now)))
    }
}

/// Forgets the wrong guesses after a right one.
#[derive(Debug)]
pub(crate) struct ClearGuesses {
    pub(crate) holder: HolderId,
    /// The first lock, in milliseconds.
    pub(crate) first_lock: i64,
}

impl Unit for ClearGuesses {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE throttle SET wrong = 0, locked_until = 0, next_lock = $1 WHERE holder = $2",
        )
        .bind(self.first_lock)
        .bind(self.holder.stored())
        .execute(connection)
        .await
        .map(drop)
    }
}
