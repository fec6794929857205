//! Agencies.

use sqlx::AnyConnection;

use super::writer::Unit;
use super::{Error, Store, now};
use crate::id::AgencyId;

/// A new agency.
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) id: AgencyId,
    pub(crate) name: String,
}

impl Unit for Insert {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO agency (id, name, created_at) VALUES ($1, $2, $3)")
            .bind(self.id.stored())
            .bind(self.name.clone())
            .bind(now())
            .execute(connection)
            .await
            .map(drop)
    }
}

/// The agency with a name.
pub(crate) async fn by_name(store: &Store, name: &str) -> Result<Option<AgencyId>, Error> {
    let id: Option<Vec<u8>> = sqlx::query_scalar("SELECT id FROM agency WHERE name = $1")
        .bind(name)
        .fetch_optional(&store.pool)
        .await?;
    id.map(|id| super::column("id", id.try_into().ok()))
        .transpose()
}
