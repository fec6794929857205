//! The demo's token: a SoftHSM of its own, in the directory.
//!
//! SoftHSM finds its tokens through the environment, which a running program cannot change safely: it starts itself over
//! with `SOFTHSM2_CONF` set.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use aws_lc_rs::rand;
use secrecy::{ExposeSecret, SecretString};
use signer::hsm::provision;

use super::house::House;

/// The token's label.
pub(super) const LABEL: &str = "segeld-demo";
/// The credential with the user's PIN, as the configuration names it.
pub(super) const PIN: &str = "hsm-pin";
/// The credential with the security officer's PIN, which the daemon never needs.
const SO_PIN: &str = "hsm-so-pin";
const VARIABLE: &str = "SOFTHSM2_CONF";
/// Where distributions put the module.
const PLACES: [&str; 8] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// Starts the program over with the house's own SoftHSM configuration, unless it has been.
pub(super) fn start_over(house: &House) -> anyhow::Result<()> {
    let path = house.path("softhsm2.conf");
    let tokens = house.path("tokens");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
        tokens.display()
    );
    house.write(path.clone(), text.as_bytes())?;
    if env::var_os(VARIABLE).is_some_and(|set| Path::new(&set) == path) {
        return Ok(());
    }
    let program = env::current_exe().context("cannot find the program itself")?;
    let error = Command::new(program)
        .args(env::args_os().skip(1))
        .env(VARIABLE, path)
        .exec();
    Err(error).context("cannot start over")
}

/// The module.
pub(super) fn module(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        return named
            .canonicalize()
            .with_context(|| format!("cannot find {}", named.display()));
    }
    match PLACES.iter().map(Path::new).find(|path| path.is_file()) {
        Some(path) => Ok(path.to_owned()),
        None => bail!(
            "SoftHSM is not installed (Debian: apt install softhsm2); or name its module with --module"
        ),
    }
}

/// Makes the token and keeps its PINs as credentials.
pub(super) fn make_token(house: &House, module: &Path) -> anyhow::Result<SecretString> {
    let (pin, so_pin) = (random_pin()?, random_pin()?);
    for (name, secret) in [(PIN, &pin), (SO_PIN, &so_pin)] {
        house.write(house.credential(name), secret.expose_secret().as_bytes())?;
    }
    provision::init_token(module, LABEL, &so_pin, &pin).context("cannot make the token")?;
    Ok(pin)
}

fn random_pin() -> anyhow::Result<SecretString> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).context("no random bytes")?;
    Ok(SecretString::from(
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    ))
}
