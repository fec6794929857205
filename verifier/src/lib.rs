//! A verdict with reasons for the signatures of any PDF (EN 319 102-1).
//!
//! Bytes, trust anchors and a time go in, a [`Report`] comes out, for every input whatsoever: a broken file is a
//! verdict. No network, no files; what the document does not carry, the caller adds through [`Evidence`].
//!
//! The way of one verification:
//!
//! 1. [`document`]: the file is opened, the fields are read, and also whatever else in the raw bytes looks signed.
//! 2. [`signature`]: dictionary, byte range, CMS, digest and signature value of each signature.
//! 3. [`diff`]: what every later revision changed, each change named, and whether the signature permits it.
//! 4. [`chain`], [`revocation`], [`timestamp`]: whether the signer's certificate held at the time that counts.
//! 5. [`report`]: every check leaves a finding; the indications follow from the findings alone.

#![forbid(unsafe_code)]

mod algorithm;
mod asn1;
mod certificate;
mod chain;
mod cms;
mod diff;
mod document;
mod evidence;
mod hexadecimal;
mod hidden;
mod name;
mod policy;
mod pool;
mod proof;
mod report;
mod revision;
mod revocation;
mod signature;
mod timestamp;
mod verify;

pub use algorithm::{Digest, KeyKind};
pub use certificate::{Certificate, NotACertificate};
pub use evidence::{Evidence, NoEvidence};
pub use hidden::inspect;
pub use policy::{AlgorithmPolicy, Anchor, Limits, Policy, RevocationPolicy, Trust};
pub use report::{
    CertificateFacts, Change, Check, Conclusion, Coverage, Finding, Indication, Integrity, Level,
    Outcome, Permission, Purpose, Report, SignatureReport, SubIndication, TimestampReport,
};
pub use verify::verify;
