//! Every default, and why it is what it is.

use std::time::Duration;

use signer::key::KeyKind;

use crate::value::Size;

/// The version of the file's format.
pub const VERSION: u32 = 1;

/// Worker threads, and so sessions, of one token. SoftHSM gains nothing beyond the cores; network HSMs
/// want sessions / latency to match the rate, and say so in their section.
pub const HSM_WORKERS: usize = 4;
/// Signing requests that may wait for one token; beyond it callers hear 503 at once.
pub const HSM_QUEUE: usize = 1024;
/// How long start and login are retried: a file-backed token fails when two processes log in at once.
pub const HSM_START_PATIENCE: Duration = Duration::from_secs(5);

/// Connections to the store.
pub const STORE_CONNECTIONS: u32 = 8;

/// Argon2id as RFC 9106 and OWASP have it for interactive use: 19 MiB, two passes, one lane.
pub const ARGON2_MEMORY: Size = Size::mib(19);
/// Passes of Argon2id.
pub const ARGON2_ITERATIONS: u32 = 2;
/// Passphrases that may wait to be stretched; at 20 ms each the last one waits about 1.3 s on one thread.
pub const ARGON2_QUEUE: usize = 64;
/// How long a right passphrase is remembered, so that a bulk caller pays Argon2id once.
pub const REMEMBER_PASSPHRASE: Duration = Duration::from_mins(1);
/// Wrong passphrases in a row that lock a person.
pub const LOCK_AFTER: u32 = 5;
/// The first lock; each further one doubles.
pub const LOCK: Duration = Duration::from_secs(30);
/// The longest lock.
pub const LOCK_MAX: Duration = Duration::from_hours(1);

/// Largest document.
pub const FILE_SIZE: Size = Size::mib(64);
/// Largest request.
pub const REQUEST_SIZE: Size = Size::mib(256);
/// Most documents in a request.
pub const REQUEST_FILES: usize = 500;
/// Bytes of all requests together; beyond it callers hear 503 before their body is read.
pub const IN_FLIGHT: Size = Size::gib(1);
/// How long a request may take from its head to its answer.
pub const REQUEST_DEADLINE: Duration = Duration::from_mins(2);
/// Connections open at once.
pub const CONNECTIONS: usize = 4096;
/// How long a caller may take for the head of a request.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a body may stand still.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a signed document can be fetched again.
pub const DOWNLOAD_TTL: Duration = Duration::from_mins(15);
/// Size of all documents kept for that.
pub const DOWNLOAD_SIZE: Size = Size::gib(1);

/// What is logged.
pub const LOG_FILTER: &str = "info";

/// Label of the root's key in the token.
pub const ROOT_KEY: &str = "segeld-root";
/// Label of the issuing authority's key in the token.
pub const ISSUING_KEY: &str = "segeld-issuing";
/// Kind of both keys: RSA, since it is what readers know best; 3072 bits, since the root lasts long.
pub const AUTHORITY_KEY_KIND: KeyKind = KeyKind::Rsa { bits: 3072 };
/// Organisation named in the embedded authority's own certificates.
pub const AUTHORITY_ORGANIZATION: &str = "Segeld Demo";
/// Country named in certificates.
pub const AUTHORITY_COUNTRY: &str = "ID";
/// How long a certificate of a person or seal holds.
pub const CERTIFICATE_VALIDITY: Duration = Duration::from_hours(24 * 365 * 2);

/// Threads that stretch passphrases: one core less than the machine has, so that a flood of wrong
/// passphrases does not starve everything else, and at least one.
#[must_use]
pub fn argon2_threads() -> usize {
    cores().saturating_sub(1).max(1)
}

/// Threads that prepare documents: as many as the machine has cores.
#[must_use]
pub fn cpu_threads() -> usize {
    cores()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
