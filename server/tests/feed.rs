//! The feed over real sockets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use memescope::feed::compact::{self, CompactFrame, Names};
use memescope::{Board, Chain, Epoch, Price, Timestamp, Token, TokenId};
use serde_json::{Value, json};
use server::bus::LogEntry;
use server::clock::Clock;
use server::feed::{FeedConfig, Hub, Origins, router};
use server::store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_util::sync::CancellationToken;

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    store: Arc<Store>,
    hub: Arc<Hub>,
    shutdown: CancellationToken,
}

struct Client(WebSocketStream<TcpStream>);

fn token(number: u8, figure: u64) -> Arc<Token> {
    let id = TokenId::new(&Chain::solana(), &bs58::encode([number; 32]).into_string()).unwrap();
    let mut token = Token::new(id, Timestamp::from_secs(1));
    token.price_usd = Price::new(figure, -2);
    token.liquidity_usd = Some(50_000.0);
    token.volume_usd.h24 = Some(figure as f64);
    // A row of some weight.
    token.name = Some("x".repeat(400).into());
    Arc::new(token)
}

impl Server {
    fn start(config: FeedConfig) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // A small buffer, so that a reader that stops is noticed soon; accepted sockets inherit it.
        socket.set_send_buffer_size(16 * 1024).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener: TcpListener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let store = Arc::new(Store::new(Board { epoch: Epoch::from_bits(7), ..Board::default() }));
        let clock = Clock::from_runtime(Timestamp::from_secs(1000));
        let hub = Hub::new(store.clone(), clock, true, FeedConfig { step_interval: Duration::ZERO, ..config });
        let shutdown = CancellationToken::new();
        tokio::spawn(hub.clone().run(shutdown.clone()));
        let service = router(hub.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let server = Self { address, store, hub, shutdown };
        server.commit((1..=60).map(|number| token(number, u64::from(number))));
        server.hub.advance();
        server
    }

    /// Commits new and changed rows.
    fn commit(&self, rows: impl IntoIterator<Item = Arc<Token>>) {
        let before = self.store.snapshot();
        let mut tokens = before.board.tokens.clone();
        tokens.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        let after = before.board.advance(Timestamp::from_secs(1), None, false, tokens);
        let delta = Some(Arc::new(before.board.diff(&after)));
        self.store.commit(&LogEntry { delta, events: Arc::default(), reports: Arc::default() }).unwrap();
    }

    async fn connect(&self) -> Client {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "other, memescope.v1.json".parse().unwrap());
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "memescope.v1.json");
        Client(socket)
    }

    /// Sends a request as it stands; returns the answer's head and body, up to the end of a short answer.
    async fn raw(&self, headers: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET /ws HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let ended = |answer: &[u8]| {
            let text = String::from_utf8_lossy(answer);
            text.split_once("\r\n\r\n").is_some_and(|(head, body)| head.contains(" 101 ") || body.ends_with('}'))
        };
        while !ended(&answer) {
            let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await.unwrap().unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Client {
    async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap().unwrap().unwrap()
    }

    /// The next text of a type, as it came.
    async fn text_of(&mut self, kind: &str) -> String {
        loop {
            if let Message::Text(text) = self.next().await
                && serde_json::from_str::<Value>(&text).unwrap()["type"] == kind
            {
                return text.to_string();
            }
        }
    }

    async fn next_of(&mut self, kind: &str) -> Value {
        serde_json::from_str(&self.text_of(kind).await).unwrap()
    }

    async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(Some(frame)) = self.next().await {
                return frame.code.into();
            }
        }
    }
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn two_subscribers_get_the_same_bytes_and_rows_follow_the_list() {
    let server = Server::start(FeedConfig::default());
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    let list = json!({"op": "subscribe", "id": "l", "channel": "list", "params": {"head": 50}});
    for client in [&mut one, &mut two] {
        client.say(&list).await;
    }
    let sub = one.next_of("subscribed").await["sub"].clone();
    assert_eq!(two.next_of("subscribed").await["sub"], sub);
    let snapshot = one.next_of("snapshot").await;
    assert_eq!((snapshot["ids"].as_array().unwrap().len(), &snapshot["total"]), (50, &json!(60)));
    assert_eq!(snapshot["ids"][0], json!(token(60, 1).id));
    two.next_of("snapshot").await;

    one.say(&json!({"op": "subscribe", "id": 2, "channel": "rows", "params": {"list": sub, "range": [0, 3]}})).await;
    assert_eq!(one.next_of("subscribed").await["sub"], "r2");
    assert_eq!(one.next_of("snapshot").await["rows"].as_array().unwrap().len(), 3);

    server.commit([token(1, 1000), token(59, 61)]);
    let rows = one.next_of("delta").await;
    assert_eq!((&rows["sub"], &rows["rows"][0]["id"]), (&json!("r2"), &json!(token(1, 1).id)));
    assert_eq!(rows["patches"][0]["price_usd"], "0.61");
    let (ours, theirs) = (one.text_of("delta").await, two.text_of("delta").await);
    assert_eq!(ours, theirs);
    let delta: Value = serde_json::from_str(&ours).unwrap();
    assert_eq!((&delta["prev"], &delta["seq"], &delta["sub"]), (&snapshot["seq"], &rows["seq"], &sub));
}

/// A change of a price and its percent, as it is sent to a bot that follows all rows: every row of the board changes.
#[tokio::test]
async fn a_changed_price_takes_seven_bytes() {
    let server = Server::start(FeedConfig::default());
    let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
    let offered = "memescope.v1.json, memescope.v1.bin".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", offered);
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (socket, response) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "memescope.v1.bin");
    let mut client = Client(socket);
    client.say(&json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"all": true}})).await;
    assert_eq!(client.next_of("subscribed").await["mode"], "snapshot");
    let mut names = Names::default();
    let frame = async |client: &mut Client| loop {
        if let Message::Binary(bytes) = client.next().await
            && let Some(CompactFrame::Rows(frame)) = compact::read(&bytes)
        {
            return (bytes.len(), frame);
        }
    };
    let snapshot = frame(&mut client).await.1.snapshot(&mut names).unwrap();
    assert_eq!(snapshot.rows.unwrap().len(), 60);

    let changed = |number: u8| {
        let mut token = (*token(number, 1_000 + u64::from(number))).clone();
        token.change_pct.h24 = Some(-f64::from(u16::from(number) + 300) / 100.0);
        token.volume_usd.h24 = Some(f64::from(number));
        Arc::new(token)
    };
    server.commit((1..=60).map(changed));
    let (length, delta) = frame(&mut client).await;
    let delta = delta.delta(&mut names).unwrap();
    assert_eq!(delta.patches.len(), 60);
    assert!(delta.patches.iter().any(|patch| patch.price_usd == Some(Price::new(1_001, -2))));
    assert!(length <= 60 * 7 + 40, "{length} bytes for 60 rows");
}

#[tokio::test]
async fn a_request_that_is_no_upgrade_is_told_so() {
    let server = Server::start(FeedConfig::default());
    let answer = server.raw("").await;
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    assert!(answer.to_lowercase().contains("upgrade: websocket"), "{answer}");
}

#[tokio::test]
async fn only_pages_of_ours_may_connect() {
    let origins = Origins::List(vec!["https://board.example".to_owned()]);
    let server = Server::start(FeedConfig { origins, ..FeedConfig::default() });
    let own = format!("http://{}", server.address);
    for (origin, status) in [
        (None, 101),
        (Some(own.as_str()), 101),
        (Some("https://board.example"), 101),
        (Some("https://other.example"), 403),
        (Some("null"), 403),
    ] {
        let header = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let answer = server.raw(&format!("{UPGRADE}{header}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{origin:?}: {answer}");
    }
}

#[tokio::test]
async fn an_address_has_so_many_sockets() {
    let server = Server::start(FeedConfig { sockets_per_address: Some(2), ..FeedConfig::default() });
    let (mut one, _two) = (server.connect().await, server.connect().await);
    one.next_of("hello").await;
    let answer = server.raw(UPGRADE).await;
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("retry-after: "), "{answer}");
    one.0.close(None).await.unwrap();
    while one.0.next().await.is_some() {}
    tokio::time::timeout(PATIENCE, async {
        while server.hub.stats().sockets > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    server.connect().await.next_of("hello").await;
}

/// A masked frame of a client.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut bytes = vec![first, 0x80 | 0x7e];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

#[tokio::test]
async fn what_breaks_the_protocol_is_closed_with_its_code() {
    let server = Server::start(FeedConfig::default());
    let mut huge = vec![0x81, 0x80 | 0x7f];
    huge.extend((1u64 << 62).to_be_bytes());
    huge.extend([0; 4]);
    for (bytes, code) in [
        (frame(0x81, &vec![b' '; 17_000]), 1009),
        (huge, 1009),
        (frame(0x81, b"\xff\xfe"), 1007),
        (frame(0xf1, b"{}"), 1002),
        (frame(0x83, b"{}"), 1002),
        (vec![0x81, 2, b'{', b'}'], 1002),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET /ws HTTP/1.1\r\nHost: {}\r\n{UPGRADE}\r\n", server.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        let closed =
            |answer: &[u8]| answer.windows(4).any(|w| w[0] == 0x88 && u16::from_be_bytes([w[2], w[3]]) == code);
        while !closed(&answer) {
            match tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await.unwrap() {
                Ok(read) if read > 0 => {}
                end => panic!("{end:?} without {code}: {}", String::from_utf8_lossy(&answer)),
            }
        }
    }
}

#[tokio::test]
async fn a_reader_that_stops_is_dropped_while_others_go_on() {
    let config = FeedConfig { write_deadline: Duration::from_millis(300), ..FeedConfig::default() };
    let server = Server::start(config);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let request = format!("ws://{}/ws", server.address);
    let (stalled, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let (mut stalled, mut healthy) = (Client(stalled), server.connect().await);
    let all = json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"all": true}});
    stalled.say(&all).await;
    healthy.say(&all).await;
    healthy.next_of("snapshot").await;
    let mut figure = 0;
    tokio::time::timeout(PATIENCE, async {
        while server.hub.stats().dropped_slow == 0 {
            figure += 1;
            server.commit((1..=60).map(|number| token(number, figure * 100 + u64::from(number))));
            let delta = healthy.next_of("delta").await;
            assert_eq!(delta["seq"], server.store.snapshot().board.seq);
        }
    })
    .await
    .unwrap();
    assert_eq!(server.hub.stats().sockets, 1);
}

#[tokio::test]
async fn a_stop_says_bye_and_refuses_newcomers() {
    let server = Server::start(FeedConfig::default());
    let mut client = server.connect().await;
    client.next_of("hello").await;
    server.shutdown.cancel();
    assert_eq!(client.next_of("bye").await["code"], "server_shutdown");
    assert_eq!(client.close_code().await, 1012);
    assert!(server.raw(UPGRADE).await.starts_with("HTTP/1.1 503 "));
}

/// Reads events up to one of a kind: its text.
async fn event_of(response: &mut reqwest::Response, text: &mut String, kind: &str) -> String {
    tokio::time::timeout(PATIENCE, async {
        loop {
            while let Some((event, rest)) = text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
                *text = rest;
                if event.contains(&format!("event: {kind}\n")) {
                    return event;
                }
            }
            let piece = response.chunk().await.unwrap().unwrap();
            text.push_str(&String::from_utf8_lossy(&piece));
        }
    })
    .await
    .unwrap()
}

fn data_of(event: &str) -> Value {
    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(data).unwrap()
}

fn id_of(event: &str) -> Option<String> {
    event.lines().find_map(|line| line.strip_prefix("id: ")).map(str::to_owned)
}

#[tokio::test]
async fn the_stream_tells_the_same_as_events_and_goes_on_where_it_was() {
    let server = Server::start(FeedConfig { heartbeat: Duration::from_millis(50), ..FeedConfig::default() });
    let client = reqwest::Client::new();
    let address = format!("http://{}/stream?channel=list,rows,status&head=50&range=0,3", server.address);
    let mut response = client.get(&address).send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(response.headers()[name], value);
    }
    let mut text = String::new();
    let hello = event_of(&mut response, &mut text, "hello").await;
    assert!(hello.starts_with("retry: 2000\n"), "{hello}");
    let list = data_of(&event_of(&mut response, &mut text, "snapshot").await);
    assert_eq!(list["ids"].as_array().unwrap().len(), 50);
    let rows = data_of(&event_of(&mut response, &mut text, "snapshot").await);
    assert_eq!(rows["rows"].as_array().unwrap().len(), 3);
    assert_eq!(data_of(&event_of(&mut response, &mut text, "status").await)["stale"], false);
    let heartbeat = event_of(&mut response, &mut text, "heartbeat").await;
    assert_eq!(id_of(&heartbeat), Some(format!("{}.1", Epoch::from_bits(7))));

    server.commit([token(59, 1000)]);
    let rows = event_of(&mut response, &mut text, "delta").await;
    assert_eq!((id_of(&rows), &data_of(&rows)["patches"][0]["price_usd"]), (None, &json!("10")));
    let list = event_of(&mut response, &mut text, "delta").await;
    assert_eq!(data_of(&list)["splices"], json!([[0, 1, []], [1, 0, [token(60, 1).id]]]));
    let id = id_of(&list).unwrap();
    drop(response);

    server.commit([token(58, 2000)]);
    server.hub.advance();
    let mut response = client.get(&address).header("Last-Event-ID", &id).send().await.unwrap();
    let mut text = String::new();
    let subscribed = data_of(&event_of(&mut response, &mut text, "subscribed").await);
    assert_eq!((&subscribed["channel"], &subscribed["mode"]), (&json!("list"), &json!("resume")));
    let delta = data_of(&event_of(&mut response, &mut text, "delta").await);
    assert_eq!((&delta["prev"], &delta["seq"]), (&json!(2), &json!(3)));
    let rows = data_of(&event_of(&mut response, &mut text, "delta").await);
    assert_eq!(rows["patches"][0]["price_usd"], "20");

    server.shutdown.cancel();
    assert_eq!(data_of(&event_of(&mut response, &mut text, "bye").await)["code"], "server_shutdown");
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_takes_the_place_of_a_socket_and_makes_nothing_for_a_reader_that_stops() {
    let server = Server::start(FeedConfig { sockets_per_address: Some(1), ..FeedConfig::default() });
    let client = reqwest::Client::new();
    let address = |query: &str| format!("http://{}/stream?{query}", server.address);
    for (query, status) in [
        ("", 400),
        ("channel=weather", 400),
        ("channel=list&head=7", 400),
        ("channel=rows&range=0,3", 400),
        ("channel=list&min_liqudity_usd=1", 400),
    ] {
        let response = client.get(address(query)).send().await.unwrap();
        assert_eq!(response.status(), status, "{query}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    let stalled = client.get(address("channel=rows")).send().await.unwrap();
    let refused = client.get(address("channel=rows")).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (429, true));
    let problem: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!((&problem["code"], &problem["type"]), (&json!("rate_limited"), &json!("/problems/rate-limited")));
    // Nobody reads: the socket fills, and then no more events are made, however much changes.
    let sent = || server.hub.stats().bytes_sent;
    let (mut before, mut quiet) = (sent(), 0);
    tokio::time::timeout(PATIENCE, async {
        for figure in 1.. {
            server.commit((1..=60).map(|number| token(number, figure * 100 + u64::from(number))));
            server.hub.advance();
            tokio::task::yield_now().await;
            quiet = if sent() == before { quiet + 1 } else { 0 };
            before = sent();
            if quiet > 100 && figure > 300 {
                break;
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(server.hub.stats().sockets, 1);
    drop(stalled);
    tokio::time::timeout(PATIENCE, async {
        while server.hub.stats().sockets > 0 {
            server.commit([token(1, 7)]);
            server.hub.advance();
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}
