//! Holders: people and seals, as far as they are alike.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::writer::Unit;
use super::{Error, Store, column, now};
use crate::id::{AgencyId, ApplicationId, CertificateId, HolderId};
use crate::state::State;

/// A person or a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Person,
    Seal,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Seal => "seal",
        }
    }
}

/// All that deciding about a signature needs, read by one statement.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: HolderId,
    /// The state written down; [`Record::state_at`] says what it is worth.
    stored_state: State,
    pub(crate) key_epoch: i64,
    pub(crate) certificate: Option<InUse>,
    pub(crate) wrong: i64,
    pub(crate) locked_until: i64,
    /// The other name of the person that was asked for, for comparison.
    pub(crate) email_index: Option<Vec<u8>>,
}

/// The certificate in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InUse {
    pub(crate) id: CertificateId,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl Record {
    /// The state at a time, the certificate's validity counted in.
    pub(crate) fn state_at(&self, now: i64) -> State {
        let validity = self
            .certificate
            .map(|certificate| (certificate.not_before, certificate.not_after));
        self.stored_state.at(now, validity)
    }
}

/// What every query for a holder reads; `h` is the holder, `$email_index` where the e-mail's index stands.
macro_rules! select {
    ($email_index:literal, $from:literal) => {
        concat!(
            "SELECT h.id, h.state, h.key_epoch, c.id AS certificate, c.not_before, c.not_after, ",
            "t.wrong, t.locked_until, ",
            $email_index,
            " AS email_index FROM ",
            $from,
            " LEFT JOIN certificate c ON c.id = h.certificate AND c.holder = h.id AND c.state = 'ISSUE' ",
            "LEFT JOIN throttle t ON t.holder = h.id "
        )
    };
}

/// The person of an agency with this NIK.
pub(crate) async fn by_nik(
    store: &Store,
    agency: AgencyId,
    nik_index: Vec<u8>,
) -> Result<Option<Record>, Error> {
    const SQL: &str = concat!(
        select!(
            "s.email_index",
            "subscriber s JOIN holder h ON h.id = s.holder"
        ),
        "WHERE s.agency = $1 AND s.nik_index = $2"
    );
    person(store, SQL, agency, nik_index).await
}

/// The person of an agency with this e-mail address.
pub(crate) async fn by_email(
    store: &Store,
    agency: AgencyId,
    email_index: Vec<u8>,
) -> Result<Option<Record>, Error> {
    const SQL: &str = concat!(
        select!(
            "s.email_index",
            "subscriber s JOIN holder h ON h.id = s.holder"
        ),
        "WHERE s.agency = $1 AND s.email_index = $2"
    );
    person(store, SQL, agency, email_index).await
}

async fn person(
    store: &Store,
    sql: &'static str,
    agency: AgencyId,
    index: Vec<u8>,
) -> Result<Option<Record>, Error> {
    sqlx::query(sql)
        .bind(agency.stored())
        .bind(index)
        .fetch_optional(&store.pool)
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// The seal with this id, if it is of the agency and granted to the application.
pub(crate) async fn granted_seal(
    store: &Store,
    agency: AgencyId,
    application: ApplicationId,
    subscriber_id: &str,
) -> Result<Option<Record>, Error> {
    const SQL: &str = concat!(
        select!(
            "NULL",
            "seal s JOIN holder h ON h.id = s.holder \
             JOIN seal_grant g ON g.seal = s.holder AND g.application = $2"
        ),
        "WHERE s.agency = $1 AND s.subscriber_id = $3"
    );
    sqlx::query(SQL)
        .bind(agency.stored())
        .bind(application.stored())
        .bind(subscriber_id)
        .fetch_optional(&store.pool)
        .await?
        .map(|row| read(&row))
        .transpose()
}

fn read(row: &AnyRow) -> Result<Record, Error> {
    let certificate: Option<Vec<u8>> = row.try_get("certificate")?;
    let certificate = match certificate {
        None => None,
        Some(id) => Some(InUse {
            id: column("certificate", id.try_into().ok())?,
            not_before: row.try_get("not_before")?,
            not_after: row.try_get("not_after")?,
        }),
    };
    Ok(Record {
        id: column("id", row.try_get::<Vec<u8>, _>("id")?.try_into().ok())?,
        stored_state: column("state", State::from_stored(row.try_get("state")?))?,
        key_epoch: row.try_get("key_epoch")?,
        certificate,
        wrong: row.try_get::<Option<i64>, _>("wrong")?.unwrap_or(0),
        locked_until: row.try_get::<Option<i64>, _>("locked_until")?.unwrap_or(0),
        email_index: row.try_get("email_index")?,
    })
}

/// A new holder, as a step of a larger unit.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    id: HolderId,
    agency: AgencyId,
    kind: Kind,
    state: State,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO holder (id, agency, kind, state, key_epoch, certificate, created_at) \
         VALUES ($1, $2, $3, $4, 1, NULL, $5)",
    )
    .bind(id.stored())
    .bind(agency.stored())
    .bind(kind.as_str())
    .bind(state.as_str())
    .bind(now())
    .execute(connection)
    .await
    .map(drop)
}

/// A change of state, allowed from the states that [`State::may_become`] names.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) holder: HolderId,
    pub(crate) from: State,
    pub(crate) to: State,
}

impl Unit for Change {
    /// Whether the holder was in the state named.
    type Output = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
        let changed = sqlx::query(
            "UPDATE holder SET state = $1, key_epoch = key_epoch + 1 WHERE id = $2 AND state = $3",
        )
        .bind(self.to.as_str())
        .bind(self.holder.stored())
        .bind(self.from.as_str())
        .execute(&mut *connection)
        .await?
        .rows_affected();
        if changed > 0 && self.to == State::Revoke {
            sqlx::query(
                "UPDATE certificate SET state = 'REVOKE', revoked_at = $1 \
                 WHERE holder = $2 AND state = 'ISSUE'",
            )
            .bind(now())
            .bind(self.holder.stored())
            .execute(connection)
            .await?;
        }
        Ok(changed > 0)
    }
}

/// What a certificate says of its holder.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: Name,
    /// The name of the agency.
    pub(crate) agency: String,
}

/// The name of a holder: a person's is sealed, a seal's is that of an organisation.
#[derive(Debug)]
pub(crate) enum Name {
    Person { sealed: Vec<u8> },
    Seal(String),
}

/// The name of a holder and of its agency.
pub(crate) async fn named(store: &Store, holder: HolderId) -> Result<Option<Named>, Error> {
    let row = sqlx::query(
        "SELECT a.name AS agency, p.name_sealed, s.name AS seal FROM holder h \
         JOIN agency a ON a.id = h.agency \
         LEFT JOIN subscriber p ON p.holder = h.id LEFT JOIN seal s ON s.holder = h.id \
         WHERE h.id = $1",
    )
    .bind(holder.stored())
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| {
        let seal: Option<String> = row.try_get("seal")?;
        let person: Option<Vec<u8>> = row.try_get("name_sealed")?;
        let name = match (seal, person) {
            (Some(name), _) => Some(Name::Seal(name)),
            (None, Some(sealed)) => Some(Name::Person { sealed }),
            (None, None) => None,
        };
        Ok(Named {
            name: column("name_sealed", name)?,
            agency: row.try_get("agency")?,
        })
    })
    .transpose()
}
