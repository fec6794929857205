//! The keeper: the thread that finds the token, logs in and holds the login session, and repairs all that is above a session.
//!
//! A login belongs to the process, and ends with its last session; the keeper's session outlives the workers'. Whatever
//! goes wrong is repaired by connecting afresh, with growing pauses, for ever, with two exceptions: after an error about the
//! PIN nobody logs in again, and while a thread is stuck inside the module it is not initialised again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cryptoki::error::{Error as Binding, RvError};
use cryptoki::session::{Session, UserType};
use tracing::{info, warn};

use super::error::Error;
use super::health::count;
use super::module::Lease;
use super::pool::{Event, Pool};
use super::retry::{self, Action};
use super::seat::Seat;
use super::session::{Link, check_login};
use super::token::Token;

/// The life of the keeper.
pub(super) fn run(pool: &Pool) {
    let mut keeper = Keeper {
        pool,
        seat: pool.keeper_seat(),
        failures: 0,
        logins_refused: false,
        epoch: None,
        last_repair: None,
        fruitless: 0,
        recycled_at: 0,
    };
    // The binding is not ours: a panic inside it must not leave the token without a keeper.
    while catch_unwind(AssertUnwindSafe(|| keeper.keep())).is_err() {
        keeper.seat.leave();
        pool.report(Error::Panicked);
        if !pool.rest(LONGEST_PAUSE) {
            break;
        }
    }
    pool.module.leave();
    pool.finish();
}

struct Keeper<'a> {
    pool: &'a Pool,
    seat: Arc<Seat>,
    /// Connections that failed in a row.
    failures: u32,
    /// Whether a login has failed since one succeeded.
    logins_refused: bool,
    /// The initialisation last seen.
    epoch: Option<u64>,
    /// The last repair, and how many operations had succeeded then.
    last_repair: Option<(Action, u64)>,
    /// Repairs in a row after which no operation succeeded.
    fruitless: u32,
    /// Memory-losing operations at the last initialisation.
    recycled_at: u64,
}

/// The login session. Fields are dropped in order: the session before its lease.
struct Connection {
    session: Session,
    link: Link,
    _lease: Lease,
}

impl Keeper<'_> {
    fn keep(&mut self) {
        loop {
            if self.pool.has_verdict() {
                // Nothing is left to try; only the end is waited for.
                self.pool.rest(LONGEST_PAUSE);
                return;
            }
            let connected = self.connect();
            self.seat.leave();
            match connected {
                Ok(connection) => {
                    self.failures = 0;
                    let generation = self.pool.publish(connection.link.clone());
                    let repair = self.hold(&connection, generation);
                    self.called();
                    drop(connection);
                    self.seat.leave();
                    match repair {
                        None => return,
                        Some(action) => self.repair(action),
                    }
                }
                Err(error) => {
                    if !self.fail(error) {
                        return;
                    }
                }
            }
        }
    }

    /// From here on the thread is inside the module, until it leaves its seat.
    fn called(&self) {
        self.seat
            .enter(Instant::now() + self.pool.settings.call_patience, None);
    }

    fn connect(&mut self) -> Result<Connection, Error> {
        let settings = &self.pool.settings;
        let lease = self
            .pool
            .module
            .enter(settings.call_patience, || self.called())?;
        self.called();
        self.epoch = Some(lease.epoch());
        let token = Token::find(lease.pkcs11(), &settings.token)?;
        if token.is_pin_locked() {
            return Err(Error::PinLocked);
        }
        if self.logins_refused && token.is_pin_endangered() {
            return Err(Error::PinIncorrect);
        }
        let session = lease.pkcs11().open_ro_session(token.slot)?;
        match session.login(UserType::User, Some(&settings.pin)) {
            Ok(()) => count(&self.pool.tally.logins),
            Err(Binding::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => {
                self.logins_refused = true;
                return Err(error.into());
            }
        }
        self.logins_refused = false;
        let workers = token.workers();
        let link = Link {
            generation: 0,
            epoch: lease.epoch(),
            slot: token.slot,
            workers,
            few_writers: token.has_few_writers(settings.workers.min(workers)),
            mechanisms: lease.pkcs11().get_mechanism_list(token.slot)?.into(),
        };
        Ok(Connection {
            session,
            link,
            _lease: lease,
        })
    }

    /// Holds the login until it must be repaired; none at the end.
    fn hold(&mut self, connection: &Connection, generation: u64) -> Option<Action> {
        loop {
            match self
                .pool
                .await_event(generation, self.pool.settings.probe_interval)
            {
                Event::Closing => return None,
                Event::Unlinked(action) => return Some(action.unwrap_or(Action::SameSession)),
                Event::Timeout => {}
            }
            if self.is_worn() {
                info!("the module is recycled for the memory it lost");
                self.pool
                    .request(Action::Reinitialise, generation, Error::Unavailable);
                continue;
            }
            self.called();
            let alive = check_login(&connection.session);
            self.seat.leave();
            if let Err(error) = alive {
                let action = action(&error).max(Action::NewLogin);
                warn!(%error, ?action, "the login session is lost");
                self.pool.request(action, generation, error);
            }
        }
    }

    /// Says whether the module has done as many memory-losing operations as it is allowed.
    fn is_worn(&self) -> bool {
        let written = self.pool.tally.written.load(Ordering::Relaxed);
        let limit = self.pool.settings.recycle_after;
        limit.is_some_and(|limit| written.saturating_sub(self.recycled_at) >= limit.get())
    }

    /// Makes the repair asked for, or the next stronger one when the same did not help before.
    fn repair(&mut self, asked: Action) {
        if asked < Action::NewLogin {
            return;
        }
        let successes = self.pool.tally.operations.load(Ordering::Relaxed);
        let before = self
            .last_repair
            .filter(|(_, then)| *then == successes)
            .map(|(action, _)| action);
        self.fruitless = before.map_or(0, |_| self.fruitless.saturating_add(1));
        let action = match before {
            Some(before) if before >= asked => before.next(),
            Some(_) | None => asked,
        };
        self.last_repair = Some((action, successes));
        if self.fruitless > 0 {
            self.pool.rest(pause(self.fruitless));
        }
        if action == Action::Reinitialise {
            self.reinitialise();
        }
    }

    /// The token could not be reached; says whether to go on.
    fn fail(&mut self, error: Error) -> bool {
        self.failures = self.failures.saturating_add(1);
        warn!(%error, failures = self.failures, "cannot reach the token");
        if error.is_pin() {
            self.pool.condemn(&error);
        } else {
            // Many modules look at slots only in C_Initialize, and what repeats itself needs more than patience. But the
            // other tokens of a module are not disturbed often for one that does not come.
            let every = if self.pool.module.is_serving() { 10 } else { 3 };
            let again = self.failures.is_multiple_of(every)
                || (action(&error) == Action::Reinitialise && every < 10);
            let stuck = matches!(error, Error::Stuck);
            self.pool.report(error);
            if again && !stuck {
                self.reinitialise();
            }
        }
        self.pool.rest(pause(self.failures))
    }

    fn reinitialise(&mut self) {
        let Some(epoch) = self.epoch else { return };
        // The drain waits for jobs, each inside its deadline; what follows it is watched as any call.
        let outcome = self.pool.module.reinitialise(epoch, || self.called());
        self.seat.leave();
        match outcome {
            Ok(done) => {
                if done {
                    count(&self.pool.tally.reinitialisations);
                }
                self.recycled_at = self.pool.tally.written.load(Ordering::Relaxed);
            }
            Err(error) => {
                warn!(%error, "the module cannot be initialised again");
                // Connecting comes next and would rest as well, unless the module is still up around a stuck thread.
                let stuck = matches!(error, Error::Stuck);
                self.pool.report(error);
                if stuck {
                    self.failures = self.failures.saturating_add(1);
                    self.pool.rest(pause(self.failures));
                }
            }
        }
    }
}

fn action(error: &Error) -> Action {
    match error {
        Error::Function { function, rv } => retry::rule(*function, *rv).action,
        _ => Action::NewLogin,
    }
}

/// Longer and longer, so that a token in trouble is not stormed.
fn pause(repeated: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.saturating_pow(repeated.min(8))).min(LONGEST_PAUSE)
}

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
