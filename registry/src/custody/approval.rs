//! Leave to have signatures made.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use signer::key::{Signature, Signing, SigningKey};
use signer::pades::SignerIdentity;

use super::{Ready, Refusal};
use crate::id::HolderId;
use crate::state::State;
use crate::store::now;

/// Leave to have so many signatures made by one holder's key.
#[derive(Debug)]
pub struct Approval {
    holder: HolderId,
    ready: Arc<Ready>,
    remaining: u32,
}

impl Approval {
    pub(super) const fn new(holder: HolderId, ready: Arc<Ready>, documents: u32) -> Self {
        Self {
            holder,
            ready,
            remaining: documents,
        }
    }

    /// The holder, as records name it.
    #[must_use]
    pub const fn holder(&self) -> HolderId {
        self.holder
    }

    /// Certificates and algorithm, for preparing signatures.
    #[must_use]
    pub fn identity(&self) -> Arc<SignerIdentity> {
        Arc::clone(&self.ready.identity)
    }

    /// The name in the certificate.
    #[must_use]
    pub fn holder_name(&self) -> Option<String> {
        self.identity().chain().leaf().subject_common_name()
    }

    /// Signatures that may still be asked for.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.remaining
    }

    /// Asks the token for a signature over `message`, the DER of the signed attributes.
    ///
    /// The signature counts when it is asked for, whatever becomes of it. Futures of several calls may run
    /// side by side.
    ///
    /// # Errors
    /// [`Refusal::Exhausted`], [`Refusal::CertificateNotUsable`] when its time is over, and the token's.
    pub fn sign(
        &mut self,
        message: Vec<u8>,
        deadline: Instant,
    ) -> impl Future<Output = Result<Signature, Refusal>> + Send + use<> {
        let asked = self.ask(message, deadline);
        async move { asked?.await.map_err(Refusal::Hsm) }
    }

    fn ask(&mut self, message: Vec<u8>, deadline: Instant) -> Result<Signing, Refusal> {
        let left = self.remaining.checked_sub(1).ok_or(Refusal::Exhausted)?;
        // By the certificate's own word, not the store's; a long batch may outlive it.
        let status = State::Issue.at(now(), Some(self.ready.validity));
        if !status.may_sign() {
            return Err(Refusal::CertificateNotUsable { status });
        }
        self.remaining = left;
        Ok(self.ready.key.sign(message, deadline))
    }
}
