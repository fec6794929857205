//! A token behind the simulator, in a directory and a process of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};

const PIN: &str = "1234";
/// DER of the object identifier of P-256.
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
pub(crate) const DIGEST: &[u8] = &[7; 32];

/// The simulator with one token that holds one P-256 key pair.
pub(crate) struct Rig {
    pub(crate) pkcs11: Pkcs11,
    dir: PathBuf,
}

/// Runs `body` in a child with a fresh directory; `test` is the name of the calling test.
pub(crate) fn alone(test: &str, body: impl FnOnce(&Rig)) {
    if std::env::var_os("HSM_SIM_CONF").is_some() {
        body(&Rig::new());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let softhsm = dir.path().join("softhsm2.conf");
    std::fs::write(
        &softhsm,
        format!(
            "directories.tokendir = {}\nobjectstore.backend = file\n",
            tokens.display()
        ),
    )
    .unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SOFTHSM2_CONF", softhsm)
        .env("HSM_SIM_CONF", dir.path().join("sim.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn softhsm() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let candidates = [
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib64/pkcs11/libsofthsm2.so",
        ];
        candidates
            .iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
            .expect("SoftHSM is installed")
    })
}

impl Rig {
    fn new() -> Self {
        let dir = PathBuf::from(std::env::var_os("HSM_SIM_CONF").unwrap())
            .parent()
            .unwrap()
            .to_owned();
        let module = std::env::current_exe()
            .unwrap()
            .with_file_name("libhsm_sim.so");
        configure(&dir, "");
        let pkcs11 = Pkcs11::new(module).unwrap();
        initialize(&pkcs11).unwrap();
        let free = pkcs11.get_slots_with_token().unwrap()[0];
        pkcs11.init_token(free, &PIN.into(), "sim").unwrap();
        let rig = Self { pkcs11, dir };
        let session = rig.pkcs11.open_rw_session(rig.slot()).unwrap();
        session.login(UserType::So, Some(&PIN.into())).unwrap();
        session.init_pin(&PIN.into()).unwrap();
        session.logout().unwrap();
        session.login(UserType::User, Some(&PIN.into())).unwrap();
        let public = [
            Attribute::Token(true),
            Attribute::EcParams(P256.to_vec()),
            Attribute::Verify(true),
        ];
        let private = [Attribute::Token(true), Attribute::Sign(true)];
        session
            .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
            .unwrap();
        session.close().unwrap();
        rig
    }

    /// Puts a new configuration in the place of the old; `rest` follows the keys that every test needs.
    pub(crate) fn configure(&self, rest: &str) {
        configure(&self.dir, rest);
    }

    /// A configuration that is the text and nothing else.
    pub(crate) fn configure_exactly(&self, text: &str) {
        replace(&self.dir, text);
    }

    /// The token's slot; `SoftHSM` numbers it anew at every start.
    pub(crate) fn slot(&self) -> Slot {
        self.pkcs11.get_slots_with_initialized_token().unwrap()[0]
    }

    pub(crate) fn login(&self) -> Session {
        let session = self.pkcs11.open_ro_session(self.slot()).unwrap();
        session
            .login(UserType::User, Some(&AuthPin::from(PIN)))
            .unwrap();
        session
    }

    /// The log's lines that speak of `function`, without those that only ask for a size or say that a call hangs.
    pub(crate) fn calls(&self, function: &str) -> Vec<Line> {
        let log = std::fs::read_to_string(self.dir.join("calls.jsonl")).unwrap();
        log.lines()
            .map(Line::parse)
            .filter(|line| line.function == function && !line.asks_size && line.result != "hangs")
            .collect()
    }
}

fn configure(dir: &Path, rest: &str) {
    let log = dir.join("calls.jsonl");
    replace(
        dir,
        &format!(
            "module = \"{}\"\nlog = \"{}\"\n{rest}",
            softhsm().display(),
            log.display()
        ),
    );
}

fn replace(dir: &Path, text: &str) {
    std::fs::write(dir.join("sim.new"), text).unwrap();
    std::fs::rename(dir.join("sim.new"), dir.join("sim.toml")).unwrap();
}

pub(crate) fn initialize(pkcs11: &Pkcs11) -> Result<(), Error> {
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
}

pub(crate) fn key(session: &Session, class: ObjectClass) -> ObjectHandle {
    session.find_objects(&[Attribute::Class(class)]).unwrap()[0]
}

pub(crate) fn sign(session: &Session) -> Result<Vec<u8>, Error> {
    session.sign(
        &Mechanism::Ecdsa,
        key(session, ObjectClass::PRIVATE_KEY),
        DIGEST,
    )
}

/// The name of the code that a call answered.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> RvError {
    match result.unwrap_err() {
        Error::Pkcs11(code, _) => code,
        other => panic!("{other}"),
    }
}

/// One line of the call log.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) function: String,
    pub(crate) result: String,
    pub(crate) session: Option<u64>,
    pub(crate) micros: u64,
    pub(crate) fault: Option<String>,
    pub(crate) entry: Option<u64>,
    asks_size: bool,
}

impl Line {
    fn parse(line: &str) -> Self {
        let field = |name: &str| {
            let start = line.find(&format!("\"{name}\":")).unwrap() + name.len() + 3;
            let end = line[start..].find([',', '}']).unwrap() + start;
            Some(line[start..end].trim_matches('"').to_owned()).filter(|value| value != "null")
        };
        Self {
            function: field("function").unwrap(),
            result: field("result").unwrap(),
            session: field("session").map(|session| session.parse().unwrap()),
            micros: field("micros").unwrap().parse().unwrap(),
            fault: field("fault"),
            entry: field("entry").map(|entry| entry.parse().unwrap()),
            asks_size: field("asks_size").unwrap() == "true",
        }
    }
}
