//! Many clients at one address, one client at many, and those that lie about theirs.

use crate::house::{House, PATIENCE, Plan, ask, request};
use crate::wire::{Heard, Wire, close};

/// So many sockets an address may have; handshakes are not limited here.
fn plan(sockets: u32, proxies: &[&str]) -> Plan {
    let mut plan = Plan::default();
    plan.http.trusted_proxies = proxies.iter().map(|network| network.parse().unwrap()).collect();
    plan.feed.sockets_per_address = Some(sockets);
    plan
}

async fn refusal(house: &House, last: [u8; 2], headers: &str) -> Option<String> {
    Wire::over(house.connect_from(last).await, headers).await.err()
}

#[tokio::test]
async fn ws_an_address_has_twenty_sockets_and_its_neighbour_has_its_own() {
    let house = House::with(plan(20, &[]));
    let mut first = Vec::new();
    for _ in 0..20 {
        first.push(Wire::over(house.connect_from([1, 1]).await, "").await.unwrap());
    }
    for _ in 0..30 {
        let refused = refusal(&house, [1, 1], "").await.unwrap();
        assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("retry-after: 5\r\n"), "{refused}");
    }
    let mut neighbours = Vec::new();
    for last in 2..=60 {
        neighbours.push(Wire::over(house.connect_from([1, last]).await, "").await.unwrap());
    }
    assert!(first[19].is_alive().await && neighbours[58].is_alive().await);

    // A place is free as soon as its socket is.
    let mut leaving = first.pop().unwrap();
    leaving.send(close(1000, "")).await;
    assert_eq!(leaving.end().await, Heard::Close(Some(1000)));
    tokio::time::timeout(PATIENCE, async { while refusal(&house, [1, 1], "").await.is_some() {} }).await.unwrap();
}

#[tokio::test]
async fn ws_a_v6_network_counts_as_one_address() {
    let house = House::with(plan(5, &["127.0.0.0/8"]));
    let mut open = Vec::new();
    for host in 0..5 {
        let from = format!("X-Forwarded-For: 2001:db8:0:1:{host:x}::{host:x}\r\n");
        open.push(Wire::over(house.connect().await, &from).await.unwrap());
    }
    // The host part rotates, the network does not.
    for host in ["1::77", "ffff:ffff:ffff:ffff", "0:0:0:5"] {
        let from = format!("X-Forwarded-For: 2001:db8:0:1:{host}\r\n");
        let refused = Wire::over(house.connect().await, &from).await.err().unwrap();
        assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    }
    let next = "X-Forwarded-For: 2001:db8:0:2::1\r\n";
    assert!(Wire::over(house.connect().await, next).await.is_ok());
    // An IPv4 address in the clothes of the other kind is itself.
    for text in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1:80", "[::ffff:192.0.2.1]:80", "::ffff:c000:201"] {
        open.push(Wire::over(house.connect().await, &format!("X-Forwarded-For: {text}\r\n")).await.unwrap());
    }
    let refused = Wire::over(house.connect().await, "X-Forwarded-For: 192.0.2.1\r\n").await.err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
}

/// Headers by which a client claims to be somebody else.
const LIES: [&str; 12] = [
    "X-Forwarded-For: 192.0.2.1\r\n",
    "X-Forwarded-For: 192.0.2.2, 127.0.3.3\r\n",
    "X-Forwarded-For: 192.0.2.3\r\nX-Forwarded-For: 192.0.2.4\r\n",
    "x-forwarded-for: 2001:db8::1\r\n",
    "Forwarded: for=192.0.2.5\r\n",
    "Forwarded: for=\"[2001:db8::2]\"\r\n",
    "X-Real-IP: 192.0.2.6\r\n",
    "True-Client-IP: 192.0.2.7\r\n",
    "CF-Connecting-IP: 192.0.2.8\r\n",
    "X-Client-IP: 192.0.2.9\r\n",
    "X-Cluster-Client-IP: 192.0.2.10\r\n",
    "Fastly-Client-IP: 192.0.2.11\r\n",
];

#[tokio::test]
async fn ws_a_client_cannot_choose_its_address() {
    for proxies in [&[][..], &["10.0.0.0/8"]] {
        let house = House::with(plan(2, proxies));
        let _one = Wire::over(house.connect_from([3, 3]).await, LIES[0]).await.unwrap();
        let _two = Wire::over(house.connect_from([3, 3]).await, LIES[1]).await.unwrap();
        for lie in LIES {
            let refused = refusal(&house, [3, 3], lie).await.unwrap_or_default();
            assert!(refused.starts_with("HTTP/1.1 429 "), "{proxies:?} {lie}");
        }
    }
}

#[tokio::test]
async fn ws_behind_a_trusted_proxy_only_the_last_hop_counts() {
    let house = House::with(plan(2, &["127.0.0.1/32"]));
    let mut open = Vec::new();
    for lie in ["192.0.2.1", "192.0.2.2"] {
        let from = format!("X-Forwarded-For: {lie}, 198.51.100.7\r\n");
        open.push(Wire::over(house.connect().await, &from).await.unwrap());
    }
    for lie in ["192.0.2.3", "127.0.0.1", "198.51.100.8", "garbage", ""] {
        let from = format!("X-Forwarded-For: {lie}, 198.51.100.7\r\n");
        let refused = Wire::over(house.connect().await, &from).await.err().unwrap_or_default();
        assert!(refused.starts_with("HTTP/1.1 429 "), "{lie}");
    }
    let other = "X-Forwarded-For: 198.51.100.7, 198.51.100.8\r\n";
    open.push(Wire::over(house.connect().await, other).await.unwrap());
    // Somebody who is no proxy of ours says the same: it is not heard.
    for _ in 0..2 {
        open.push(Wire::over(house.connect_from([4, 4]).await, other).await.unwrap());
    }
    assert!(refusal(&house, [4, 4], "X-Forwarded-For: 203.0.113.9\r\n").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn http_a_lie_about_an_address_does_not_fill_the_bucket() {
    let mut plan = Plan::default();
    plan.http.rate_limit = Some(server::config::RateLimit { per_second: 1, burst: 3 });
    let house = House::with(plan);
    for _ in 0..3 {
        assert_eq!(house.get("/tokens").await.status(), 200);
    }
    for lie in LIES {
        let answer = ask(house.connect().await, request("GET", "/tokens", lie)).await;
        assert_eq!(answer.status(), 429, "{lie}");
    }
}
