//! A fresh token for each test, in a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cryptoki::context::Pkcs11;
use cryptoki::slot::Slot;
use secrecy::SecretString;
use signer::cms::algorithm::SignatureAlgorithm;
use signer::hsm::{Error, Hsm, KeyId, KeySpec, Settings, TokenKey, TokenSelector, provision};
use signer::key::{KeyKind, SigningKey};

/// Says to the test binary which test it is to run, and where.
const ALONE: &str = "SEGELD_TOKEN_TEST";
pub(crate) const LABEL: &str = "uji coba";
pub(crate) const PIN: &str = "kata-sandi-1";
pub(crate) const SO_PIN: &str = "kata-sandi-petugas";

/// A token made for one test.
pub(crate) struct Token {
    pub(crate) directory: PathBuf,
}

impl Token {
    /// Whether the token is what lies in its directory, so that it can be taken away by moving that.
    pub(crate) fn is_in_files(&self) -> bool {
        let mut found = fs::read_dir(self.directory.join("tokens")).expect("a directory");
        let found = found.next().is_some();
        if !found {
            println!("skipped: a token that goes away: the module keeps it elsewhere");
        }
        found
    }
}

/// Runs `test` in a process of its own, with a new token.
pub(crate) fn alone(name: &str, test: impl FnOnce(Token)) {
    if let Some(directory) = std::env::var_os(ALONE) {
        let token = Token {
            directory: directory.into(),
        };
        provision::init_token(&module(), LABEL, &SO_PIN.into(), &PIN.into()).expect("a new token");
        test(token);
        // A process that exits while threads are inside the module runs the module's exit handlers under them.
        for hsm in STARTED.lock().expect("no test panicked").drain(..) {
            block_on(hsm.shutdown(Duration::from_secs(5)));
        }
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let output = process(directory.path())
        .args([name, "--exact", "--nocapture"])
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("1 passed") && output.status.success(),
        "{text}"
    );
    text.lines()
        .filter(|line| line.starts_with("skipped:"))
        .for_each(|line| println!("{line}"));
}

/// This binary, to be run on the tokens below `directory`.
pub(crate) fn process(directory: &Path) -> Command {
    let tokens = directory.join("tokens");
    fs::create_dir_all(&tokens).expect("a directory");
    let configuration = directory.join("softhsm2.conf");
    let lines = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&configuration, lines).expect("a file");
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command
        .env(ALONE, directory)
        .env("SOFTHSM2_CONF", configuration)
        .env("KRYOPTIC_CONF", directory.join("kryoptic.sql"));
    command
}

/// The module under test.
pub(crate) fn module() -> PathBuf {
    if let Some(module) = std::env::var_os("SEGELD_TEST_MODULE") {
        return module.into();
    }
    let known = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ];
    let found = known.iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("these tests need SoftHSM: install softhsm2 (`make test` does), or name a module in SEGELD_TEST_MODULE")
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new(
        module(),
        TokenSelector::Label(LABEL.into()),
        SecretString::from(PIN),
    );
    settings.probe_interval = Duration::from_millis(200);
    settings
}

static STARTED: Mutex<Vec<Hsm>> = Mutex::new(Vec::new());

/// Starts the token layer, to be shut down after the test.
pub(crate) fn begin(settings: Settings) -> Hsm {
    begin_all(vec![settings])
}

/// Starts several tokens as one, to be shut down after the test.
pub(crate) fn begin_all(tokens: Vec<Settings>) -> Hsm {
    let hsm = Hsm::start_all(tokens).expect("threads");
    STARTED.lock().expect("no test panicked").push(hsm.clone());
    hsm
}

pub(crate) fn start(settings: Settings) -> Hsm {
    let hsm = begin(settings);
    hsm.wait_usable(Duration::from_secs(30))
        .expect("a usable token");
    hsm
}

/// A deadline that only what is broken misses, on a busy machine too.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

pub(crate) fn id(text: &str) -> KeyId {
    KeyId::new(text.as_bytes()).expect("a valid identifier")
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Makes a key pair, or says that the token cannot.
pub(crate) fn try_key(
    hsm: &Hsm,
    name: &str,
    kind: KeyKind,
    algorithm: SignatureAlgorithm,
) -> Option<TokenKey> {
    let spec = KeySpec {
        id: id(name),
        label: format!("kunci {name}"),
        kind,
    };
    match block_on(hsm.generate(spec, soon() + Duration::from_secs(60))) {
        Ok(public) => Some(hsm.key(id(name), public, algorithm)),
        Err(error @ (Error::Function { .. } | Error::Unsupported { .. }))
            if !error.is_transient() =>
        {
            println!("skipped: {kind}: {error}");
            None
        }
        Err(error) => panic!("{kind}: {error}"),
    }
}

pub(crate) fn p256(hsm: &Hsm, name: &str) -> TokenKey {
    try_key(
        hsm,
        name,
        KeyKind::P256,
        SignatureAlgorithm::EcdsaP256Sha256,
    )
    .expect("every token has P-256")
}

/// Signs once; the signature has been verified by the token layer, and is compared with its message here.
pub(crate) fn sign(key: &TokenKey, message: &[u8]) -> Result<(), Error> {
    let signature = block_on(key.sign(message.to_vec(), soon()))?;
    assert!(signature.is_for(key.public_key(), message));
    Ok(())
}

/// Waits until `condition` holds.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = soon();
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The module beside the token layer: another user of it in the same process.
pub(crate) fn beside() -> (Pkcs11, Slot) {
    let pkcs11 = Pkcs11::new(module()).expect("the module is loaded already");
    let mut slots = pkcs11.get_slots_with_token().expect("slots");
    slots.retain(|slot| {
        pkcs11
            .get_token_info(*slot)
            .is_ok_and(|info| info.label() == LABEL)
    });
    let slot = slots.pop().expect("the token");
    (pkcs11, slot)
}
