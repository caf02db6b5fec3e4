//! How often one address may ask.
//!
//! A bucket per client, kept as the one moment at which it will be full again; a client that has not asked for a while
//! has a full bucket and needs no entry. The table is bounded: when it is full, those nearest to a full bucket go.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::config::RateLimit;
use crate::feed::network;
use crate::problem::Problem;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Tables side by side, so that clients seldom wait for each other.
const SHARDS: usize = 16;

/// Clients that one table remembers.
const CLIENTS_OF_SHARD: usize = 4096;

/// The buckets of all clients.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: RateLimit,
    policy: HeaderValue,
    hasher: RandomState,
    /// When each client's bucket will be full again.
    shards: [Mutex<HashMap<IpAddr, Instant>>; SHARDS],
}

/// What a request took from its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Requests left.
    left: u32,
    /// Until the bucket is full.
    until_full: Duration,
    /// Until the next request is allowed; `None`: this one was.
    wait: Option<Duration>,
}

impl Limiter {
    pub(super) fn new(limit: RateLimit) -> Self {
        let window = limit.burst.div_ceil(limit.per_second);
        let policy = HeaderValue::from_str(&format!("\"ip\";q={};w={window}", limit.burst));
        Self {
            limit,
            // It is made of digits and plain letters.
            policy: policy.unwrap_or(HeaderValue::from_static("")),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Takes one request from the bucket of the client with this address.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> Taken {
        let client = network(address);
        let shard = &self.shards[usize::try_from(self.hasher.hash_one(client)).unwrap_or_default() % SHARDS];
        let mut buckets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let each = Duration::from_secs(1) / self.limit.per_second;
        let room = each * self.limit.burst;
        let full_at = buckets.get(&client).map_or(now, |&full_at| full_at.max(now));
        let after = full_at + each;
        let Some(left) = room.checked_sub(after - now) else {
            return Taken { left: 0, until_full: full_at - now, wait: Some((after - now).saturating_sub(room)) };
        };
        if buckets.len() >= CLIENTS_OF_SHARD && !buckets.contains_key(&client) {
            forget(&mut buckets, now);
        }
        buckets.insert(client, after);
        let left = left.as_nanos() / each.as_nanos().max(1);
        Taken { left: u32::try_from(left).unwrap_or(u32::MAX), until_full: after - now, wait: None }
    }

    /// Tells the client about its bucket.
    pub(super) fn tell(&self, taken: &Taken, headers: &mut HeaderMap) {
        headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
        let state = format!("\"ip\";r={};t={}", taken.left, whole_seconds(taken.until_full));
        if let Ok(state) = HeaderValue::from_str(&state) {
            headers.insert(RATE_LIMIT, state);
        }
    }
}

impl Taken {
    /// The refusal, if it is one.
    pub(super) fn refusal(&self) -> Option<Problem> {
        let wait = self.wait?;
        let detail = "This address has sent too many requests; slow down.";
        let problem = Problem::new(axum::http::StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        Some(problem.retry_after(whole_seconds(wait).max(1)))
    }
}

/// Seconds, rounded up.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Makes room: the full buckets go; if few are, the fuller half goes, so that this is seldom done.
fn forget(buckets: &mut HashMap<IpAddr, Instant>, now: Instant) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() > CLIENTS_OF_SHARD / 2 {
        let mut times: Vec<_> = buckets.values().copied().collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        let mut ties = times.len() - middle;
        buckets.retain(|_, full_at| match (*full_at).cmp(&median) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            // Many may have come at the same moment: no more than half stay.
            std::cmp::Ordering::Equal => {
                ties = ties.saturating_sub(2);
                ties > 0
            }
        });
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    const LIMIT: RateLimit = RateLimit { per_second: 20, burst: 60 };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_has_its_burst_and_then_its_rate() {
        let limiter = Limiter::new(LIMIT);
        let start = Instant::now();
        let one = ip("192.0.2.1");
        let granted = |n: u32, at| (0..n).filter(|_| limiter.take(one, at).refusal().is_none()).count();
        assert_eq!(granted(100, start), 60);
        assert_eq!(granted(100, start + Duration::from_secs(1)), 20);
        assert_eq!(granted(100, start + Duration::from_secs(100)), 60);
        assert!(limiter.take(ip("192.0.2.2"), start).refusal().is_none());
    }

    #[test]
    fn the_headers_say_what_is_left() {
        let limiter = Limiter::new(LIMIT);
        let start = Instant::now();
        let one = ip("192.0.2.1");
        let headers = |taken: &Taken| {
            let mut headers = HeaderMap::new();
            limiter.tell(taken, &mut headers);
            assert_eq!(headers["ratelimit-policy"], "\"ip\";q=60;w=3");
            headers["ratelimit"].to_str().unwrap().to_owned()
        };
        assert_eq!(headers(&limiter.take(one, start)), "\"ip\";r=59;t=1");
        for _ in 0..58 {
            limiter.take(one, start);
        }
        assert_eq!(headers(&limiter.take(one, start)), "\"ip\";r=0;t=3");
        let refused = limiter.take(one, start);
        assert_eq!(headers(&refused), "\"ip\";r=0;t=3");
        assert_eq!(refused.wait, Some(Duration::from_millis(50)));
    }

    #[test]
    fn one_v6_network_is_one_client() {
        let limiter = Limiter::new(RateLimit { per_second: 1, burst: 1 });
        let now = Instant::now();
        assert!(limiter.take(ip("2001:db8::1"), now).refusal().is_none());
        assert!(limiter.take(ip("2001:db8::2"), now).refusal().is_some());
        assert!(limiter.take(ip("2001:db8:0:1::1"), now).refusal().is_none());
    }

    #[test]
    fn many_clients_do_not_fill_the_memory_and_those_in_debt_stay() {
        let limiter = Limiter::new(LIMIT);
        let now = Instant::now();
        let debtor = ip("192.0.2.1");
        while limiter.take(debtor, now).refusal().is_none() {}
        for client in 0..u128::try_from(SHARDS * CLIENTS_OF_SHARD * 2).unwrap() {
            limiter.take(Ipv6Addr::from_bits(client << 64).into(), now);
        }
        for shard in &limiter.shards {
            assert!(shard.lock().unwrap().len() <= CLIENTS_OF_SHARD);
        }
        assert!(limiter.take(debtor, now).refusal().is_some());
    }
}
