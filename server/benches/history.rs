//! What the history costs: on disk, in a tick, in an answer.
//!
//! ```text
//! cargo bench -p server --bench history
//! ```
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "it tells what it measures")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use memescope::{Board, Chain, DayVolume, Interval, Price, Timestamp, Token, TokenId, VolumeScope};
use server::history::{History, HistorySettings, Keeper, Note, Range, Reading, Seen};
use tokio::time::Instant;

const START: i64 = 1_795_305_600;

/// Tokens of a full board.
const TOKENS: u32 = 5_000;

/// Tokens of which days are kept.
const FEW: u32 = 100;

fn id(number: u32) -> TokenId {
    let mut address = [7; 32];
    address[..4].copy_from_slice(&(number + 1).to_be_bytes());
    TokenId::new(&Chain::solana(), &bs58::encode(address).into_string()).unwrap()
}

fn at(secs: u32) -> Timestamp {
    Timestamp::from_secs(START + i64::from(secs))
}

/// A price that walks by up to a percent.
fn reading(number: u32, secs: u32) -> Reading {
    let noise = number.wrapping_mul(2_654_435_761).wrapping_add(secs.wrapping_mul(40_503)) >> 16;
    let at = at(secs);
    Reading {
        token: id(number),
        at,
        price: Price::new(u64::from(4_498_000 + noise % 45_000), -12).unwrap(),
        volume_at: at,
        m5_usd: Some(f64::from(noise) * 1.37),
        day: Some(DayVolume { usd: f64::from(noise) * 400.0, scope: VolumeScope::Pools }),
    }
}

fn seen(tokens: u32, secs: u32) -> Note {
    Note::Seen(Seen {
        as_of: at(secs),
        readings: (0..tokens).map(|number| reading(number, secs)).collect(),
        gone: Vec::new(),
    })
}

fn open(folder: &Path, tokens: u32) -> (History, Keeper) {
    let rows = (0..tokens).map(|number| (id(number), Arc::new(Token::new(id(number), at(0)))));
    let board = Board { tokens: rows.collect(), ..Board::default() };
    let settings =
        HistorySettings { folder: folder.to_owned(), market: "live".to_owned(), max_tokens: TOKENS as usize };
    History::open(&settings, &board, at(0))
}

fn size(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("history.redb")).unwrap().len()
}

fn history(criterion: &mut Criterion) {
    let home = tempfile::tempdir().unwrap();
    let (reader, mut keeper) = open(home.path(), FEW);
    // Until all but the days are full; an hour at a time, for each note is a write to the disk.
    let days = if std::env::args().any(|word| word == "--test") { 2 } else { 100u32 };
    for hour in 0..days * 24 {
        let minutes = (hour * 60..(hour + 1) * 60).map(|minute| minute * 60);
        let readings = minutes.flat_map(|secs| (0..FEW).map(move |number| reading(number, secs))).collect();
        let as_of = at((hour * 60 + 59) * 60);
        keeper.take(Note::Seen(Seen { as_of, readings, gone: Vec::new() }));
        if matches!((hour + 1) / 24, 1 | 2 | 14 | 50 | 90 | 100) && (hour + 1).is_multiple_of(24) {
            let bytes = size(home.path());
            println!("{FEW} tokens, day {}: {bytes} bytes, {} a token", (hour + 1) / 24, bytes / u64::from(FEW));
        }
    }
    let now = at(days * 86_400);
    for interval in [Interval::M1, Interval::M5, Interval::M15, Interval::H1] {
        let range = Range { interval, from: Timestamp::EARLIEST, to: now, limit: 300 };
        let mut number = 0;
        criterion.bench_function(&format!("candles/300 of {interval}"), |bencher| {
            bencher.iter(|| {
                number = (number + 37) % FEW;
                black_box(reader.candles(&id(number), range).unwrap())
            });
        });
    }
    criterion.bench_function("sparklines/50", |bencher| {
        let ids: Vec<TokenId> = (0..50).map(id).collect();
        bencher.iter(|| ids.iter().filter_map(|id| reader.spark(id, now)).map(|view| view.points.len()).sum::<usize>());
    });

    let full = tempfile::tempdir().unwrap();
    let (_reader, mut keeper) = open(full.path(), TOKENS);
    let mut minute = 0;
    // The first notes number the tokens.
    for _ in 0..5 {
        minute += 1;
        keeper.take(seen(TOKENS, minute * 60));
    }
    let mut second = 0;
    criterion.bench_function("a tick of 5000 tokens within a minute", |bencher| {
        bencher.iter_batched(
            || {
                second = (second + 1) % 50;
                seen(TOKENS, minute * 60 + second)
            },
            |note| keeper.take(note),
            BatchSize::LargeInput,
        );
    });
    // What a minute's end costs, and an hour's: each is seen a few times only.
    let (mut minutes, mut hours) = (Vec::new(), Vec::new());
    for _ in 0..125 {
        minute += 1;
        let note = seen(TOKENS, minute * 60);
        let began = Instant::now();
        keeper.take(note);
        // An hour is put away when its last minute is settled.
        if minute % 60 == 2 { &mut hours } else { &mut minutes }.push(began.elapsed());
    }
    minutes.sort();
    println!("{TOKENS} tokens, the end of a minute: {:?} at the median, {:?} at most", minutes[60], minutes.last());
    println!("{TOKENS} tokens, the end of an hour: {hours:?}; {} bytes after {minute} minutes", size(full.path()));
}

criterion_group!(benches, history);
criterion_main!(benches);
