//! Opens many feed sockets, each on the head of a list and its rows, and counts what they receive.
//!
//! ```text
//! cargo run --release -p server --example sockets -- 127.0.0.1:8080 200 60
//! ```
//!
//! Address, sockets, seconds. Start the server with `WS_LIMIT=off`. Only addresses of this machine are accepted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[derive(Debug, Default)]
struct Counters {
    frames: AtomicU64,
    bytes: AtomicU64,
    closed: AtomicU64,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn follow(address: SocketAddr, until: Instant, counters: Arc<Counters>) -> Result<(), Failure> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "memescope.v1.json".parse()?);
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    for text in [
        r#"{"op":"subscribe","id":1,"channel":"list","params":{"min_liquidity_usd":10000,"head":200}}"#,
        r#"{"op":"subscribe","id":2,"channel":"status"}"#,
    ] {
        socket.send(Message::text(text)).await?;
    }
    let mut has_rows = false;
    while let Ok(Some(message)) = timeout_at(until, socket.next()).await {
        let Message::Text(text) = message? else { continue };
        counters.frames.fetch_add(1, Ordering::Relaxed);
        counters.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        if !has_rows && text.contains(r#""type":"subscribed""#) && text.contains(r#""channel":"list""#) {
            has_rows = true;
            let answer: serde_json::Value = serde_json::from_str(&text)?;
            let rows = serde_json::json!({"op": "subscribe", "id": 3, "channel": "rows",
                "params": {"list": answer["sub"], "range": [0, 40]}});
            socket.send(Message::text(rows.to_string())).await?;
        }
    }
    if Instant::now() < until {
        counters.closed.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("missing argument: {name}"));
    let address: SocketAddr = next("address")?.parse()?;
    let (count, seconds): (u64, u64) = (next("sockets")?.parse()?, next("seconds")?.parse()?);
    if !address.ip().is_loopback() || count > 20_000 || seconds > 3_600 {
        return Err("only this machine, at most 20000 sockets for at most an hour".into());
    }
    let counters = Arc::new(Counters::default());
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        tasks.spawn(follow(address, until, counters.clone()));
    }
    let mut failed = 0;
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) | Ok(Err(error)) = ended.map_err(Failure::from) {
            failed += 1;
            if failed == 1 {
                eprintln!("the first failure: {error}");
            }
        }
    }
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{count} sockets, {seconds} s: {} frames, {} bytes, {} closed early, {failed} failed",
        read(&counters.frames),
        read(&counters.bytes),
        read(&counters.closed)
    );
    Ok(())
}
