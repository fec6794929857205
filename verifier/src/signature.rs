//! One signature by itself: its dictionary, the bytes it covers, its CMS and what that signs (EN 319 102-1, 5.2.2 to
//! 5.2.4 and 5.2.7).

mod attributes;
mod dictionary;
mod find;
mod range;
mod signer;

use jiff::Timestamp;

pub(crate) use dictionary::Modifications;
pub(crate) use find::{Found, find};
pub(crate) use range::ContentDigests;
pub(crate) use signer::{Content, Message, check_message};

use crate::algorithm::{Digest, Scheme};
use crate::certificate::Certificate;
use crate::cms::SignedData;
use crate::document::Stages;
use crate::policy::Policy;
use crate::report::{Check, Coverage, Findings, Purpose, SubIndication};
use crate::timestamp::TimeStampToken;

/// A signature that has been looked at.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) found: Found,
    pub(crate) findings: Findings,
    pub(crate) purpose: Purpose,
    pub(crate) sub_filter: Option<String>,
    pub(crate) modifications: Modifications,
    pub(crate) coverage: Coverage,
    /// Where the signed revision ends, if the byte range could be used.
    pub(crate) end: Option<usize>,
    pub(crate) claimed_time: Option<Timestamp>,
    pub(crate) cms: Option<Cms>,
}

/// What is taken from a CMS.
#[derive(Debug)]
pub(crate) struct Cms {
    pub(crate) signer: Option<Certificate>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) revocation_lists: Vec<Vec<u8>>,
    pub(crate) ocsp_responses: Vec<Vec<u8>>,
    /// DER of the signature timestamps.
    pub(crate) timestamps: Vec<Vec<u8>>,
    /// What signature timestamps are about.
    pub(crate) signature: Vec<u8>,
    pub(crate) digest: Option<Digest>,
    pub(crate) scheme: Option<Scheme>,
    /// What a document timestamp says.
    pub(crate) token: Option<TimeStampToken>,
    /// Whether it is CAdES, with the attributes that PAdES wants.
    pub(crate) is_cades: bool,
}

/// Looks at one signature.
pub(crate) fn examine(
    found: Found,
    stages: &Stages<'_, '_>,
    digests: &mut ContentDigests<'_>,
    policy: &Policy,
) -> Examined {
    let mut findings = Findings::default();
    let facts = dictionary::read(&found, &mut findings);
    let mut examined = Examined {
        findings,
        purpose: facts.purpose,
        sub_filter: facts.sub_filter.clone(),
        modifications: facts.modifications,
        coverage: Coverage::default(),
        end: None,
        claimed_time: facts.time,
        cms: None,
        found,
    };
    let contents = range::check(&mut examined, stages, policy);
    if let Some(contents) = contents {
        cms(&mut examined, &contents, digests, policy);
    }
    examined
}

fn cms(
    examined: &mut Examined,
    contents: &[u8],
    digests: &mut ContentDigests<'_>,
    policy: &Policy,
) {
    let findings = &mut examined.findings;
    let sub_filter = examined.sub_filter.as_deref().unwrap_or_default();
    if sub_filter == "adbe.x509.rsa_sha1" {
        findings.doubt(
            Check::CmsStructure,
            SubIndication::FormatFailure,
            "a PKCS #1 signature without CMS is not supported",
        );
        return;
    }
    if contents.len() > policy.limits.max_cms {
        findings.doubt(
            Check::CmsStructure,
            SubIndication::FormatFailure,
            "the CMS is too long",
        );
        return;
    }
    let signed_data = match SignedData::read(contents) {
        Ok(signed_data) => signed_data,
        Err(error) => {
            findings.fail(
                Check::CmsStructure,
                SubIndication::FormatFailure,
                format!("/Contents is no usable SignedData: {error}"),
            );
            return;
        }
    };
    if signed_data.rest.iter().any(|byte| *byte != 0) {
        findings.doubt(
            Check::Contents,
            SubIndication::FormatFailure,
            format!(
                "{} bytes behind the CMS are not zero",
                signed_data.rest.len()
            ),
        );
    }
    let content = match sub_filter {
        "adbe.pkcs7.sha1" => Content::DigestOfRange,
        "ETSI.RFC3161" => Content::TimeStampInfo,
        _ => Content::Range,
    };
    let range = examined.coverage.byte_range.unwrap_or_default();
    let message = Message {
        content,
        is_cades: matches!(sub_filter, "ETSI.CAdES.detached"),
    };
    let cms = check_message(&signed_data, &message, findings, |digest| {
        digests.of(digest, range)
    });
    if let Some(time) = attributes::signing_time(&signed_data) {
        examined.claimed_time = Some(time);
    }
    if let Some(token) = &cms.token {
        examined.claimed_time = Some(token.time);
    }
    examined.cms = Some(cms);
}
