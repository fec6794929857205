//! Reads a file and everything it names.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::activation::Activation;
use crate::authority::Authority;
use crate::contradiction::{self, Together};
use crate::credential::Credentials;
use crate::fault::Fault;
use crate::hsm::Hsm;
use crate::limits::{Download, Limits};
use crate::listen::{Listen, Tls};
use crate::log::Log;
use crate::reader::{Context, Section};
use crate::signature::Signature;
use crate::store::Store;
use crate::trust::Trust;
use crate::{Config, default};

/// The largest configuration file that is read.
const LARGEST: u64 = 1 << 20;

/// Reads the configuration in `path`, the credentials it names, and checks the files it names.
///
/// # Errors
/// Every fault of the file, in the order of its lines.
pub fn load(path: &Path) -> Result<Config, Vec<Fault>> {
    let text = read(path).map_err(|fault| vec![fault])?;
    let base = path
        .canonicalize()
        .ok()
        .and_then(|path| path.parent().map(Path::to_path_buf))
        .unwrap_or_default();
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY")
        .map_or(Credentials::Nowhere, |directory| {
            Credentials::ServiceManager(PathBuf::from(directory))
        });
    parse(&text, base, credentials)
}

fn read(path: &Path) -> Result<String, Fault> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
        .map_err(|error| Fault::of_file(format!("{} cannot be read: {error}", path.display())))?;
    if text.len() as u64 > LARGEST {
        return Err(Fault::of_file(format!(
            "{} is larger than {LARGEST} bytes",
            path.display()
        )));
    }
    Ok(text)
}

/// Reads a configuration out of its text.
pub(crate) fn parse(
    text: &str,
    base: PathBuf,
    credentials: Credentials,
) -> Result<Config, Vec<Fault>> {
    let context = Context::new(text, base, credentials);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut broken = Vec::new();
    for error in &errors {
        let line = error.span().map_or(0, |span| context.line_of(span.start));
        broken.push(line);
        context.report(String::new(), line, error.message());
    }
    let config = sections(Section::root(&context, document.get_ref()));
    let mut faults = context.into_faults();
    // What the parser made of a broken line says nothing about what was meant.
    faults.retain(|fault| fault.key.is_empty() || !broken.contains(&fault.line));
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(faults),
    }
}

fn sections(mut root: Section<'_>) -> Option<Config> {
    if let Some(version) = root.required::<u32>("version")
        && version != default::VERSION
    {
        root.fault("version", format!("must be {}", default::VERSION));
    }
    if let Some(directory) = root.path("credentials-dir") {
        *root.context().credentials.borrow_mut() = Credentials::Directory(directory);
    }
    let listen = Listen::read(root.section("listen"));
    let tls = Tls::read(root.section("tls"));
    let hsm: Vec<_> = root.sections("hsm").into_iter().map(Hsm::read).collect();
    if hsm.is_empty() {
        root.fault("hsm", "at least one [[hsm]] is required");
    }
    let store = Store::read(root.section("store"));
    let activation = Activation::read(root.section("activation"));
    let limits = Limits::read(root.section("limits"));
    let download = Download::read(root.section("download"));
    let signature = Signature::read(root.section("signature"));
    let log = Log::read(root.section("log"));
    let authority = Authority::read(root.section("authority"));
    let trust = Trust::read(root.section("trust"));
    contradiction::check(
        &root,
        &Together {
            listen: &listen,
            tls: tls.is_none() || tls.as_ref().is_some_and(Option::is_some),
            hsm: &hsm,
            activation: &activation,
            limits: &limits,
            download: &download,
        },
    );
    root.finish();
    Some(Config {
        listen,
        tls: tls?,
        hsm: hsm.into_iter().collect::<Option<_>>()?,
        store: store?,
        activation,
        limits,
        download,
        signature,
        log,
        authority: authority?,
        trust,
    })
}
