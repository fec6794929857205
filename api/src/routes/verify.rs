//! Verification of documents (contract, sections 1 and 2): what a report says in the words of each version.

mod esign_v1;
mod esign_v2;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value as Json;
use verifier::{
    Anchor, Conclusion, Integrity, NoEvidence, Policy, Purpose, Report, SignatureReport,
};

use crate::base64;
use crate::form::{Form, Wanted};
use crate::json::{Value, unescape_solidus};
use crate::limits::{Incoming, Lease};
use crate::metrics::Stage;
use crate::problem::text::Language;
use crate::problem::{DocumentFault, Problem};
use crate::service::{Context, Service};

/// POST /api/sign/verify.
///
/// # Errors
/// When the request cannot be read; a document always gets an answer.
pub async fn v1(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<Context>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let bounds = service.bounds(&context, service.limits.request);
    let incoming = Incoming::accept(body, bounds, &service.budget)?;
    let size = service.limits.file.in_memory();
    let wanted = [
        Wanted {
            name: "signed_file",
            size,
        },
        Wanted { name: "file", size },
    ];
    let form = Form::read(&head.uri, &head.headers, incoming, &wanted).await?;
    let upload = form.file("signed_file").or_else(|| form.file("file"));
    let upload = upload
        .ok_or(Problem::Missing {
            field: "signed_file",
        })?
        .clone();
    let password = form.verbatim("password").map(SecretString::from);
    let lease = form.lease();
    drop(form);
    let language = Language::of(&head.headers);
    let name = upload.name.unwrap_or_default();
    judge(
        &service,
        &context,
        lease,
        password,
        move || Ok(upload.content),
        move |report| esign_v1::answer(report, &name, language),
    )
    .await
}

/// POST /api/v2/verify/pdf.
///
/// # Errors
/// When the request cannot be read, or the file is no PDF.
pub async fn v2(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<Context>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let bounds = service.bounds(&context, service.limits.request);
    let incoming = Incoming::accept(body, bounds, &service.budget)?;
    let lease = incoming.lease();
    let mut body = incoming.collect().await?;
    unescape_solidus(&mut body);
    // The document is in memory as text and as bytes.
    if !lease.reach((body.len() as u64).saturating_mul(2)) {
        return Err(Problem::Overloaded);
    }
    let password = {
        let request = Value::read(&body).map_err(|_| Problem::BadRequest)?;
        let password = request
            .field("password")
            .or_else(|| request.field("passsword"));
        password.and_then(Value::as_text).map(SecretString::from)
    };
    let largest = service.limits.file.in_memory();
    let decode = move || {
        let request = Value::read(&body).map_err(|_| Problem::BadRequest)?;
        let file = request
            .field("file")
            .ok_or(Problem::Missing { field: "file" })?;
        let text = file.as_list().first().and_then(Value::as_text);
        let bad = Problem::BadField { field: "file" };
        let document = text.and_then(base64::decode).ok_or(bad)?;
        if document.len() > largest {
            return Err(Problem::TooLarge);
        }
        Ok(document.into())
    };
    let language = Language::of(&head.headers);
    judge(&service, &context, lease, password, decode, move |report| {
        esign_v2::answer(report, language)
    })
    .await
}

async fn judge(
    service: &Service,
    context: &Context,
    lease: Lease,
    password: Option<SecretString>,
    document: impl FnOnce() -> Result<bytes::Bytes, Problem> + Send + 'static,
    answer: impl FnOnce(&Report) -> Json + Send + 'static,
) -> Result<Response, Problem> {
    let mut anchors = service.anchors.clone();
    // Until the token has made the embedded authority there is no root of its own to trust.
    if let Ok(root) = service.registry.trust_anchor().await {
        anchors.extend(Anchor::from_der(root.as_der(), verifier::Trust::ALL).ok());
    }
    let mut policy = Policy::new(anchors, Timestamp::now());
    policy.limits.pdf = service.reading.clone();
    policy.password = password;
    let job = move || {
        let _held = lease;
        let document = document()?;
        if !has_header(&document) {
            return Err(Problem::Document {
                why: DocumentFault::NotPdf,
            });
        }
        Ok(answer(&verifier::verify(&document, &policy, &NoEvidence)))
    };
    let answer = service
        .cpu
        .run(Stage::Verify, context.deadline, job)
        .await?;
    Ok(super::json(&answer))
}

fn has_header(document: &[u8]) -> bool {
    const WINDOW: usize = 1024;
    let head = document
        .get(..WINDOW.min(document.len()))
        .unwrap_or_default();
    memchr::memmem::find(head, b"%PDF-").is_some()
}

/// The signatures of people and organisations; document timestamps and usage rights are no signatures to the contract.
fn signatures(report: &Report) -> Vec<&SignatureReport> {
    let all = report.signatures.iter();
    all.filter(|one| {
        !matches!(
            one.purpose,
            Purpose::DocumentTimestamp | Purpose::UsageRights
        )
    })
    .collect()
}

/// What stands for the whole document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Summary {
    Invalid,
    Unsigned,
    Valid,
}

fn summary(report: &Report) -> Summary {
    match report.conclusion {
        Conclusion::Unsigned => Summary::Unsigned,
        Conclusion::Valid if signatures(report).is_empty() => Summary::Unsigned,
        Conclusion::Valid => Summary::Valid,
        Conclusion::Invalid | Conclusion::Indeterminate => Summary::Invalid,
    }
}

/// Why a document is not plainly valid, or that it is.
fn description(report: &Report, language: Language) -> &'static str {
    let all = signatures(report);
    let any = |integrity| all.iter().any(|one| one.integrity == integrity);
    match summary(report) {
        Summary::Unsigned => language.of_two(
            "Dokumen tidak memiliki tandatangan elektronik",
            "The document has no electronic signature",
        ),
        Summary::Valid => language.of_two(
            "Dokumen valid, Sertifikat yang digunakan terpercaya",
            "The document is valid, the certificate used is trusted",
        ),
        Summary::Invalid if any(Integrity::Broken) || all.is_empty() => language.of_two(
            "Konten Dokumen mengalami perubahan oleh pihak yang tidak berhak",
            "The content was changed by someone who may not",
        ),
        Summary::Invalid if any(Integrity::Uncertain) => language.of_two(
            "Keutuhan dokumen tidak dapat dipastikan",
            "Whether the content is what was signed cannot be told",
        ),
        Summary::Invalid if all.iter().any(|one| !one.trusted) => language.of_two(
            "Dokumen asli, tetapi sertifikat yang digunakan tidak terpercaya",
            "The document is genuine, but the certificate used is not trusted",
        ),
        Summary::Invalid => language.of_two(
            "Dokumen asli, tetapi tandatangan tidak dapat divalidasi sepenuhnya",
            "The document is genuine, but its signature cannot be validated completely",
        ),
    }
}

/// The time a signature counts from: its timestamp's, else what the signer claims.
fn signed_at(one: &SignatureReport) -> Option<Timestamp> {
    let stamped = one.timestamps.iter().find_map(|stamp| stamp.time);
    stamped.or(one.claimed_time)
}
