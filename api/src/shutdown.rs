//! The end of the process: readiness goes down, listeners close, running requests finish, then the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The state of shutting down, shared by all that must hear of it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Cancelled when the process begins to end.
    pub begun: CancellationToken,
    /// Connections, and work that outlives its caller.
    pub tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Shutdown {
    /// Begins to end.
    pub fn begin(&self) {
        self.begun.cancel();
        self.tasks.close();
    }

    /// Begins to end because a part cannot be mended inside this process: the exit code will say so.
    pub fn begin_failed(&self) {
        self.failed.store(true, Ordering::Release);
        self.begin();
    }

    /// Whether the end was a failure.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Begins to end at SIGINT or SIGTERM.
    ///
    /// # Errors
    /// When the signals cannot be listened for.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("shutting down");
            shutdown.begin();
        });
        Ok(())
    }
}
