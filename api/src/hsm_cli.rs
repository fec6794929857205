//! `segeld hsm`: a look at the tokens of a configuration before they are relied on.
//!
//! ```text
//! status  slots, sessions, keys by identifier          reads only
//! test    mechanisms, kinds of keys, defaults, limits   makes session objects
//! bench   signatures a second by kind and threads       makes session objects, takes all of the token
//! ```
//! A token behind a file wants no second process that makes objects beside the daemon, and a token in use has other things to
//! do than be measured: `test` and `bench` refuse while something answers where the configuration listens, unless they are
//! told `--beside-daemon`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use config::Config;
use signer::hsm::inspect::{self, Verdict, Visit};
use signer::key::KeyKind;

use crate::cli::{FAULTY, load};

/// What is asked of the tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measures signatures a second by kind of key and number of threads: the ceiling of everything above the token.
    Bench(Bench),
    /// Lists the module's slots, and the sessions and keys of the configured tokens.
    Status(Target),
    /// Finds out what the tokens can do, what their defaults allow, and what the configuration would lack.
    Test(Target),
}

/// Which tokens.
#[derive(Debug, Args)]
pub struct Target {
    /// The configuration that names them.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Go on while a daemon with this configuration runs.
    #[arg(long)]
    beside_daemon: bool,
}

/// What is measured.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    target: Target,
    /// Numbers of threads, each with a session of its own.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 2, 4, 8])]
    threads: Vec<usize>,
    /// How long each measurement takes, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    time: u64,
}

/// More threads than any published token serves in parallel.
const MAX_THREADS: usize = 1024;
/// How long something that listens may take to answer.
const KNOCK: Duration = Duration::from_millis(300);
const KINDS: [KeyKind; 6] = [
    KeyKind::Rsa { bits: 2048 },
    KeyKind::Rsa { bits: 3072 },
    KeyKind::Rsa { bits: 4096 },
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::Ed25519,
];

/// Does what was asked.
///
/// # Errors
/// What keeps it from being done: a module that does not load, a token that does not answer, a daemon that runs.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let target = match command {
        Command::Bench(bench) => &bench.target,
        Command::Status(target) | Command::Test(target) => target,
    };
    let Some(config) = load(&target.config) else {
        return Ok(ExitCode::from(FAULTY));
    };
    if !matches!(command, Command::Status(_)) && !target.beside_daemon && is_served(&config) {
        bail!(
            "a daemon with this configuration seems to run; stop it, or say --beside-daemon if the token bears a second user"
        );
    }
    let mut lacks = false;
    for hsm in &config.hsm {
        let name = format!("{} behind {}", hsm.token, hsm.module.display());
        let report = match command {
            Command::Bench(bench) => measure(hsm, bench),
            Command::Status(_) => status(hsm),
            Command::Test(_) => test(hsm).map(|(report, lacking)| {
                lacks |= lacking;
                report
            }),
        };
        let report = report.with_context(|| format!("the token with {name}"))?;
        write!(std::io::stdout(), "{report}")?;
    }
    Ok(if lacks {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Whether somebody answers where the configuration listens.
fn is_served(config: &Config) -> bool {
    let listen = &config.listen;
    let addresses = [listen.tls, listen.plain, listen.metrics];
    addresses
        .into_iter()
        .flatten()
        .any(|address| TcpStream::connect_timeout(&reachable(address), KNOCK).is_ok())
}

/// An address of this machine that a listener on any address answers at.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn status(hsm: &config::Hsm) -> anyhow::Result<String> {
    let settings = hsm.settings();
    let mut out = String::new();
    let facts = inspect::module(&settings)?;
    writeln!(
        out,
        "module   {}\n         {}",
        hsm.module.display(),
        facts.library
    )?;
    for slot in facts.slots {
        let sessions = slot.sessions.map_or("?".to_owned(), |n| n.to_string());
        let most = slot
            .max_sessions
            .map_or("any".to_owned(), |n| n.to_string());
        let state = match (slot.initialised, slot.pin) {
            (false, _) => "not set up".to_owned(),
            (true, Some(pin)) => format!("PIN: {pin}"),
            (true, None) => "ready".to_owned(),
        };
        writeln!(
            out,
            "slot     {} label {:?} serial {:?} ({}), {sessions} of {most} sessions, {state}",
            slot.slot, slot.label, slot.serial, slot.model
        )?;
    }
    let visit = Visit::begin(&settings)?;
    for key in visit.keys()? {
        writeln!(
            out,
            "key      {} {} {} {:?}: {}",
            key.id,
            key.class,
            key.kind,
            key.label,
            key.may.join(", ")
        )?;
    }
    Ok(out)
}

/// The report, and whether something is lacking.
fn test(hsm: &config::Hsm) -> anyhow::Result<(String, bool)> {
    let settings = hsm.settings();
    let visit = Visit::begin(&settings)?;
    let mut out = String::new();
    let mut lacking = false;
    for finding in visit.examine(settings.workers)? {
        lacking |= finding.verdict == Verdict::Missing;
        let mark = match finding.verdict {
            Verdict::Fact => "     ",
            Verdict::Good => "good ",
            Verdict::Missing => "LACKS",
            Verdict::Warning => "WARN ",
        };
        writeln!(out, "{mark} {}: {}", finding.subject, finding.text)?;
    }
    Ok((out, lacking))
}

fn measure(hsm: &config::Hsm, bench: &Bench) -> anyhow::Result<String> {
    if bench.threads.iter().any(|n| !(1..=MAX_THREADS).contains(n)) {
        bail!("--threads takes numbers from 1 to {MAX_THREADS}");
    }
    let visit = Visit::begin(&hsm.settings())?;
    let time = Duration::from_millis(bench.time.clamp(1, 60_000));
    let mut out = String::from("signatures a second");
    for threads in &bench.threads {
        write!(out, " {threads:>9}")?;
    }
    out.push_str("  threads\n");
    for kind in KINDS {
        write!(out, "{:<19}", kind.to_string())?;
        for threads in &bench.threads {
            match visit.ceiling(kind, *threads, time) {
                Ok(rate) => write!(out, " {rate:>9.1}")?,
                Err(error) => {
                    write!(out, " {error}")?;
                    break;
                }
            }
        }
        out.push('\n');
    }
    Ok(out)
}
