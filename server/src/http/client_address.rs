//! Whose request it is, behind proxies that are trusted.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which networks' word is taken for where a request came from.
#[derive(Debug)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    warned: AtomicBool,
}

impl Proxies {
    /// Trusts proxies in these networks.
    pub fn new(trusted: Vec<IpNet>) -> Self {
        Self { trusted, warned: AtomicBool::new(false) }
    }

    /// The client's address.
    ///
    /// Each proxy appends the address that it saw, so the list is read from its end for as long as the speaker is
    /// trusted: what a client wrote itself stands further left and is never reached. `X-Forwarded-For` is read before
    /// `Forwarded`, which few proxies write.
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.ip().to_canonical();
        if !self.trusts(peer) {
            self.warn_of_deaf_ear(peer, headers);
            return peer;
        }
        let mut client = peer;
        for hop in hops(headers) {
            // A trusted proxy's garbage says nothing about who stands behind it.
            let Some(address) = hop else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// A proxy of which nobody told us makes all its clients look like one: they share one rate limit.
    fn warn_of_deaf_ear(&self, peer: IpAddr, headers: &HeaderMap) {
        let is_proxy = self.trusted.is_empty() && is_private(peer) && headers.contains_key(X_FORWARDED_FOR);
        if is_proxy && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "A proxy sends X-Forwarded-For but is not trusted, so all its clients share one limit; if it is yours, \
                 name its network in TRUSTED_PROXIES"
            );
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The addresses that proxies wrote, the last one first; `None` is one that cannot be read.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name: HeaderName| -> Vec<&str> {
        headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap_or("?").split(',')).collect()
    };
    let mut hops: Vec<_> = if headers.contains_key(X_FORWARDED_FOR) {
        values(X_FORWARDED_FOR).into_iter().map(address).collect()
    } else {
        values(header::FORWARDED).into_iter().map(|element| address(for_of(element)?)).collect()
    };
    hops.reverse();
    hops
}

/// The value of `for=` in an element of `Forwarded`.
fn for_of(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => text,
    };
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(&'static str, &str)]) -> String {
        let proxies = Proxies::new(trusted.iter().map(|net| net.parse().unwrap()).collect());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        proxies.client(SocketAddr::new(peer.parse().unwrap(), 1), &map).to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_not_trusted() {
        let lan = &["10.0.0.0/8", "::1/128"][..];
        let x = "x-forwarded-for";
        for (trusted, peer, headers, expected) in [
            (&[][..], "10.0.0.1", &[(x, "1.2.3.4")][..], "10.0.0.1"),
            (lan, "9.9.9.9", &[(x, "1.2.3.4")], "9.9.9.9"),
            (lan, "10.0.0.1", &[], "10.0.0.1"),
            (lan, "10.0.0.1", &[(x, "1.2.3.4")], "1.2.3.4"),
            (lan, "10.0.0.1", &[(x, "6.6.6.6, 1.2.3.4")], "1.2.3.4"),
            (lan, "10.0.0.1", &[(x, "6.6.6.6, 1.2.3.4, 10.0.0.2")], "1.2.3.4"),
            (lan, "10.0.0.1", &[(x, "6.6.6.6"), (x, "1.2.3.4")], "1.2.3.4"),
            (lan, "10.0.0.1", &[(x, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            (lan, "10.0.0.1", &[(x, "1.2.3.4, nonsense")], "10.0.0.1"),
            (lan, "10.0.0.1", &[(x, "1.2.3.4:5678")], "1.2.3.4"),
            (lan, "10.0.0.1", &[(x, "[2001:db8::1]:443")], "2001:db8::1"),
            (lan, "10.0.0.1", &[(x, "2001:db8::1")], "2001:db8::1"),
            (lan, "10.0.0.1", &[(x, "")], "10.0.0.1"),
            (lan, "::ffff:10.0.0.1", &[(x, "::ffff:1.2.3.4")], "1.2.3.4"),
            (lan, "::1", &[("forwarded", "for=6.6.6.6, For=\"[2001:db8::1]:80\";proto=https")], "2001:db8::1"),
            (lan, "::1", &[("forwarded", "for=1.2.3.4"), (x, "5.6.7.8")], "5.6.7.8"),
            (lan, "::1", &[("forwarded", "for=unknown")], "::1"),
        ] {
            assert_eq!(client(trusted, peer, headers), expected, "{peer} {headers:?}");
        }
    }

    proptest! {
        /// Whatever a client writes to the left of what a trusted proxy appends, it stays itself.
        #[test]
        fn a_client_cannot_choose_its_address(lie in "[ -~]{0,80}", client_bits: u32) {
            let real = IpAddr::from(client_bits.to_be_bytes());
            let trusted: IpNet = "10.0.0.0/8".parse().unwrap();
            prop_assume!(!trusted.contains(&real));
            let found = client(&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", &format!("{lie}, {real}"))]);
            prop_assert_eq!(found, real.to_string());
        }
    }
}
