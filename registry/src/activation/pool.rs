//! The threads that stretch passphrases.
//!
//! Argon2id takes 20 ms of CPU and 19 MiB; on threads of its own, bounded in number and queue, a flood of wrong
//! passphrases leaves the rest of the machine alone. Each thread reserves its memory when it starts.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use argon2::{Algorithm, Argon2, Block, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::{Zeroize, Zeroizing};

use super::passphrase::Cost;
use crate::error::Error;

type Stretched = Zeroizing<[u8; 32]>;

#[derive(Debug)]
struct Job {
    cost: Cost,
    salt: [u8; 16],
    passphrase: SecretString,
    reply: oneshot::Sender<Result<Stretched, Error>>,
    /// Given back when the job is done or dropped.
    _permit: OwnedSemaphorePermit,
}

/// The threads; they end when the pool is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    places: Arc<Semaphore>,
    jobs: Sender<Job>,
}

impl Pool {
    pub(crate) fn start(settings: &config::Activation) -> Result<Self, Error> {
        let (jobs, inbox) = channel();
        let inbox = Arc::new(Mutex::new(inbox));
        let blocks = Cost::of(settings).params()?.block_count();
        for number in 0..settings.argon2_threads {
            let inbox = Arc::clone(&inbox);
            thread::Builder::new()
                .name(format!("argon2-{number}"))
                .spawn(move || work(&inbox, blocks))
                .map_err(|_| Error::Busy)?;
        }
        let places = settings
            .argon2_threads
            .saturating_add(settings.argon2_queue);
        Ok(Self {
            places: Arc::new(Semaphore::new(places)),
            jobs,
        })
    }

    /// A place in the queue, if there is one. Taken before a guess is counted: a full queue costs nobody a try.
    pub(crate) fn place(&self) -> Option<Place<'_>> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place {
            jobs: &self.jobs,
            permit,
        })
    }
}

/// A place in the queue.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    jobs: &'p Sender<Job>,
    permit: OwnedSemaphorePermit,
}

impl Place<'_> {
    pub(crate) async fn stretch(
        self,
        cost: Cost,
        salt: [u8; 16],
        passphrase: SecretString,
    ) -> Result<Stretched, Error> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            cost,
            salt,
            passphrase,
            reply,
            _permit: self.permit,
        };
        self.jobs.send(job).map_err(|_| Error::Busy)?;
        answer.await.map_err(|_| Error::Busy)?
    }
}

fn work(inbox: &Mutex<Receiver<Job>>, blocks: usize) {
    let mut memory = vec![Block::new(); blocks];
    loop {
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if job.reply.is_closed() {
            continue;
        }
        let stretched = stretch(&job, &mut memory);
        // Whoever has gone away needs no answer.
        drop(job.reply.send(stretched));
    }
}

fn stretch(job: &Job, reserved: &mut [Block]) -> Result<Stretched, Error> {
    let params = job.cost.params()?;
    let needed = params.block_count();
    let mut larger = Vec::new();
    let memory = match reserved.get_mut(..needed) {
        Some(memory) => memory,
        // An envelope from when the setting was higher.
        None => {
            larger.resize(needed, Block::new());
            &mut larger
        }
    };
    let mut out = Zeroizing::new([0; 32]);
    let outcome = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            job.passphrase.expose_secret().as_bytes(),
            &job.salt,
            out.as_mut_slice(),
            &mut *memory,
        );
    // What is left in there would let guesses be tested more cheaply.
    memory.iter_mut().for_each(Zeroize::zeroize);
    outcome.map_err(|_| Error::Sealed)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use config::{Activation, Size};

    use super::super::passphrase::Cost;
    use super::Pool;

    fn settings() -> Activation {
        let mut settings = Activation::default();
        settings.argon2_memory = Size::mib(8);
        settings.argon2_iterations = 1;
        settings.argon2_threads = 1;
        settings.argon2_queue = 1;
        settings
    }

    #[tokio::test]
    async fn stretching_depends_on_everything_and_memory_may_grow() {
        let pool = Pool::start(&settings()).unwrap();
        let stretch = async |memory_kib, salt: u8, word: &str| {
            let cost = Cost {
                memory_kib,
                iterations: 1,
            };
            let place = pool.place().unwrap();
            place.stretch(cost, [salt; 16], word.into()).await.unwrap()
        };
        let one = stretch(8192, 1, "word").await;
        assert_eq!(one, stretch(8192, 1, "word").await);
        assert_ne!(one, stretch(8192, 2, "word").await);
        assert_ne!(one, stretch(8192, 1, "work").await);
        assert_ne!(one, stretch(9000, 1, "word").await);
    }

    #[tokio::test]
    async fn a_full_queue_says_so() {
        let pool = Pool::start(&settings()).unwrap();
        let places = [pool.place().unwrap(), pool.place().unwrap()];
        assert!(pool.place().is_none());
        drop(places);
        assert!(pool.place().is_some());
    }
}
