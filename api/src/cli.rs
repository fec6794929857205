//! The command line.

mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use config::{Config, Fault};

use crate::demo;
use crate::hsm_cli;
use crate::{assemble, panics, telemetry};

/// The exit code for a faulty configuration (`EX_CONFIG` of sysexits.h).
pub(crate) const FAULTY: u8 = 78;

/// Signs and seals PDF documents with keys in a PKCS#11 token.
#[derive(Debug, Parser)]
#[command(name = "segeld", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reports every fault of a configuration and does nothing else.
    Check(ConfigFile),
    /// Sets a complete house up in a directory and serves from it: a token, a CA, people, an application.
    Demo(demo::Options),
    /// Looks at the tokens of a configuration.
    #[command(subcommand)]
    Hsm(hsm_cli::Command),
    /// Serves.
    Serve(ConfigFile),
    /// Judges the signatures of a document: exit code 0 valid, 1 invalid, 2 indeterminate, 3 unsigned.
    Verify(verify::Options),
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Cli {
    /// Does what was asked.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Check(file) => check(&file.config),
            Command::Demo(options) => demo::run(&options),
            Command::Hsm(command) => hsm_cli::run(&command),
            Command::Serve(file) => serve(&file.config),
            Command::Verify(options) => verify::run(&options),
        };
        done.unwrap_or_else(|error| {
            say(&format!("segeld: {error:#}"));
            ExitCode::FAILURE
        })
    }
}

fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let Some(_) = load(path) else {
        return Ok(ExitCode::from(FAULTY));
    };
    writeln!(std::io::stdout(), "{}: no faults", path.display())?;
    Ok(ExitCode::SUCCESS)
}

fn serve(path: &Path) -> anyhow::Result<ExitCode> {
    let Some(config) = load(path) else {
        return Ok(ExitCode::from(FAULTY));
    };
    telemetry::start(&config.log)?;
    panics::log();
    runtime()?.block_on(async { Ok(assemble::start(&config).await?.until_end().await) })
}

/// The configuration, or none when its faults have been told.
pub(crate) fn load(path: &Path) -> Option<Config> {
    config::load(path)
        .map_err(|faults| tell(path, &faults))
        .ok()
}

fn tell(path: &Path, faults: &[Fault]) {
    for fault in faults {
        say(&format!("{}: {fault}", path.display()));
    }
}

/// A line for the person at the terminal. One who has gone is not told.
pub(crate) fn say(line: &str) {
    let _gone = writeln!(std::io::stderr(), "{line}");
}

pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}
