//! Watching the tokens: what is logged and told to the service manager when they come and go, and what they must hold
//! before anything can be signed.

use std::sync::Arc;
use std::time::Duration;

use signer::hsm::{Health, State};

use crate::conduct::chain;
use crate::notify;
use crate::service::Service;

/// How often the tokens are looked at.
const INTERVAL: Duration = Duration::from_millis(250);
/// How long a failed provision waits.
const AGAIN: Duration = Duration::from_secs(2);

/// Looks at the tokens until the process ends, and ends it when they can only be mended by another process.
pub async fn watch(service: Arc<Service>) {
    let mut known: Vec<State> = Vec::new();
    while !service.shutdown.begun.is_cancelled() {
        let tokens = service.hsm.tokens();
        for (index, (_, health)) in tokens.iter().enumerate() {
            if known.get(index) != Some(&health.state) {
                tell(index, health);
            }
        }
        let all = service.hsm.health();
        let states: Vec<State> = tokens.into_iter().map(|(_, health)| health.state).collect();
        if states != known {
            notify::tell(match all.state {
                State::Probing => "STATUS=looking for the token",
                State::Unusable => "STATUS=the token is unusable",
                State::Usable => "STATUS=serving",
            });
        }
        known = states;
        if all.needs_restart {
            tracing::error!("the module can only be mended by another process");
            service.shutdown.begin_failed();
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn tell(index: usize, health: &Health) {
    let reason = health
        .reason
        .as_ref()
        .map(|reason| chain(reason))
        .unwrap_or_default();
    match health.state {
        State::Probing => {
            tracing::info!(hsm = index, reason, "the token is being looked for");
        }
        State::Unusable => {
            tracing::error!(hsm = index, reason, "the token is unusable");
        }
        State::Usable => {
            tracing::info!(hsm = index, workers = health.workers, "the token is usable");
        }
    }
}

/// Makes, once the first token is usable, what store and token need to begin with.
pub async fn provision(service: Arc<Service>) {
    while !service.shutdown.begun.is_cancelled() {
        let usable = service.hsm.health().state == State::Usable;
        if !usable {
            tokio::time::sleep(INTERVAL).await;
            continue;
        }
        match service.registry.provision().await {
            Ok(()) => {
                service.provisioned.send_replace(true);
                return;
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "the token does not hold what the store needs");
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}
