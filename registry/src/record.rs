//! What is written down about a signature or its refusal, before the answer leaves.

use crate::id::{ApplicationId, HolderId};

/// How a request to sign ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Signed; the answer carries the document.
    Signed,
    /// Nobody in the application's scope was meant.
    NotRegistered,
    /// The certificate could not be used.
    CertificateNotUsable,
    /// The holder is locked.
    Locked,
    /// The passphrase was wrong.
    WrongPassphrase,
    /// The document could not be signed.
    DocumentRefused,
    /// Something failed on this side: token, store, load.
    Failed,
}

impl Outcome {
    /// The word in the records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::NotRegistered => "not-registered",
            Self::CertificateNotUsable => "certificate-not-usable",
            Self::Locked => "locked",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::DocumentRefused => "document-refused",
            Self::Failed => "failed",
        }
    }
}

/// One line of the records: one document, or one refusal.
#[derive(Debug, Clone)]
pub struct SignatureRecord {
    /// The request.
    pub request_id: String,
    /// The application that asked.
    pub application: ApplicationId,
    /// The holder, once known; never a name or number of the person.
    pub holder: Option<HolderId>,
    /// `id_dokumen` of the answer.
    pub document_id: Option<String>,
    /// SHA-256 of the document as it came.
    pub document_digest: Option<[u8; 32]>,
    /// Size of the document as it came.
    pub document_size: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
}
