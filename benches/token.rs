//! A token of the benches' own, with one key of each kind and a certificate for those that sign documents.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{Timestamp, ToSpan};
use secrecy::SecretString;
use signer::{
    cms::algorithm::SignatureAlgorithm,
    hsm::{Hsm, KeyId, KeySpec, Settings, TokenKey, TokenSelector, provision},
    key::{KeyKind, SigningKey},
    pades::SignerIdentity,
    x509::{Chain, issue},
};

/// Names the directory, and tells the second start from the first.
const DIRECTORY: &str = "SEGELD_BENCH_DIR";
const LABEL: &str = "benches";
/// The token's user PIN.
pub const PIN: &str = "12345678";

/// What signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::Ed25519,
    ];

    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
            Self::Rsa4096 => "RSA-4096",
        }
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::Ed25519 => KeyKind::Ed25519,
            Self::P256 => KeyKind::P256,
            Self::P384 => KeyKind::P384,
            Self::Rsa2048 => KeyKind::Rsa { bits: 2048 },
            Self::Rsa3072 => KeyKind::Rsa { bits: 3072 },
            Self::Rsa4096 => KeyKind::Rsa { bits: 4096 },
        }
    }

    /// `CKA_ID` of the pair.
    #[must_use]
    pub fn id(self) -> Vec<u8> {
        self.name().as_bytes().to_vec()
    }
}

/// The token, in use by the library; whoever wants it bare opens sessions beside.
#[derive(Debug)]
pub struct Token {
    hsm: Hsm,
    module: PathBuf,
    deadline: Instant,
}

/// Starts the program again with a token directory of its own, which the module reads from the environment. Returns in the
/// second start.
///
/// # Panics
/// When the program cannot be started again.
#[must_use]
pub fn in_own_directory() -> PathBuf {
    if let Some(dir) = std::env::var_os(DIRECTORY) {
        return dir.into();
    }
    let dir = tempfile::Builder::new()
        .prefix("segeld-bench-")
        .tempdir()
        .expect("a directory")
        .keep();
    let (tokens, conf) = (dir.join("tokens"), dir.join("softhsm2.conf"));
    std::fs::create_dir(&tokens).expect("a directory");
    std::fs::write(
        &conf,
        format!(
            "directories.tokendir = {}\nobjectstore.backend = file\n",
            tokens.display()
        ),
    )
    .expect("a file");
    let own = std::env::current_exe().expect("the program knows its path");
    let error = Command::new(own)
        .args(std::env::args_os().skip(1))
        .env(DIRECTORY, &dir)
        .env("SOFTHSM2_CONF", conf)
        .env("HSM_SIM_CONF", dir.join("sim.toml"))
        .exec();
    panic!("the program starts again: {error}");
}

/// The module: `SEGELD_PKCS11_MODULE`, or where Debian and Fedora put `SoftHSM`.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn module() -> PathBuf {
    if let Some(named) = std::env::var_os("SEGELD_PKCS11_MODULE") {
        return named.into();
    }
    let known = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
    ];
    known
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
        .expect("SoftHSM is installed")
}

impl Token {
    /// Initialises a token, starts the library's threads on it and makes the keys.
    ///
    /// # Panics
    /// When the token does not do as it is told.
    pub async fn new(module: &Path, workers: usize) -> Self {
        let pin = SecretString::from(PIN);
        provision::init_token(module, LABEL, &pin, &pin).expect("a token");
        let token = Self {
            hsm: start(module, workers),
            module: module.to_owned(),
            deadline: Instant::now() + Duration::from_secs(24 * 3600),
        };
        for key in Key::ALL {
            let spec = KeySpec {
                id: token.id(key),
                label: key.name().to_owned(),
                kind: key.kind(),
            };
            token
                .hsm
                .generate(spec, token.deadline)
                .await
                .expect("a key");
        }
        token
    }

    /// The same token with another number of sessions.
    ///
    /// # Panics
    /// When it does not come up again.
    pub async fn with_workers(self, workers: usize) -> Self {
        self.hsm.shutdown(Duration::from_secs(5)).await;
        let hsm = start(&self.module, workers);
        Self { hsm, ..self }
    }

    /// The module's path.
    #[must_use]
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// A deadline that no measurement reaches.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The key as the library uses it.
    ///
    /// # Panics
    /// When the token has lost it.
    pub async fn key(&self, key: Key) -> TokenKey {
        let public = self
            .hsm
            .public_key(self.id(key), self.deadline)
            .await
            .expect("the token answers");
        let public = public.expect("the key is there");
        let algorithm = public.default_algorithm();
        self.hsm.key(self.id(key), public, algorithm)
    }

    /// A signer whose certificate was issued by another key of the token: two certificates, as in a demo.
    ///
    /// # Panics
    /// When no certificate can be issued.
    pub async fn identity(&self, key: &TokenKey) -> Arc<SignerIdentity> {
        let now = Timestamp::now();
        let until = |days: i64| issue::Validity::new(now - 1.hour(), now + (24 * days).hours());
        let (validity, longer) = (until(1).expect("a period"), until(2).expect("a period"));
        let authority = self.key(Key::P384).await;
        let subject = issue::Subject::named("Benches CA");
        let root = issue::root(&subject, &authority, &longer, self.deadline)
            .await
            .expect("a root");
        let publication = issue::Publication::default();
        let issuer = issue::Issuer::new(&root, &authority, &publication).expect("an issuer");
        let subject = issue::Subject::named("Benches");
        let leaf = issue::end_entity(
            &issue::Profile::Signer,
            &subject,
            key.public_key(),
            &issuer,
            &validity,
            self.deadline,
        )
        .await;
        let chain = Chain::new(vec![leaf.expect("a certificate"), root]).expect("a chain");
        let algorithm: SignatureAlgorithm = key.algorithm();
        Arc::new(SignerIdentity::new(&chain, algorithm).expect("an identity"))
    }

    /// Ends the library's threads.
    pub async fn shutdown(self) {
        self.hsm.shutdown(Duration::from_secs(5)).await;
    }

    fn id(&self, key: Key) -> KeyId {
        KeyId::new(&key.id()).expect("an identifier")
    }
}

fn start(module: &Path, workers: usize) -> Hsm {
    let selector = TokenSelector::Label(LABEL.to_owned());
    let mut settings = Settings::new(module.to_owned(), selector, SecretString::from(PIN));
    settings.workers = workers;
    let hsm = Hsm::start(settings).expect("the module loads");
    hsm.wait_usable(Duration::from_secs(30))
        .expect("the token is usable");
    hsm
}
