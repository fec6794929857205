//! Setting up a new token: `C_InitToken` and `C_InitPIN`.

use std::path::Path;
use std::time::Duration;

use cryptoki::session::UserType;
use secrecy::SecretString;

use super::error::Error;
use super::module::{Lease, Module};

/// Initialises the first free slot's token with `label` and sets the user PIN.
///
/// To be called before [`Hsm::start`](super::Hsm::start), or while no token of the module is in use.
///
/// # Errors
/// [`Error::LabelTaken`] when a token has that label already, [`Error::Unsupported`] when there is no free slot,
/// [`Error::Setting`] when the label has more than 32 octets, and what the module answers.
pub fn init_token(
    module: &Path,
    label: &str,
    so_pin: &SecretString,
    pin: &SecretString,
) -> Result<(), Error> {
    if label.is_empty() || label.len() > 32 {
        return Err(Error::Setting {
            what: "a token's label has 1 to 32 octets",
        });
    }
    let module = Module::load(module)?;
    let lease = module.enter(PATIENCE, || {})?;
    let outcome = initialise(&lease, label, so_pin, pin);
    drop(lease);
    // Some modules give the new token its slot only in the next C_Initialize.
    module.leave();
    outcome
}

fn initialise(
    lease: &Lease,
    label: &str,
    so_pin: &SecretString,
    pin: &SecretString,
) -> Result<(), Error> {
    let pkcs11 = lease.pkcs11();
    let mut free = None;
    for slot in pkcs11.get_slots_with_token()? {
        let info = pkcs11.get_token_info(slot)?;
        if !info.token_initialized() {
            free = free.or(Some(slot));
        } else if info.label() == label {
            return Err(Error::LabelTaken {
                label: label.to_owned(),
            });
        }
    }
    let slot = free.ok_or(Error::Unsupported {
        what: "another token: the module has no free slot",
    })?;
    pkcs11.init_token(slot, so_pin, label)?;
    let session = pkcs11.open_rw_session(slot)?;
    session.login(UserType::So, Some(so_pin))?;
    session.init_pin(pin)?;
    session.logout()?;
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(10);
