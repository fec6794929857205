//! `[limits]` and `[download]`: what one request, and all of them together, may cost.

use std::path::PathBuf;
use std::time::Duration;

use crate::default;
use crate::reader::Section;
use crate::value::Size;

/// What one request, and all of them together, may cost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Largest document.
    pub file: Size,
    /// Largest request body.
    pub request: Size,
    /// Most documents in a request.
    pub files: usize,
    /// Bytes of all requests together.
    pub in_flight: Size,
    /// How long a request may take.
    pub request_deadline: Duration,
    /// Connections open at once, all listeners together.
    pub connections: usize,
    /// How long the head of a request may take.
    pub header_timeout: Duration,
    /// How long a body may stand still.
    pub body_timeout: Duration,
    /// Threads that prepare documents.
    pub cpu_threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: default::FILE_SIZE,
            request: default::REQUEST_SIZE,
            files: default::REQUEST_FILES,
            in_flight: default::IN_FLIGHT,
            request_deadline: default::REQUEST_DEADLINE,
            connections: default::CONNECTIONS,
            header_timeout: default::HEADER_TIMEOUT,
            body_timeout: default::BODY_TIMEOUT,
            cpu_threads: default::cpu_threads(),
        }
    }
}

impl Limits {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let sizes = Size::kib(1)..=Size::gib(1024);
        let times = Duration::from_secs(1)..=Duration::from_hours(1);
        let limits = Self {
            file: section.within("file", default.file, sizes.clone()),
            request: section.within("request", default.request, sizes.clone()),
            files: section.within("files", default.files, 1..=100_000),
            in_flight: section.within("in-flight", default.in_flight, sizes),
            request_deadline: section.within(
                "request-deadline",
                default.request_deadline,
                times.clone(),
            ),
            connections: section.within("connections", default.connections, 1..=1_000_000),
            header_timeout: section.within("header-timeout", default.header_timeout, times.clone()),
            body_timeout: section.within("body-timeout", default.body_timeout, times),
            cpu_threads: section.within("cpu-threads", default.cpu_threads, 1..=1024),
        };
        section.finish();
        limits
    }
}

/// Signed documents kept for one download.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Download {
    /// How long a document is kept; zero keeps none.
    pub ttl: Duration,
    /// Size of all documents kept; the oldest goes first.
    pub size: Size,
    /// Where they are kept, encrypted.
    pub dir: Option<PathBuf>,
}

impl Download {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let download = Self {
            ttl: section.within(
                "ttl",
                default::DOWNLOAD_TTL,
                Duration::ZERO..=Duration::from_hours(24),
            ),
            size: section.within(
                "size",
                default::DOWNLOAD_SIZE,
                Size::mib(1)..=Size::gib(1024),
            ),
            dir: section.path("dir"),
        };
        section.finish();
        download
    }
}
