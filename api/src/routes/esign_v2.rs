//! Version 2 of the contract: JSON in, JSON out.

mod request;

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use registry::Identity;
use serde_json::json;

use crate::body::Pieces;
use crate::json::{Value, unescape_solidus};
use crate::limits::{Incoming, Lease};
use crate::metrics::Stage;
use crate::pipeline::{self, Document};
use crate::problem::Problem;
use crate::service::{Context, Service};

use request::Caps;

/// Largest body of a request without documents.
const SMALL: u64 = 64 * 1024;

/// POST /api/v2/sign/pdf.
///
/// # Errors
/// Whatever keeps one of the documents from being signed.
pub async fn sign(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<Context>,
    request: Request,
) -> Result<Response, Problem> {
    let bounds = service.bounds(&context, service.limits.request);
    let incoming = Incoming::accept(request.into_body(), bounds, &service.budget)?;
    let lease = incoming.lease();
    let body = incoming.collect().await?;
    let caps = Caps {
        file: service.limits.file.in_memory(),
        files: service.limits.files,
    };
    let kept = lease.clone();
    let order = service
        .cpu
        .run(Stage::Parse, context.deadline, move || {
            request::read(body, kept, caps)
        })
        .await?;
    let began = Instant::now();
    let documents = pipeline::sign(&service, &context, order, None).await?;
    Ok(answer(documents, began, lease))
}

/// `{"time":…,"file":["…",…]}`, encoded while it leaves.
fn answer(documents: Vec<Document>, began: Instant, lease: Lease) -> Response {
    let warnings: Vec<_> = documents
        .iter()
        .flat_map(|document| document.warnings.iter().copied())
        .collect();
    let time = began.elapsed().as_millis();
    let mut body = Pieces::new().plain(format!(r#"{{"time":{time},"file":["#));
    for (index, document) in documents.into_iter().enumerate() {
        let quote: &'static [u8] = if index == 0 { b"\"" } else { b",\"" };
        body = body
            .plain(quote)
            .base64(document.parts)
            .plain(Bytes::from_static(b"\""));
    }
    let body = body
        .plain(format!("]{}}}", super::warning_field(&warnings)))
        .holding(lease);
    let mut response = Response::new(Body::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    super::warn(response.headers_mut(), &warnings);
    response
}

/// POST /api/v2/user/check/status: always 200, with the code as text.
///
/// # Errors
/// When nobody is named, or store or token do not answer.
pub async fn check_status(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<Context>,
    request: Request,
) -> Result<Response, Problem> {
    let mut bounds = service.bounds(&context, service.limits.request);
    bounds.size = SMALL;
    let mut body = Incoming::accept(request.into_body(), bounds, &service.budget)?
        .collect()
        .await?;
    unescape_solidus(&mut body);
    let who = request::who(&Value::read(&body).map_err(|_| Problem::BadRequest)?)?;
    let who = Identity {
        nik: who.nik,
        email: who.email,
    };
    let state = service
        .registry
        .status(&context.application, &who)
        .await?
        .state;
    let (code, message) = super::status::words(state);
    Ok(super::json(
        &json!({ "status_code": code.to_string(), "message": message, "status": state.as_str() }),
    ))
}
