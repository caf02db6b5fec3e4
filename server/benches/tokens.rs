//! How long the API takes for a page, by the size of the board; the router included, the network not.
//!
//! ```text
//! cargo bench -p server --bench tokens
//! ```
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use memescope::{Board, Chain, Price, Timestamp, Token, TokenId, Txns, Window};
use server::api::{Api, Readiness, router};
use server::bus::LogEntry;
use server::pages::{CursorKey, Pages};
use server::store::Store;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// How many rows change with a commit.
const CHANGED: u32 = 500;

fn token(number: u32, round: u32) -> Token {
    let mut address = [7; 32];
    address[..4].copy_from_slice(&(number + 1).to_be_bytes());
    let id = TokenId::new(&Chain::solana(), &bs58::encode(address).into_string()).unwrap();
    // Any numbers that move the order about.
    let noise = f64::from(number.wrapping_mul(2_654_435_761).wrapping_add(round.wrapping_mul(40_503)) % 100_000);
    let mut token = Token::new(id, Timestamp::from_secs(i64::from(round)));
    token.symbol = Some(format!("T{number}").into());
    token.name = Some(format!("Token number {number}").into());
    token.price_usd = Price::new(u64::from(number + round) + 1, -6);
    token.liquidity_usd = Some(noise * 3.0);
    token.market_cap_usd = Some(noise * 40.0);
    for window in Window::ALL {
        *token.change_pct.slot(window) = Some((noise - 50_000.0) / 1_000.0);
        *token.volume_usd.slot(window) = Some(noise * 10.0);
        *token.txns.slot(window) = Some(Txns { buys: u64::from(number % 90), sells: u64::from(round % 70) });
    }
    token
}

/// Commits rows of a round; the numbers are spread over the board.
fn commit(store: &Store, round: u32, rows: u32, count: u32) {
    let before = store.snapshot().board.clone();
    let mut tokens = before.tokens.clone();
    for number in 0..count {
        let row = token(number.wrapping_mul(97).wrapping_add(round) % rows, round);
        tokens.insert(row.id.clone(), Arc::new(row));
    }
    let after = before.advance(Timestamp::from_secs(i64::from(round)), None, false, tokens);
    let delta = Some(Arc::new(before.diff(&after)));
    store.commit(&LogEntry { delta, events: Arc::default(), reports: Arc::default() }).unwrap();
}

/// One of many spellings of a query: the letters of the number's bits are written as escapes. Each is an address of its
/// own, so that no kept answer fits.
fn spelled(query: &str, number: u32) -> String {
    let mut place = 0;
    let mut spelled = String::new();
    for letter in query.chars() {
        let may_be_escaped = letter.is_ascii_alphanumeric() && place < 32;
        if may_be_escaped && number >> place & 1 == 1 {
            write!(spelled, "%{:02X}", u32::from(letter)).unwrap();
        } else {
            spelled.push(letter);
        }
        place += u32::from(may_be_escaped);
    }
    spelled
}

fn store(rows: u32) -> Arc<Store> {
    let tokens = (0..rows).map(|number| token(number, 0)).map(|row| (row.id.clone(), Arc::new(row))).collect();
    Arc::new(Store::new(Board { seq: 1, tokens, ..Board::default() }))
}

fn ask(runtime: &Runtime, router: &Router, address: &str, headers: &[(&str, &str)]) -> (StatusCode, Vec<u8>, String) {
    let mut request = Request::builder().uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    runtime.block_on(async {
        let response = router.clone().oneshot(request).await.unwrap();
        let tag = response.headers().get("etag").map_or("", |tag| tag.to_str().unwrap()).to_owned();
        let status = response.status();
        (status, to_bytes(response.into_body(), 1 << 24).await.unwrap().to_vec(), tag)
    })
}

fn tokens(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut group = c.benchmark_group("tokens");
    group.sample_size(20);
    for rows in [100, 1_000, 10_000, 100_000] {
        let store = store(rows);
        let pages = Arc::new(Pages::new(store.clone(), CursorKey::from_bytes([7; 32])));
        let router = router(Arc::new(Api::new(store.clone(), pages, "live", Arc::new(Readiness::new(true)))));
        let get = |address: &str, headers: &[(&str, &str)]| {
            let (status, body, tag) = ask(&runtime, &router, address, headers);
            assert!(status.is_success() || status == StatusCode::NOT_MODIFIED, "{status}");
            (body, tag)
        };
        let (body, tag) = get("/tokens?limit=20", &[]);
        let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let cursor = page["page"]["next_cursor"].as_str().unwrap();
        let second = format!("/tokens?limit=20&rank=trending&window=h24&cursor={cursor}");
        // Page 500 of twenty rows, or the last one of a small board.
        let mut deep = second.clone();
        for _ in 1..(rows / 20 - 1).min(499) {
            let (body, _) = get(&deep, &[]);
            let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let cursor = page["page"]["next_cursor"].as_str().unwrap();
            deep = format!("/tokens?limit=20&rank=trending&window=h24&cursor={cursor}");
        }
        let filtered = "/tokens?limit=20&sort=-volume_usd&min_liquidity_usd=299700".to_owned();
        for (name, address) in [
            ("first", "/tokens?limit=20&rank=trending&window=h24".to_owned()),
            ("second", second),
            ("page 500", deep),
            ("filtered", filtered),
        ] {
            group.bench_function(BenchmarkId::new(format!("{name} kept"), rows), |bencher| {
                bencher.iter(|| black_box(get(&address, &[])));
            });
            let query = address.trim_start_matches("/tokens?");
            let mut number = 0;
            group.bench_function(BenchmarkId::new(format!("{name} put together"), rows), |bencher| {
                bencher.iter_batched(
                    || {
                        number += 1;
                        format!("/tokens?{}", spelled(query, number))
                    },
                    |address| black_box(get(&address, &[])),
                    BatchSize::SmallInput,
                );
            });
        }
        group.bench_function(BenchmarkId::new("br kept", rows), |bencher| {
            bencher.iter(|| black_box(get("/tokens?limit=20", &[("accept-encoding", "br")])));
        });
        group.bench_function(BenchmarkId::new("304", rows), |bencher| {
            bencher.iter(|| black_box(get("/tokens?limit=20", &[("if-none-match", &tag)])));
        });
        // What nobody has asked for yet, of a snapshot that is there: no list of the filter, no answer of the search.
        let mut asked = 0;
        for (name, address) in [
            ("filtered, not asked before", "/tokens?limit=20&sort=-volume_usd&min_liquidity_usd=299700"),
            ("search, not asked before", "/search?q="),
        ] {
            group.bench_function(BenchmarkId::new(name, rows), |bencher| {
                bencher.iter_batched(
                    || {
                        asked += 1;
                        if address.ends_with('=') {
                            // One in three hundred rows holds the number.
                            format!("/search?{}", spelled(&format!("q={}&limit=10", 100 + asked % 900), asked))
                        } else {
                            format!("{address}.{asked:06}")
                        }
                    },
                    |address| black_box(get(&address, &[])),
                    BatchSize::PerIteration,
                );
            });
        }
        let mut round = 0;
        for (name, address) in [
            ("first after a commit", "/tokens?limit=20"),
            ("filtered after a commit", "/tokens?limit=20&sort=-volume_usd&min_liquidity_usd=299700"),
            ("search after a commit", "/search?q=99"),
        ] {
            group.bench_function(BenchmarkId::new(name, rows), |bencher| {
                bencher.iter_batched(
                    || {
                        round += 1;
                        commit(&store, round, rows, CHANGED);
                    },
                    |()| black_box(get(address, &[])),
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, tokens);
criterion_main!(benches);
