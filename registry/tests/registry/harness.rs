//! A fresh token and store for each test, in a process of its own.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use config::Size;
use registry::{
    AgencyId, Application, HolderId, Identity, NewApplication, NewCredential, NewSubscriber, Proof,
    Refusal, Registry,
};
use secrecy::SecretString;
use signer::hsm::{Hsm, Settings, TokenSelector, provision};
use signer::key::KeyKind;
use sqlx::Connection;

/// Says to the test binary which test it is to run, and where.
const ALONE: &str = "SEGELD_REGISTRY_TEST";
const LABEL: &str = "uji registri";
const PIN: &str = "kata-sandi-1";
pub(crate) const NIK: &str = "3171011708450001";
pub(crate) const EMAIL: &str = "budi@instansi.go.id";
pub(crate) const PASSPHRASE: &str = "Rahasia-Budi-1";
pub(crate) const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Runs `test` in a process of its own, with a new token.
pub(crate) fn alone<F: Future<Output = ()>>(name: &str, test: impl FnOnce(House) -> F) {
    if let Some(directory) = std::env::var_os(ALONE) {
        let so_pin = "kata-sandi-petugas".into();
        provision::init_token(&module(), LABEL, &so_pin, &PIN.into()).expect("a new token");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let house = runtime.block_on(House::build(directory.into()));
        let hsm = house.hsm.clone();
        runtime.block_on(test(house));
        // The module must not be in use when the process unloads it.
        runtime.block_on(hsm.shutdown(Duration::from_secs(5)));
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let tokens = directory.path().join("tokens");
    fs::create_dir_all(&tokens).expect("a directory");
    let configuration = directory.path().join("softhsm2.conf");
    let lines = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&configuration, lines).expect("a file");
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args([name, "--exact", "--nocapture"])
        .env(ALONE, directory.path())
        .env("SOFTHSM2_CONF", configuration)
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("1 passed") && output.status.success(),
        "{}: {text}",
        output.status
    );
}

fn module() -> PathBuf {
    if let Some(module) = std::env::var_os("SEGELD_TEST_MODULE") {
        return module.into();
    }
    let known = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    ];
    let found = known.iter().map(PathBuf::from).find(|path| path.exists());
    found.expect(
        "these tests need SoftHSM: install softhsm2, or name a module in SEGELD_TEST_MODULE",
    )
}

/// Settings under which a passphrase costs little.
pub(crate) fn activation() -> config::Activation {
    let mut activation = config::Activation::default();
    activation.argon2_memory = Size::mib(8);
    activation.argon2_iterations = 1;
    activation
}

/// A registry with an agency, an application and a subscriber that may sign.
pub(crate) struct House {
    pub(crate) directory: PathBuf,
    pub(crate) hsm: Hsm,
    pub(crate) registry: Registry,
    pub(crate) agency: AgencyId,
    pub(crate) credential: NewCredential,
    pub(crate) application: Application,
    pub(crate) budi: HolderId,
}

impl House {
    async fn build(directory: PathBuf) -> Self {
        let selector = TokenSelector::Label(LABEL.to_owned());
        let hsm = Hsm::start(Settings::new(module(), selector, PIN.into())).expect("threads");
        hsm.wait_usable(Duration::from_secs(10))
            .expect("a usable token");
        let registry = open(&directory, activation(), &hsm).await;
        registry.provision().await.expect("keys and certificates");
        let agency = registry
            .create_agency("Dinas Uji")
            .await
            .expect("an agency");
        let credential = application(&registry, agency, "Persuratan").await;
        let application = enter(&registry, &credential).await;
        let budi = person(
            &registry,
            agency,
            Identity {
                nik: Some(NIK.to_owned()),
                email: Some(EMAIL.to_owned()),
            },
        )
        .await;
        registry
            .issue_certificate(budi, KeyKind::P256)
            .await
            .expect("a certificate");
        Self {
            directory,
            hsm,
            registry,
            agency,
            credential,
            application,
            budi,
        }
    }

    /// Another daemon on the same store and token.
    pub(crate) async fn neighbour(&self) -> Registry {
        open(&self.directory, activation(), &self.hsm).await
    }

    pub(crate) async fn authorise(&self, who: &Identity, word: &str) -> Result<(), Refusal> {
        authorise(&self.registry, &self.application, who, word).await
    }
}

pub(crate) async fn open(path: &Path, activation: config::Activation, hsm: &Hsm) -> Registry {
    let mut store = config::Store::sqlite(path.join("segeld.db"));
    if let Some(url) = postgres(path).await {
        store.url = config::StoreUrl::Postgres(url);
    }
    let mut authority = config::Authority::default();
    authority.key_kind = KeyKind::P256;
    Registry::open(&store, &activation, Some(&authority), hsm.clone())
        .await
        .expect("a registry")
}

/// A database of the test's own on the server that `SEGELD_TEST_POSTGRES` names, such as
/// `postgres://segeld@/DATABASE?host=/run/postgresql`, instead of SQLite.
async fn postgres(path: &Path) -> Option<String> {
    let server = std::env::var("SEGELD_TEST_POSTGRES").ok()?;
    let name = path.file_name().expect("a name").to_string_lossy();
    let name = format!("segeld_{}", name.trim_start_matches('.').to_lowercase());
    sqlx::any::install_default_drivers();
    let base = server.replace("DATABASE", "postgres");
    let mut connection = sqlx::AnyConnection::connect(&base).await.expect("a server");
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    // It is there when the test opens its second registry.
    drop(sqlx::query(create).execute(&mut connection).await);
    Some(server.replace("DATABASE", &name))
}

/// The store, past the registry.
async fn behind(house: &House) -> sqlx::AnyConnection {
    let file = format!("sqlite://{}", house.directory.join("segeld.db").display());
    let url = postgres(&house.directory).await.unwrap_or(file);
    sqlx::any::install_default_drivers();
    sqlx::AnyConnection::connect(&url).await.expect("the store")
}

/// Changes the store behind the registry's back.
pub(crate) async fn tamper(house: &House, sql: &'static str) {
    let done = sqlx::query(sql).execute(&mut behind(house).await).await;
    assert!(done.expect("a change").rows_affected() > 0);
}

/// Rows of a table.
pub(crate) async fn count(house: &House, rows: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {rows}"));
    let count = sqlx::query_scalar(sql)
        .fetch_one(&mut behind(house).await)
        .await;
    count.expect("a count")
}

pub(crate) async fn application(
    registry: &Registry,
    agency: AgencyId,
    name: &str,
) -> NewCredential {
    let new = NewApplication {
        agency,
        name: name.to_owned(),
        addresses: Vec::new(),
    };
    registry
        .create_application(new)
        .await
        .expect("an application")
}

pub(crate) async fn enter(registry: &Registry, credential: &NewCredential) -> Application {
    registry
        .authenticate(&credential.client_id, &credential.secret, PEER)
        .await
        .expect("an application that may enter")
}

pub(crate) async fn person(registry: &Registry, agency: AgencyId, identity: Identity) -> HolderId {
    let new = NewSubscriber {
        agency,
        identity,
        name: "Budi Santoso".to_owned(),
        passphrase: PASSPHRASE.into(),
    };
    registry.create_subscriber(new).await.expect("a subscriber")
}

pub(crate) async fn authorise(
    registry: &Registry,
    application: &Application,
    who: &Identity,
    word: &str,
) -> Result<(), Refusal> {
    let proof = Proof::Passphrase(SecretString::from(word));
    registry
        .authorise(application, who, proof, 1)
        .await
        .map(drop)
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}
