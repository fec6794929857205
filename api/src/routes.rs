//! The paths of the daemon: the contract's on the listeners for applications, the operators' on one of their own.

pub mod esign_v1;
pub mod esign_v2;
pub mod operation;
mod status;
pub mod verify;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use signer::pades::Warning;

use crate::conduct::conduct;
use crate::problem::Problem;
use crate::service::Service;

/// What applications reach.
pub fn applications(service: Arc<Service>) -> Router {
    Router::new()
        .route("/api/sign/pdf", post(esign_v1::sign))
        // HEAD would spend the one download on an answer without a body.
        .route(
            "/api/sign/download/{id_dokumen}",
            get(esign_v1::download).head(async || Problem::MethodNotAllowed),
        )
        .route("/api/user/status/{nik}", get(esign_v1::status))
        .route("/api/sign/verify", post(verify::v1))
        .route("/api/v2/verify/pdf", post(verify::v2))
        .route("/api/v2/sign/pdf", post(esign_v2::sign))
        .route("/api/v2/user/check/status", post(esign_v2::check_status))
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .fallback(async || Problem::NotFound)
        .layer(from_fn_with_state(Arc::clone(&service), conduct))
        .with_state(service)
}

/// What operators and their tools reach.
pub fn operators(service: Arc<Service>) -> Router {
    Router::new()
        .route("/metrics", get(operation::metrics))
        .route("/healthz", get(operation::alive))
        .route("/readyz", get(operation::ready))
        .with_state(service)
}

/// The answer's field with what the caller should know of a document that was signed all the same.
const WARNING: HeaderName = HeaderName::from_static("x-segeld-warning");

/// Says that a damaged document was rewritten before it was signed.
const REPAIRED: HeaderName = HeaderName::from_static("x-segeld-repaired");

/// Names each warning once.
fn warn(headers: &mut HeaderMap, warnings: &[Warning]) {
    let words = words(warnings);
    if let Ok(value) = HeaderValue::from_str(&words.join(", "))
        && !words.is_empty()
    {
        headers.insert(WARNING, value);
    }
    if warnings.contains(&Warning::Repaired) {
        headers.insert(REPAIRED, HeaderValue::from_static("true"));
    }
}

/// `,"warning":["…"]` for an answer in JSON; nothing where nothing is to be said, as the contract's answers have it.
fn warning_field(warnings: &[Warning]) -> String {
    match words(warnings) {
        words if words.is_empty() => String::new(),
        words => format!(r#","warning":{}"#, serde_json::json!(words)),
    }
}

fn words(warnings: &[Warning]) -> Vec<&'static str> {
    let mut words: Vec<_> = warnings.iter().map(|warning| word(*warning)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn word(warning: Warning) -> &'static str {
    match warning {
        Warning::BrokenSignature => "earlier-signature-broken",
        Warning::ChangedAfterSigning => "changed-after-signing",
        Warning::OutsideStructure => "outside-structure",
        Warning::Repaired => "repaired",
        Warning::Xfa => "xfa-form",
        _ => "other",
    }
}

/// A JSON answer with status 200.
fn json(value: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
