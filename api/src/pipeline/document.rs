//! One document on its way through prepare, the token and embed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use jiff::tz::TimeZone;
use registry::Approval;
use signer::appearance;
use signer::pades::{self, Base, Field, Request, Signed, SignerIdentity, ToBeSigned, Warning};

use super::marks::{self, Planned};
use super::order::{Item, Items};
use super::pictures::Pictures;
use super::{repair, share};
use crate::limits::Lease;
use crate::metrics::Stage;
use crate::problem::Problem;
use crate::service::{Context, Service};

/// Asia/Jakarta, which has had no other offset since 1964 (contract, section 0).
const JAKARTA: jiff::tz::Offset = jiff::tz::offset(7);

/// A signed document: buffers that follow one another.
#[derive(Debug)]
pub struct Document {
    /// The base, then a revision a signature.
    pub parts: Vec<Bytes>,
    /// SHA-256 of the document as it came.
    pub digest: [u8; 32],
    /// Its size as it came.
    pub size: u64,
    /// What the caller should know of it.
    pub warnings: Vec<Warning>,
}

impl Document {
    /// The size of the signed document.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }

    /// Whether there is nothing, which never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A document and what is asked for it. Several requests, and they are signed in turn where an earlier signature forbids
/// one revision for all.
pub(super) struct Job {
    document: Bytes,
    /// All but the marks.
    request: Request,
    marks: Vec<Planned>,
}

impl Job {
    /// The jobs of an order.
    pub(super) fn all(
        files: &[Bytes],
        items: &Items,
        pictures: &Pictures,
        approval: &Approval,
        service: &Service,
    ) -> Vec<Self> {
        let template = Template {
            identity: approval.identity(),
            name: approval.holder_name(),
            service,
        };
        let job = |(index, document): (usize, &Bytes)| {
            let shown = match items {
                Items::Each(_) => pictures.get(index..=index),
                Items::ForAll(_) | Items::Several(_) => pictures.get(..),
            };
            Self {
                document: document.clone(),
                request: template.request(items.of(index)),
                marks: marks::planned(items.of(index), shown.unwrap_or_default()),
            }
        };
        files.iter().enumerate().map(job).collect()
    }

    /// Signs the document.
    pub(super) async fn sign(
        mut self,
        service: &Service,
        context: &Context,
        approval: &Mutex<Approval>,
        lease: &Lease,
    ) -> Result<Document, Problem> {
        let size = self.document.len() as u64;
        let (planned, password) = (std::mem::take(&mut self.marks), &self.request.password);
        self.request.marks =
            marks::place(service, context, &self.document, password.as_ref(), planned).await?;
        let mut requests = self.requests(service, context).await?;
        let mut document = Document {
            parts: vec![self.document],
            digest: [0; 32],
            size,
            warnings: Vec::new(),
        };
        requests.reverse();
        while let Some(request) = requests.pop() {
            let first = document.parts.len() == 1;
            let base = document.contiguous();
            let prepared = repair::prepare(service, context, base, request, lease).await?;
            let signed = release(service, context, approval, prepared).await?;
            if first {
                document.digest = signed.document_digest;
            }
            document.append(signed);
        }
        Ok(document)
    }

    /// One request for all marks; or one a mark, where a mark outside of the field would break an earlier signature.
    async fn requests(
        &self,
        service: &Service,
        context: &Context,
    ) -> Result<Vec<Request>, Problem> {
        if self.request.marks.len() < 2 {
            return Ok(vec![self.request.clone()]);
        }
        let (document, password) = (self.document.clone(), self.request.password.clone());
        let limits = service.reading.clone();
        let look = move || Ok(pades::inspect(&document, password.as_ref(), &limits));
        let inspection = service
            .cpu
            .run(Stage::Prepare, context.deadline, look)
            .await?;
        match inspection {
            Ok(inspection) if inspection.is_signed() => {}
            Ok(_) => return Ok(vec![self.request.clone()]),
            // What may be repaired was never signed.
            Err(error) if error.is_damage() => return Ok(vec![self.request.clone()]),
            Err(error) => return Err(error.into()),
        }
        let in_turn = |mark: &appearance::Mark| Request {
            marks: vec![mark.clone()],
            ..self.request.clone()
        };
        let mut requests: Vec<Request> = self.request.marks.iter().map(in_turn).collect();
        // The field asked for takes the first signature alone.
        for request in requests.iter_mut().skip(1) {
            request.field = Field::New { name: None };
        }
        Ok(requests)
    }
}

impl Document {
    /// The document in one buffer: the one there is, or a copy where another signature is to follow the first.
    fn contiguous(&mut self) -> Bytes {
        if self.parts.len() > 1 {
            self.parts = vec![share(self.parts.concat())];
        }
        self.parts.first().cloned().unwrap_or_default()
    }

    fn append(&mut self, signed: Signed) {
        let new: Vec<Warning> = signed
            .warnings
            .into_iter()
            .filter(|warning| !self.warnings.contains(warning))
            .collect();
        self.warnings.extend(new);
        if let Base::Rewritten(rewritten) = signed.base {
            self.parts = vec![share(rewritten)];
        }
        self.parts.push(share(signed.revision));
    }
}

/// Has the token sign what is prepared and puts the signature in.
async fn release(
    service: &Service,
    context: &Context,
    approval: &Mutex<Approval>,
    prepared: ToBeSigned,
) -> Result<Signed, Problem> {
    let began = Instant::now();
    let message = prepared.message().to_vec();
    let signing = approval
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .sign(message, context.deadline);
    let signature = signing.await?;
    service.metrics.observe(Stage::Token, began.elapsed());
    // Some ten microseconds: less than handing it to another thread would cost.
    let began = Instant::now();
    let signed = prepared.embed(signature)?;
    service.metrics.observe(Stage::Embed, began.elapsed());
    Ok(signed)
}

/// What all documents of an order share.
struct Template<'s> {
    identity: Arc<SignerIdentity>,
    name: Option<String>,
    service: &'s Service,
}

impl Template<'_> {
    fn request(&self, items: &[Item]) -> Request {
        let now = jiff::Timestamp::now();
        let time = now.to_zoned(TimeZone::fixed(JAKARTA));
        let mut request = Request::new(Arc::clone(&self.identity), time);
        let settings = &self.service.signature;
        request.signer_name.clone_from(&self.name);
        request.certified_visible = settings.certified_visible;
        request.sub_filter = settings.sub_filter;
        if let Some(item) = items.first() {
            request.reason.clone_from(&item.reason);
            request.location.clone_from(&item.location);
            request.contact_info.clone_from(&item.contact_info);
            request.password.clone_from(&item.password);
            if let Some(name) = &item.field {
                request.field = Field::Existing(name.clone());
            }
        }
        request
    }
}
