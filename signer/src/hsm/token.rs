//! Finding a token by its label or serial number, and what it allows.

use cryptoki::context::Pkcs11;
use cryptoki::slot::{Limit, Slot, TokenInfo};

use super::error::Error;
use super::settings::TokenSelector;

/// A token that has been found.
pub(super) struct Token {
    pub(super) slot: Slot,
    info: TokenInfo,
}

impl Token {
    /// The one token that answers to `wanted`.
    pub(super) fn find(pkcs11: &Pkcs11, wanted: &TokenSelector) -> Result<Self, Error> {
        let mut found = None;
        let mut unreadable = None;
        for slot in pkcs11.get_slots_with_token()? {
            let info = match pkcs11.get_token_info(slot) {
                Ok(info) => info,
                // Another token's trouble is not ours, unless ours is the one that cannot be read.
                Err(error) => {
                    unreadable = Some(error);
                    continue;
                }
            };
            let matches = match wanted {
                TokenSelector::Label(label) => info.label() == label,
                TokenSelector::Serial(serial) => info.serial_number() == serial,
            };
            if matches && info.token_initialized() {
                if found.is_some() {
                    return Err(Error::TokenAmbiguous {
                        token: wanted.clone(),
                    });
                }
                found = Some(Self { slot, info });
            }
        }
        match (found, unreadable) {
            (Some(token), _) => Ok(token),
            (None, Some(error)) => Err(error.into()),
            (None, None) => Err(Error::TokenMissing {
                token: wanted.clone(),
            }),
        }
    }

    pub(super) fn is_pin_locked(&self) -> bool {
        self.info.user_pin_locked()
    }

    /// Whether the token counts failed logins and few are left.
    pub(super) fn is_pin_endangered(&self) -> bool {
        self.info.user_pin_count_low() || self.info.user_pin_final_try()
    }

    /// Sessions left beside the login session.
    pub(super) fn workers(&self) -> usize {
        limit(self.info.max_session_count()).map_or(usize::MAX, |limit| limit.saturating_sub(1))
    }

    /// Whether not every worker could have a read-write session.
    pub(super) fn has_few_writers(&self, workers: usize) -> bool {
        limit(self.info.max_rw_session_count()).is_some_and(|limit| limit <= workers)
    }
}

fn limit(limit: Limit) -> Option<usize> {
    match limit {
        Limit::Max(limit) => Some(usize::try_from(limit).unwrap_or(usize::MAX)),
        Limit::Infinite | Limit::Unavailable => None,
    }
}
