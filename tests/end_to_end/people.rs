//! Who signs in these tests: the demo's people, application and judges.

use std::sync::OnceLock;

use segeld_tests::{client::Client, daemon::Demo, judge::Judges};

/// A person and what opens their key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) nik: &'static str,
    pub(crate) passphrase: &'static str,
}

/// Holds an RSA-2048 key.
pub(crate) fn rsa() -> Person {
    person("")
}

/// Holds a P-256 key.
pub(crate) fn ec() -> Person {
    person("_EC")
}

/// Has had the certificate revoked.
pub(crate) fn revoked() -> Person {
    person("_REVOKED")
}

/// Belongs to another agency than the application.
pub(crate) fn foreign() -> Person {
    person("_FOREIGN")
}

/// Well formed, and nobody.
pub(crate) const NOBODY: &str = "9999999999999999";

fn person(suffix: &str) -> Person {
    let demo = Demo::shared();
    Person {
        nik: demo.get(&format!("SEGELD_NIK{suffix}")),
        passphrase: demo.get(&format!("SEGELD_PASSPHRASE{suffix}")),
    }
}

/// The demo's application over TLS.
pub(crate) fn client() -> Client {
    Client::new(Demo::shared())
}

/// The judges of this process.
pub(crate) fn judges() -> &'static Judges {
    static JUDGES: OnceLock<Judges> = OnceLock::new();
    JUDGES.get_or_init(|| Judges::new(Demo::shared()))
}
