//! How long a start takes with a large board on disk: from the closed folder to the first two hundred rows of `/tokens`.
//! The engine and the router included, the network and the page not.
//!
//! ```text
//! cargo bench -p server --bench cold -- 100000
//! ```
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "it tells what it measures")]

mod market;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use memescope::{
    Board, Book, BookSettings, Chain, Epoch, Harvest, Price, Source, Statement, Tick, Timestamp, TokenObservation,
    wrapped_sol,
};
use server::api::{Api, Readiness, router};
use server::clock::Clock;
use server::engine::{Engine, EngineSettings};
use server::feed::FeedConfig;
use server::journal::Journal;
use server::pages::{CursorKey, Pages};
use server::planner::{List, Pace};
use server::poller::PollerSettings;
use server::sources::{SourceConfig, SourcesConfig, SourcesMemory};
use tokio::time::Instant;
use tower::ServiceExt;

use self::market::{NOON, SOL_USD, of_tokens};

/// The same allocator as the product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MARKET: &str = "live";

/// How often it is measured; the median is told.
const STARTS: usize = 5;

/// How long the process was down.
const DOWN: Duration = Duration::from_secs(30);

fn book_settings() -> BookSettings {
    BookSettings { max_tokens: 200_000, ..BookSettings::default() }
}

/// Leaves a folder as an orderly stop does.
async fn leave(folder: &Path, tokens: u32) {
    let mut sol = TokenObservation::new(Source::Jupiter, Statement::Price, wrapped_sol(), NOON);
    sol.price_usd = Price::from_f64(SOL_USD, 9);
    let mut book = Book::new(book_settings());
    book.absorb(Source::Jupiter, Harvest { tokens: vec![sol], ..Harvest::default() }, NOON);
    book.absorb(Source::Dexscreener, of_tokens(0..tokens, 1, NOON), NOON);
    let watched = HashSet::new();
    let empty = Board { epoch: Epoch::from_bits(7), ..Board::default() };
    let published =
        book.publish(&empty, &Tick { now: NOON, poll_interval: Duration::from_secs(10), watched: &watched });
    let board = empty.advance(NOON, published.sol_usd, published.stale, published.tokens);
    assert_eq!(board.tokens.len(), usize::try_from(tokens).unwrap());
    let (journal, _) = Journal::open::<SourcesMemory>(folder, MARKET, NOON).unwrap();
    journal.offer(Journal::encode(MARKET, &board, &book, &SourcesMemory::new(), 0).unwrap());
    journal.write_until(std::future::ready(())).await;
    assert!(journal.is_settled());
    journal.mark_clean(board.epoch, board.seq).unwrap();
}

fn settings(folder: &Path) -> EngineSettings {
    // Nobody is asked.
    let nowhere =
        SourceConfig { url: "http://127.0.0.1:9".parse().unwrap(), budget: "60/1m".parse().unwrap(), api_key: None };
    EngineSettings {
        folder: folder.to_owned(),
        is_demo: false,
        sources: SourcesConfig::new(nowhere.clone(), nowhere.clone(), nowhere),
        poller: PollerSettings {
            interval: Duration::from_secs(10),
            pace: Pace::DEMO,
            catalogue: List::catalogue(&[Chain::solana()], &["sol".to_owned()]),
            market: MARKET.to_owned(),
        },
        book: book_settings(),
        feed: FeedConfig::default(),
        logos: false,
    }
}

/// One start: until the engine is open, and until the first page is there.
async fn start(folder: &Path) -> [Duration; 2] {
    let clock = Clock::new(|| -> Timestamp { NOON.plus(DOWN) });
    let began = Instant::now();
    let engine = Engine::open(settings(folder), clock, Epoch::from_bits(8)).await.unwrap();
    let opened = began.elapsed();
    let pages = Arc::new(Pages::new(engine.store.clone(), CursorKey::from_bytes([7; 32])));
    let router = router(Arc::new(Api::new(engine.store.clone(), pages, MARKET, Arc::new(Readiness::new(true)))));
    let request = Request::builder().uri("/tokens?limit=200").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert!(response.status().is_success());
    let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
    let answered = began.elapsed();
    let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(page["data"].as_array().unwrap().len(), 200);
    [opened, answered]
}

fn main() {
    let tokens = std::env::args().find_map(|argument| argument.parse::<u32>().ok()).unwrap_or(100_000);
    // A runtime of its own for every start, as a process has it: what the last one held is gone with it.
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let folder = tempfile::tempdir().unwrap();
        runtime().block_on(leave(folder.path(), tokens));
        starts.push(runtime().block_on(start(folder.path())));
    }
    starts.sort_unstable_by_key(|[_, answered]| *answered);
    let [opened, answered] = starts[STARTS / 2];
    println!("{tokens} tokens: open after {opened:.1?}, first 200 rows after {answered:.1?} (median of {STARTS})");
}
