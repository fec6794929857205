//! All that a request may use, and what a request knows of itself.

use std::time::Instant;

use ipnet::IpNet;
use registry::{Application, Registry};
use signer::hsm::Hsm;
use signer::pdf;
use tokio::sync::{Semaphore, watch};
use verifier::Anchor;

use crate::cpu;
use crate::downloads::Downloads;
use crate::limits::{Bounds, Budget};
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

/// The parts behind the routes; made by [`crate::assemble`] alone.
#[derive(Debug)]
pub struct Service {
    /// Who may sign with what.
    pub registry: Registry,
    /// The tokens, used as one.
    pub hsm: Hsm,
    /// Bytes in flight.
    pub budget: Budget,
    /// Work of the processor.
    pub cpu: cpu::Pool,
    /// Repairs of damaged documents: one at a time.
    pub repairs: Semaphore,
    /// Signed documents kept for one download; none when storage is off.
    pub downloads: Option<Downloads>,
    /// What is counted.
    pub metrics: Metrics,
    /// What one request may cost.
    pub limits: config::Limits,
    /// How documents are read.
    pub reading: pdf::Limits,
    /// Whom to believe when documents are verified, beside the embedded authority.
    pub anchors: Vec<Anchor>,
    /// What signatures look like.
    pub signature: config::Signature,
    /// Proxies whose word on the caller's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the token holds what the store needs.
    pub provisioned: watch::Sender<bool>,
    /// How the process ends.
    pub shutdown: Shutdown,
}

/// One request under way.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who asks.
    pub application: Application,
    /// When the answer must be there.
    pub deadline: Instant,
    /// The id in log lines and records.
    pub request_id: String,
    /// When the request's head had been read.
    pub started: Instant,
}

impl Service {
    /// What the body of a request may cost.
    #[must_use]
    pub fn bounds(&self, context: &Context, size: config::Size) -> Bounds {
        Bounds {
            size: size.get(),
            stall: self.limits.body_timeout,
            deadline: context.deadline.into(),
        }
    }
}
