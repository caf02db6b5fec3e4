//! Where a picture may be fetched from: from servers on the internet, and from nowhere near us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether an address is one of a server with a name, over TLS at the usual port, and holds no credentials.
///
/// An address in numbers, however it is written (`127.1`, `0x7f000001`, `2130706433`), has no name: the parser reads them
/// all as what they are.
pub(super) fn is_plain_https(url: &Url) -> bool {
    let has_name = matches!(url.host(), Some(Host::Domain(name)) if name.trim_end_matches('.').contains('.'));
    let is_usual = url.port().is_none() && url.username().is_empty() && url.password().is_none();
    url.scheme() == "https" && has_name && is_usual
}

/// Whether an address belongs to a server on the internet: none of those that are set aside for something else.
pub(super) fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

/// What of v4 is set aside, as networks and the bits that they share.
const SPECIAL_V4: [([u8; 4], u32); 18] = [
    // "This network", private, shared, loopback, link-local …
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    // … protocol assignments, documentation, 6to4 relays, AS112, AMT, benchmarks …
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // … multicast, reserved, broadcast.
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// What of v6 is handed out to networks …
const HANDED_OUT_V6: (u128, u32) = (0x2000 << 112, 3);

/// … and what of that leads to a v4 address or to no one: protocol assignments with Teredo and ORCHID, documentation, 6to4,
/// documentation again.
const SPECIAL_V6: [(u128, u32); 4] =
    [(0x2001 << 112, 23), ((0x2001 << 112) | (0xdb8 << 96), 32), (0x2002 << 112, 16), (0x3fff << 112, 20)];

fn is_global_v4(v4: Ipv4Addr) -> bool {
    let is_in = |(network, bits): &([u8; 4], u32)| (v4.to_bits() ^ u32::from_be_bytes(*network)) >> (32 - bits) == 0;
    !SPECIAL_V4.iter().any(is_in)
}

fn is_global_v6(v6: Ipv6Addr) -> bool {
    let is_in = |(network, bits): &(u128, u32)| (v6.to_bits() ^ network) >> (128 - bits) == 0;
    is_in(&HANDED_OUT_V6) && !SPECIAL_V6.iter().any(is_in)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn only_servers_on_the_internet_are_global() {
        for (address, global) in [
            ("1.1.1.1", true),
            ("104.18.1.2", true),
            ("100.63.255.255", true),
            ("100.64.0.0", false),
            ("100.127.255.255", false),
            ("100.128.0.0", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.1.2.3", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.15.0.1", true),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.0.0.1", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.1.1", false),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.20.0.1", true),
            ("198.51.100.1", false),
            ("203.0.113.9", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1", true),
            ("2a00:1450::1", true),
            ("::", false),
            ("::1", false),
            ("::ffff:1.1.1.1", false),
            ("::ffff:127.0.0.1", false),
            ("::127.0.0.1", false),
            ("64:ff9b::10.0.0.1", false),
            ("64:ff9b::1.1.1.1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::1", false),
            ("3fff::1", false),
            ("fc00::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_global(address.parse().unwrap()), global, "{address}");
        }
    }

    #[test]
    fn only_names_over_tls_may_be_asked() {
        for (text, fine) in [
            ("https://cdn.example/a.png", true),
            ("https://cdn.example:443/a.png?x=1#y", true),
            ("HTTPS://CDN.example/a.png", true),
            ("http://cdn.example/a.png", false),
            ("ftp://cdn.example/a.png", false),
            ("data:image/png;base64,AAAA", false),
            ("file:///etc/passwd", false),
            ("https://cdn.example:8443/a.png", false),
            ("https://user@cdn.example/a.png", false),
            ("https://:secret@cdn.example/a.png", false),
            ("https://localhost/a.png", false),
            ("https://router./a.png", false),
            ("https://127.0.0.1/", false),
            ("https://127.1/", false),
            ("https://0x7f.1/", false),
            ("https://0x7f000001/", false),
            ("https://2130706433/", false),
            ("https://0177.0.0.1/", false),
            ("https://017700000001/", false),
            ("https://１２７.0.0.1/", false),
            ("https://127.0.0.1./", false),
            ("https://1.1.1.1/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:127.0.0.1]/", false),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(is_plain_https(&url), fine, "{text} → {url}");
        }
    }
}
