//! The records of signatures and refusals.

use sqlx::AnyConnection;

use super::stored;
use super::writer::Unit;
use crate::record::SignatureRecord;

/// Lines that belong to one request.
#[derive(Debug)]
pub(crate) struct Insert {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) lines: Vec<([u8; 16], SignatureRecord)>,
}

impl Unit for Insert {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        for (id, line) in &self.lines {
            sqlx::query(
                "INSERT INTO signature_record (id, at, request_id, application, holder, \
                 document_id, document_digest, document_size, outcome) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(id.to_vec())
            .bind(self.at)
            .bind(line.request_id.clone())
            .bind(line.application.stored())
            .bind(line.holder.map(|holder| holder.stored()))
            .bind(line.document_id.clone())
            .bind(line.document_digest.map(|digest| digest.to_vec()))
            .bind(line.document_size.map(stored))
            .bind(line.outcome.as_str())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}
