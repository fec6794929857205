//! What surrounds every request: an id, who asks, an answer to whatever goes wrong, a line in the log, figures.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, StatusCode};
use tracing::Instrument;

use crate::auth;
use crate::limits::Remainder;
use crate::metrics::{Metrics, Outcome, Stage};
use crate::problem::answer::Shape;
use crate::problem::text::Language;
use crate::problem::{Problem, Raised};
use crate::server::Peer;
use crate::service::{Context, Service};

/// The answer's field with the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What stands for the route of a request that none matched.
const UNMATCHED: &str = "unmatched";
/// What callers that left before the answer are counted under.
const LEFT: u16 = 499;

/// Conducts a request of the contract's listeners.
pub async fn conduct(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let body = Body::new(Remainder::of(body, &head.headers));
    let request = Request::from_parts(head, body);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let scene = Scene {
        language: Language::of(request.headers()),
        shape: shape(
            route.as_deref(),
            request.uri().path(),
            service.signature.v1_error_shape,
        ),
        route: route.unwrap_or_else(|| UNMATCHED.to_owned()),
        started,
        metrics: service.metrics.clone(),
        answered: false,
    };
    let request_id = request_id();
    let span = tracing::info_span!("request", id = %request_id, route = %scene.route, application = tracing::field::Empty);
    scene
        .play(service, request, next, request_id)
        .instrument(span)
        .await
}

/// A request while it is served; dropped before its answer, it is counted as one whose caller left.
struct Scene {
    language: Language,
    shape: Shape,
    route: String,
    started: Instant,
    metrics: Metrics,
    answered: bool,
}

impl Scene {
    async fn play(
        mut self,
        service: Arc<Service>,
        mut request: Request,
        next: Next,
        request_id: String,
    ) -> Response {
        let matched = self.route != UNMATCHED;
        let admitted = if matched {
            admit(&service, &mut request, &request_id, self.started).await
        } else {
            Ok(())
        };
        let response = match admitted {
            Ok(()) => {
                let deadline = self.started + service.limits.request_deadline;
                let run = AssertUnwindSafe(next.run(request)).catch_unwind();
                match tokio::time::timeout_at(deadline.into(), run).await {
                    Ok(Ok(response)) => response,
                    Ok(Err(_)) => Problem::Panicked.into_response(),
                    Err(_) => Problem::Overloaded.into_response(),
                }
            }
            Err(problem) => problem.into_response(),
        };
        self.finish(response, &request_id)
    }

    fn finish(&mut self, mut response: Response, request_id: &str) -> Response {
        let mut code = None;
        if let Some(Raised(problem)) = response.extensions_mut().remove::<Raised>() {
            code = Some(problem.code().code);
            self.log(&problem);
            response = problem.answer(self.shape, self.language, &self.route);
        }
        if let Ok(value) = HeaderValue::from_str(request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let (status, took) = (response.status(), self.started.elapsed());
        self.metrics.request(&self.route, status, code);
        self.metrics.observe(Stage::Total, took);
        let outcome = Outcome::of(status).name();
        tracing::info!(
            status = status.as_u16(),
            code,
            outcome,
            ms = millis(took),
            "answered"
        );
        self.answered = true;
        response
    }

    /// The one place where internal detail is logged.
    fn log(&self, problem: &Problem) {
        match problem.cause() {
            Problem::Internal(cause) => {
                tracing::error!(error = %chain(cause.as_ref()), "request failed");
            }
            Problem::StoreUnavailable(cause) => {
                tracing::error!(error = %chain(cause.as_ref()), "the store failed");
            }
            Problem::TokenUnavailable(cause) => {
                tracing::warn!(error = %chain(cause.as_ref()), "the token failed");
            }
            Problem::Panicked => {
                self.metrics.panics.inc();
                tracing::error!("a part of the daemon panicked");
            }
            _ => {}
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !self.answered
            && let Ok(status) = StatusCode::from_u16(LEFT)
        {
            self.metrics.request(&self.route, status, None);
            tracing::info!(
                status = LEFT,
                ms = millis(self.started.elapsed()),
                "the caller left"
            );
        }
    }
}

/// Lets the application in and tells the route who asks.
async fn admit(
    service: &Service,
    request: &mut Request,
    request_id: &str,
    started: Instant,
) -> Result<(), Problem> {
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let address = auth::client_address(peer, request.headers(), &service.trusted_proxies);
    let credential = auth::credential(request.headers()).ok_or(Problem::Unauthorised)?;
    let admitted = service
        .registry
        .authenticate(&credential.client_id, &credential.secret, address)
        .await;
    service.metrics.observe(Stage::Auth, started.elapsed());
    let application =
        admitted.inspect_err(|error| tracing::info!(%error, %address, "not let in"))?;
    tracing::Span::current().record("application", application.client_id());
    let deadline = started + service.limits.request_deadline;
    let context = Context {
        application,
        deadline,
        request_id: request_id.to_owned(),
        started,
    };
    request.extensions_mut().insert(context);
    Ok(())
}

/// Whose shape an error answer has.
fn shape(route: Option<&str>, path: &str, v1: config::V1ErrorShape) -> Shape {
    match route {
        Some("/api/sign/pdf") => Shape::V1(v1),
        Some(route) if route.starts_with("/api/") => Shape::V2,
        None if path.starts_with("/api/") => Shape::V2,
        _ => Shape::Own,
    }
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    // An id is for finding lines again; should there be no random bytes, the request itself will fail on them.
    let _filled = aws_lc_rs::rand::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An error with all that caused it.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
