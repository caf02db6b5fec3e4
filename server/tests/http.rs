//! The host over real sockets: connections, deadlines, limits, the end.
//!
//! Where time must pass the runtime's clock is stopped: it jumps to the next deadline as soon as nothing else can happen.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{ConnectInfo, Request, WebSocketUpgrade};
use axum::routing::{any, get};
use futures::{SinkExt as _, StreamExt as _};
use memescope::Timestamp;
use server::clock::Clock;
use server::config::{HttpConfig, Origins};
use server::http::{ServeOptions, bind, layers, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// No test waits longer than this for anything, by a clock that jumps.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    /// Lets `/slow` answer.
    go: Arc<Notify>,
    /// Told when `/slow` is asked.
    asked: Arc<Notify>,
}

fn options() -> ServeOptions {
    ServeOptions::for_open_files(1000)
}

impl Server {
    fn start(options: ServeOptions) -> Self {
        let config = HttpConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            frontend: Origins::Same,
            trusted_proxies: Vec::new(),
            rate_limit: None,
            ws_limit: None,
        };
        let listener = bind(&config).unwrap();
        let address = listener.local_addr().unwrap();
        let (go, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (go, asked) = (go.clone(), asked.clone());
            async move || {
                asked.notify_one();
                go.notified().await;
                "at last"
            }
        };
        let flood = async || Body::from_stream(futures::stream::repeat(BLOCK).map(Ok::<_, std::io::Error>));
        let router = Router::new()
            .route("/livez", get(async || "alive"))
            .route("/peer", get(async |request: Request| peer(&request).to_string()))
            .route("/slow", get(slow))
            .route("/flood", get(flood))
            .route("/echo", any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)));
        let router = layers(router, &config, Clock::from_runtime(Timestamp::from_secs(1_700_000_000)));
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, router, options, shutdown.clone()));
        Self { address, shutdown, serving, go, asked }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of its own and reads until the server closes it.
    async fn ask(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may close before it has read all.
        let _ = stream.write_all(bytes.as_ref()).await;
        rest(&mut stream).await
    }

    async fn stopped(self) {
        timeout(PATIENCE, self.serving).await.unwrap().unwrap();
    }
}

static ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
/// More than the machine keeps for a client that does not read.
const MANY_BYTES: u64 = 64 << 20;

const BLOCK: Bytes = Bytes::from_static(&ZEROS);

fn peer(request: &Request) -> SocketAddr {
    request.extensions().get::<ConnectInfo<SocketAddr>>().unwrap().0
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if !matches!(message, Message::Text(_)) || socket.send(message).await.is_err() {
            return;
        }
    }
}

/// What comes until the connection is closed, one way or another.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn get_head(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_route_learns_its_peer() {
    let server = Server::start(options());
    let mut stream = server.connect().await;
    stream.write_all(get_head("/peer").as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.ends_with(&stream.local_addr().unwrap().to_string()));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_off_and_others_are_served() {
    let server = Server::start(options());
    let began = Instant::now();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        slow.push(stream);
    }
    let drip = async {
        // A byte a second does not prolong it.
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut open = false;
            for stream in &mut slow {
                open |= stream.write_all(b"a").await.is_ok() && stream.try_read(&mut [0]).is_err();
            }
            if !open {
                return;
            }
        }
    };
    drip.await;
    assert!(began.elapsed() <= Duration::from_secs(7), "{:?}", began.elapsed());
    assert!(server.ask(get_head("/livez")).await.ends_with("alive"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let server = Server::start(options());
    let began = Instant::now();
    let mut stream = server.connect().await;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("alive"));
    assert!(began.elapsed() <= Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off() {
    let server = Server::start(options());
    let mut stream = server.connect().await;
    stream.write_all(get_head("/flood").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    // What the machine had kept still comes, then nothing more.
    let mut kept = Vec::new();
    let _ = timeout(PATIENCE, stream.take(MANY_BYTES).read_to_end(&mut kept)).await.expect("the server has closed");
    assert!((kept.len() as u64) < MANY_BYTES);
}

#[tokio::test]
async fn what_no_request_looks_like_is_refused() {
    let server = Server::start(options());
    let many = "x-one: 1\r\n".repeat(300);
    let long = format!("x-long: {}\r\n", "a".repeat(100 * 1024));
    let request = |rest: &str| format!("GET /livez HTTP/1.1\r\nhost: test\r\n{rest}\r\n");
    for (what, bytes, statuses) in [
        ("many headers", request(&many), &["431"][..]),
        ("long headers", request(&long), &["431"]),
        ("a long address", get_head(&format!("/?q={}", "a".repeat(60 * 1024))), &["414"]),
        ("two lengths", request("content-length: 1\r\ncontent-length: 2\r\n"), &["400"]),
        ("no length at all", request("content-length: many\r\n"), &["400"]),
        ("a space in a header's name", request("x y: 1\r\n"), &["400"]),
        ("not HTTP", "\u{16}\u{3}\u{1}\u{0}\u{0}\r\n\r\n".to_owned(), &["400"]),
        ("a tunnel", "CONNECT test:80 HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n".to_owned(), &["405"]),
        ("a trace", "TRACE / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n".to_owned(), &["405"]),
    ] {
        let answer = server.ask(bytes).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(statuses.contains(&status), "{what}: {answer}");
    }
    assert!(server.ask(get_head("/livez")).await.ends_with("alive"));
}

#[tokio::test]
async fn a_request_within_a_request_is_not_answered() {
    let server = Server::start(options());
    let smuggled = "GET /livez HTTP/1.1\r\nhost: test\r\n\r\n";
    let answer = server
        .ask(format!(
            "POST /livez HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\
             connection: close\r\n\r\n0\r\n\r\n{smuggled}",
            5 + smuggled.len()
        ))
        .await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn who_finds_no_place_is_told_when_to_come_again() {
    let server = Server::start(ServeOptions { max_connections: 1, ..options() });
    let mut first = server.connect().await;
    first.write_all(b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    server.asked.notified().await;
    let refused = server.ask(get_head("/livez")).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("Retry-After: 5\r\n"));
    server.go.notify_one();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    // Its place is free again once the server has seen it go.
    drop(first);
    timeout(PATIENCE, async {
        while !server.ask(get_head("/livez")).await.ends_with("alive") {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn requests_under_way_end_before_the_server_does() {
    let server = Server::start(options());
    let mut stream = server.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    server.asked.notified().await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();

    server.shutdown.cancel();
    // An idle connection has nothing to wait for.
    rest(&mut idle).await;
    assert!(!server.serving.is_finished());
    let address = server.address;
    server.go.notify_one();
    assert!(rest(&mut stream).await.ends_with("at last"));
    server.stopped().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_cut_after_the_drain() {
    let server = Server::start(options());
    let mut stream = server.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    server.asked.notified().await;
    let began = Instant::now();
    server.shutdown.cancel();
    server.stopped().await;
    assert!((15..=16).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_socket_works_and_is_waited_for() {
    let server = Server::start(options());
    let url = format!("ws://{}/echo", server.address);
    let (mut socket, _) = tokio_tungstenite::client_async(url, server.connect().await).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), "hello");

    server.shutdown.cancel();
    socket.send("still there?".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), "still there?");
    assert!(!server.serving.is_finished());
    socket.close(None).await.unwrap();
    server.stopped().await;
}
