//! What a verdict depends on besides the document: whom to trust, when, and what is strong enough.

use jiff::Timestamp;
use secrecy::SecretString;
use signer::pdf;

use crate::algorithm::{Digest, KeyKind};
use crate::certificate::{Certificate, NotACertificate};

/// What an anchor is trusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Certificates that sign documents.
    pub signing: bool,
    /// Certificates that sign timestamps.
    pub timestamping: bool,
}

impl Trust {
    /// Trusted for everything.
    pub const ALL: Self = Self {
        signing: true,
        timestamping: true,
    };
    /// Trusted for signers only.
    pub const SIGNING: Self = Self {
        signing: true,
        timestamping: false,
    };
    /// Trusted for timestamps only.
    pub const TIMESTAMPING: Self = Self {
        signing: false,
        timestamping: true,
    };
}

/// A trust anchor.
#[derive(Clone, Debug)]
pub struct Anchor {
    pub(crate) certificate: Certificate,
    pub(crate) trust: Trust,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl Anchor {
    /// An anchor in DER, trusted as long as its certificate is valid.
    ///
    /// # Errors
    ///
    /// [`NotACertificate`].
    pub fn from_der(der: &[u8], trust: Trust) -> Result<Self, NotACertificate> {
        let certificate = Certificate::from_der(der)?;
        Ok(Self {
            from: Some(certificate.not_before()),
            until: Some(certificate.not_after()),
            certificate,
            trust,
        })
    }

    /// The same anchor, trusted from and until these times instead of its certificate's; `None` is without bound.
    #[must_use]
    pub const fn within(mut self, from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        self.from = from;
        self.until = until;
        self
    }

    pub(crate) fn holds_at(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time <= until)
    }
}

/// Whether a path may do without revocation data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevocationPolicy {
    /// What is at hand decides; where nothing is, the report warns.
    #[default]
    WhenAvailable,
    /// Without data for every certificate below the anchor the answer is `TRY_LATER`.
    Required,
}

/// How strong algorithms must be, and until when weaker ones count.
#[derive(Clone, Debug)]
pub struct AlgorithmPolicy {
    /// SHA-1 counts before this.
    pub sha1_until: Timestamp,
    /// RSA of 1024 to 2047 bits counts before this.
    pub rsa_1024_until: Timestamp,
}

impl Default for AlgorithmPolicy {
    /// SHA-1 and RSA below 2048 bits until the end of 2013 (NIST SP 800-131A, the earliest of the common dates).
    fn default() -> Self {
        const END_OF_2013: i64 = 1_388_534_400;
        let end = Timestamp::from_second(END_OF_2013).unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            sha1_until: end,
            rsa_1024_until: end,
        }
    }
}

impl AlgorithmPolicy {
    pub(crate) fn digest(&self, digest: Digest, time: Timestamp) -> bool {
        digest != Digest::Sha1 || time < self.sha1_until
    }

    pub(crate) fn key(&self, key: &KeyKind, time: Timestamp) -> bool {
        match key {
            KeyKind::Rsa { bits: 2048.. }
            | KeyKind::P256
            | KeyKind::P384
            | KeyKind::P521
            | KeyKind::Ed25519 => true,
            KeyKind::Rsa { bits: 1024..2048 } => time < self.rsa_1024_until,
            KeyKind::Rsa { .. } | KeyKind::Unsupported { .. } => false,
        }
    }
}

/// What one verification may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Of reading the document.
    pub pdf: pdf::Limits,
    /// Signatures looked at.
    pub max_signatures: usize,
    /// Revisions compared.
    pub max_revisions: usize,
    /// Objects looked at in comparing revisions.
    pub max_objects: usize,
    /// Certificates considered for one document.
    pub max_certificates: usize,
    /// Bytes of one signature's CMS.
    pub max_cms: usize,
    /// Bytes hashed for all signatures together.
    pub max_hashed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pdf: pdf::Limits::default(),
            max_signatures: 512,
            max_revisions: 512,
            max_objects: 400_000,
            max_certificates: 256,
            max_cms: 4 << 20,
            max_hashed: 4 << 30,
        }
    }
}

/// Whom to trust, when, and how far to go.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The trust anchors.
    pub anchors: Vec<Anchor>,
    /// The time validity is asked for.
    pub time: Timestamp,
    /// What is strong enough.
    pub algorithms: AlgorithmPolicy,
    /// Whether revocation data are needed.
    pub revocation: RevocationPolicy,
    /// What it may cost.
    pub limits: Limits,
    /// Opens an encrypted document.
    pub password: Option<SecretString>,
}

impl Policy {
    /// These anchors at this time, and the defaults otherwise.
    #[must_use]
    pub fn new(anchors: Vec<Anchor>, time: Timestamp) -> Self {
        Self {
            anchors,
            time,
            algorithms: AlgorithmPolicy::default(),
            revocation: RevocationPolicy::default(),
            limits: Limits::default(),
            password: None,
        }
    }
}
