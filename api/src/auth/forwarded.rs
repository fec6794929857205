//! The caller's address behind proxies: `X-Forwarded-For` counts only from trusted hops, read from the right.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The rightmost address that is not a trusted proxy's; the peer's own when the peer is not trusted.
///
/// A hop that cannot be read ends the walk: everything left of it was written by somebody unknown.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let trusts = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut client = peer.to_canonical();
    if !trusts(client) {
        return client;
    }
    let fields: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let hops = fields
        .iter()
        .rev()
        .flat_map(|field| field.to_str().unwrap_or_default().rsplit(',').map(hop));
    for next in hops {
        let Some(address) = next else { break };
        client = address;
        if !trusts(client) {
            break;
        }
    }
    client
}

/// One hop: an address, in brackets and with a port where a proxy writes them so.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, fields: &[&'static str]) -> String {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append("x-forwarded-for", HeaderValue::from_static(field));
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn an_untrusted_peer_speaks_for_itself_only() {
        assert_eq!(client("192.0.2.9", &["10.0.0.1"]), "192.0.2.9");
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_caller() {
        assert_eq!(
            client("10.0.0.1", &["203.0.113.7, 198.51.100.4, 10.1.1.1"]),
            "198.51.100.4"
        );
        assert_eq!(
            client("10.0.0.1", &["203.0.113.7", "198.51.100.4"]),
            "198.51.100.4"
        );
        assert_eq!(
            client("::ffff:10.0.0.1", &["198.51.100.4:8080"]),
            "198.51.100.4"
        );
        assert_eq!(client("::1", &["[2001:db8::5]:443"]), "2001:db8::5");
        assert_eq!(client("10.0.0.1", &["[2001:db8::5]"]), "2001:db8::5");
    }

    #[test]
    fn a_hop_that_cannot_be_read_ends_the_walk() {
        assert_eq!(
            client("10.0.0.1", &["198.51.100.4, unknown, 10.1.1.1"]),
            "10.1.1.1"
        );
        assert_eq!(client("10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.2"]), "10.0.0.2");
    }
}
