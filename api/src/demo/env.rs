//! `demo.env`: what a demo is called and how it is reached, as a shell reads it.

use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::configuration::Addresses;
use super::house::House;
use super::softhsm;

/// The values, in the order of the file.
#[derive(Default)]
pub(super) struct Env(Vec<(String, Zeroizing<String>)>);

impl Env {
    pub(super) fn load(house: &House) -> anyhow::Result<Self> {
        let path = house.path("demo.env");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let pairs = Zeroizing::new(text);
        let pairs = pairs
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='));
        Ok(Self(
            pairs
                .map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())))
                .collect(),
        ))
    }

    pub(super) fn save(&self, house: &House) -> anyhow::Result<()> {
        let mut text = Zeroizing::new(
            "# Written by `segeld demo` at each start; values that are not addresses stay.\n"
                .to_owned(),
        );
        for (name, value) in &self.0 {
            writeln!(text, "{name}={}", value.as_str())?;
        }
        house.write(house.path("demo.env"), text.as_bytes())
    }

    /// Sets a value.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = Zeroizing::new(value.into());
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Sets all that follows from where the house stands and listens.
    pub(super) fn places(&mut self, house: &House, module: &Path, addresses: &Addresses) {
        self.set(
            "SEGELD_URL",
            format!("https://{}", reachable(addresses.tls)),
        );
        self.set(
            "SEGELD_PLAIN_URL",
            format!("http://{}", reachable(addresses.plain)),
        );
        self.set(
            "SEGELD_METRICS_URL",
            format!("http://{}/metrics", reachable(addresses.metrics)),
        );
        self.set("SEGELD_CA_FILE", house.ca().display().to_string());
        self.set("SEGELD_TRUST_FILE", house.trust().display().to_string());
        self.set("SEGELD_OUTBOX", house.path("outbox").display().to_string());
        self.set("SEGELD_PKCS11_MODULE", module.display().to_string());
        self.set("SEGELD_TOKEN_LABEL", softhsm::LABEL);
    }

    pub(super) fn url(&self) -> &str {
        self.value("SEGELD_URL")
    }

    /// A command that signs a document, for whoever has just started the demo.
    pub(super) fn invitation(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "segeld: sign a document of yours:\n\n\
             curl --fail-with-body --cacert {} -u {}:{} -F file=@dokumen.pdf -F nik={} -F passphrase={} \
             -F tampilan=invisible -o dokumen-signed.pdf {}/api/sign/pdf\n",
            self.value("SEGELD_CA_FILE"),
            self.value("SEGELD_CLIENT_ID"),
            self.value("SEGELD_CLIENT_SECRET"),
            self.value("SEGELD_NIK"),
            self.value("SEGELD_PASSPHRASE"),
            self.url(),
        ))
    }

    fn value(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

/// The address a caller on this machine uses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    SocketAddr::new(ip, address.port())
}
