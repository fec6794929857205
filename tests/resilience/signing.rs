//! Cells that the daemon itself runs: faults in the calls that signing makes.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use segeld_tests::judge::openssl;
use verifier::{Integrity, NoEvidence, Policy, verify};

use crate::{
    house::{House, until},
    load::{Reply, Signers},
    sheet::{Cell, Outcome, Sheet},
};

/// How long the load is on before the fault may strike.
const BEFORE: Duration = Duration::from_millis(300);
/// The last requests of a load, which must be served again.
const LAST: usize = 10;
/// How long a supervisor's daemon may take to come up.
const RISING: Duration = Duration::from_secs(60);

/// Runs a cell; the fault must have struck, and all must be well with what was answered.
pub(crate) async fn run(house: &House, sheet: &Sheet, cell: &Cell) -> Result<Outcome, String> {
    let signers = Signers::new(&house.demo());
    calm(house, &signers).await?;
    let (plan, entry) = sheet.plan(cell);
    let load = signers.load();
    tokio::time::sleep(BEFORE).await;
    let mark = house.sim.mark();
    house.sim.plan(&plan);
    let struck = house.sim.await_strike(mark, &cell.call, entry).await;
    let at = Instant::now();
    if struck {
        tokio::time::sleep(sheet.fault(cell).load).await;
        if let Outcome::Restarts(time) = cell.due {
            until(time, || house.has_ended()).await;
            // The successor has to serve as well.
            until(RISING, || house.is_up()).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    let replies = load.end().await;
    let restarted = house.has_restarted();
    if !struck {
        return Err("the fault did not strike".to_owned());
    }
    check(house, &replies)?;
    let outcome = judge(&replies, at, restarted)?;
    if !matches!(
        (outcome, cell.due),
        (Outcome::Served(_), Outcome::Served(_))
    ) {
        // Threads inside the module, or a verdict, must not reach into the next cell.
        house.replace();
    }
    Ok(outcome)
}

/// No fault is planned, and both people are served.
async fn calm(house: &House, signers: &Signers) -> Result<(), String> {
    house.sim.plan("");
    for number in 0..2 {
        let reply = signers.sign(number).await;
        if reply.status != Some(200) {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            return Err(format!(
                "not well before the fault: {:?} {text}\n{}",
                reply.status,
                house.log()
            ));
        }
    }
    Ok(())
}

/// What became of the requests, as the document calls it.
fn judge(replies: &[Reply], struck: Instant, restarted: bool) -> Result<Outcome, String> {
    let mut statuses: BTreeMap<Option<u16>, usize> = BTreeMap::new();
    for reply in replies {
        *statuses.entry(reply.status).or_default() += 1;
    }
    let refused = |status: &Option<u16>| *status == Some(503) || (restarted && status.is_none());
    if statuses
        .keys()
        .any(|status| *status != Some(200) && !refused(status))
    {
        let other = replies
            .iter()
            .find(|reply| reply.status != Some(200) && !refused(&reply.status));
        let text = other.map(|reply| String::from_utf8_lossy(&reply.body).into_owned());
        return Err(format!("answers by status: {statuses:?}; {text:?}"));
    }
    let longest = |status: u16| {
        let those = replies.iter().filter(|reply| reply.status == Some(status));
        those.map(|reply| reply.took).max().unwrap_or_default()
    };
    let last = &replies[replies.len().saturating_sub(LAST)..];
    let again = last.iter().all(|reply| reply.status == Some(200));
    if restarted {
        let served = replies
            .iter()
            .rev()
            .take_while(|reply| reply.status == Some(200));
        let first = served.last().filter(|_| again);
        let first = first.ok_or("the successor does not serve")?;
        let rose = first.began + first.took;
        return Ok(Outcome::Restarts(rose.saturating_duration_since(struck)));
    }
    if statuses.keys().all(|status| *status == Some(200)) {
        return Ok(Outcome::Served(longest(200)));
    }
    if again {
        return Ok(Outcome::Refused(longest(503)));
    }
    if last.iter().all(|reply| reply.status == Some(503)) {
        return Ok(Outcome::Locked(longest(503)));
    }
    Err(format!(
        "neither refused nor served in the end: {statuses:?}"
    ))
}

/// Every document answered is signed, once, and recorded once; none is recorded more often.
fn check(house: &House, replies: &[Reply]) -> Result<(), String> {
    let served: Vec<&Reply> = replies
        .iter()
        .filter(|reply| reply.status == Some(200))
        .collect();
    let policy = Policy::new(Vec::new(), Timestamp::now());
    for reply in &served {
        if !reply.body.starts_with(&reply.document) {
            return Err("an answer is not the document and one revision".to_owned());
        }
        let report = verify(&reply.body, &policy, &NoEvidence);
        match report.signatures.as_slice() {
            [only] if only.integrity == Integrity::Intact => {}
            signatures => return Err(format!("a faulty document left: {signatures:?}")),
        }
    }
    if let Some(last) = served.last() {
        let trust = house.demo().get("SEGELD_TRUST_FILE").to_owned();
        openssl::verify(&last.body, trust.as_ref())?;
    }
    let mut recorded: BTreeMap<String, usize> = BTreeMap::new();
    for (id, count) in house.records() {
        *recorded.entry(id).or_default() += count;
    }
    if let Some((id, count)) = recorded.iter().find(|(_, count)| **count > 1) {
        return Err(format!("document {id} was recorded {count} times"));
    }
    for reply in served {
        let id = reply.id.as_ref().ok_or("an answer without id_dokumen")?;
        if !recorded.contains_key(id) {
            return Err(format!("document {id} left without a record"));
        }
    }
    Ok(())
}
