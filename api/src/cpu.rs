//! Work of the processor (reading documents, hashing, decoding images), kept off the async threads and bounded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::metrics::{Metrics, Stage};
use crate::problem::Problem;

/// A bounded pool: so many jobs run, so many wait, the rest is refused at once.
#[derive(Clone, Debug)]
pub struct Pool {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    metrics: Metrics,
}

impl Pool {
    /// A pool that runs `threads` jobs at once while up to `queue` wait.
    #[must_use]
    pub fn new(threads: usize, queue: usize, metrics: Metrics) -> Self {
        Self {
            places: Arc::new(Semaphore::new(threads)),
            queue: Arc::new(Semaphore::new(threads.saturating_add(queue))),
            metrics,
        }
    }

    /// Runs a job and notes its time under `stage`. A job whose caller has gone is not begun.
    ///
    /// # Errors
    /// [`Problem::Overloaded`] when too many wait or the deadline passes first, [`Problem::Panicked`] when it panics,
    /// and what the job itself answers.
    pub async fn run<T: Send + 'static>(
        &self,
        stage: Stage,
        deadline: Instant,
        job: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(_queued) = self.queue.try_acquire() else {
            return Err(Problem::Overloaded);
        };
        let asked = Instant::now();
        self.metrics.cpu_waiting.inc();
        let place =
            tokio::time::timeout_at(deadline.into(), Arc::clone(&self.places).acquire_owned())
                .await;
        self.metrics.cpu_waiting.dec();
        let Ok(Ok(place)) = place else {
            return Err(Problem::Overloaded);
        };
        self.metrics.observe(Stage::QueueWait, asked.elapsed());
        let span = tracing::Span::current();
        let done = spawn_blocking(move || {
            let _place = place;
            let _entered = span.entered();
            let begun = Instant::now();
            let result = job();
            (result, begun.elapsed())
        })
        .await;
        match done {
            Ok((result, took)) => {
                self.note(stage, took);
                result
            }
            Err(failed) if failed.is_panic() => Err(Problem::Panicked),
            Err(_) => Err(Problem::Overloaded),
        }
    }

    fn note(&self, stage: Stage, took: Duration) {
        self.metrics.observe(stage, took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test]
    async fn a_panic_is_that_jobs_failure_alone() {
        let pool = Pool::new(1, 1, Metrics::new().unwrap());
        let panicked = pool
            .run::<()>(Stage::Prepare, soon(), || panic!("a defect"))
            .await;
        assert!(matches!(panicked, Err(Problem::Panicked)));
        assert_eq!(pool.run(Stage::Prepare, soon(), || Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_does_not_fit_into_the_queue_is_refused_at_once() {
        let pool = Pool::new(1, 1, Metrics::new().unwrap());
        let (release, held) = std::sync::mpsc::channel::<()>();
        let running = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(Stage::Prepare, soon(), move || Ok(held.recv().is_ok()))
                    .await
            }
        });
        while pool.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(Stage::Prepare, soon(), || Ok(true)).await }
        });
        while pool.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(
            pool.run(Stage::Prepare, soon(), || Ok(())).await,
            Err(Problem::Overloaded)
        ));
        release.send(()).unwrap();
        assert!(running.await.unwrap().unwrap());
        assert!(waiting.await.unwrap().unwrap());
    }
}
