//! A closed loop of threads for a set time, and what came of repeating it.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// One measurement.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Operations a second, all threads together.
    pub per_second: f64,
    /// Processor time of the whole process for one operation, in microseconds.
    pub cpu: f64,
}

/// The middle of several measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Median {
    /// The median.
    pub value: f64,
    /// From the least to the greatest, as a part of the median.
    pub spread: f64,
}

/// Runs `threads` threads for `time`. Each makes its operation by `prepare` first, which is not measured.
///
/// # Panics
/// When an operation does.
pub fn run<O: FnMut()>(threads: usize, time: Duration, prepare: impl Fn() -> O + Sync) -> Sample {
    let (ready, go) = (Barrier::new(threads + 1), Barrier::new(threads + 1));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut operation = prepare();
                    operation();
                    ready.wait();
                    go.wait();
                    closed_loop(&mut operation, time)
                })
            })
            .collect();
        ready.wait();
        let before = cpu_time();
        go.wait();
        let results: Vec<(u64, f64)> = workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker"))
            .collect();
        let cpu = cpu_time() - before;
        let count: u64 = results.iter().map(|(count, _)| count).sum();
        let per_second = results.iter().map(|(_, per_second)| per_second).sum();
        // A run has far fewer than 2^52 operations.
        Sample {
            per_second,
            cpu: cpu.as_secs_f64() * 1e6 / count as f64,
        }
    })
}

fn closed_loop(operation: &mut impl FnMut(), time: Duration) -> (u64, f64) {
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < time {
        operation();
        count += 1;
    }
    (count, count as f64 / started.elapsed().as_secs_f64())
}

/// What the process has used, threads that have ended included.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(
        seconds.expect("time is not negative"),
        nanos.expect("below a second"),
    )
}

impl Median {
    /// Of at least one value.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or_default();
        let middle = values.len() / 2;
        let value = if values.len().is_multiple_of(2) {
            f64::midpoint(at(middle.saturating_sub(1)), at(middle))
        } else {
            at(middle)
        };
        let spread = (at(values.len().saturating_sub(1)) - at(0)) / value;
        Self { value, spread }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert!((Median::of([3.0, 1.0, 2.0]).value - 2.0).abs() < 1e-9);
        assert!((Median::of([4.0, 1.0, 2.0, 3.0]).value - 2.5).abs() < 1e-9);
        assert!((Median::of([4.0, 1.0, 2.0, 3.0]).spread - 1.2).abs() < 1e-9);
    }
}
