//! The shape of an error answer: the contract's under /api, RFC 9457 on our own paths.

use axum::body::Body;
use axum::response::Response;
use config::V1ErrorShape;
use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::text::Language;
use super::{DocumentFault, Problem};

/// Seconds after which a caller may try again what failed for lack of room.
const RETRY_SOON: u64 = 2;

/// Who reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Our own paths: `application/problem+json`.
    Own,
    /// Version 1: `{"error":"…","status_code":2031}` or
    /// `{"error":"Proses signing gagal : … 2031","status_code":400}`, as configured.
    V1(V1ErrorShape),
    /// Version 2, and all else under /api.
    V2,
}

/// Status and contract code of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The HTTP status.
    pub status: StatusCode,
    /// The contract's `status_code`.
    pub code: u16,
}

impl Problem {
    /// The one table from problems to status and code.
    #[must_use]
    pub fn code(&self) -> Code {
        let bad = |code| Code {
            status: StatusCode::BAD_REQUEST,
            code,
        };
        let plain = |status: StatusCode| Code {
            status,
            code: status.as_u16(),
        };
        match self {
            Self::BadField { .. } | Self::BadRequest | Self::Level => bad(4015),
            Self::Document {
                why: DocumentFault::NotPdf,
            } => bad(4015),
            Self::Broken => plain(StatusCode::BAD_REQUEST),
            Self::CertificateNotUsable { .. } => bad(2041),
            Self::Document { .. } => bad(4016),
            Self::File { problem, .. } => problem.code(),
            Self::FileGone => bad(4044),
            Self::Image => bad(4019),
            Self::Internal(_) | Self::Panicked => plain(StatusCode::INTERNAL_SERVER_ERROR),
            Self::Locked { .. } => bad(2033),
            Self::MarkerNotFound { .. } => bad(4017),
            Self::MethodNotAllowed => plain(StatusCode::METHOD_NOT_ALLOWED),
            Self::Missing { .. } => bad(4014),
            Self::NotFound => plain(StatusCode::NOT_FOUND),
            Self::NotRegistered => bad(2011),
            Self::OutsidePage => bad(4018),
            Self::Overloaded | Self::StoreUnavailable(_) | Self::TokenUnavailable(_) => Code {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: 5031,
            },
            Self::Slow => plain(StatusCode::REQUEST_TIMEOUT),
            Self::TooLarge => Code {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                code: 4131,
            },
            Self::Unauthorised => plain(StatusCode::UNAUTHORIZED),
            Self::WrongCode => bad(2032),
            Self::WrongPassphrase => bad(2031),
        }
    }

    /// Seconds for Retry-After, where trying again can help.
    fn retry_after(&self) -> Option<u64> {
        match self.cause() {
            Self::Locked { retry_after } => Some(retry_after.as_secs().max(1)),
            Self::Overloaded | Self::StoreUnavailable(_) | Self::TokenUnavailable(_) => {
                Some(RETRY_SOON)
            }
            _ => None,
        }
    }

    /// True when the rest of the body may still be on its way: the connection is not reused.
    fn leaves_body_unread(&self) -> bool {
        matches!(
            self.cause(),
            Self::Overloaded | Self::Slow | Self::TooLarge | Self::Broken
        )
    }

    /// The whole answer; `route` is the template of the path, never the path itself.
    #[must_use]
    pub fn answer(&self, shape: Shape, language: Language, route: &str) -> Response {
        let Code { status, code } = self.code();
        let (kind, body) = match (self, shape) {
            (Self::Unauthorised, Shape::Own | Shape::V1(_) | Shape::V2) => {
                ("application/json", unauthorised(route))
            }
            (_, Shape::Own) => (
                "application/problem+json",
                json!({
                    "title": status.canonical_reason().unwrap_or_default(),
                    "status": status.as_u16(),
                    "detail": self.text(language),
                }),
            ),
            (_, Shape::V1(V1ErrorShape::Prefixed)) => (
                "application/json",
                json!({
                    "error": format!("{}{} {code}", language.of_two("Proses signing gagal : ", "Signing failed : "), self.text(language)),
                    "status_code": status.as_u16(),
                }),
            ),
            (_, Shape::V1(V1ErrorShape::Default) | Shape::V2) => (
                "application/json",
                json!({ "error": self.text(language), "status_code": code }),
            ),
        };
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(self, Self::Unauthorised) {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"segeld\", charset=\"UTF-8\""),
            );
        }
        if self.leaves_body_unread() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The 401 of the contract, section 0: these four keys exactly.
fn unauthorised(route: &str) -> Value {
    let now = jiff::Timestamp::now();
    json!({
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string(),
        "status": 401,
        "error": "Unauthorized",
        "path": route,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;

    use super::*;

    async fn read(
        problem: &Problem,
        shape: Shape,
        language: Language,
    ) -> (StatusCode, http::HeaderMap, Value) {
        let (head, body) = problem
            .answer(shape, language, "/api/user/status/{nik}")
            .into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            head.status,
            head.headers,
            serde_json::from_slice(&body).unwrap(),
        )
    }

    #[tokio::test]
    async fn the_two_shapes_of_version_1_and_that_of_version_2() {
        let wrong = Problem::WrongPassphrase;
        let (status, headers, body) = read(
            &wrong,
            Shape::V1(V1ErrorShape::Default),
            Language::Indonesian,
        )
        .await;
        assert_eq!(status, 400);
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        assert_eq!(
            body,
            json!({"error": "Passphrase anda salah", "status_code": 2031})
        );
        let (_, _, body) = read(
            &wrong,
            Shape::V1(V1ErrorShape::Prefixed),
            Language::Indonesian,
        )
        .await;
        assert_eq!(
            body,
            json!({"error": "Proses signing gagal : Passphrase anda salah 2031", "status_code": 400})
        );
        let (_, _, body) = read(&wrong, Shape::V2, Language::English).await;
        assert_eq!(
            body,
            json!({"error": "The passphrase is wrong", "status_code": 2031})
        );
    }

    #[tokio::test]
    async fn the_401_has_four_keys_and_the_template() {
        let (status, headers, body) =
            read(&Problem::Unauthorised, Shape::V2, Language::English).await;
        assert_eq!(status, 401);
        assert!(
            headers[WWW_AUTHENTICATE]
                .to_str()
                .unwrap()
                .starts_with("Basic")
        );
        let keys: Vec<_> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, ["error", "path", "status", "timestamp"]);
        assert_eq!(body["path"], "/api/user/status/{nik}");
    }

    #[tokio::test]
    async fn refusals_for_lack_of_room_say_when_to_return() {
        let busy = Problem::TokenUnavailable(std::sync::Arc::new(signer::hsm::Error::Busy));
        for problem in [Problem::Overloaded, busy] {
            let (status, headers, body) = read(&problem, Shape::V2, Language::Indonesian).await;
            assert_eq!(
                (status.as_u16(), body["status_code"].as_u64()),
                (503, Some(5031))
            );
            assert!(headers.contains_key(RETRY_AFTER));
        }
        let locked = Problem::Locked {
            retry_after: Duration::from_secs(90),
        };
        let (status, headers, _) = read(&locked, Shape::V2, Language::Indonesian).await;
        assert_eq!(status, 400);
        assert_eq!(headers[RETRY_AFTER], "90");
    }

    #[tokio::test]
    async fn a_file_among_several_is_named_and_internals_stay_inside() {
        let damaged = Problem::Document {
            why: DocumentFault::Damaged,
        };
        let (status, _, body) = read(&damaged.in_file(1, 3), Shape::V2, Language::English).await;
        assert_eq!(
            (status.as_u16(), body["status_code"].as_u64()),
            (400, Some(4016))
        );
        assert!(body["error"].as_str().unwrap().starts_with("file[1]: "));
        let inner = Problem::internal(std::io::Error::other("secret detail"));
        let (status, _, body) = read(&inner.in_file(0, 3), Shape::V2, Language::English).await;
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("secret detail"));
    }
}
