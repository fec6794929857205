use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use signer::hsm::TokenSelector;

use crate::{Config, Fault, Size, StoreUrl, SubFilter, V1Box, load};

const EXAMPLE: &str = include_str!("../segeld.example.toml");

fn write(path: &Path, content: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A directory with every file that the example names.
fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(
        &dir.path().join("credentials/hsm-pin"),
        "1234-secret\n",
        0o600,
    );
    write(&dir.path().join("tls.pem"), "certificate", 0o644);
    write(&dir.path().join("tls.key"), "key", 0o600);
    dir
}

fn load_in(dir: &TempDir, text: &str) -> Result<Config, Vec<Fault>> {
    let file = dir.path().join("segeld.toml");
    write(&file, text, 0o644);
    load(&file)
}

fn faults(text: &str) -> Vec<String> {
    let found = load_in(&directory(), text).expect_err("a faulty file was accepted");
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn the_shipped_example_is_right_and_shows_the_defaults() {
    let dir = directory();
    let config = load_in(&dir, EXAMPLE).unwrap();
    let hsm = &config.hsm[0];
    assert_eq!(hsm.token, TokenSelector::Label("segeld".to_owned()));
    assert_eq!(hsm.pin.expose_secret(), "1234-secret");
    assert!(!format!("{config:?}").contains("1234-secret"));
    let base = dir.path().canonicalize().unwrap();
    assert_eq!(config.store.url, StoreUrl::Sqlite(base.join("segeld.db")));
    assert_eq!(config.listen.tls.unwrap().port(), 8443);
    assert_eq!(config.limits.file, Size::mib(64));
    assert_eq!(config.signature.sub_filter, SubFilter::CadesDetached);
    assert!(config.authority.is_some());

    // With the commented lines switched on the file must say the same: they claim to be the defaults.
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line)
        })
        .filter(|line| !line.starts_with("trusted-proxies") && !line.starts_with("password"))
        .fold(String::new(), |text, line| text + line + "\n");
    let same = load_in(&dir, &uncommented).unwrap();
    let machine_dependent = |config: &Config| {
        let mut config = config.clone();
        config.activation.argon2_threads = 1;
        config.limits.cpu_threads = 1;
        format!("{config:#?}")
    };
    assert_eq!(machine_dependent(&config), machine_dependent(&same));
}

#[test]
fn every_fault_is_reported_with_key_and_line() {
    let text = "version = 2\n\
        credentials-dir = \"credentials\"\n\
        [listen]\n\
        tsl = \"127.0.0.1:1\"\n\
        plain = \"nonsense\"\n\
        trusted-proxies = [\"10.0.0.0/8\", \"10.0.0.0/99\"]\n\
        [[hsm]]\n\
        module = 5\n\
        workers = 0\n\
        pin = \"../hsm-pin\"\n\
        [store]\n\
        url = \"mysql://x\"\n\
        [download]\n\
        ttl = \"15\"\n\
        size = \"1GB\"\n\
        [signature]\n\
        v1-box = \"middle\"\n\
        [nonsense]\n";
    let found = faults(text);
    let expected = [
        "line 1: version: must be 1",
        "line 3: listen: needs an address: tls, plain, or both",
        "line 3: listen.behind-proxy: must be true, since trusted-proxies are named",
        "line 4: listen.tsl: is not known; did you mean \"tls\"?",
        "line 5: listen.plain: must be an address and port such as \"127.0.0.1:8443\" or \"[::]:8443\"",
        "line 6: listen.trusted-proxies[1]: must be an address range such as \"10.0.0.0/8\"",
        "line 7: hsm[0]: needs token-label or token-serial",
        "line 8: hsm[0].module: must be a string, not an integer",
        "line 9: hsm[0].workers: must lie between 1 and 1024",
        "line 10: hsm[0].pin: must be the name of a file, without a path",
        "line 12: store.url: must be \"sqlite:PATH\" or \"postgres://USER@HOST/DATABASE\", without a password",
        "line 13: download.dir: is required, unless download.ttl is \"0s\"",
        "line 14: download.ttl: must be a duration such as \"15m\" (units ms, s, m, h, d)",
        "line 15: download.size: must be a size such as \"64MiB\" (units B, KiB, MiB, GiB)",
        "line 17: signature.v1-box: must be one of \"auto\", \"extent\", \"corner\"",
        "line 18: nonsense: is not known",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_broken_line_does_not_hide_the_others() {
    let text = EXAMPLE.replace("url = \"sqlite:segeld.db\"", "url = = 1") + "\ncolour = 1\n";
    let found = faults(&text);
    assert!(
        found.iter().any(|fault| fault.contains("authority.colour")),
        "{found:?}"
    );
    assert!(found.len() >= 2, "{found:?}");
}

#[test]
fn contradictions_are_refused() {
    let cases = [
        (
            "tls = \"0.0.0.0:8443\"",
            "",
            "listen.tls: is required, since there is a [tls] section",
        ),
        (
            "plain = \"127.0.0.1:8080\"",
            "plain = \"0.0.0.0:8080\"",
            "listen.plain: must be a loopback address",
        ),
        (
            "metrics = \"127.0.0.1:9464\"",
            "metrics = \"127.0.0.1:8080\"",
            "listen: names one address twice",
        ),
        (
            "#behind-proxy = false",
            "behind-proxy = true",
            "listen.trusted-proxies: is required",
        ),
        (
            "#file = \"64MiB\"",
            "file = \"300MiB\"",
            "limits.file: exceeds limits.request",
        ),
        (
            "#lock = \"30s\"",
            "lock = \"2h\"",
            "activation.lock: exceeds activation.lock-max",
        ),
        ("dir = \"downloads\"", "", "download.dir: is required"),
        (
            "#issuing-key = \"segeld-issuing\"",
            "issuing-key = \"segeld-root\"",
            "authority.issuing-key: must differ",
        ),
        (
            "token-label = \"segeld\"",
            "token-label = \"segeld\"\ntoken-serial = \"1\"",
            "hsm[0]: must have one of",
        ),
    ];
    for (was, becomes, expected) in cases {
        assert!(EXAMPLE.contains(was), "{was}");
        let found = faults(&EXAMPLE.replace(was, becomes));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(expected), "{found:?}");
        assert!(found[0].starts_with("line "), "{found:?}");
    }
}

#[test]
fn secrets_that_others_may_read_are_refused() {
    for (file, mode, expected) in [
        ("credentials/hsm-pin", 0o640, "hsm[0].pin: "),
        ("tls.key", 0o644, "tls.key: "),
    ] {
        let dir = directory();
        let path = dir.path().join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let found = load_in(&dir, EXAMPLE).unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].to_string().contains(expected), "{found:?}");
        assert!(found[0].message.contains("others may read it"), "{found:?}");
    }
    let dir = directory();
    write(&dir.path().join("credentials/hsm-pin"), "\n", 0o600);
    let found = load_in(&dir, EXAMPLE).unwrap_err();
    assert_eq!(found[0].message, "credential is empty");
}

#[test]
fn values_keep_their_units() {
    let dir = directory();
    let text = EXAMPLE
        .replace("#ttl = \"15m\"", "ttl = \"1500ms\"")
        .replace("#v1-box = \"auto\"", "v1-box = \"corner\"")
        .replace("#file = \"64MiB\"", "file = \"3KiB\"");
    let config = load_in(&dir, &text).unwrap();
    assert_eq!(config.download.ttl, Duration::from_millis(1500));
    assert_eq!(config.signature.v1_box, V1Box::Corner);
    assert_eq!(config.limits.file.get(), 3072);
    for bad in [
        "-1s",
        "99999999999999999999s",
        "18446744073709551615d",
        "1 s",
        "s",
        "",
    ] {
        let found = faults(&EXAMPLE.replace("#ttl = \"15m\"", &format!("ttl = \"{bad}\"")));
        assert!(found[0].contains("download.ttl"), "{found:?}");
    }
}

#[test]
fn databases_are_named_without_their_password() {
    let dir = directory();
    write(&dir.path().join("credentials/db"), "rahasia", 0o600);
    let store = |line: &str| {
        let text = EXAMPLE.replace("url = \"sqlite:segeld.db\"", line);
        load_in(&dir, &text).map(|config| config.store)
    };
    let postgres = "url = \"postgresql://segeld@/segeld?host=/run/postgresql\"\npassword = \"db\"";
    let found = store(postgres).unwrap();
    let url = "postgres://segeld@/segeld?host=/run/postgresql".to_owned();
    assert_eq!(found.url, StoreUrl::Postgres(url));
    assert_eq!(found.password.unwrap().expose_secret(), "rahasia");
    for bad in [
        "url = \"postgres://segeld:rahasia@localhost/segeld\"",
        "url = \"postgres://localhost\"",
        "url = \"postgres://segeld@localhost/segeld?password=rahasia\"",
        "url = \"sqlite:\"",
        "url = \"sqlite:a.db?mode=ro\"",
        "url = \"sqlite:a.db\"\npassword = \"db\"",
        "url = \"postgres://segeld@localhost/segeld\"\npassword = \"none\"",
    ] {
        let found = store(bad).unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].key.starts_with("store."), "{found:?}");
        assert!(!found[0].message.contains("rahasia"), "{found:?}");
    }
}

#[test]
fn damaged_files_are_refused_without_harm() {
    let dir = directory();
    for end in (0..EXAMPLE.len()).step_by(37) {
        if let Some(text) = EXAMPLE.get(..end) {
            drop(load_in(&dir, text));
        }
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        bytes[end] ^= 0x15;
        if let Ok(text) = String::from_utf8(bytes) {
            drop(load_in(&dir, &text));
        }
    }
}

#[test]
fn a_file_that_is_not_there_or_absurd_is_one_fault() {
    let dir = tempfile::tempdir().unwrap();
    let found = load(&dir.path().join("none.toml")).unwrap_err();
    assert_eq!(found.len(), 1);
    let found = load_in(&dir, &"#".repeat(2 << 20)).unwrap_err();
    assert!(found[0].message.contains("larger than"), "{found:?}");
    let nested = format!("version = 1\nx = {}", "[".repeat(100_000));
    assert!(load_in(&dir, &nested).is_err());
}
