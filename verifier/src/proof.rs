//! Times: which timestamps hold, what they prove, and whether the signer's certificate held then (EN 319 102-1, 5.4 to
//! 5.6).
//!
//! Document timestamps are judged from the last to the first. Each that holds proves that everything it covers
//! existed, so that earlier certificates are judged at its time and not at the present.

use jiff::Timestamp;

use crate::algorithm::Digest;
use crate::chain::{Judged, Use, judge};
use crate::cms::SignedData;
use crate::document::Stages;
use crate::pool::{Pool, has_store};
use crate::report::{
    CertificateFacts, Check, Findings, Level, Purpose, SubIndication, TimestampReport,
};
use crate::signature::{Cms, Content, Examined, Message, check_message};

/// What the times of one signature came to.
#[derive(Debug, Default)]
pub(crate) struct Proven {
    pub(crate) chain: Vec<CertificateFacts>,
    pub(crate) trusted: bool,
    pub(crate) proven_time: Option<Timestamp>,
    pub(crate) timestamps: Vec<TimestampReport>,
    pub(crate) level: Option<Level>,
}

/// A time at which everything up to an offset is proven to have existed.
#[derive(Clone, Copy, Debug)]
struct Proof {
    time: Timestamp,
    until: usize,
}

/// A signature's own timestamps, checked as messages; their chains come later.
#[derive(Debug)]
pub(crate) struct Token {
    der: Vec<u8>,
    findings: Findings,
    cms: Option<Cms>,
}

const MAX_TIMESTAMPS: usize = 8;

/// Reads and checks the signature timestamps of a CMS.
pub(crate) fn tokens(cms: &Cms, findings: &mut Findings) -> Vec<Token> {
    if cms.timestamps.len() > MAX_TIMESTAMPS {
        findings.warn(Check::Timestamp, "more timestamps than are looked at");
    }
    let tokens = cms.timestamps.iter().take(MAX_TIMESTAMPS).map(|der| {
        let mut findings = Findings::default();
        let message = Message {
            content: Content::TimeStampInfo,
            is_cades: false,
        };
        let checked = match SignedData::read(der) {
            Ok(signed_data) => Some(check_message(
                &signed_data,
                &message,
                &mut findings,
                |digest| Some(digest.compute(&[&cms.signature])),
            )),
            Err(error) => {
                findings.fail(
                    Check::CmsStructure,
                    SubIndication::FormatFailure,
                    format!("no usable SignedData: {error}"),
                );
                None
            }
        };
        Token {
            der: der.clone(),
            findings,
            cms: checked,
        }
    });
    tokens.collect()
}

impl Token {
    pub(crate) const fn cms(&self) -> Option<&Cms> {
        self.cms.as_ref()
    }

    fn time(&self) -> Option<Timestamp> {
        Some(self.cms.as_ref()?.token.as_ref()?.time)
    }
}

/// Judges all signatures of a document, given in the order of what they cover.
pub(crate) fn judge_all(
    examined: &mut [Examined],
    tokens: Vec<Vec<Token>>,
    stages: &Stages<'_, '_>,
    pool: &Pool<'_>,
) -> Vec<Proven> {
    let mut proofs: Vec<Proof> = Vec::new();
    let mut archived: Vec<usize> = Vec::new();
    let mut all: Vec<Proven> = Vec::new();
    for (one, tokens) in examined.iter_mut().zip(tokens).rev() {
        let end = one.end.unwrap_or(usize::MAX);
        let control = proofs
            .iter()
            .filter(|proof| proof.until > end)
            .map(|proof| proof.time)
            .min();
        let mut proven = judge_one(one, tokens, control, pool);
        if one.purpose == Purpose::DocumentTimestamp {
            let passed = one.findings.indication().1.is_none();
            if let Some(time) = one.claimed_time.filter(|_| passed) {
                order(one, time, control);
                proofs.push(Proof { time, until: end });
                proven.proven_time = Some(control.map_or(time, |control| control.min(time)));
            }
            if one
                .end
                .is_some_and(|end| stages.at(end).is_ok_and(|pdf| has_store(&pdf)))
            {
                archived.push(end);
            }
        } else {
            let is_archived = archived.iter().any(|stamped| *stamped > end);
            proven.level = level(one, &proven, control.is_some(), is_archived);
        }
        all.push(proven);
    }
    all.reverse();
    all
}

fn judge_one(
    one: &mut Examined,
    tokens: Vec<Token>,
    control: Option<Timestamp>,
    pool: &Pool<'_>,
) -> Proven {
    let now = pool.policy.time;
    let mut proven = Proven {
        proven_time: control,
        ..Proven::default()
    };
    for token in tokens {
        let (report, time) = timestamp(token, control, pool);
        match (report.indication, time) {
            (crate::report::Indication::TotalPassed, Some(time)) => {
                one.findings
                    .pass(Check::Timestamp, format!("it existed at {time}"));
                order(one, time, control);
                proven.proven_time = Some(proven.proven_time.map_or(time, |known| known.min(time)));
            }
            (crate::report::Indication::TotalFailed, _) => one.findings.doubt(
                Check::Timestamp,
                SubIndication::SigConstraintsFailure,
                "a timestamp does not belong to it or is broken",
            ),
            _ => one.findings.warn(
                Check::Timestamp,
                format!(
                    "a timestamp cannot be relied on: {}",
                    report.sub_indication.map_or("", SubIndication::name)
                ),
            ),
        }
        proven.timestamps.push(report);
    }
    let Some(signer) = one.cms.as_ref().and_then(|cms| cms.signer.clone()) else {
        return proven;
    };
    let time = proven.proven_time.unwrap_or(now);
    let purpose = match one.purpose {
        Purpose::DocumentTimestamp => Use::TimeStamp,
        _ => Use::Document,
    };
    let judged = judge(pool, &signer, purpose, time, proven.proven_time.is_some());
    accept(&judged, &mut one.findings, &mut proven);
    let digest = one.cms.as_ref().and_then(|cms| cms.digest);
    if let Some(digest) = digest {
        own_digest(digest, time, pool, &mut one.findings);
    }
    if let Some(claimed) = one.claimed_time
        && one.purpose != Purpose::DocumentTimestamp
        && claimed > time
    {
        one.findings.warn(
            Check::TimeOrder,
            format!("the signer claims {claimed}, which is later than {time}"),
        );
    }
    if let Some(token) = one.cms.as_ref().and_then(|cms| cms.token.as_ref()) {
        token.check(now, &mut one.findings);
    }
    proven
}

fn accept(judged: &Judged, findings: &mut Findings, proven: &mut Proven) {
    proven.trusted = judged.path.anchor.is_some() && judged.findings.indication().1.is_none();
    for finding in &judged.findings.0 {
        findings.add(finding.check, finding.outcome, finding.detail.clone());
    }
    let last = judged.path.certificates.len().saturating_sub(1);
    proven.chain = judged
        .path
        .certificates
        .iter()
        .enumerate()
        .map(|(index, certificate)| {
            let is_anchor = judged.path.anchor.is_some() && index == last;
            CertificateFacts::new(certificate.clone(), is_anchor)
        })
        .collect();
    proven.level = judged.has_revocation_data.then_some(Level::BaselineLt);
}

fn own_digest(digest: Digest, time: Timestamp, pool: &Pool<'_>, findings: &mut Findings) {
    if pool.policy.algorithms.digest(digest, time) {
        findings.pass(
            Check::Algorithms,
            format!("{} is accepted at {time}", digest.name()),
        );
    } else {
        findings.doubt(
            Check::Algorithms,
            SubIndication::CryptoConstraintsFailureNoPoe,
            format!("{} is not accepted at {time}", digest.name()),
        );
    }
}

fn timestamp(
    token: Token,
    control: Option<Timestamp>,
    pool: &Pool<'_>,
) -> (TimestampReport, Option<Timestamp>) {
    let time = token.time();
    let Token {
        der,
        mut findings,
        cms,
    } = token;
    let mut proven = Proven::default();
    if let Some(cms) = &cms {
        let at = control.unwrap_or(pool.policy.time);
        if let Some(signer) = &cms.signer {
            let judged = judge(pool, signer, Use::TimeStamp, at, control.is_some());
            accept(&judged, &mut findings, &mut proven);
            if let Some(time) = time
                && !signer.is_valid_at(time)
            {
                findings.doubt(
                    Check::TimeOrder,
                    SubIndication::ChainConstraintsFailure,
                    format!("the authority's certificate was not valid at {time}"),
                );
            }
        }
        if let Some(digest) = cms.digest {
            own_digest(digest, at, pool, &mut findings);
        }
        if let Some(token) = &cms.token {
            token.check(pool.policy.time, &mut findings);
            if let Some(imprint) = token.digest
                && !pool.policy.algorithms.digest(imprint, at)
            {
                findings.doubt(
                    Check::Algorithms,
                    SubIndication::CryptoConstraintsFailureNoPoe,
                    format!(
                        "an imprint made with {} is not accepted at {at}",
                        imprint.name()
                    ),
                );
            }
        }
    }
    let (indication, sub_indication) = findings.indication();
    let mut id = [0; 32];
    id.copy_from_slice(&Digest::Sha256.of(&[&der]));
    let report = TimestampReport {
        id,
        time,
        indication,
        sub_indication,
        findings: findings.0,
        chain: proven.chain,
    };
    (report, time)
}

/// A timestamp cannot be later than one that covers it.
fn order(one: &mut Examined, time: Timestamp, control: Option<Timestamp>) {
    if let Some(control) = control
        && time > control
    {
        one.findings.doubt(
            Check::TimeOrder,
            SubIndication::TimestampOrderFailure,
            format!("a timestamp of {time} is covered by one of {control}"),
        );
    }
}

fn level(one: &Examined, proven: &Proven, stamped: bool, archived: bool) -> Option<Level> {
    let cms = one.cms.as_ref()?;
    let sound = proven
        .timestamps
        .iter()
        .any(|stamp| stamp.indication != crate::report::Indication::TotalFailed);
    let timed = stamped || sound;
    let long_term = timed && proven.level.is_some();
    Some(
        match (cms.is_cades, timed, long_term, long_term && archived) {
            (true, _, _, true) => Level::BaselineLta,
            (true, _, true, _) => Level::BaselineLt,
            (true, true, ..) => Level::BaselineT,
            (true, ..) => Level::BaselineB,
            (false, _, _, true) => Level::Pkcs7Lta,
            (false, _, true, _) => Level::Pkcs7Lt,
            (false, true, ..) => Level::Pkcs7T,
            (false, ..) => Level::Pkcs7B,
        },
    )
}
