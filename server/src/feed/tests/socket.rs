//! A connection over a socket in memory: its deadlines, with time stopped.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc;
use futures::stream::SplitStream;
use futures::{SinkExt as _, StreamExt as _};
use memescope::{Event, EventKind, Source, SourceReport, SourceState, Timestamp};
use serde_json::{Value, json};
use tokio::io::{DuplexStream, Join, ReadHalf, copy, duplex, join, split};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;
use tungstenite::Message;

use crate::bus::LogEntry;
use crate::clock::Clock;
use crate::feed::connection::serve;
use crate::feed::frame::Encoding;
use crate::feed::hub::{FeedConfig, Hub};
use crate::feed::inflow::Inflow;
use crate::feed::session::MAX_MESSAGE_BYTES;
use crate::feed::socket::Socket;
use crate::feed::testing::{Market, Step, id};

/// What lies between server and client, each way: less than a row. Then writes wait.
const ROOM: usize = 256;

struct Client {
    market: Market,
    hub: Arc<Hub>,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
    served: JoinHandle<()>,
    send: mpsc::UnboundedSender<Message>,
    receive: SplitStream<WebSocketStream<Join<ReadHalf<DuplexStream>, DuplexStream>>>,
    /// From then on nothing that it says arrives; the library below answers pings by itself.
    mute: CancellationToken,
}

impl Client {
    async fn connect() -> Self {
        let market = Market::new();
        market.commit(&Step::from([(1, Some(300)), (2, Some(200))]));
        let clock = Clock::from_runtime(Timestamp::from_secs(1000));
        let hub = Hub::new(market.store.clone(), clock, true, FeedConfig::default());
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(hub.clone().run(shutdown.clone()));
        let place = hub.sockets.take([127, 0, 0, 1].into()).unwrap();
        let (server, wire) = duplex(ROOM);
        let (from_server, mut to_server) = split(wire);
        let (outgoing, mut relayed) = duplex(ROOM);
        let mute = CancellationToken::new();
        let muted = mute.clone();
        tokio::spawn(async move {
            let _ = muted.run_until_cancelled(copy(&mut relayed, &mut to_server)).await;
            muted.cancelled().await;
            std::future::pending::<()>().await;
        });
        let client = join(from_server, outgoing);
        let socket = Socket::new(server, MAX_MESSAGE_BYTES);
        let served = tokio::spawn(serve(hub.clone(), socket, Encoding::Json, place, Inflow::default()));
        // It reads no further than it is asked to.
        let config = WebSocketConfig::default().read_buffer_size(ROOM);
        let (mut sink, receive) = WebSocketStream::from_raw_socket(client, Role::Client, Some(config)).await.split();
        let (send, mut said) = mpsc::unbounded();
        tokio::spawn(async move {
            while let Some(message) = said.next().await {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
        });
        Self { market, hub, shutdown, running, served, send, receive, mute }
    }

    fn say(&self, message: &Value) {
        self.send.unbounded_send(Message::Text(message.to_string().into())).unwrap();
    }

    async fn next(&mut self) -> Message {
        self.receive.next().await.unwrap().unwrap()
    }

    async fn next_json(&mut self) -> Value {
        loop {
            match self.next().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => unreachable!("a text was expected: {other:?}"),
            }
        }
    }

    async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next_json().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The code with which the server closes; everything before is passed over.
    async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(Some(close)) = self.next().await {
                return close.code.into();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn begins_with_hello_and_status() {
    let mut client = Client::connect().await;
    let hello = client.next_json().await;
    assert_eq!(hello["type"], "hello");
    assert_eq!(hello["market"], "demo");
    assert_eq!((&hello["seq"], &hello["heartbeat_ms"]), (&json!(1), &json!(5000)));
    assert_eq!(hello["limits"], json!({"ids": 200, "message_bytes": 16384, "messages_per_s": 10, "subs": 8}));
    let status = client.next_json().await;
    assert_eq!((&status["type"], &status["seq"], &status["tokens"]), (&json!("status"), &json!(1), &json!(2)));
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_closed_after_ten_seconds() {
    let mut client = Client::connect().await;
    let start = Instant::now();
    assert_eq!(client.close_code().await, 4001);
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_comes_when_nothing_else_does_and_a_missing_pong_ends_it() {
    let mut client = Client::connect().await;
    client.say(&json!({"op": "ping", "id": 1}));
    client.next_of("pong").await;
    client.mute.cancel();
    let start = Instant::now();
    assert_eq!(client.next_of("heartbeat").await["seq"], 1);
    assert_eq!(start.elapsed().as_secs(), 5);
    while client.next().await != Message::Ping(bytes::Bytes::new()) {}
    assert_eq!(start.elapsed().as_secs(), 20);
    while client.receive.next().await.is_some_and(|read| read.is_ok()) {}
    assert_eq!(start.elapsed().as_secs(), 40);
    assert_eq!(client.hub.stats().dropped_slow, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let mut client = Client::connect().await;
    client.say(&json!({"op": "ping", "id": 1}));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(200) {
        if let Message::Ping(payload) = client.next().await {
            client.send.unbounded_send(Message::Pong(payload)).unwrap();
        }
    }
    assert!(!client.served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn three_messages_that_cannot_be_read_end_it() {
    let mut client = Client::connect().await;
    for _ in 0..3 {
        client.say(&json!("hello"));
    }
    assert_eq!(client.next_of("error").await["code"], "unknown_op");
    assert_eq!(client.close_code().await, 4000);
    assert_eq!(client.hub.stats().closed_for_cause, 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_ends_it() {
    let mut client = Client::connect().await;
    for number in 0..21 {
        client.say(&json!({"op": "ping", "id": number}));
    }
    assert_eq!(client.close_code().await, 4029);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_reader_is_dropped_and_nothing_piles_up() {
    let mut client = Client::connect().await;
    client.say(&json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"all": true}}));
    client.next_of("subscribed").await;
    client.next_of("snapshot").await;
    let start = Instant::now();
    // Forty commits that are not read: the first frames fill the socket, then nothing more is written.
    for figure in 0..40 {
        client.market.commit(&Step::from([(1, Some(figure))]));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(client.hub.stats().frames_sent <= 7, "{:?}", client.hub.stats());
    (&mut client.served).await.unwrap();
    assert!(start.elapsed() <= Duration::from_secs(17), "{:?}", start.elapsed());
    let stats = client.hub.stats();
    assert_eq!((stats.dropped_slow, stats.sockets, stats.subs, stats.views), (1, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_late_reader_gets_what_it_missed_in_one_frame() {
    let mut client = Client::connect().await;
    client.say(&json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"ids": [id(1)]}}));
    client.next_of("snapshot").await;
    for figure in 0..20 {
        client.market.commit(&Step::from([(1, Some(figure))]));
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    let mut frames = Vec::new();
    loop {
        let frame = client.next_of("delta").await;
        let seq = frame["seq"].as_u64().unwrap();
        frames.push(frame);
        if seq == 21 {
            break;
        }
    }
    assert!(frames.len() <= 4, "{}", frames.len());
    let last = frames.last().unwrap();
    assert_eq!(last["rows"][0]["price_usd"], "0.02", "whole rows, not twenty patches");
    for pair in frames.windows(2) {
        assert_eq!(pair[0]["seq"], pair[1]["prev"]);
    }
    assert!(client.hub.stats().conflated >= 1);
}

#[tokio::test(start_paused = true)]
async fn rows_come_four_times_a_second_and_orders_once() {
    let mut client = Client::connect().await;
    client.say(&json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"all": true}}));
    client.say(&json!({"op": "subscribe", "id": 2, "channel": "list", "params": {"sort": "price_usd"}}));
    client.next_of("snapshot").await;
    client.next_of("snapshot").await;
    let market = client.market.store.clone();
    tokio::spawn(async move {
        let market = Market::of(market);
        // Each adds a token, so that no two orders are alike.
        for round in 0..100u8 {
            market.commit(&Step::from([(1, Some(round.into())), (10 + round, Some(15))]));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let (mut rows, mut lists) = (0, 0);
    let last = loop {
        let frame = client.next_of("delta").await;
        let is_list = frame.get("splices").or(frame.get("total")).is_some();
        *(if is_list { &mut lists } else { &mut rows }) += 1;
        if is_list && frame["seq"] == 101 {
            break frame;
        }
    };
    assert!((30..=41).contains(&rows) && (9..=12).contains(&lists), "in ten seconds {rows} and {lists}");
    assert_eq!(last["total"], 102);
}

#[tokio::test(start_paused = true)]
async fn a_stop_says_bye() {
    let mut client = Client::connect().await;
    client.next_of("hello").await;
    client.shutdown.cancel();
    let bye = client.next_of("bye").await;
    assert_eq!(bye["code"], "server_shutdown");
    assert!((500..2500).contains(&bye["retry_after_ms"].as_u64().unwrap()));
    assert_eq!(client.close_code().await, 1012);
    client.send.close_channel();
    client.running.await.unwrap();
    assert_eq!(client.hub.stats().sockets, 0);
}

#[tokio::test(start_paused = true)]
async fn events_and_states_reach_those_who_asked() {
    let mut client = Client::connect().await;
    client.say(&json!({"op": "subscribe", "id": 1, "channel": "events", "params": {"types": ["volume:spike", "source:state"]}}));
    client.say(&json!({"op": "subscribe", "id": 2, "channel": "status"}));
    client.next_of("subscribed").await;
    assert_eq!(client.next_of("subscribed").await["sub"], "status");
    client.next_of("status").await;

    let before = client.market.store.snapshot().board.clone();
    let after = before.advance(before.as_of, memescope::Price::new(150, 0), false, before.tokens.clone());
    let event = |number: u32, kind| Event { event_id: number.to_string(), token: Some(id(1)), at: before.as_of, kind };
    let price = memescope::Price::new(1, 0).unwrap();
    let events = [
        event(
            1,
            EventKind::PriceUpdate {
                price_usd: price,
                prev_price_usd: price,
                change_pct: 1.0,
                source: Source::Jupiter,
            },
        ),
        event(
            2,
            EventKind::VolumeSpike { window: memescope::Window::M5, volume_usd: 9.0, baseline_usd: 3.0, ratio: 3.0 },
        ),
    ];
    let delta = Some(Arc::new(before.diff(&after)));
    client.market.store.commit(&LogEntry { delta, events: events.into(), reports: Arc::default() }).unwrap();
    let spike = client.next_of("event").await;
    assert_eq!((&spike["event"], &spike["event_id"]), (&json!("volume:spike"), &json!("2")));
    assert_eq!(client.next_of("status").await["sol_usd"], "150");

    // An event without a change of rows.
    let state =
        EventKind::SourceState { source: Source::Jupiter, state: SourceState::Down, prev_state: SourceState::Ok };
    let down = Event { token: None, ..event(3, state) };
    client.market.store.commit(&LogEntry { delta: None, events: [down].into(), reports: Arc::default() }).unwrap();
    assert_eq!(client.next_of("event").await["state"], "down");

    // States without a change of rows; the second comes a second after the first.
    let at = Instant::now();
    for (requests, wait) in [(1, 300), (2, 300)] {
        let reports: Arc<[SourceReport]> = [report(requests)].into();
        client.market.store.commit(&LogEntry { delta: None, events: Arc::default(), reports }).unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    let status = client.next_of("status").await;
    assert_eq!(status["sources"][0]["requests"]["ok"], 2, "the newest, once");
    assert!(at.elapsed() >= Duration::from_millis(700), "{:?}", at.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_number_of_tokens_is_told_at_most_once_a_second() {
    let mut client = Client::connect().await;
    client.say(&json!({"op": "subscribe", "id": 1, "channel": "status"}));
    assert_eq!(client.next_of("subscribed").await["sub"], "status");
    assert_eq!(client.next_of("status").await["tokens"], 2);
    let at = Instant::now();
    // Twenty tokens in two seconds, and afterwards changes that leave their number as it is.
    for number in 3..23u8 {
        client.market.commit(&Step::from([(number, Some(5))]));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for figure in 0..20 {
        client.market.commit(&Step::from([(1, Some(figure))]));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut told = Vec::new();
    while told.last() != Some(&22) {
        told.push(client.next_of("status").await["tokens"].as_u64().unwrap());
    }
    assert!((2..=4).contains(&told.len()), "{told:?} in {:?}", at.elapsed());
    let quiet = Instant::now();
    while quiet.elapsed() < Duration::from_secs(6) {
        assert_ne!(client.next_json().await["type"], "status", "nothing is new");
    }
}

fn report(ok: u64) -> SourceReport {
    serde_json::from_value(json!({
        "source": "jupiter", "state": "ok", "last_ok_at": null, "latency_ms": {"p50": null, "p95": null},
        "requests": {"ok": ok, "failed": 0}, "errors": {}, "budget": {"per_minute": 24.0, "left": 1, "burst": 4},
        "rows": {"told": 7, "last_at": null, "empty_answers": 0, "empty_in_a_row": 0},
        "fields": [], "rejects": [],
    }))
    .unwrap()
}
