//! The paths of the daemon: the contract's on the listeners for applications, the operators' on one of their own.

pub mod esign_v1;
pub mod esign_v2;
pub mod operation;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};

use crate::conduct::conduct;
use crate::problem::Problem;
use crate::service::Service;

/// What applications reach.
pub fn applications(service: Arc<Service>) -> Router {
    Router::new()
        .route("/api/sign/pdf", post(esign_v1::sign))
        .route("/api/sign/download/{id_dokumen}", get(esign_v1::download))
        .route("/api/user/status/{nik}", get(esign_v1::status))
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
/// A damaged document was rewritten before it was signed.
const REPAIRED: &str = "repaired";

/// A JSON answer with status 200.
fn json(value: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
