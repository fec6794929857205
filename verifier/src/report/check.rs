//! The checks, their names and the clauses they implement.

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// Whether the file is a document that readers agree about.
    DocumentStructure,
    /// Whether it can be decrypted.
    Decryption,
    /// The signature dictionary.
    SignatureDictionary,
    /// /`ByteRange`.
    ByteRange,
    /// /Contents and the gap it stands in.
    Contents,
    /// The CMS structure.
    CmsStructure,
    /// The signed attributes.
    SignedAttributes,
    /// Which certificate signed.
    SigningCertificate,
    /// The digest of the content.
    MessageDigest,
    /// The signature value.
    SignatureValue,
    /// Whether algorithms and keys are strong enough.
    Algorithms,
    /// What later revisions changed.
    LaterRevisions,
    /// The certificate path.
    CertificatePath,
    /// The validity periods.
    Validity,
    /// Revocation.
    Revocation,
    /// Timestamps of the signature.
    Timestamp,
    /// Whether the times agree with each other.
    TimeOrder,
    /// Proofs of existence.
    ProofOfExistence,
    /// Content that is prepared to be shown or hidden later.
    HiddenContent,
}

impl Check {
    /// A stable name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DocumentStructure => "document-structure",
            Self::Decryption => "decryption",
            Self::SignatureDictionary => "signature-dictionary",
            Self::ByteRange => "byte-range",
            Self::Contents => "contents",
            Self::CmsStructure => "cms-structure",
            Self::SignedAttributes => "signed-attributes",
            Self::SigningCertificate => "signing-certificate",
            Self::MessageDigest => "message-digest",
            Self::SignatureValue => "signature-value",
            Self::Algorithms => "algorithms",
            Self::LaterRevisions => "later-revisions",
            Self::CertificatePath => "certificate-path",
            Self::Validity => "validity",
            Self::Revocation => "revocation",
            Self::Timestamp => "timestamp",
            Self::TimeOrder => "time-order",
            Self::ProofOfExistence => "proof-of-existence",
            Self::HiddenContent => "hidden-content",
        }
    }

    /// The clause the check implements.
    #[must_use]
    pub const fn clause(self) -> &'static str {
        match self {
            Self::DocumentStructure => "ISO 32000-2, 7.5",
            Self::Decryption => "ISO 32000-2, 7.6",
            Self::SignatureDictionary => "EN 319 102-1, 5.2.2; ISO 32000-2, 12.8.1",
            Self::ByteRange => "EN 319 142-1, 5.5; ISO 32000-2, 12.8.1",
            Self::Contents => "ISO 32000-2, 12.8.3.3",
            Self::CmsStructure => "EN 319 102-1, 5.2.2; RFC 5652, section 5",
            Self::SignedAttributes => "EN 319 122-1, 5.1; RFC 5652, 5.3",
            Self::SigningCertificate => "EN 319 102-1, 5.2.3; RFC 5035",
            Self::MessageDigest | Self::SignatureValue => "EN 319 102-1, 5.2.7",
            Self::Algorithms => "EN 319 102-1, 5.2.8; TS 119 312",
            Self::LaterRevisions => "ISO 32000-2, 12.8.2 and 7.5.6",
            Self::CertificatePath => "EN 319 102-1, 5.2.6; RFC 5280, section 6",
            Self::Validity => "EN 319 102-1, 5.2.6.4; RFC 5280, 6.1.3",
            Self::Revocation => "EN 319 102-1, 5.2.5; RFC 5280, 6.3; RFC 6960",
            Self::Timestamp => "EN 319 102-1, 5.4; RFC 3161",
            Self::TimeOrder => "EN 319 102-1, 5.5.4",
            Self::ProofOfExistence => "EN 319 102-1, 5.6.2",
            Self::HiddenContent => "EN 319 102-1, 4.2.9",
        }
    }

    /// Whether it decides on the content rather than on the signer.
    pub(crate) const fn concerns_content(self) -> bool {
        matches!(
            self,
            Self::DocumentStructure
                | Self::Decryption
                | Self::SignatureDictionary
                | Self::ByteRange
                | Self::Contents
                | Self::CmsStructure
                | Self::SignedAttributes
                | Self::MessageDigest
                | Self::SignatureValue
                | Self::LaterRevisions
        )
    }
}
