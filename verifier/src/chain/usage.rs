//! What a leaf certificate may be used for (RFC 5280, 4.2.1.3 and 4.2.1.12; RFC 3161, 2.3).

use const_oid::{ObjectIdentifier, db::rfc5280};

use crate::certificate::Certificate;
use crate::policy::Trust;
use crate::report::{Check, Findings, SubIndication};

/// What the leaf of a path did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It signed a document.
    Document,
    /// It signed a timestamp.
    TimeStamp,
}

const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

impl Use {
    pub(super) const fn trusts(self, trust: Trust) -> bool {
        match self {
            Self::Document => trust.signing,
            Self::TimeStamp => trust.timestamping,
        }
    }
}

pub(super) fn check(leaf: Option<&Certificate>, purpose: Use, findings: &mut Findings) {
    let Some(leaf) = leaf else { return };
    let mut fail = |why: &str| {
        findings.doubt(
            Check::CertificatePath,
            SubIndication::ChainConstraintsFailure,
            format!("the certificate: {why}"),
        );
    };
    let usage = leaf.key_usage();
    let extended = leaf.extended_key_usage();
    match (purpose, usage) {
        (_, Err(_)) => fail("its key usage cannot be read"),
        (Use::Document, Ok(Some(usage))) if !usage.may_sign_documents() => {
            fail("its key usage has neither digitalSignature nor nonRepudiation");
        }
        (Use::TimeStamp, Ok(Some(usage))) if !usage.may_sign_documents() => {
            fail("its key usage is not for signing");
        }
        _ => {}
    }
    match (purpose, extended) {
        (_, Err(_)) => fail("its extended key usage cannot be read"),
        (Use::TimeStamp, Ok(Some((purposes, critical)))) => {
            if purposes != [rfc5280::ID_KP_TIME_STAMPING] {
                fail("its extended key usage is not timeStamping alone");
            } else if !critical {
                fail("its extended key usage is not critical");
            }
        }
        (Use::TimeStamp, Ok(None)) => fail("it has no extended key usage for timestamps"),
        (Use::Document, Ok(Some((purposes, _)))) => {
            const OTHERS: [ObjectIdentifier; 3] = [
                SERVER_AUTH,
                rfc5280::ID_KP_TIME_STAMPING,
                rfc5280::ID_KP_OCSP_SIGNING,
            ];
            if purposes.iter().all(|purpose| OTHERS.contains(purpose)) {
                fail("its extended key usage is for something else than documents");
            }
        }
        (Use::Document, Ok(None)) => {}
    }
}
