//! Applications of agencies.

use sqlx::{AnyConnection, Row};

use super::writer::Unit;
use super::{Error, Store, column, now};
use crate::address::AddressRanges;
use crate::id::{AgencyId, ApplicationId};

/// An application as the store has it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: ApplicationId,
    pub(crate) agency: AgencyId,
    pub(crate) name: String,
    pub(crate) client_id: String,
    /// SHA-256 of the secret, which has 256 random bits and so needs no stretching.
    pub(crate) secret_hash: [u8; 32],
    pub(crate) enabled: bool,
    pub(crate) addresses: AddressRanges,
}

/// The application with a client id.
pub(crate) async fn by_client_id(store: &Store, client: &str) -> Result<Option<Record>, Error> {
    let row = sqlx::query(
        "SELECT id, agency, name, client_id, secret_hash, enabled, address_ranges \
         FROM application WHERE client_id = $1",
    )
    .bind(client)
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| {
        Ok(Record {
            id: column("id", row.try_get::<Vec<u8>, _>("id")?.try_into().ok())?,
            agency: column(
                "agency",
                row.try_get::<Vec<u8>, _>("agency")?.try_into().ok(),
            )?,
            name: row.try_get("name")?,
            client_id: row.try_get("client_id")?,
            secret_hash: column(
                "secret_hash",
                row.try_get::<Vec<u8>, _>("secret_hash")?.try_into().ok(),
            )?,
            enabled: row.try_get::<i64, _>("enabled")? != 0,
            addresses: column(
                "address_ranges",
                AddressRanges::from_stored(row.try_get("address_ranges")?),
            )?,
        })
    })
    .transpose()
}

impl Unit for Record {
    type Output = ();

    /// Inserts the application.
    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO application \
             (id, agency, name, client_id, secret_hash, enabled, address_ranges, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.id.stored())
        .bind(self.agency.stored())
        .bind(self.name.clone())
        .bind(self.client_id.clone())
        .bind(self.secret_hash.to_vec())
        .bind(i64::from(self.enabled))
        .bind(self.addresses.stored())
        .bind(now())
        .execute(connection)
        .await
        .map(drop)
    }
}

/// Enables or disables an application.
#[derive(Debug)]
pub(crate) struct Enable {
    pub(crate) client_id: String,
    pub(crate) enabled: bool,
}

impl Unit for Enable {
    /// Whether there is such an application.
    type Output = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
        sqlx::query("UPDATE application SET enabled = $1 WHERE client_id = $2")
            .bind(i64::from(self.enabled))
            .bind(self.client_id.clone())
            .execute(connection)
            .await
            .map(|done| done.rows_affected() > 0)
    }
}
