//! The vault: personal data are encrypted field by field and found by keyed hashes.
//!
//! Every holder and custodian has a data key (AES-256), kept wrapped; a field is sealed under it with its column
//! and row as associated data, so that no ciphertext can be moved elsewhere. Lookups go by blind indexes,
//! HMAC-SHA-256 over agency and value. All keys here descend from one HMAC by a key in the token over a fixed
//! text, so that a copy of the database opens nothing and tests no guess; they live in memory while the daemon
//! runs. The wrapped data keys lie in the store for now, so a backup of it holds them too.

mod keys;

use std::time::{Duration, Instant};

use signer::hsm::{self, Hsm, KeyId};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

pub(crate) use keys::{DataKey, Keys, Wrapped, expand};

use crate::error::Error;

/// `CKA_ID` and label of the token key that everything descends from.
const KEY: &str = "segeld-vault";
const ROOT: &[u8] = b"segeld vault root 1";
/// How long the token may take for the one operation that is asked of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The keys, fetched from the token when they are first needed, so that a token that is away delays nobody's start.
#[derive(Debug)]
pub(crate) struct Vault {
    hsm: Hsm,
    keys: OnceCell<Keys>,
}

impl Vault {
    pub(crate) fn new(hsm: Hsm) -> Self {
        Self {
            hsm,
            keys: OnceCell::new(),
        }
    }

    /// The keys.
    pub(crate) async fn keys(&self) -> Result<&Keys, hsm::Error> {
        self.keys
            .get_or_try_init(|| async {
                let root = self
                    .hsm
                    .hmac(key_id()?, ROOT.to_vec(), Instant::now() + PATIENCE)
                    .await?;
                Ok(Keys::derive(&Zeroizing::new(root)))
            })
            .await
    }

    /// Makes the key in the token, unless it is there; refuses when records depend on one that is gone.
    pub(crate) async fn provision(&self, has_records: bool) -> Result<(), Error> {
        match self.keys().await {
            Ok(_) => Ok(()),
            Err(hsm::Error::KeyMissing { .. }) if has_records => Err(Error::VaultKeyMissing),
            Err(hsm::Error::KeyMissing { .. }) => {
                let deadline = Instant::now() + PATIENCE;
                self.hsm
                    .generate_hmac_key(key_id()?, KEY.to_owned(), deadline)
                    .await?;
                self.keys().await?;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn key_id() -> Result<KeyId, hsm::Error> {
    KeyId::new(KEY.as_bytes())
}
