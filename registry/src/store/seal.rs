//! Seals, their custodians, and who may use them.

use sqlx::AnyConnection;

use super::data_key;
use super::holder::{self, Kind};
use super::writer::Unit;
use super::{Error, Store, column, now};
use crate::id::{AgencyId, ApplicationId, CustodianId, HolderId};
use crate::state::State;
use crate::store::subscriber::Personal;
use crate::vault::Wrapped;

/// A new custodian.
#[derive(Debug)]
pub(crate) struct InsertCustodian {
    pub(crate) id: CustodianId,
    pub(crate) agency: AgencyId,
    pub(crate) data_key: Wrapped,
    pub(crate) email: Personal,
    pub(crate) name_sealed: Vec<u8>,
}

impl Unit for InsertCustodian {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        data_key::insert(connection, self.id.as_bytes(), &self.data_key).await?;
        sqlx::query(
            "INSERT INTO custodian (id, agency, email_index, email_sealed, name_sealed) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.id.stored())
        .bind(self.agency.stored())
        .bind(self.email.index.clone())
        .bind(self.email.sealed.clone())
        .bind(self.name_sealed.clone())
        .execute(connection)
        .await
        .map(drop)
    }
}

/// The custodian of an agency with this e-mail address.
pub(crate) async fn custodian(
    store: &Store,
    agency: AgencyId,
    email_index: Vec<u8>,
) -> Result<Option<CustodianId>, Error> {
    let id: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT id FROM custodian WHERE agency = $1 AND email_index = $2")
            .bind(agency.stored())
            .bind(email_index)
            .fetch_optional(&store.pool)
            .await?;
    id.map(|id| column("id", id.try_into().ok())).transpose()
}

/// A new seal.
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) holder: HolderId,
    pub(crate) agency: AgencyId,
    pub(crate) data_key: Wrapped,
    pub(crate) subscriber_id: String,
    pub(crate) name: String,
    pub(crate) custodian: CustodianId,
}

impl Unit for Insert {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let state = State::NoCertificate;
        holder::insert(connection, self.holder, self.agency, Kind::Seal, state).await?;
        data_key::insert(connection, self.holder.as_bytes(), &self.data_key).await?;
        sqlx::query(
            "INSERT INTO seal (holder, agency, subscriber_id, name, custodian) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.holder.stored())
        .bind(self.agency.stored())
        .bind(self.subscriber_id.clone())
        .bind(self.name.clone())
        .bind(self.custodian.stored())
        .execute(connection)
        .await
        .map(drop)
    }
}

/// Grants a seal to an application of the same agency.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) seal: HolderId,
    pub(crate) application: ApplicationId,
}

impl Unit for Grant {
    /// Whether both are of one agency.
    type Output = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
        sqlx::query(
            "INSERT INTO seal_grant (seal, application, created_at) \
             SELECT s.holder, a.id, $3 FROM seal s JOIN application a ON a.agency = s.agency \
             WHERE s.holder = $1 AND a.id = $2 \
             ON CONFLICT (seal, application) DO UPDATE SET created_at = seal_grant.created_at",
        )
        .bind(self.seal.stored())
        .bind(self.application.stored())
        .bind(now())
        .execute(connection)
        .await
        .map(|done| done.rows_affected() > 0)
    }
}
