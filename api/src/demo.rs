//! `segeld demo`: a complete house in one directory, made at its first start and kept afterwards.
//!
//! ```text
//! settle addresses → own SOFTHSM2_CONF, by starting over → token, CA, people, configuration (first start) → serve
//! ```
//! What it serves with is an ordinary configuration file in the directory, so that `segeld serve --config` does the same.

mod configuration;
mod env;
mod house;
mod people;
mod softhsm;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use config::{Activation, Authority, Config, Store};
use registry::Registry;
use signer::hsm::{self, TokenSelector};

use crate::cli::{load, runtime, say};
use crate::{assemble, panics, telemetry};

use configuration::Addresses;
use env::Env;
use house::House;

/// How long the token may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the demo lives and listens. Port 0 is any free port, chosen at the first start and kept.
#[derive(Debug, Args)]
pub struct Options {
    /// The directory of everything.
    #[arg(long, value_name = "DIR", default_value = "var/demo")]
    dir: PathBuf,
    /// Address for applications, over TLS [first start: 127.0.0.1:8443].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Address for applications, without TLS [first start: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen_plain: Option<SocketAddr>,
    /// Address for /metrics, /healthz and /readyz [first start: 127.0.0.1:9464].
    #[arg(long, value_name = "ADDRESS")]
    listen_metrics: Option<SocketAddr>,
    /// The SoftHSM module, if it is not in one of the usual places.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

/// Makes the house, unless it stands, and serves from it.
///
/// # Errors
/// What keeps it from being made or served.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let house = House::enter(&options.dir)?;
    softhsm::start_over(&house)?;
    let _lock = house.lock()?;
    let runtime = runtime()?;
    if !house.stands()? {
        let addresses = Addresses::wanted(options).settle()?;
        runtime
            .block_on(build(&house, options, &addresses))
            .context("cannot set the demo up")?;
    }
    let Some(mut config) = load(&house.configuration()) else {
        return Ok(ExitCode::from(crate::cli::FAULTY));
    };
    telemetry::start(&config.log)?;
    panics::log();
    if let Some(addresses) = Addresses::of(&config).moved(options) {
        addresses.clone().settle()?;
        runtime
            .block_on(move_in(&house, &config, &addresses))
            .context("cannot change the addresses")?;
        let Some(changed) = load(&house.configuration()) else {
            return Ok(ExitCode::from(crate::cli::FAULTY));
        };
        config = changed;
    }
    runtime.block_on(serve(&house, &config))
}

/// The first start: everything, and the mark that it is whole last.
async fn build(house: &House, options: &Options, addresses: &Addresses) -> anyhow::Result<()> {
    say(&format!(
        "segeld: setting up a demo in {}",
        house.dir().display()
    ));
    house.clear()?;
    let module = softhsm::module(options.module.as_deref())?;
    let pin = softhsm::make_token(house, &module)?;
    let selector = TokenSelector::Label(softhsm::LABEL.to_owned());
    let token = hsm::Hsm::start(hsm::Settings::new(module.clone(), selector, pin))?;
    let waiting = token.clone();
    tokio::task::spawn_blocking(move || waiting.wait_usable(PATIENCE)).await??;
    let store = Store::sqlite(house.store());
    let authority = Authority::default();
    let registry = Registry::open(
        &store,
        &Activation::default(),
        Some(&authority),
        token.clone(),
    )
    .await?;
    registry.provision().await?;
    let mut env = Env::default();
    people::settle(&registry, &mut env).await?;
    tls::issue(house, &registry, addresses.tls.ip()).await?;
    let anchor = signer::x509::pem::from_certificate(&registry.trust_anchor().await?);
    house.write(house.ca(), anchor.as_bytes())?;
    house.write(house.trust(), anchor.as_bytes())?;
    env.places(house, &module, addresses);
    env.save(house)?;
    house.write(
        house.configuration(),
        configuration::text(&module, addresses).as_bytes(),
    )?;
    registry.close().await;
    token.shutdown(PATIENCE).await;
    house.finish()
}

/// Other addresses than before: the configuration, the certificate and `demo.env` follow.
async fn move_in(house: &House, config: &Config, addresses: &Addresses) -> anyhow::Result<()> {
    if addresses.tls.ip() != Addresses::of(config).tls.ip() {
        issue_again(house, config, addresses.tls.ip()).await?;
    }
    let text = std::fs::read_to_string(house.configuration())?;
    house.write(
        house.configuration(),
        configuration::moved(&text, addresses).as_bytes(),
    )
}

/// A new TLS certificate by the house's authority.
async fn issue_again(house: &House, config: &Config, ip: IpAddr) -> anyhow::Result<()> {
    let token = assemble::tokens(&config.hsm)?;
    let waiting = token.clone();
    tokio::task::spawn_blocking(move || waiting.wait_usable(PATIENCE)).await??;
    let registry = Registry::open(
        &config.store,
        &config.activation,
        config.authority.as_ref(),
        token.clone(),
    )
    .await?;
    tls::issue(house, &registry, ip).await?;
    registry.close().await;
    token.shutdown(PATIENCE).await;
    Ok(())
}

async fn serve(house: &House, config: &Config) -> anyhow::Result<ExitCode> {
    let addresses = Addresses::of(config);
    if tls::is_expiring(house)? {
        issue_again(house, config, addresses.tls.ip())
            .await
            .context("cannot renew the TLS certificate")?;
    }
    let module = &config.hsm.first().context("no token is configured")?.module;
    let mut env = Env::load(house)?;
    env.places(house, module, &addresses);
    env.save(house)?;
    let running = assemble::start(config).await?;
    if running.usable().await {
        say(&env.invitation());
        house::announce(&format!("ready {}", env.url()))?;
    }
    Ok(running.until_end().await)
}

/// Values in `demo.env` and in the invitation go through shells: the directory's path must need no quotes.
fn is_plain(path: &str) -> bool {
    path.chars()
        .all(|c| c.is_alphanumeric() || "/._-+@,:~".contains(c))
}

fn require_plain(path: &std::path::Path) -> anyhow::Result<()> {
    match path.to_str() {
        Some(text) if is_plain(text) => Ok(()),
        _ => bail!(
            "the path {} needs quotes in a shell; choose another directory with --dir",
            path.display()
        ),
    }
}
