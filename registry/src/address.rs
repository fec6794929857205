//! Address ranges that an application may call from.

use std::net::IpAddr;

use ipnet::IpNet;

/// Ranges as the store keeps them; none means anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AddressRanges(Vec<IpNet>);

impl AddressRanges {
    pub(crate) fn new(ranges: Vec<IpNet>) -> Self {
        Self(ranges)
    }

    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        let ranges = text.split(',').filter(|range| !range.is_empty());
        ranges
            .map(|range| range.parse().ok())
            .collect::<Option<_>>()
            .map(Self)
    }

    pub(crate) fn stored(&self) -> String {
        let ranges: Vec<_> = self.0.iter().map(IpNet::to_string).collect();
        ranges.join(",")
    }

    /// Whether a call may come from `peer`; an IPv4 address in IPv6 clothes is the IPv4 address.
    pub(crate) fn allow(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.is_empty() || self.0.iter().any(|range| range.contains(&peer))
    }
}

#[cfg(test)]
mod tests {
    use super::AddressRanges;

    #[test]
    fn ranges_hold_for_both_clothes_of_an_address() {
        let ranges = AddressRanges::from_stored("10.1.0.0/16,2001:db8::/32").unwrap();
        assert_eq!(
            AddressRanges::from_stored(&ranges.stored()).unwrap(),
            ranges
        );
        for inside in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"] {
            assert!(ranges.allow(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.2.0.1", "::ffff:10.2.0.1", "2001:db9::1"] {
            assert!(!ranges.allow(outside.parse().unwrap()), "{outside}");
        }
        assert!(
            AddressRanges::from_stored("")
                .unwrap()
                .allow("1.2.3.4".parse().unwrap())
        );
        assert!(AddressRanges::from_stored("nonsense").is_none());
    }
}
