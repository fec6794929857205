//! What is written down of a request, durable before its answer leaves.

use registry::{HolderId, Outcome, Refusal, SignatureRecord};

use super::Document;
use crate::problem::Problem;
use crate::service::{Context, Service};

/// A line for each signed document; `first_id` is the `id_dokumen` of the first.
pub(super) async fn signed(
    service: &Service,
    context: &Context,
    holder: HolderId,
    first_id: Option<&str>,
    documents: &[Document],
) -> Result<(), Problem> {
    let lines = documents
        .iter()
        .enumerate()
        .map(|(index, document)| SignatureRecord {
            holder: Some(holder),
            document_id: first_id.filter(|_| index == 0).map(str::to_owned),
            document_digest: Some(document.digest),
            document_size: Some(document.size),
            ..line(context, Outcome::Signed)
        });
    Ok(service.registry.record(lines.collect()).await?)
}

/// A line for a request that was refused before anything was signed.
pub(super) async fn refused(
    service: &Service,
    context: &Context,
    refusal: &Refusal,
) -> Result<(), Problem> {
    let outcome = match refusal {
        Refusal::NotRegistered => Outcome::NotRegistered,
        Refusal::CertificateNotUsable { .. } => Outcome::CertificateNotUsable,
        Refusal::Locked { .. } => Outcome::Locked,
        Refusal::WrongPassphrase => Outcome::WrongPassphrase,
        // Nothing was decided about anybody, and a store or a token that is away should not be asked again for that.
        _ => return Ok(()),
    };
    Ok(service
        .registry
        .record(vec![line(context, outcome)])
        .await?)
}

/// A line for an approved request whose documents are not answered.
pub(super) async fn failed(
    service: &Service,
    context: &Context,
    holder: HolderId,
    problem: &Problem,
) -> Result<(), Problem> {
    let server = problem.code().status.is_server_error();
    let outcome = if server {
        Outcome::Failed
    } else {
        Outcome::DocumentRefused
    };
    Ok(service
        .registry
        .record(vec![SignatureRecord {
            holder: Some(holder),
            ..line(context, outcome)
        }])
        .await?)
}

fn line(context: &Context, outcome: Outcome) -> SignatureRecord {
    SignatureRecord {
        request_id: context.request_id.clone(),
        application: context.application.id(),
        holder: None,
        document_id: None,
        document_digest: None,
        document_size: None,
        outcome,
    }
}
