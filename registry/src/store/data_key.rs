//! Wrapped data keys of holders and custodians.

use sqlx::AnyConnection;

use super::{Error, Store};
use crate::vault::Wrapped;

/// A new data key, as a step of a larger unit.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    owner: &[u8; 16],
    key: &Wrapped,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO data_key (owner, wrapped) VALUES ($1, $2)")
        .bind(owner.to_vec())
        .bind(key.0.clone())
        .execute(connection)
        .await
        .map(drop)
}

/// The wrapped key of a holder or custodian; none is left of one that was erased.
pub(crate) async fn of(store: &Store, owner: &[u8; 16]) -> Result<Option<Wrapped>, Error> {
    let wrapped: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT wrapped FROM data_key WHERE owner = $1")
            .bind(owner.to_vec())
            .fetch_optional(&store.pool)
            .await?;
    Ok(wrapped.map(Wrapped))
}

/// Whether there are records that depend on the vault's key.
pub(crate) async fn any(store: &Store) -> Result<bool, Error> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM data_key LIMIT 1")
        .fetch_optional(&store.pool)
        .await?;
    Ok(found.is_some())
}
