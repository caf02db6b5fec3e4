//! A small bot: reads the head of the list once, follows its prices over the feed, and prints those that moved.
//!
//! ```text
//! cargo run -p server --example bot -- 127.0.0.1:8080 1
//! ```
//!
//! Address of the server, and from how many percent on a move is worth a line. It goes on until it is stopped: a lost
//! connection comes back by itself and goes on from where it was.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use memescope::feed::client::{Action, FeedClient, Incoming, ListState, Params, RowsState, Wanted};
use memescope::feed::{ServerMessage, compact};
use memescope::{Epoch, Price, Seq, Token, TokenId};
use rand::{Rng as _, SeedableRng as _};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Socket = WebSocketStream<TcpStream>;

/// A page of `GET /tokens`, as far as it matters here.
#[derive(Deserialize)]
struct Page {
    data: Vec<Token>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    epoch: Epoch,
    seq: Seq,
}

/// What was printed last of each token, and how much must happen before it is printed again.
struct Moves {
    least_pct: f64,
    printed: BTreeMap<TokenId, Price>,
}

impl Moves {
    /// A line, if a price moved enough since the last one.
    fn line(&mut self, row: &Token) -> Option<String> {
        let price = row.price_usd?;
        let before = *self.printed.entry(row.id.clone()).or_insert(price);
        let percent = (price.to_f64() / before.to_f64() - 1.0) * 100.0;
        if percent.abs() < self.least_pct {
            return None;
        }
        self.printed.insert(row.id.clone(), price);
        let name = row.symbol.as_deref().unwrap_or("?");
        Some(format!("{} {name:<12} {percent:+.2} %  {before} → {price}  {}", row.updated_at, row.id))
    }
}

async fn first_page(address: &str) -> Result<Page, Failure> {
    let answer = reqwest::get(format!("http://{address}/tokens?min_liquidity_usd=10000&limit=50")).await?;
    Ok(serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?)
}

async fn connect(address: &str) -> Result<Socket, Failure> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "memescope.v1.bin, memescope.v1.json".parse()?);
    let stream = TcpStream::connect(address).await?;
    Ok(tokio_tungstenite::client_async(request, stream).await?.0)
}

fn read(message: &Message) -> Option<Incoming> {
    match message {
        Message::Text(text) => serde_json::from_str::<ServerMessage>(text).ok().map(Into::into),
        Message::Binary(bytes) => compact::read(bytes).map(Into::into),
        _ => None,
    }
}

/// The next message; never, while there is no socket.
async fn next(socket: &mut Option<Socket>) -> Option<Message> {
    match socket {
        Some(socket) => socket.next().await?.ok(),
        None => std::future::pending().await,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let least_pct = arguments.next().map_or(Ok(1.0), |text| text.parse())?;

    let Page { data, meta } = first_page(&address).await?;
    let ids: Vec<TokenId> = data.iter().map(|row| row.id.clone()).collect();
    let mut rows: BTreeMap<TokenId, Token> = data.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut moves = Moves { least_pct, printed: BTreeMap::new() };
    println!("following {} tokens from seq {}", rows.len(), meta.seq);
    for row in rows.values() {
        moves.line(row);
    }

    let start = Instant::now();
    let now = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut dice = rand::rngs::StdRng::seed_from_u64(u64::from(std::process::id()));
    let mut client = FeedClient::new(now());
    let known = RowsState::seeded(meta.epoch, meta.seq, ids.iter().cloned());
    client.follow_view(None, ListState::default(), (ids.clone(), known));
    client.follow_rows(Wanted::Ids(ids));
    client.follow(memescope::feed::Channel::Status, Params::default());

    let mut socket = None;
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        for action in client.take_actions() {
            match action {
                Action::Connect => match timeout(PATIENCE, connect(&address)).await.map_err(Failure::from).flatten() {
                    Ok(open) => socket = Some(open),
                    Err(error) => {
                        eprintln!("no connection: {error}");
                        client.closed(now(), dice.random());
                    }
                },
                Action::Drop => socket = None,
                Action::Send(request) => {
                    if let Some(socket) = &mut socket {
                        // What is lost on a broken socket is said anew on the next one.
                        let _ = socket.send(Message::text(serde_json::to_string(&request)?)).await;
                    }
                }
            }
        }
        tokio::select! {
            _ = tick.tick() => client.tick(now(), dice.random()),
            message = next(&mut socket) => {
                let Some(message) = message else {
                    socket = None;
                    client.closed(now(), dice.random());
                    continue;
                };
                let Some(message) = read(&message) else { continue };
                for change in client.receive(now(), dice.random(), message).rows {
                    let id = change.id().cloned();
                    change.apply_to(&mut rows);
                    if let Some(line) = id.and_then(|id| moves.line(rows.get(&id)?)) {
                        println!("{line}");
                    }
                }
            }
        }
    }
}
