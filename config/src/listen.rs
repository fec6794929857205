//! `[listen]` and `[tls]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use crate::credential;
use crate::reader::Section;

/// Where the daemon listens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Listen {
    /// Address of the TLS listener.
    pub tls: Option<SocketAddr>,
    /// Address of the plain listener: loopback, or behind a proxy.
    pub plain: Option<SocketAddr>,
    /// Address for `/metrics`, `/healthz` and `/readyz`.
    pub metrics: Option<SocketAddr>,
    /// Whether callers come through the proxies in `trusted_proxies`, whose `X-Forwarded-For` counts.
    pub behind_proxy: bool,
    /// Addresses of those proxies.
    pub trusted_proxies: Vec<IpNet>,
}

impl Listen {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let listen = Self {
            tls: section.optional("tls"),
            plain: section.optional("plain"),
            metrics: section.optional("metrics"),
            behind_proxy: section.or("behind-proxy", false),
            trusted_proxies: section.list("trusted-proxies"),
        };
        section.finish();
        listen
    }
}

/// Certificate and key of the TLS listener, both PEM.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Tls {
    /// The certificate chain, the daemon's own first.
    pub certificate: PathBuf,
    /// The private key; only its owner may read the file.
    pub key: PathBuf,
}

impl Tls {
    /// `None` when the section is faulty, `Some(None)` when it is absent.
    #[expect(clippy::option_option, reason = "absent and faulty are two things")]
    pub(crate) fn read(mut section: Section<'_>) -> Option<Option<Self>> {
        if !section.is_present() {
            return Some(None);
        }
        let certificate = section.required_path("certificate");
        let key = section.required_path("key");
        if let Some(Err(message)) = certificate.as_deref().map(credential::check_readable) {
            section.fault("certificate", message);
        }
        if let Some(Err(message)) = key.as_deref().map(credential::check_private) {
            section.fault("key", message);
        }
        section.finish();
        Some(Some(Self {
            certificate: certificate?,
            key: key?,
        }))
    }
}
