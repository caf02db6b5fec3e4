//! How long it takes from a commit until the bytes of all watched views are ready: 500 of 1,000 rows change, or 1 % of
//! 100,000.
//!
//! ```text
//! cargo bench -p server --bench fanout
//! ```
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use memescope::query::{Metric, Rank, TokenQuery};
use memescope::{Board, Chain, Price, Timestamp, Token, TokenId, Txns, Window};
use server::bus::LogEntry;
use server::clock::Clock;
use server::feed::{FeedConfig, Hub, WatchedView};
use server::store::Store;

/// Rows, and how many of them change.
const BOARDS: [(u32, u32); 2] = [(1_000, 500), (100_000, 1_000)];

fn token(number: u32, round: u32) -> Arc<Token> {
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
    Arc::new(token)
}

fn watch(hub: &Hub, views: u32) -> Vec<WatchedView> {
    (0..views)
        .map(|number| {
            let mut query = TokenQuery::page_default();
            query.rank = Rank::ALL[number as usize % Rank::ALL.len()];
            query.set_bound(Metric::LiquidityUsd, None, Some(f64::from(number)), None);
            hub.watch_list(&query, 200).unwrap()
        })
        .collect()
}

fn fanout(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let mut group = c.benchmark_group("fanout");
    group.sample_size(30);
    for ((rows, changed), views) in BOARDS.into_iter().flat_map(|board| [1, 10, 100].map(|views| (board, views))) {
        let store = Arc::new(Store::new(Board::default()));
        let hub = Hub::new(store.clone(), Clock::system(), true, FeedConfig::default());
        let mut round = 0;
        let mut next = |count: u32| {
            round += 1;
            let before = &store.snapshot().board;
            let mut tokens = before.tokens.clone();
            for number in (0..rows).cycle().skip((round * 37 % rows) as usize).take(count as usize) {
                let row = token(number, round);
                tokens.insert(row.id.clone(), row);
            }
            let after = before.advance(Timestamp::from_secs(i64::from(round)), None, false, tokens);
            LogEntry { delta: Some(Arc::new(before.diff(&after))), events: Arc::default(), reports: Arc::default() }
        };
        store.commit(&next(rows)).unwrap();
        hub.advance();
        let _watched = watch(&hub, views);
        group.bench_function(BenchmarkId::new(format!("{changed} of {rows}, views"), views), |bencher| {
            bencher.iter_batched(
                || {
                    let entry = next(changed);
                    store.commit(&entry).unwrap();
                },
                |()| hub.advance(),
                BatchSize::PerIteration,
            );
        });
        if views == 1 {
            group.bench_function(format!("{changed} of {rows}, commit"), |bencher| {
                bencher.iter_batched(
                    || {
                        hub.advance();
                        next(changed)
                    },
                    |entry| black_box(store.commit(&entry).unwrap()),
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, fanout);
criterion_main!(benches);
