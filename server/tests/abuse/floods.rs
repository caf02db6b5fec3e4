//! Clients that never stop, and many at once.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use server::config::RateLimit;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::house::{House, PATIENCE, Plan, ask, id, request};
use crate::wire::{Heard, LAST, PING, PONG, Wire, frame, text};

#[tokio::test]
async fn ws_whoever_floods_is_closed_and_the_others_do_not_notice() {
    let house = House::new();
    let mut quiet = Wire::open(&house).await;
    let subscribe = json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"head": 50}});
    let unsubscribe = json!({"op": "unsubscribe", "id": 1, "sub": "events"});
    let events = json!({"op": "subscribe", "id": 1, "channel": "events"});
    for (what, flood) in [
        ("messages", text(r#"{"op":"ping","id":1}"#)),
        ("subscriptions", text(subscribe.to_string())),
        ("coming and going", [text(events.to_string()), text(unsubscribe.to_string())].concat()),
        ("pings", frame(LAST | PING, "a")),
        ("pongs", frame(LAST | PONG, "a")),
        ("refusals", text(json!({"op": "unsubscribe", "id": 1, "sub": "x"}).to_string())),
    ] {
        let mut wire = Wire::open(&house).await;
        wire.send(flood.repeat(1000)).await;
        assert_eq!(wire.end().await, Heard::Close(Some(4029)), "{what}");
        assert!(quiet.is_alive().await, "{what}");
    }
    let stats = house.hub.stats();
    assert_eq!((stats.closed_for_cause, stats.views, stats.subs), (6, 0, 0));
}

#[tokio::test]
async fn ws_a_burst_of_twenty_is_no_flood() {
    let house = House::new();
    let mut wire = Wire::open(&house).await;
    wire.send(text(r#"{"op":"ping","id":1}"#).repeat(19)).await;
    assert!(wire.is_alive().await);
}

#[tokio::test]
async fn ws_a_storm_of_hundreds_is_let_in_at_once() {
    const STORM: usize = 400;
    let house = House::new();
    let began = Instant::now();
    let storm = join_all((0..STORM).map(|_| async {
        let mut wire = Wire::open(&house).await;
        wire.next_of("hello").await;
        wire
    }));
    let mut wires = timeout(PATIENCE, storm).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(house.hub.stats().sockets, STORM as u64);
    assert!(wires[0].is_alive().await && wires[STORM - 1].is_alive().await);
}

#[tokio::test]
async fn ws_a_storm_finds_so_many_places_and_those_inside_stay() {
    let plan = Plan::default();
    let house = House::with(Plan { feed: server::feed::FeedConfig { max_sockets: 50, ..plan.feed }, ..plan });
    let storm = join_all((0..200).map(|_| async { Wire::over(house.connect().await, "").await }));
    let (mut inside, mut refused) = (Vec::new(), 0);
    for wire in timeout(PATIENCE, storm).await.unwrap() {
        match wire {
            Ok(wire) => inside.push(wire),
            Err(answer) => {
                assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 5\r\n"), "{answer}");
                refused += 1;
            }
        }
    }
    assert_eq!((inside.len(), refused), (50, 150));
    for wire in &mut inside {
        assert!(wire.is_alive().await);
    }
}

#[tokio::test]
async fn http_a_storm_of_connections_finds_so_many_places() {
    let plan = Plan::default();
    let serve = server::http::ServeOptions { max_connections: 40, ..plan.serve };
    let house = House::with(Plan { serve, ..plan });
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut wire = Wire::open(&house).await;
        assert!(wire.is_alive().await);
        held.push(wire);
    }
    let answers = join_all((0..100).map(|_| house.get("/livez")));
    for answer in timeout(PATIENCE, answers).await.unwrap() {
        // Beyond so many refusals at once a connection is closed without a word.
        assert!([503, 0].contains(&answer.status()), "{answer:?}");
        if answer.status() == 503 {
            assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("overloaded", "5"));
        }
    }
    assert!(held[0].is_alive().await && held[39].is_alive().await);
}

fn limited() -> Plan {
    let mut plan = Plan::default();
    plan.http.rate_limit = Some(RateLimit { per_second: 20, burst: 60 });
    plan.http.ws_limit = Some(20);
    plan.feed.sockets_per_address = Some(20);
    plan
}

/// Time stands still: the bucket does not fill.
#[tokio::test(start_paused = true)]
async fn http_a_flood_is_told_to_wait_and_others_are_not() {
    let house = House::with(limited());
    let mut refused = 0;
    for number in 0..80 {
        let target = ["/tokens", "/search?q=t", "/meta", "/nowhere", "/tokens/solana/x"][number % 5];
        let answer = house.get(target).await;
        if target == "/nowhere" {
            assert_eq!((answer.status(), answer.headers("ratelimit").len()), (404, 0));
            continue;
        }
        assert_eq!(answer.header("ratelimit-policy"), "\"ip\";q=60;w=3");
        let state = answer.header("ratelimit");
        if answer.status() == 429 {
            refused += 1;
            assert_eq!(answer.code(), "rate_limited");
            assert!((1..=3).contains(&answer.header("retry-after").parse::<u32>().unwrap()), "{answer:?}");
            assert!(state.starts_with("\"ip\";r=0;t="), "{state}");
        } else {
            let left: u32 = state.split_once("r=").unwrap().1.split(';').next().unwrap().parse().unwrap();
            assert!(left < 60, "{state}");
        }
    }
    assert_eq!(refused, 4, "of 64 that count");
    assert_eq!(house.get("/livez").await.status(), 200);
    let other = ask(house.connect_from([9, 9]).await, request("GET", "/tokens", "")).await;
    assert_eq!(other.status(), 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(house.get("/tokens").await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn ws_handshakes_are_taken_from_the_same_bucket() {
    let house = House::with(limited());
    for _ in 0..60 {
        house.get("/tokens").await;
    }
    let refused = Wire::over(house.connect().await, "").await.err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(Wire::over(house.connect_from([9, 9]).await, "").await.is_ok());
}

#[tokio::test]
async fn ws_different_views_find_an_end() {
    let plan = Plan::default();
    let house = House::with(Plan { feed: server::feed::FeedConfig { max_views: 8, ..plan.feed }, ..plan });
    let mut wires = Vec::new();
    let mut full = 0;
    for number in 0..12 {
        let mut wire = Wire::open(&house).await;
        let params = json!({"head": 50, "min_txns": number});
        wire.send(text(json!({"op": "subscribe", "id": 1, "channel": "list", "params": params}).to_string())).await;
        match wire.reaction().await {
            Heard::Text(error) if error["type"] == "error" => {
                assert_eq!((&error["code"], &error["status"]), (&json!("overloaded"), &json!(503)));
                full += 1;
            }
            Heard::Text(answer) => assert_eq!(answer["type"], "subscribed"),
            other => unreachable!("{other:?}"),
        }
        wires.push(wire);
    }
    assert_eq!((full, house.hub.stats().views), (4, 8));
    // Rows by id are no views, and work all the same.
    let rows = json!({"op": "subscribe", "id": 2, "channel": "rows", "params": {"ids": [id(1)]}});
    wires[11].send(text(rows.to_string())).await;
    assert_eq!(wires[11].next_of("snapshot").await["rows"].as_array().unwrap().len(), 1);
}

/// A client that opens and never asks holds a place no longer than a head may take.
#[tokio::test(start_paused = true)]
async fn http_connections_without_a_word_are_let_go() {
    let house = House::new();
    let mut silent: Vec<TcpStream> = Vec::new();
    for _ in 0..100 {
        silent.push(house.connect().await);
    }
    let began = Instant::now();
    for stream in &mut silent {
        let read = timeout(PATIENCE, tokio::io::AsyncReadExt::read(stream, &mut [0; 512])).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
}
