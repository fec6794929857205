//! The watch: the one thread that never calls the module. It ends what is late and replaces workers that are lost.

use std::sync::Arc;
use std::thread;

use tracing::error;

use super::pool::Pool;
use super::worker;

/// The life of the watch.
pub(super) fn run(pool: &Arc<Pool>) {
    while let Some(missing) = pool.tick() {
        for _ in 0..missing {
            start_worker(pool);
        }
        pool.await_tick();
    }
}

/// Starts a worker; when the system has no thread left, the next tick tries again.
fn start_worker(pool: &Arc<Pool>) {
    let seat = pool.seat();
    let name = format!("hsm-{}", seat.number);
    let (pool_of_worker, seat_of_worker) = (Arc::clone(pool), Arc::clone(&seat));
    let started = thread::Builder::new()
        .name(name)
        .spawn(move || worker::run(&pool_of_worker, &seat_of_worker));
    if let Err(cause) = started {
        error!(%cause, "cannot start a worker thread");
        pool.retire(&seat);
    }
}
