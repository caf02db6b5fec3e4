//! Who may connect, how often, and how much a connection may say.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::Instant;

use crate::problem::Problem;

/// After how many seconds another try makes sense.
const LATER: u64 = 5;

/// The client's address as the host knows it, behind trusted proxies; set as a request extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

/// Which browser pages may open a socket. Clients that name no origin are no browsers and always may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Only pages of this server.
    #[default]
    Same,
    /// Those, and pages of these origins (`https://example.org`).
    List(Vec<String>),
    /// Any page.
    Any,
}

impl Origins {
    /// Whether a request with this `Origin` and this `Host` may open a socket.
    pub(super) fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        match self {
            Self::Any => true,
            Self::List(list) if list.iter().any(|one| one.trim_end_matches('/').eq_ignore_ascii_case(origin)) => true,
            Self::Same | Self::List(_) => host.is_some_and(|host| is_same(origin, host)),
        }
    }
}

/// Whether the origin's host and port are those of `Host`; a missing port is the scheme's.
fn is_same(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |text: &str| text.strip_suffix(default).unwrap_or(text).to_ascii_lowercase();
    !authority.is_empty() && bare(authority) == bare(host)
}

/// The addresses that count as one client: an IPv6 subscriber holds a whole /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Counts open sockets.
#[derive(Debug)]
pub(super) struct Sockets {
    per_address: Option<u32>,
    in_all: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    by_network: HashMap<IpAddr, u32>,
}

/// Why there is no place for one more socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// For this address.
    Address,
    /// At all.
    Server,
}

impl Full {
    /// For whom there is none, in a word.
    pub(super) fn word(self) -> &'static str {
        if self == Self::Address { "address" } else { "server" }
    }

    /// What somebody hears for whom there is no place.
    pub(super) fn problem(self) -> Problem {
        let (status, code, detail) = match self {
            Self::Address => (StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many sockets from this address."),
            Self::Server => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too many sockets are open."),
        };
        Problem::new(status, code, detail).retry_after(LATER)
    }
}

/// What somebody hears who comes when the server is about to stop.
pub(super) fn stopping() -> Problem {
    let detail = "The server is about to stop.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail).retry_after(LATER)
}

/// A place for one socket, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    sockets: Arc<Sockets>,
    network: IpAddr,
}

impl Sockets {
    pub(super) fn new(per_address: Option<u32>, in_all: usize) -> Arc<Self> {
        Arc::new(Self { per_address, in_all, open: Mutex::default() })
    }

    /// A place for one more socket from an address.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Full> {
        let network = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.count >= self.in_all {
            return Err(Full::Server);
        }
        let of_network = open.by_network.get(&network).copied().unwrap_or(0);
        if self.per_address.is_some_and(|limit| of_network >= limit) {
            return Err(Full::Address);
        }
        open.count += 1;
        open.by_network.insert(network, of_network + 1);
        Ok(Place { sockets: self.clone(), network })
    }

    pub(super) fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).count
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.count = open.count.saturating_sub(1);
        if let Some(count) = open.by_network.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.by_network.remove(&self.network);
            }
        }
    }
}

/// A token bucket for the messages of one connection.
#[derive(Debug)]
pub(super) struct Bucket {
    /// When it will be full; the further ahead, the emptier it is.
    full_at: Instant,
}

impl Bucket {
    /// Messages a second that a client may send …
    pub(super) const PER_SECOND: u32 = 10;

    /// … and how many at once.
    pub(super) const BURST: u32 = 20;

    pub(super) fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes one; `false` when it is empty.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let each = Duration::from_secs(1) / Self::PER_SECOND;
        let full_at = self.full_at.max(now) + each;
        let allowed = full_at - now <= each * Self::BURST;
        if allowed {
            self.full_at = full_at;
        }
        allowed
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[test]
    fn a_browser_may_connect_from_our_own_and_from_configured_pages() {
        let list = Origins::List(vec!["https://board.example/".to_owned()]);
        for (origins, origin, host, allowed) in [
            (&Origins::Same, None, Some("a:8080"), true),
            (&Origins::Same, None, None, true),
            (&Origins::Same, Some("http://a:8080"), Some("a:8080"), true),
            (&Origins::Same, Some("http://A:8080"), Some("a:8080"), true),
            (&Origins::Same, Some("https://a"), Some("a:443"), true),
            (&Origins::Same, Some("http://a:80"), Some("a"), true),
            (&Origins::Same, Some("http://a"), Some("a:443"), false),
            (&Origins::Same, Some("http://a:8081"), Some("a:8080"), false),
            (&Origins::Same, Some("http://b:8080"), Some("a:8080"), false),
            (&Origins::Same, Some("http://a.b:8080"), Some("a:8080"), false),
            (&Origins::Same, Some("null"), Some("a:8080"), false),
            (&Origins::Same, Some("file://"), Some(""), false),
            (&Origins::Same, Some("http://"), Some(""), false),
            (&Origins::Same, Some("http://a"), None, false),
            (&list, Some("https://board.example"), Some("a"), true),
            (&list, Some("https://board.example.evil"), Some("a"), false),
            (&list, Some("http://a"), Some("a"), true),
            (&Origins::Any, Some("null"), None, true),
        ] {
            assert_eq!(origins.allow(origin, host), allowed, "{origins:?} {origin:?} {host:?}");
        }
    }

    #[test]
    fn who_finds_no_place_hears_why_and_when_to_try_again() {
        for (problem, code) in [
            (Full::Address.problem(), "rate_limited"),
            (Full::Server.problem(), "overloaded"),
            (stopping(), "overloaded"),
        ] {
            let listed = crate::api::PROBLEMS.iter().find(|kind| kind.code == code).unwrap();
            assert_eq!((problem.code(), problem.status().as_u16()), (code, listed.status));
            assert_eq!(problem.into_response().headers()["retry-after"], "5");
        }
    }

    #[test]
    fn an_address_and_the_server_have_so_many_places() {
        let sockets = Sockets::new(Some(2), 3);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = sockets.take(address("2001:db8::1")).unwrap();
        let _second = sockets.take(address("2001:db8::ffff")).unwrap();
        assert_eq!(sockets.take(address("2001:db8::2")).unwrap_err(), Full::Address);
        let _third = sockets.take(address("127.0.0.1")).unwrap();
        assert_eq!(sockets.take(address("127.0.0.2")).unwrap_err(), Full::Server);
        drop(first);
        assert_eq!(sockets.count(), 2);
        assert!(sockets.take(address("::ffff:127.0.0.1")).is_ok());
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert_eq!((0..30).filter(|_| bucket.take(start)).count(), 20);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..30).filter(|_| bucket.take(later)).count(), 10);
        let much_later = start + Duration::from_secs(60);
        assert_eq!((0..30).filter(|_| bucket.take(much_later)).count(), 20);
    }
}
