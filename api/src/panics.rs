//! A panic is a line in the log that says where, and not with what: messages may hold what a caller sent.

/// Has panics logged in place of being printed.
pub fn log() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, thread = std::thread::current().name(), "panicked");
    }));
}
