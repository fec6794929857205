//! The way of one request from an order to signed documents (architecture, "The way of one request").
//!
//! ```text
//! pictures decoded → authorise (registry) → for each document: markers found, prepare (CPU) → sign (token) → embed → record → answer
//! ```
//! All checks run before the token is asked; records are durable before the answer leaves. Of several documents all are
//! signed or none is answered.

mod document;
mod marks;
pub mod order;
mod pictures;
mod record;
mod repair;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{Approval, Identity};

use crate::limits::Lease;
use crate::metrics::Stage;
use crate::problem::Problem;
use crate::service::{Context, Service};

pub use document::Document;
use document::Job;
use order::{Order, Proof};

/// Documents of one request that are worked on side by side.
const SIDE_BY_SIDE: usize = 8;

/// Signs all documents of an order, in its order. `document_id` names the first in the records.
///
/// # Errors
/// The first refusal in the contract's order, or the failure of the first document that failed.
pub async fn sign(
    service: &Arc<Service>,
    context: &Context,
    order: Order,
    document_id: Option<&str>,
) -> Result<Vec<Document>, Problem> {
    let (count, first_id) = (order.files.len(), document_id);
    let pictures = pictures::decode(service, context, &order).await?;
    let who = Identity {
        nik: order.who.nik.clone(),
        email: order.who.email.clone(),
    };
    let began = Instant::now();
    let approval = match order.proof {
        Proof::Passphrase(passphrase) => {
            let proof = registry::Proof::Passphrase(passphrase);
            service
                .registry
                .authorise(
                    &context.application,
                    &who,
                    proof,
                    releases(&order.items, count),
                )
                .await
        }
        // No one-time code has been given to anybody, so none is right; the person is judged first all the same.
        Proof::Code(_) => return Err(refuse_code(service, context, &who).await),
    };
    service.metrics.observe(Stage::Authorise, began.elapsed());
    let approval = match approval {
        Ok(approval) => approval,
        Err(refusal) => {
            record::refused(service, context, &refusal).await?;
            return Err(refusal.into());
        }
    };
    let holder = approval.holder();
    let jobs = Job::all(&order.files, &order.items, &pictures, &approval, service);
    let lease = order.lease.clone();
    let signed = carry_out(service, context, jobs, approval, lease).await;
    match signed {
        Ok(documents) => {
            let began = Instant::now();
            record::signed(service, context, holder, first_id, &documents).await?;
            service.metrics.observe(Stage::Record, began.elapsed());
            service
                .metrics
                .documents
                .inc_by(u64::try_from(count).unwrap_or(u64::MAX));
            Ok(documents)
        }
        Err(problem) => {
            record::failed(service, context, holder, &problem).await?;
            Err(problem)
        }
    }
}

async fn carry_out(
    service: &Arc<Service>,
    context: &Context,
    jobs: Vec<Job>,
    approval: Approval,
    lease: Lease,
) -> Result<Vec<Document>, Problem> {
    let count = jobs.len();
    let approval = Arc::new(Mutex::new(approval));
    stream::iter(jobs.into_iter().enumerate())
        .map(|(index, job)| {
            let (service, approval, context) =
                (Arc::clone(service), Arc::clone(&approval), context.clone());
            let lease = lease.clone();
            async move {
                job.sign(&service, &context, &approval, &lease)
                    .await
                    .map_err(|problem| problem.in_file(index, count))
            }
        })
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await
}

/// Signatures that an order may need: one a document, or one an item where several belong to the one document.
fn releases(items: &order::Items, files: usize) -> u32 {
    let count = match items {
        order::Items::Several(items) => items.len(),
        order::Items::Each(_) | order::Items::ForAll(_) => files,
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

async fn refuse_code(service: &Service, context: &Context, who: &Identity) -> Problem {
    use registry::State;
    match service.registry.status(&context.application, who).await {
        Ok(status) => match status.state {
            State::NotRegistered => Problem::NotRegistered,
            State::Issue => Problem::WrongCode,
            state => Problem::CertificateNotUsable {
                state: state.as_str(),
            },
        },
        Err(error) => error.into(),
    }
}

/// A buffer without a copy, shared by all that read it.
fn share(bytes: Vec<u8>) -> Bytes {
    Bytes::from(bytes)
}
