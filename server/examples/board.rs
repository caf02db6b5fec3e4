//! A server whose board changes on command: what the load client measures the feed with, since it knows then when a
//! change was made, and what the page is measured with at sizes that no market has. Everything but the sources is the
//! product's own: store, feed, API, limits, headers, and the page, where its files are found.
//!
//! ```text
//! cargo run --release -p server --features app/ssr --example board -- 18490 1000
//! ```
//!
//! Port (0 takes any free one), rows. It listens on 127.0.0.1, prints its address, then answers lines of its input until that ends:
//! `commit 500` changes the price and the 24 h change of so many rows, and answers the seq, the nanoseconds of the
//! machine's steady clock just before, those of the processor just before, and those that the commit took; `cpu` answers
//! the nanoseconds of the processor so far.

use std::io::{BufRead as _, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::http::{HeaderMap, Uri};
use memescope::{Board, Chain, Price, Timestamp, Token, TokenId, Txns, Window};
use rustix::time::{ClockId, clock_gettime};
use server::api::{self, Api, Readiness};
use server::bus::LogEntry;
use server::clock::Clock;
use server::config::{HttpConfig, Origins};
use server::feed::{self, FeedConfig, Hub};
use server::http::{self, ServeOptions, Served};
use server::observe;
use server::pages::{CursorKey, Pages};
use server::reader::BoardReader;
use server::site::{self, Files};
use server::store::Store;
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// As in the binary: what a frame or a page costs is to a good part what its memory costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Most rows of a board.
const MOST_ROWS: u32 = 200_000;

fn nanos(clock: ClockId) -> i64 {
    let now = clock_gettime(clock);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

fn noise(number: u32, round: u32) -> u32 {
    number.wrapping_mul(2_654_435_761).wrapping_add(round.wrapping_mul(40_503)) % 100_000
}

fn token(number: u32, now: Timestamp) -> Result<Token, Failure> {
    let mut address = [7; 32];
    address[..4].copy_from_slice(&(number + 1).to_be_bytes());
    let id = TokenId::new(&Chain::solana(), &bs58::encode(address).into_string())?;
    let mut token = Token::new(id, now);
    let noise = noise(number, 0);
    token.symbol = Some(format!("T{number}").into());
    token.name = Some(format!("Token number {number}").into());
    token.price_usd = Price::new(u64::from(noise) + 1, -8);
    token.liquidity_usd = Some(f64::from(noise) * 3.0);
    token.market_cap_usd = Some(f64::from(noise) * 40.0);
    for window in Window::ALL {
        *token.change_pct.slot(window) = Some((f64::from(noise) - 50_000.0) / 100.0);
        *token.volume_usd.slot(window) = Some(f64::from(noise) * 10.0);
        *token.txns.slot(window) = Some(Txns { buys: u64::from(number % 90), sells: u64::from(number % 70) });
    }
    Ok(token)
}

/// The rows in the order in which they change, and how far that has come.
struct Changes {
    ids: Vec<TokenId>,
    clock: Clock,
    round: u32,
    next: usize,
}

impl Changes {
    /// Changes so many rows, and says what the load client wants to know of it.
    fn commit(&mut self, store: &Store, count: usize) -> Result<String, Failure> {
        self.round += 1;
        let before = store.snapshot().board.clone();
        let mut tokens = before.tokens.clone();
        let now = self.clock.now();
        for (number, id) in (0..).zip(self.ids.iter().cycle().skip(self.next).take(count.min(self.ids.len()))) {
            let Some(row) = tokens.get(id) else { continue };
            let mut row = Token::clone(row);
            let noise = noise(number, self.round);
            row.price_usd = Price::new(u64::from(noise) + 1, -8);
            row.change_pct.h24 = Some((f64::from(noise) - 50_000.0) / 100.0);
            row.updated_at = now;
            tokens.insert(id.clone(), Arc::new(row));
        }
        self.next = (self.next + count) % self.ids.len().max(1);
        let after = before.advance(now, None, false, tokens);
        let entry =
            LogEntry { delta: Some(Arc::new(before.diff(&after))), events: Arc::default(), reports: Arc::default() };
        let (began, spent) = (nanos(ClockId::Monotonic), nanos(ClockId::ProcessCPUTime));
        store.commit(&entry)?;
        let took = nanos(ClockId::Monotonic) - began;
        Ok(format!("{} {began} {spent} {took}", store.snapshot().board.seq))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("missing argument: {name}"));
    let (port, rows): (u16, u32) = (next("port")?.parse()?, next("rows")?.parse()?);
    if !(1..=MOST_ROWS).contains(&rows) {
        return Err("from 1 to 200000 rows".into());
    }
    let clock = Clock::system();
    let (mut ids, mut tokens) = (Vec::new(), Vec::new());
    for number in 0..rows {
        let row = token(number, clock.now())?;
        ids.push(row.id.clone());
        tokens.push((row.id.clone(), Arc::new(row)));
    }
    let board = Board { seq: 1, as_of: clock.now(), tokens: tokens.into_iter().collect(), ..Board::default() };
    let store = Arc::new(Store::new(board));
    let limits = FeedConfig { sockets_per_address: None, ..FeedConfig::default() };
    let hub = Hub::new(store.clone(), clock.clone(), true, limits);
    let pages = Arc::new(Pages::new(store.clone(), CursorKey::from_bytes([7; 32])));
    tokio::spawn(pages.clone().follow());
    hub.tell_former_places(pages.clone());
    let files = site::find().map(|folder| Files::open(&folder)).transpose()?;
    let reader = Arc::new(BoardReader::new(store.clone(), pages.clone(), clock.clone(), true));
    let api = Arc::new(Api::new(store.clone(), pages, "demo", Arc::new(Readiness::new(true))));
    let at_hand = {
        let api = api.clone();
        Arc::new(move |uri: &Uri, headers: &HeaderMap| api.at_hand(uri, headers))
    };
    let router = site::router(files, reader).merge(api::router(api)).merge(feed::router(hub.clone()));
    let http = HttpConfig {
        listen: (Ipv4Addr::LOCALHOST, port).into(),
        frontend: Origins::Same,
        trusted_proxies: Vec::new(),
        rate_limit: None,
        ws_limit: None,
    };
    let options = ServeOptions::for_open_files(http::raise_open_files());
    let listener = http::bind(&http)?;
    println!("{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    tokio::spawn(hub.run(stop.clone()));
    let (router, shortcut) = http::layers_and_shortcut(router, &http, clock.clone(), at_hand);
    let served = Served { router: observe::counting(router), shortcut: Some(shortcut) };
    tokio::spawn(http::serve(listener, served, options, stop));

    let mut changes = Changes { ids, clock, round: 0, next: 0 };
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            let answer = match line.split_once(' ') {
                Some(("commit", count)) => changes.commit(&store, count.parse()?)?,
                _ if line == "cpu" => nanos(ClockId::ProcessCPUTime).to_string(),
                _ => return Err(format!("unknown command: {line}").into()),
            };
            println!("{answer}");
            std::io::stdout().flush()?;
        }
        Ok(())
    })
    .await?
}
