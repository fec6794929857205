//! Working on a document, rewritten first if it is damaged and the configuration permits that.
//!
//! A repair holds many times the document in memory. So there is one at a time, and what it may need is taken from the
//! budget of all requests; what is left of it goes to the request, with whose answer the rewritten document leaves.

use bytes::Bytes;
use signer::pades::{self, Base, Request, ToBeSigned};
use signer::pdf::repair::Caps;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout_at;

use crate::limits::Lease;
use crate::metrics::Stage;
use crate::problem::{DocumentFault, Problem};
use crate::service::{Context, Service};

/// What a repair within [`Caps::default`] needs at most.
const MEMORY: u64 = 256 * 1024 * 1024;

/// Prepares a document. `lease` grows by the size of what was rewritten.
pub(super) async fn prepare(
    service: &Service,
    context: &Context,
    base: Bytes,
    request: Request,
    lease: &Lease,
) -> Result<ToBeSigned, Problem> {
    match attempt(service, context, base.clone(), request.clone()).await? {
        Ok(prepared) => Ok(prepared),
        Err(error) if error.is_damage() => repaired(service, context, base, request, lease).await,
        Err(error) => Err(error.into()),
    }
}

/// The one repair that may be under way.
pub(super) struct Turn<'s> {
    /// Up to where the document may be rewritten.
    pub(super) caps: Caps,
    memory: Lease,
    _place: SemaphorePermit<'s>,
}

/// Waits for the turn to repair a document.
pub(super) async fn turn<'s>(service: &'s Service, context: &Context) -> Result<Turn<'s>, Problem> {
    if !service.signature.repair {
        return Err(Problem::Document {
            why: DocumentFault::RepairOff,
        });
    }
    let place = timeout_at(context.deadline.into(), service.repairs.acquire()).await;
    let Ok(Ok(place)) = place else {
        return Err(Problem::Overloaded);
    };
    // A budget that could never hold it is a small machine's, whose operator may still want repairs.
    let memory = MEMORY.min(service.limits.in_flight.get() / 2);
    Ok(Turn {
        caps: Caps::default(),
        memory: service.budget.lease(memory).ok_or(Problem::Overloaded)?,
        _place: place,
    })
}

async fn repaired(
    service: &Service,
    context: &Context,
    base: Bytes,
    mut request: Request,
    lease: &Lease,
) -> Result<ToBeSigned, Problem> {
    let turn = turn(service, context).await?;
    request.repair = Some(turn.caps);
    let prepared = attempt(service, context, base, request).await??;
    if let Base::Rewritten(rewritten) = prepared.base() {
        lease.take_over(turn.memory, rewritten.len() as u64);
    }
    Ok(prepared)
}

async fn attempt(
    service: &Service,
    context: &Context,
    base: Bytes,
    request: Request,
) -> Result<Result<ToBeSigned, pades::Error>, Problem> {
    let limits = service.reading.clone();
    let job = move || Ok(pades::prepare(&base, &request, &limits));
    service.cpu.run(Stage::Prepare, context.deadline, job).await
}
