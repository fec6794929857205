//! Indications and how findings add up to them (EN 319 102-1, 5.1.3).

use super::{Check, Finding, Integrity, Outcome, SignatureReport};

/// The main indication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// Every check passed.
    TotalPassed,
    /// Some check could not be decided.
    Indeterminate,
    /// Some check failed.
    TotalFailed,
}

impl Indication {
    /// The name in the standard.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TotalPassed => "TOTAL-PASSED",
            Self::Indeterminate => "INDETERMINATE",
            Self::TotalFailed => "TOTAL-FAILED",
        }
    }
}

/// Why a signature is not TOTAL-PASSED (EN 319 102-1, tables 5 and 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubIndication {
    /// `FORMAT_FAILURE`.
    FormatFailure,
    /// `HASH_FAILURE`.
    HashFailure,
    /// `SIG_CRYPTO_FAILURE`.
    SigCryptoFailure,
    /// REVOKED.
    Revoked,
    /// EXPIRED.
    Expired,
    /// `NOT_YET_VALID`.
    NotYetValid,
    /// `SIG_CONSTRAINTS_FAILURE`.
    SigConstraintsFailure,
    /// `CHAIN_CONSTRAINTS_FAILURE`.
    ChainConstraintsFailure,
    /// `CERTIFICATE_CHAIN_GENERAL_FAILURE`.
    CertificateChainGeneralFailure,
    /// `CRYPTO_CONSTRAINTS_FAILURE`.
    CryptoConstraintsFailure,
    /// `CRYPTO_CONSTRAINTS_FAILURE_NO_POE`.
    CryptoConstraintsFailureNoPoe,
    /// `NO_SIGNING_CERTIFICATE_FOUND`.
    NoSigningCertificateFound,
    /// `NO_CERTIFICATE_CHAIN_FOUND`.
    NoCertificateChainFound,
    /// `REVOKED_NO_POE`.
    RevokedNoPoe,
    /// `REVOKED_CA_NO_POE`.
    RevokedCaNoPoe,
    /// `OUT_OF_BOUNDS_NO_POE`.
    OutOfBoundsNoPoe,
    /// `OUT_OF_BOUNDS_NOT_REVOKED`.
    OutOfBoundsNotRevoked,
    /// `TIMESTAMP_ORDER_FAILURE`.
    TimestampOrderFailure,
    /// `NO_POE`.
    NoPoe,
    /// `TRY_LATER`.
    TryLater,
    /// `SIGNED_DATA_NOT_FOUND`.
    SignedDataNotFound,
    /// GENERIC.
    Generic,
}

impl SubIndication {
    /// The name in the standard.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FormatFailure => "FORMAT_FAILURE",
            Self::HashFailure => "HASH_FAILURE",
            Self::SigCryptoFailure => "SIG_CRYPTO_FAILURE",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::SigConstraintsFailure => "SIG_CONSTRAINTS_FAILURE",
            Self::ChainConstraintsFailure => "CHAIN_CONSTRAINTS_FAILURE",
            Self::CertificateChainGeneralFailure => "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            Self::CryptoConstraintsFailure => "CRYPTO_CONSTRAINTS_FAILURE",
            Self::CryptoConstraintsFailureNoPoe => "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            Self::NoSigningCertificateFound => "NO_SIGNING_CERTIFICATE_FOUND",
            Self::NoCertificateChainFound => "NO_CERTIFICATE_CHAIN_FOUND",
            Self::RevokedNoPoe => "REVOKED_NO_POE",
            Self::RevokedCaNoPoe => "REVOKED_CA_NO_POE",
            Self::OutOfBoundsNoPoe => "OUT_OF_BOUNDS_NO_POE",
            Self::OutOfBoundsNotRevoked => "OUT_OF_BOUNDS_NOT_REVOKED",
            Self::TimestampOrderFailure => "TIMESTAMP_ORDER_FAILURE",
            Self::NoPoe => "NO_POE",
            Self::TryLater => "TRY_LATER",
            Self::SignedDataNotFound => "SIGNED_DATA_NOT_FOUND",
            Self::Generic => "GENERIC",
        }
    }
}

/// The document's conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// There are signatures, and all are TOTAL-PASSED.
    Valid,
    /// One at least is TOTAL-FAILED.
    Invalid,
    /// None failed, one at least is undecided.
    Indeterminate,
    /// There is none.
    Unsigned,
}

impl Conclusion {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::Invalid => "INVALID",
            Self::Indeterminate => "INDETERMINATE",
            Self::Unsigned => "UNSIGNED",
        }
    }
}

pub(super) fn indication(findings: &[Finding]) -> (Indication, Option<SubIndication>) {
    let failed = findings.iter().find_map(|finding| match finding.outcome {
        Outcome::Failed(sub) => Some(sub),
        _ => None,
    });
    let undecided = || {
        findings.iter().find_map(|finding| match finding.outcome {
            Outcome::Undecided(sub) => Some(sub),
            _ => None,
        })
    };
    if failed.is_some() {
        return (Indication::TotalFailed, failed);
    }
    match undecided() {
        Some(sub) => (Indication::Indeterminate, Some(sub)),
        None => (Indication::TotalPassed, None),
    }
}

pub(super) fn integrity(findings: &[Finding]) -> Integrity {
    let content = || {
        findings
            .iter()
            .filter(|finding| finding.check.concerns_content())
    };
    if content().any(|finding| matches!(finding.outcome, Outcome::Failed(_))) {
        return Integrity::Broken;
    }
    let doubtful = content().any(|finding| matches!(finding.outcome, Outcome::Undecided(_)));
    // Only a signature value that was computed and right shows anything.
    let shown = findings.iter().any(|finding| {
        finding.check == Check::SignatureValue && finding.outcome == Outcome::Passed
    });
    if doubtful || !shown {
        Integrity::Uncertain
    } else {
        Integrity::Intact
    }
}

pub(crate) fn conclusion(document: &[Finding], signatures: &[SignatureReport]) -> Conclusion {
    let own = indication(document).0;
    let all = || signatures.iter().map(|signature| signature.indication);
    if all().any(|one| one == Indication::TotalFailed) || own == Indication::TotalFailed {
        Conclusion::Invalid
    } else if all().any(|one| one == Indication::Indeterminate) || own == Indication::Indeterminate
    {
        Conclusion::Indeterminate
    } else if signatures.is_empty() {
        Conclusion::Unsigned
    } else {
        Conclusion::Valid
    }
}
