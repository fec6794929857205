//! Subscribers: people with their personal data, sealed.

use sqlx::AnyConnection;

use super::holder::{self, Kind};
use super::writer::Unit;
use super::{data_key, passphrase};
use crate::id::{AgencyId, HolderId};
use crate::state::State;
use crate::vault::Wrapped;

/// A new subscriber.
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) holder: HolderId,
    pub(crate) agency: AgencyId,
    pub(crate) state: State,
    pub(crate) data_key: Wrapped,
    pub(crate) nik: Option<Personal>,
    pub(crate) email: Option<Personal>,
    pub(crate) name_sealed: Vec<u8>,
    pub(crate) passphrase: Option<passphrase::Record>,
}

/// A value that is looked up by its index and read by its owner's key.
#[derive(Debug)]
pub(crate) struct Personal {
    pub(crate) index: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

impl Unit for Insert {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let (holder, agency) = (self.holder, self.agency);
        holder::insert(connection, holder, agency, Kind::Person, self.state).await?;
        data_key::insert(connection, holder.as_bytes(), &self.data_key).await?;
        let nik = self.nik.as_ref();
        let email = self.email.as_ref();
        sqlx::query(
            "INSERT INTO subscriber \
             (holder, agency, nik_index, email_index, nik_sealed, email_sealed, name_sealed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(holder.stored())
        .bind(agency.stored())
        .bind(nik.map(|nik| nik.index.clone()))
        .bind(email.map(|email| email.index.clone()))
        .bind(nik.map(|nik| nik.sealed.clone()))
        .bind(email.map(|email| email.sealed.clone()))
        .bind(self.name_sealed.clone())
        .execute(&mut *connection)
        .await?;
        match &self.passphrase {
            Some(passphrase) => passphrase.insert(connection).await,
            None => Ok(()),
        }
    }
}
