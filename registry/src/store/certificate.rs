//! Certificates of holders.

use sqlx::{AnyConnection, Row};

use super::writer::Unit;
use super::{Error, Store, column, now};
use crate::id::{CertificateId, HolderId};
use crate::state::State;

/// A certificate as it is used: the sealed chain, and the key it belongs to.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) key_id: Vec<u8>,
    pub(crate) algorithm: String,
    pub(crate) chain_sealed: Vec<u8>,
}

/// The certificate with an id.
pub(crate) async fn by_id(store: &Store, id: CertificateId) -> Result<Option<Record>, Error> {
    let row = sqlx::query("SELECT key_id, algorithm, chain_sealed FROM certificate WHERE id = $1")
        .bind(id.stored())
        .fetch_optional(&store.pool)
        .await?;
    row.map(|row| {
        Ok(Record {
            key_id: row.try_get("key_id")?,
            algorithm: row.try_get("algorithm")?,
            chain_sealed: row.try_get("chain_sealed")?,
        })
    })
    .transpose()
}

/// Puts a new certificate into use; the holder goes to [`State::Issue`], the one before is superseded.
#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) id: CertificateId,
    pub(crate) holder: HolderId,
    /// The state that the holder was found in.
    pub(crate) from: State,
    pub(crate) record: Record,
    pub(crate) serial: String,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl Unit for Issue {
    /// Whether the holder was in the state named.
    type Output = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
        let changed = sqlx::query(
            "UPDATE holder SET state = 'ISSUE', certificate = $1, key_epoch = key_epoch + 1 \
             WHERE id = $2 AND state = $3",
        )
        .bind(self.id.stored())
        .bind(self.holder.stored())
        .bind(self.from.as_str())
        .execute(&mut *connection)
        .await?
        .rows_affected();
        if changed == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE certificate SET state = 'SUPERSEDED' WHERE holder = $1 AND state = 'ISSUE'",
        )
        .bind(self.holder.stored())
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "INSERT INTO certificate (id, holder, key_id, algorithm, serial, chain_sealed, \
             not_before, not_after, state, revoked_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'ISSUE', NULL, $9)",
        )
        .bind(self.id.stored())
        .bind(self.holder.stored())
        .bind(self.record.key_id.clone())
        .bind(self.record.algorithm.clone())
        .bind(self.serial.clone())
        .bind(self.record.chain_sealed.clone())
        .bind(self.not_before)
        .bind(self.not_after)
        .bind(now())
        .execute(connection)
        .await?;
        Ok(true)
    }
}

/// The state of a holder: as it is written down, and as it is now, the certificate's validity counted in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HolderState {
    pub(crate) stored: State,
    pub(crate) now: State,
}

/// The state of a holder.
pub(crate) async fn holder_state(
    store: &Store,
    holder: HolderId,
) -> Result<Option<HolderState>, Error> {
    let row = sqlx::query(
        "SELECT h.state, c.not_before, c.not_after FROM holder h \
         LEFT JOIN certificate c ON c.id = h.certificate AND c.holder = h.id AND c.state = 'ISSUE' WHERE h.id = $1",
    )
    .bind(holder.stored())
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| {
        let stored = column("state", State::from_stored(row.try_get("state")?))?;
        let not_before: Option<i64> = row.try_get("not_before")?;
        let validity = match not_before {
            Some(not_before) => Some((not_before, row.try_get("not_after")?)),
            None => None,
        };
        Ok(HolderState {
            stored,
            now: stored.at(now(), validity),
        })
    })
    .transpose()
}
