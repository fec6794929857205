//! The demo's configuration file.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Context as _;
use config::Config;

use super::{Options, softhsm};

/// Where the demo listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) tls: SocketAddr,
    pub(super) plain: SocketAddr,
    pub(super) metrics: SocketAddr,
}

impl Addresses {
    /// What the first start was asked for.
    pub(super) fn wanted(options: &Options) -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            tls: options.listen.unwrap_or(local(8443)),
            plain: options.listen_plain.unwrap_or(local(8080)),
            metrics: options.listen_metrics.unwrap_or(local(9464)),
        }
    }

    /// What a configuration says; a listener that somebody took out of it counts as one on any port.
    pub(super) fn of(config: &Config) -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            tls: config.listen.tls.unwrap_or(any),
            plain: config.listen.plain.unwrap_or(any),
            metrics: config.listen.metrics.unwrap_or(any),
        }
    }

    /// The addresses with what was asked for this time, if that changes anything. Port 0 asks for nothing: a port has
    /// been chosen.
    pub(super) fn moved(&self, options: &Options) -> Option<Self> {
        let named = |option: Option<SocketAddr>, now| {
            option.filter(|address| address.port() != 0).unwrap_or(now)
        };
        let moved = Self {
            tls: named(options.listen, self.tls),
            plain: named(options.listen_plain, self.plain),
            metrics: named(options.listen_metrics, self.metrics),
        };
        (moved != *self).then_some(moved)
    }

    /// Tries the addresses and chooses ports where none is named.
    pub(super) fn settle(self) -> anyhow::Result<Self> {
        // All are held until all are chosen, so that none is chosen twice.
        let mut held = Vec::new();
        let mut choose = |address: SocketAddr| {
            let listener = TcpListener::bind(address)
                .with_context(|| format!("cannot listen on {address}"))?;
            let chosen = listener.local_addr()?;
            held.push(listener);
            anyhow::Ok(chosen)
        };
        Ok(Self {
            tls: choose(self.tls)?,
            plain: choose(self.plain)?,
            metrics: choose(self.metrics)?,
        })
    }
}

/// The whole file.
pub(super) fn text(module: &Path, addresses: &Addresses) -> String {
    let Addresses {
        tls,
        plain,
        metrics,
    } = addresses;
    let (label, pin, module) = (softhsm::LABEL, softhsm::PIN, module.display());
    format!(
        r#"# The configuration of this demo. `segeld check --config` names every fault of it; every key that is not here has the
# default that config/segeld.example.toml shows.

version = 1

# Files that only their owner may read: the keys below name them.
credentials-dir = "credentials"

[listen]
# Applications connect here; demo.env and the TLS certificate follow when the demo is started with other addresses.
tls = "{tls}"
plain = "{plain}"
# /metrics, /healthz and /readyz, for operators.
metrics = "{metrics}"

[tls]
certificate = "tls.pem"
key = "tls.key"

[[hsm]]
module = "{module}"
token-label = "{label}"
pin = "{pin}"

[store]
url = "sqlite:segeld.db"

# Passphrases: the defaults.
[activation]

# What one request, and all of them together, may cost: the defaults.
[limits]

# Signed documents, kept encrypted for one download.
[download]
ttl = "15m"
size = "1GiB"
dir = "downloads"

[signature]
sub-filter = "etsi-cades-detached"
v1-error-shape = "default"
v1-box = "auto"

[log]
filter = "info"
format = "json"

# The embedded certification authority; its keys are in the token.
[authority]
"#
    )
}

/// The file with other addresses, and otherwise as somebody may have changed it.
pub(super) fn moved(text: &str, addresses: &Addresses) -> String {
    let mut in_listen = false;
    let mut moved = String::with_capacity(text.len());
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            in_listen = line.trim() == "[listen]";
        }
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        let address = match key {
            "tls" => Some(addresses.tls),
            "plain" => Some(addresses.plain),
            "metrics" => Some(addresses.metrics),
            _ => None,
        };
        match address.filter(|_| in_listen) {
            Some(address) => moved.push_str(&format!("{key} = \"{address}\"")),
            None => moved.push_str(line),
        }
        moved.push('\n');
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(port: u16) -> Addresses {
        let at = |offset| SocketAddr::from((Ipv4Addr::LOCALHOST, port + offset));
        Addresses {
            tls: at(0),
            plain: at(1),
            metrics: at(2),
        }
    }

    #[test]
    fn moving_changes_the_addresses_and_nothing_else() {
        let module = Path::new("/usr/lib/softhsm/libsofthsm2.so");
        let before = text(module, &addresses(1000));
        assert_eq!(
            moved(&before, &addresses(2000)),
            text(module, &addresses(2000))
        );
        assert_eq!(moved(&before, &addresses(1000)), before);
    }

    #[test]
    fn ports_are_chosen_once_and_taken_ones_are_named() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let chosen = Addresses {
            tls: any,
            plain: any,
            metrics: any,
        }
        .settle()
        .unwrap();
        assert!(
            chosen.tls.port() != 0 && chosen.tls != chosen.plain && chosen.plain != chosen.metrics
        );
        let held = TcpListener::bind(chosen.plain).unwrap();
        let error = chosen.clone().settle().unwrap_err();
        assert!(error.to_string().contains(&chosen.plain.port().to_string()));
        drop(held);
    }
}
