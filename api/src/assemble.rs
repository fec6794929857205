//! The only place that knows every part: from a configuration to a running daemon, and to its end.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use config::Config;
use registry::Registry;
use signer::{hsm, pdf};
use tokio::sync::{Semaphore, watch};
use verifier::{Anchor, Trust};

use crate::cpu;
use crate::downloads::Downloads;
use crate::health;
use crate::limits::Budget;
use crate::metrics::Metrics;
use crate::notify;
use crate::routes;
use crate::server::{Listener, Patience, Shared, tls};
use crate::service::Service;
use crate::shutdown::Shutdown;

/// Documents that may wait for each thread that prepares them.
const CPU_QUEUE_PER_THREAD: usize = 64;
/// How long a connection may be without a request.
const IDLE: Duration = Duration::from_secs(75);
/// How much longer than a request's own deadline the end waits for requests under way.
const DRAIN_GRACE: Duration = Duration::from_secs(5);
/// How often expired copies are removed.
const SWEEP: Duration = Duration::from_secs(15);
/// The exit code when a part cannot be mended inside the process: the supervisor should start it again (`EX_TEMPFAIL`).
const RESTART: u8 = 75;

/// A daemon whose listeners are bound.
#[derive(Debug)]
pub struct Running {
    service: Arc<Service>,
    /// Ends the operators' listener, which outlives the others.
    operators: Shutdown,
}

/// The tokens that the configuration names, used as one.
///
/// # Errors
/// When a module cannot be loaded.
pub fn tokens(config: &[config::Hsm]) -> Result<hsm::Hsm, hsm::Error> {
    let settings = config.iter().map(|config| {
        let mut settings = hsm::Settings::new(
            config.module.clone(),
            config.token.clone(),
            config.pin.clone(),
        );
        settings.workers = config.workers;
        settings.queue = config.queue;
        settings.start_patience = config.start_patience;
        settings
    });
    hsm::Hsm::start_all(settings.collect())
}

/// Starts the daemon: when it returns, every listener is bound. The token may still be on its way.
///
/// # Errors
/// When a part cannot be started: a module, the store, a directory, an address.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    let shutdown = Shutdown::default();
    shutdown.on_signals().context("cannot listen for signals")?;
    let service = Arc::new(service(config, shutdown.clone()).await?);
    let operators = Shutdown::default();
    listen(config, &service, &operators).await?;
    background(&service);
    notify::tell("READY=1\nSTATUS=waiting for the token");
    Ok(Running { service, operators })
}

async fn service(config: &Config, shutdown: Shutdown) -> anyhow::Result<Service> {
    let hsm = tokens(&config.hsm).context("cannot start the token layer")?;
    let registry = Registry::open(
        &config.store,
        &config.activation,
        config.authority.as_ref(),
        hsm.clone(),
    )
    .await
    .context("cannot open the store")?;
    let metrics = Metrics::new()?;
    let threads = config.limits.cpu_threads;
    Ok(Service {
        registry,
        hsm,
        budget: Budget::new(config.limits.in_flight.get()),
        cpu: cpu::Pool::new(
            threads,
            threads.saturating_mul(CPU_QUEUE_PER_THREAD),
            metrics.clone(),
        ),
        repairs: Semaphore::new(1),
        downloads: downloads(&config.download)?,
        metrics,
        limits: config.limits.clone(),
        reading: pdf::Limits::default(),
        anchors: anchors(&config.trust)?,
        signature: config.signature.clone(),
        trusted_proxies: if config.listen.behind_proxy {
            config.listen.trusted_proxies.clone()
        } else {
            Vec::new()
        },
        provisioned: watch::Sender::new(false),
        shutdown,
    })
}

fn anchors(config: &config::Trust) -> anyhow::Result<Vec<Anchor>> {
    let signing = config.signing.iter().map(|one| (one, Trust::SIGNING));
    let stamping = config
        .timestamping
        .iter()
        .map(|one| (one, Trust::TIMESTAMPING));
    let all = signing.chain(stamping);
    all.map(|(certificate, trust)| Anchor::from_der(certificate.as_der(), trust))
        .collect::<Result<_, _>>()
        .context("cannot use a trust anchor")
}

fn downloads(config: &config::Download) -> anyhow::Result<Option<Downloads>> {
    let Some(directory) = config.dir.as_deref().filter(|_| !config.ttl.is_zero()) else {
        return Ok(None);
    };
    let downloads = Downloads::open(directory, config.ttl, config.size.get());
    downloads
        .map(Some)
        .with_context(|| format!("cannot use the directory {}", directory.display()))
}

/// Binds all listeners, then serves on them: a process that misses one address serves on none.
async fn listen(
    config: &Config,
    service: &Arc<Service>,
    operators: &Shutdown,
) -> anyhow::Result<()> {
    let connections = Arc::new(Semaphore::new(
        config.limits.connections.min(Semaphore::MAX_PERMITS),
    ));
    let patience = Patience {
        head: config.limits.header_timeout,
        write: config.limits.body_timeout,
        idle: IDLE,
    };
    let shared = |router, shutdown: &Shutdown| Shared {
        router,
        connections: Arc::clone(&connections),
        patience,
        metrics: service.metrics.clone(),
        shutdown: shutdown.clone(),
    };
    let mut bound = Vec::new();
    let bind = async |name, address, tls| {
        let listener = Listener::bind(name, address, tls)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        tracing::info!(listener = name, address = %listener.address()?, "listening");
        anyhow::Ok(listener)
    };
    if let (Some(address), Some(files)) = (config.listen.tls, &config.tls) {
        let tls = tls::server_config(&files.certificate, &files.key)?;
        let shared = shared(routes::applications(Arc::clone(service)), &service.shutdown);
        bound.push((bind("tls", address, Some(tls)).await?, shared));
    }
    if let Some(address) = config.listen.plain {
        let shared = shared(routes::applications(Arc::clone(service)), &service.shutdown);
        let mut listener = bind("plain", address, None).await?;
        if !address.ip().is_loopback() {
            // Without TLS nothing but the proxies named may come near it.
            listener = listener.only(&config.listen.trusted_proxies);
        }
        bound.push((listener, shared));
    }
    if let Some(address) = config.listen.metrics {
        // Operators must get through when applications hold every place.
        let places = Arc::new(Semaphore::new(OPERATORS));
        let shared = Shared {
            connections: places,
            ..shared(routes::operators(Arc::clone(service)), operators)
        };
        bound.push((bind("operators", address, None).await?, shared));
    }
    for (listener, shared) in bound {
        tokio::spawn(listener.serve(shared));
    }
    Ok(())
}

/// Connections of operators.
const OPERATORS: usize = 32;

fn background(service: &Arc<Service>) {
    tokio::spawn(health::watch(Arc::clone(service)));
    tokio::spawn(health::provision(Arc::clone(service)));
    if let Some(downloads) = service.downloads.clone() {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let downloads = downloads.clone();
                if tokio::task::spawn_blocking(move || downloads.sweep())
                    .await
                    .is_err()
                {
                    tracing::error!("removing expired copies failed");
                }
            }
        });
    }
}

impl Running {
    /// Waits until the token is usable and holds what the store needs; false when the process ends before.
    pub async fn usable(&self) -> bool {
        let mut provisioned = self.service.provisioned.subscribe();
        tokio::select! {
            () = self.service.shutdown.begun.cancelled() => false,
            done = provisioned.wait_for(|done| *done) => done.is_ok(),
        }
    }

    /// Waits for the end, lets requests under way finish, and closes every part.
    pub async fn until_end(self) -> ExitCode {
        let service = self.service;
        service.shutdown.begun.cancelled().await;
        notify::tell("STOPPING=1");
        let patience = service.limits.request_deadline + DRAIN_GRACE;
        if tokio::time::timeout(patience, service.shutdown.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("requests were still under way at the end");
        }
        service.hsm.shutdown(DRAIN_GRACE).await;
        service.registry.close().await;
        self.operators.begin();
        let failed = service.shutdown.has_failed();
        tracing::info!(failed, "ended");
        if failed {
            ExitCode::from(RESTART)
        } else {
            ExitCode::SUCCESS
        }
    }
}
