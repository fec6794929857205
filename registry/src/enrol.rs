//! Making agencies, applications, people and seals, and moving them through their states.

mod application;
mod certificate;
mod seal;
mod subscriber;

pub use application::{NewApplication, NewCredential};
pub use seal::NewSeal;
pub use subscriber::NewSubscriber;

use crate::Registry;
use crate::error::Error;
use crate::id::AgencyId;
use crate::store;
use crate::store::subscriber::Personal;
use crate::vault::{DataKey, Keys};

/// The longest name of anything.
const LONGEST: usize = 200;

impl Registry {
    async fn data_key(&self, owner: &[u8; 16]) -> Result<DataKey, Error> {
        let wrapped = store::data_key::of(&self.0.store, owner).await?;
        let keys = self.0.vault.keys().await?;
        keys.data_key(owner, &wrapped.ok_or(Error::Sealed)?)
    }

    async fn commit<U: store::writer::Unit>(&self, unit: U) -> Result<U::Output, Error> {
        Ok(self.0.store.writer.commit(unit).await?)
    }
}

/// The column of sealed names.
const NAME: &str = "name";

/// A value with its blind index.
fn personal(
    keys: &Keys,
    key: &DataKey,
    agency: AgencyId,
    row: &[u8; 16],
    kind: &str,
    value: &str,
) -> Result<Personal, Error> {
    Ok(Personal {
        index: keys.index(agency, kind, value),
        sealed: key.seal(kind, row, value.as_bytes())?,
    })
}

/// A name without its outer blanks.
fn plain(name: &str, what: &'static str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST || name.chars().any(char::is_control) {
        return Err(Error::Input { what });
    }
    Ok(name.to_owned())
}
