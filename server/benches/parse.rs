//! What a megabyte of an answer costs: a thousand pools as `DexScreener` writes them, from the bytes on the loopback to
//! observations. The same with as many bytes that hold no pool tells how much of it is the way they come.
//!
//! Counted is the time on the processor of the thread that asks.
//!
//! ```text
//! cargo bench -p server --bench parse
//! ```
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "it tells what it measures")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::http::header;
use memescope::wrapped_sol;
use rustix::time::{ClockId, clock_gettime};
use server::clock::Clock;
use server::sources::{SourceConfig, Sources, SourcesConfig};

/// The same allocator as the product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const POOLS: u8 = 250;

/// How often each is asked; the median is told.
const TIMES: usize = 41;

fn address(kind: u8, number: u8, more: u8) -> String {
    let mut bytes = [kind; 32];
    (bytes[0], bytes[1]) = (number, more);
    bs58::encode(bytes).into_string()
}

/// A pool with everything that is usually said of one.
fn pool(number: u8, more: u8) -> serde_json::Value {
    let token = address(7, number, more);
    let price = f64::from(number) * 0.000_001_234_5 + 0.000_01;
    serde_json::json!({
        "chainId": "solana", "dexId": "raydium", "labels": ["CPMM"],
        "url": format!("https://dexscreener.com/solana/{token}"),
        "pairAddress": address(9, number, more),
        "baseToken": { "address": token, "name": format!("Token number {number} {more}"), "symbol": format!("T{number}{more}") },
        "quoteToken": { "address": wrapped_sol().address(), "name": "Wrapped SOL", "symbol": "SOL" },
        "priceNative": format!("{:.12}", price / 150.0), "priceUsd": format!("{price:.10}"),
        "txns": {
            "m5": { "buys": 3, "sells": 1 }, "h1": { "buys": 41, "sells": 37 },
            "h6": { "buys": 310, "sells": 290 }, "h24": { "buys": 2901, "sells": 2711 }
        },
        "volume": { "h24": 123_456.78, "h6": 34_567.89, "h1": 5_678.9, "m5": 432.1 },
        "priceChange": { "m5": 0.4, "h1": -2.31, "h6": 12.5, "h24": -34.2 },
        "liquidity": { "usd": 98_765.43, "base": 1_234_567, "quote": 321.5 },
        "fdv": 1_234_567, "marketCap": 1_234_567, "pairCreatedAt": 1_730_000_000_000_i64,
        "info": {
            "imageUrl": format!("https://cdn.dexscreener.com/cms/images/{token}?width=800&height=800&quality=90"),
            "header": format!("https://cdn.dexscreener.com/cms/images/{token}?width=1500&height=500&quality=90"),
            "openGraph": format!("https://cdn.dexscreener.com/token-images/og/solana/{token}?timestamp=1730000000000"),
            "websites": [{ "label": "Website", "url": "https://example.org" }],
            "socials": [{ "type": "twitter", "url": "https://x.com/example" }, { "type": "telegram", "url": "https://t.me/example" }]
        }
    })
}

/// Answers every question with the same bytes, in a thread of its own.
fn serve(body: String) -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = move || {
                let body = body.clone();
                async move { ([(header::CONTENT_TYPE, "application/json")], body) }
            };
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, Router::new().fallback(answer)).await.unwrap();
        });
    });
    address
}

fn on_processor() -> Duration {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(at.tv_sec.try_into().unwrap(), at.tv_nsec.try_into().unwrap())
}

/// The median of what asking costs, once it is warm; and how many pools came.
fn ask(body: String) -> (Duration, usize) {
    let place = SourceConfig {
        url: format!("http://{}", serve(body)).parse().unwrap(),
        budget: "60000/1m".parse().unwrap(),
        api_key: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sources = Sources::new(&SourcesConfig::new(place.clone(), place.clone(), place), &Clock::system()).unwrap();
        let (mut costs, mut pools) = (Vec::new(), 0);
        for _ in 0..TIMES {
            let began = on_processor();
            pools = sources.dexscreener().token_pairs(&wrapped_sol()).await.unwrap().pools.len();
            costs.push(on_processor().saturating_sub(began));
            // Past every budget.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        costs.sort_unstable();
        (costs[TIMES / 2], pools)
    })
}

fn main() {
    let pools: Vec<_> = (0..4).flat_map(|more| (0..POOLS).map(move |number| pool(number, more))).collect();
    let body = serde_json::json!({ "schemaVersion": "1.0.0", "pairs": pools }).to_string();
    let bytes = body.len();
    let bare = serde_json::json!({ "schemaVersion": "x".repeat(bytes - 40), "pairs": [] }).to_string();
    let ((all, count), (way, none)) = (ask(body), ask(bare));
    assert_eq!((count, none), (pools.len(), 0));
    println!(
        "{count} pools, {bytes} bytes: {all:.2?} on the processor (median of {TIMES}), of which {way:.2?} are the way of as many \
         bytes without a pool; {:.2?} for a megabyte of pools",
        all.saturating_sub(way).mul_f64(1e6 / bytes as f64)
    );
}
