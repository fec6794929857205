//! Revocation: what lists and responses say about a certificate at a time (RFC 5280, section 6.3; RFC 6960).

mod list;
mod ocsp;

use jiff::{SignedDuration, Timestamp};

pub(crate) use list::RevocationList;
pub(crate) use ocsp::OcspResponse;

use crate::certificate::Certificate;
use crate::pool::Pool;

/// What is known about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not revoked, by data of this time.
    Good(Timestamp),
    /// On hold.
    Held(Timestamp),
    /// Revoked at this time.
    Revoked(Timestamp),
    /// Nothing usable; why not, if there was something.
    Unknown(Vec<String>),
}

/// One usable piece of revocation data.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) issued: Timestamp,
    pub(crate) next: Option<Timestamp>,
    pub(crate) entry: Option<Revoked>,
}

/// A revocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Revoked {
    pub(crate) at: Timestamp,
    pub(crate) held: bool,
}

/// How old data without a next update may be.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// What is known about `certificate`, issued by `issuer`, for its use at `time`.
pub(crate) fn status(
    pool: &Pool<'_>,
    certificate: &Certificate,
    issuer: &Certificate,
    time: Timestamp,
) -> Status {
    let mut why = Vec::new();
    let mut statements = Vec::new();
    for response in pool.responses(certificate) {
        match response.statement(pool, certificate, issuer) {
            Ok(Some(statement)) => statements.push(statement),
            Ok(None) => {}
            Err(reason) => why.push(format!("OCSP response: {reason}")),
        }
    }
    for list in pool.lists(certificate) {
        match list.statement(pool, certificate, issuer) {
            Ok(statement) => statements.push(statement),
            Err(reason) => why.push(format!("revocation list: {reason}")),
        }
    }
    // A revocation counts whatever its data's age; being good does not last.
    let revoked = statements
        .iter()
        .filter_map(|statement| statement.entry)
        .filter(|entry| !entry.held)
        .map(|entry| entry.at)
        .min();
    if let Some(at) = revoked {
        return Status::Revoked(at);
    }
    statements.retain(|statement| {
        let fresh = statement.issued >= time
            || statement.next.is_some_and(|next| next >= time)
            || (statement.next.is_none()
                && statement
                    .issued
                    .saturating_add(TOLERANCE)
                    .is_ok_and(|until| until >= time));
        let future = statement.issued
            > pool
                .policy
                .time
                .saturating_add(TOLERANCE)
                .unwrap_or(pool.policy.time);
        if !fresh {
            why.push(format!(
                "the data of {} are older than {time} allows",
                statement.issued
            ));
        } else if future {
            why.push(format!("the data are of the future, {}", statement.issued));
        }
        fresh && !future
    });
    match statements.iter().max_by_key(|statement| statement.issued) {
        Some(Statement {
            entry: Some(entry), ..
        }) => Status::Held(entry.at),
        Some(statement) => Status::Good(statement.issued),
        None => Status::Unknown(why),
    }
}
