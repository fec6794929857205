//! Settings that are each right and cannot hold together; the key named is the one to change first.

use crate::activation::Activation;
use crate::hsm::Hsm;
use crate::limits::{Download, Limits};
use crate::listen::Listen;
use crate::reader::Section;

/// What is looked at together, whether or not the rest of the file was right.
#[derive(Debug)]
pub(crate) struct Together<'c> {
    pub(crate) listen: &'c Listen,
    /// Whether there is a `[tls]` section, right or faulty.
    pub(crate) tls: bool,
    pub(crate) hsm: &'c [Option<Hsm>],
    pub(crate) activation: &'c Activation,
    pub(crate) limits: &'c Limits,
    pub(crate) download: &'c Download,
}

type Contradiction = (&'static str, &'static str);

pub(crate) fn check(root: &Section<'_>, together: &Together<'_>) {
    let found = listeners(together)
        .chain(limits(together))
        .chain(tokens(together.hsm));
    for (path, message) in found {
        root.fault_below(path, message);
    }
}

fn listeners(config: &Together<'_>) -> impl Iterator<Item = Contradiction> {
    let listen = &config.listen;
    let tls = match (listen.tls, config.tls) {
        (Some(_), false) => Some(("tls", "is required, since listen.tls is set")),
        (None, true) => Some(("listen.tls", "is required, since there is a [tls] section")),
        _ => None,
    };
    let none = (listen.tls.is_none() && listen.plain.is_none())
        .then_some(("listen", "needs an address: tls, plain, or both"));
    let open = listen.plain.is_some_and(|plain| !plain.ip().is_loopback());
    let exposed = (open && !listen.behind_proxy).then_some((
        "listen.plain",
        "must be a loopback address unless behind-proxy = true and trusted-proxies say who may connect",
    ));
    let nobody = (listen.behind_proxy && listen.trusted_proxies.is_empty()).then_some((
        "listen.trusted-proxies",
        "is required, since behind-proxy is true",
    ));
    let unused = (!listen.behind_proxy && !listen.trusted_proxies.is_empty()).then_some((
        "listen.behind-proxy",
        "must be true, since trusted-proxies are named",
    ));
    let taken: Vec<_> = [listen.tls, listen.plain, listen.metrics]
        .into_iter()
        .flatten()
        .filter(|address| address.port() != 0)
        .collect();
    let twice = taken
        .iter()
        .enumerate()
        .any(|(index, address)| taken.iter().skip(index + 1).any(|other| other == address))
        .then_some(("listen", "names one address twice"));
    [tls, none, exposed, nobody, unused, twice]
        .into_iter()
        .flatten()
}

fn limits(config: &Together<'_>) -> impl Iterator<Item = Contradiction> {
    let limits = &config.limits;
    [
        (limits.file > limits.request).then_some(("limits.file", "exceeds limits.request")),
        (limits.request > limits.in_flight)
            .then_some(("limits.request", "exceeds limits.in-flight")),
        (config.activation.lock > config.activation.lock_max)
            .then_some(("activation.lock", "exceeds activation.lock-max")),
        (!config.download.ttl.is_zero() && config.download.dir.is_none())
            .then_some(("download.dir", "is required, unless download.ttl is \"0s\"")),
    ]
    .into_iter()
    .flatten()
}

fn tokens(hsm: &[Option<Hsm>]) -> impl Iterator<Item = Contradiction> {
    let tokens: Vec<_> = hsm
        .iter()
        .flatten()
        .map(|hsm| (&hsm.module, &hsm.token))
        .collect();
    tokens
        .iter()
        .enumerate()
        .any(|(index, token)| tokens.iter().skip(index + 1).any(|other| other == token))
        .then_some(("hsm", "names one token twice"))
        .into_iter()
}
