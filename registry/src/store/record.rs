//! The records of signatures and refusals.
//!
//! They are most of what is written, so they do not go one by one: whatever lines wait are one statement.

use std::sync::LazyLock;

use sqlx::{AnyConnection, AssertSqlSafe};

use super::stored;
use crate::record::SignatureRecord;

/// A line with its place in the order of time.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) id: [u8; 16],
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) record: SignatureRecord,
}

/// Lines in one statement at most.
pub(super) const CHUNK: usize = 32;
const COLUMNS: usize = 9;

/// The statement for every number of lines up to [`CHUNK`]; the driver keeps them prepared.
static STATEMENTS: LazyLock<Vec<String>> = LazyLock::new(|| (1..=CHUNK).map(statement).collect());

fn statement(lines: usize) -> String {
    let rows: Vec<String> = (0..lines)
        .map(|line| {
            let parameters = (1..=COLUMNS).map(|column| format!("${}", line * COLUMNS + column));
            format!("({})", parameters.collect::<Vec<_>>().join(", "))
        })
        .collect();
    format!(
        "INSERT INTO signature_record (id, at, request_id, application, holder, \
         document_id, document_digest, document_size, outcome) VALUES {}",
        rows.join(", ")
    )
}

/// Inserts lines, [`CHUNK`] in a statement.
pub(super) async fn insert<'l>(
    connection: &mut AnyConnection,
    lines: impl Iterator<Item = &'l Line> + Send,
) -> Result<(), sqlx::Error> {
    let lines: Vec<&Line> = lines.collect();
    for chunk in lines.chunks(CHUNK) {
        let Some(statement) = STATEMENTS.get(chunk.len() - 1) else {
            continue;
        };
        // The text holds nothing but the numbers of its parameters.
        let mut query = sqlx::query(AssertSqlSafe(statement.as_str()));
        for line in chunk {
            let record = &line.record;
            query = query
                .bind(line.id.to_vec())
                .bind(line.at)
                .bind(record.request_id.clone())
                .bind(record.application.stored())
                .bind(record.holder.map(|holder| holder.stored()))
                .bind(record.document_id.clone())
                .bind(record.document_digest.map(|digest| digest.to_vec()))
                .bind(record.document_size.map(stored))
                .bind(record.outcome.as_str());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
