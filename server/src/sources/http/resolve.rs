//! Resolves names within two seconds, and does not believe that a vendor lives in our own network.
//!
//! A poisoned resolver could point a vendor's name at a machine behind our firewall. A host that the operator wrote
//! into the configuration may be anywhere.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long a name may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The names at which the vendors themselves answer.
const VENDORS: [&str; 3] = ["dexscreener.com", "geckoterminal.com", "jup.ag"];

/// Whether a host is one of the vendors' own.
pub(super) fn is_vendor(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    VENDORS.iter().any(|vendor| host.strip_suffix(vendor).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The machine's resolver with a deadline and a doubt.
#[derive(Clone, Copy, Debug)]
pub(super) struct CarefulResolver;

impl Resolve for CarefulResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            let found = timeout(PATIENCE, lookup_host((host, 0)))
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            let public_only = is_vendor(host);
            let addresses: Vec<SocketAddr> = found.filter(|address| !public_only || is_public(address.ip())).collect();
            if addresses.is_empty() {
                return Err(io::Error::other("the name leads to no address it may lead to").into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Whether an address can belong to a server on the internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public_v4(v4),
            None => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        },
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [first, second, ..] = v4.octets();
    let shared = first == 100 && (64..128).contains(&second);
    !(v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_unspecified()
        || v4.is_broadcast()
        || v4.is_multicast()
        || shared
        || first == 0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_known_by_their_names() {
        for (host, vendor) in [
            ("api.dexscreener.com", true),
            ("API.JUP.AG.", true),
            ("geckoterminal.com", true),
            ("notdexscreener.com", false),
            ("api.dexscreener.com.example", false),
            ("localhost", false),
            ("market", false),
        ] {
            assert_eq!(is_vendor(host), vendor, "{host}");
        }
    }

    #[test]
    fn addresses_of_our_own_network_are_not_public() {
        for (address, public) in [
            ("104.18.1.2", true),
            ("2606:4700::1", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
