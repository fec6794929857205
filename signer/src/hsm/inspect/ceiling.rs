//! What the token could do at most: `C_SignInit` and `C_Sign` on sessions of their own, and nothing around them.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::Session;

use super::Visit;
use super::examine::{private, public};
use crate::hsm::error::Error;
use crate::hsm::generate::make_pair;
use crate::hsm::mechanism::plan;
use crate::key::KeyKind;

/// A message of the size of signed attributes.
const MESSAGE: [u8; 220] = [7; 220];

impl Visit {
    /// Signatures a second with a new key of this kind, by as many threads and sessions, for so long.
    ///
    /// # Errors
    /// What the token answers; it may know no such key.
    pub fn ceiling(&self, kind: KeyKind, threads: usize, time: Duration) -> Result<f64, Error> {
        let (_, key) = make_pair(
            &self.session,
            kind,
            &public(kind),
            &private(kind, &[Attribute::Sign(true)]),
        )?;
        let mut sessions = Vec::new();
        for _ in 0..threads.max(1) {
            sessions.push(self.lease.pkcs11().open_ro_session(self.slot)?);
        }
        let go = Barrier::new(sessions.len());
        let rates: Vec<Result<f64, Error>> = thread::scope(|scope| {
            let running: Vec<_> = sessions
                .into_iter()
                .map(|session| scope.spawn(|| run(session, key, kind, &go, time)))
                .collect();
            let ended = running.into_iter().map(thread::ScopedJoinHandle::join);
            ended
                .map(|rate| rate.unwrap_or(Err(Error::Panicked)))
                .collect()
        });
        let mut all = 0.0;
        for rate in rates {
            all += rate?;
        }
        Ok(all)
    }
}

fn run(
    session: Session,
    key: ObjectHandle,
    kind: KeyKind,
    go: &Barrier,
    time: Duration,
) -> Result<f64, Error> {
    let plan = plan(kind.default_algorithm(), false);
    let input = plan.input(&MESSAGE);
    let sign = || session.sign(&plan.mechanism(), key, &input);
    let first = sign();
    go.wait();
    first?;
    let began = Instant::now();
    let mut count = 0_u32;
    while began.elapsed() < time {
        sign()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
