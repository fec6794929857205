//! Version 1 of the contract: multipart in, the signed document out.

mod request;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use registry::Identity;
use serde_json::json;
use signer::appearance::V1Box;

use crate::body::Pieces;
use crate::downloads::DocumentId;
use crate::form::Form;
use crate::limits::{Incoming, Lease};
use crate::metrics::Stage;
use crate::pipeline::{self, Document};
use crate::problem::Problem;
use crate::service::{Context, Service};

/// The answer's field with the document's id.
const DOCUMENT_ID: HeaderName = HeaderName::from_static("id_dokumen");

/// POST /api/sign/pdf.
///
/// # Errors
/// Whatever keeps the document from being signed.
pub async fn sign(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<Context>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let began = std::time::Instant::now();
    let incoming = Incoming::accept(
        body,
        service.bounds(&context, service.limits.request),
        &service.budget,
    )?;
    let wanted = request::wanted(service.limits.file.in_memory());
    let form = Form::read(&head.uri, &head.headers, incoming, &wanted).await?;
    let order = request::read(&form, reading(service.signature.v1_box))?;
    let base64 = request::wants_base64(&form)?;
    drop(form);
    service.metrics.observe(Stage::Parse, began.elapsed());
    let lease = order.lease.clone();
    let id = DocumentId::random().map_err(Problem::internal)?;
    let mut documents = pipeline::sign(&service, &context, order, Some(id.as_str())).await?;
    let document = documents.pop().ok_or(Problem::BadRequest)?;
    keep(&service, &context, &id, &document.parts).await?;
    answer(&id, document, base64, lease)
}

/// Keeps a copy for GET /api/sign/download. A disk that is full is no reason to withhold a signature.
async fn keep(
    service: &Service,
    context: &Context,
    id: &DocumentId,
    parts: &[Bytes],
) -> Result<(), Problem> {
    let Some(downloads) = service.downloads.clone() else {
        return Ok(());
    };
    let (id, parts, owner) = (
        id.clone(),
        parts.to_vec(),
        context.application.id().to_string(),
    );
    let kept = tokio::task::spawn_blocking(move || downloads.keep(&id, &owner, &parts)).await;
    match kept {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::error!(error = %crate::conduct::chain(&error), "no copy was kept for download");
            Ok(())
        }
        Err(_) => Err(Problem::Panicked),
    }
}

fn answer(
    id: &DocumentId,
    document: Document,
    base64: bool,
    lease: Lease,
) -> Result<Response, Problem> {
    let warnings = document.warnings;
    let (kind, body) = if base64 {
        let tail = format!(
            r#"","id_dokumen":"{}","message":"Proses signing berhasil"{}}}"#,
            id.as_str(),
            super::warning_field(&warnings),
        );
        let head = Bytes::from_static(br#"{"base64_signed_file":""#);
        (
            "application/json",
            Pieces::new().plain(head).base64(document.parts).plain(tail),
        )
    } else {
        let pieces = document
            .parts
            .into_iter()
            .fold(Pieces::new(), Pieces::plain);
        ("application/pdf", pieces)
    };
    let mut response = Response::new(Body::new(body.holding(lease)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        DOCUMENT_ID,
        HeaderValue::from_str(id.as_str()).map_err(Problem::internal)?,
    );
    super::warn(headers, &warnings);
    Ok(response)
}

/// GET `/api/sign/download/{id_dokumen}`.
///
/// # Errors
/// [`Problem::FileGone`] unless the copy is this application's and still there.
pub async fn download(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<Context>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let downloads = service.downloads.clone().ok_or(Problem::FileGone)?;
    let id = DocumentId::parse(&id).ok_or(Problem::FileGone)?;
    let owner = context.application.id().to_string();
    let size = downloads.size(&id, &owner).ok_or(Problem::FileGone)?;
    let lease = service.budget.lease(size).ok_or(Problem::Overloaded)?;
    let taken = {
        let (downloads, id) = (downloads.clone(), id.clone());
        tokio::task::spawn_blocking(move || downloads.take(&id, &owner)).await
    };
    let content = taken
        .map_err(|_| Problem::Panicked)??
        .ok_or(Problem::FileGone)?;
    let document = Document {
        parts: vec![Bytes::from(content)],
        digest: [0; 32],
        size,
        warnings: Vec::new(),
    };
    answer(&id, document, false, lease)
}

/// GET `/api/user/status/{nik}`.
///
/// # Errors
/// When store or token do not answer.
pub async fn status(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<Context>,
    Path(nik): Path<String>,
) -> Result<Response, Problem> {
    let found = service
        .registry
        .status(&context.application, &Identity::nik(nik))
        .await?;
    let (code, message) = super::status::words(found.state);
    // Version 1 has a code of its own for nobody.
    let code = if found.state == registry::State::NotRegistered {
        1110
    } else {
        code
    };
    Ok(super::json(
        &json!({ "status_code": code, "status": found.state.as_str(), "message": message }),
    ))
}

fn reading(setting: config::V1Box) -> V1Box {
    match setting {
        config::V1Box::Auto => V1Box::Auto,
        config::V1Box::Corner => V1Box::Corner,
        config::V1Box::Extent => V1Box::Extent,
    }
}
