//! Certificates of the embedded authority.

use sqlx::{AnyConnection, Row};

use super::writer::Unit;
use super::{Error, Store, now};

/// A certificate of the authority.
#[derive(Debug)]
pub(crate) struct Record {
    /// `root` or `issuing`.
    pub(crate) role: &'static str,
    pub(crate) key_id: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

impl Unit for Record {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO authority_certificate (role, key_id, certificate, created_at) \
             VALUES ($1, $2, $3, $4)",
        )
        .bind(self.role)
        .bind(self.key_id.clone())
        .bind(self.certificate.clone())
        .bind(now())
        .execute(connection)
        .await
        .map(drop)
    }
}

/// The authority's certificate in a role.
pub(crate) async fn by_role(store: &Store, role: &'static str) -> Result<Option<Record>, Error> {
    let row = sqlx::query("SELECT key_id, certificate FROM authority_certificate WHERE role = $1")
        .bind(role)
        .fetch_optional(&store.pool)
        .await?;
    row.map(|row| {
        Ok(Record {
            role,
            key_id: row.try_get("key_id")?,
            certificate: row.try_get("certificate")?,
        })
    })
    .transpose()
}
