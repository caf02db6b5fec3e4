//! What a tick costs besides the network, over 5,000 tokens with 15,000 pools: taking the answers in, merging, comparing
//! with the last board, committing to the store. And what planning the next one costs.
//!
//! Counted is the time on the processor, so that a busy machine does not spoil the figures.
//!
//! ```text
//! cargo bench -p server --bench tick
//! ```
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod market;

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use memescope::{
    Board, Book, BookSettings, Chain, EventNames, Harvest, Price, Source, Statement, Tick, Timestamp, TokenId,
    TokenObservation, wrapped_sol,
};
use rustix::time::{ClockId, clock_gettime};
use server::bus::LogEntry;
use server::planner::{Allowance, Candidate, Heads, List, Pace, Place, Plan, Planner, Watched};
use server::store::Store;

use self::market::{NOON, SOL_USD, of_tokens, pool, token};

/// The same allocator as the product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The time that this thread was on the processor.
struct OnProcessor;

impl OnProcessor {
    fn now() -> Duration {
        let at = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(at.tv_sec.try_into().unwrap(), at.tv_nsec.try_into().unwrap())
    }
}

impl Measurement for OnProcessor {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Self::now()
    }

    fn end(&self, began: Duration) -> Duration {
        Self::now().saturating_sub(began)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

const TOKENS: u32 = 5_000;

/// Book, board and store, and what makes them go on.
struct Desk {
    book: Book,
    store: Store,
    board: Board,
    round: u32,
    watched: HashSet<TokenId>,
    names: EventNames,
}

impl Desk {
    fn new() -> Self {
        Self::with(TOKENS)
    }

    fn with(tokens: u32) -> Self {
        let mut book = Book::new(BookSettings { max_tokens: 200_000, ..BookSettings::default() });
        let price = |token: TokenId, usd| {
            let mut said = TokenObservation::new(Source::Jupiter, Statement::Price, token, NOON);
            said.price_usd = usd;
            said
        };
        let sol = price(wrapped_sol(), Price::from_f64(SOL_USD, 9));
        // Jupiter was asked about those whose pools were in doubt, and about what people look at.
        let prices = (0..tokens / 5).map(|number| price(token(number), pool(number, 0, 0, NOON).price_usd));
        let facts = (0..tokens).map(|number| {
            let mut facts = TokenObservation::new(Source::Jupiter, Statement::Facts, token(number), NOON);
            facts.holders = Some(u64::from(number));
            facts.price_usd = pool(number, 0, 0, NOON).price_usd;
            facts
        });
        book.absorb(Source::Jupiter, Harvest { tokens: facts.collect(), ..Harvest::default() }, NOON);
        book.absorb(Source::Jupiter, Harvest { tokens: prices.chain([sol]).collect(), ..Harvest::default() }, NOON);
        let mut desk = Self {
            book,
            store: Store::new(Board::default()),
            board: Board::default(),
            round: 0,
            watched: (0..50).map(token).collect(),
            names: EventNames::default(),
        };
        let all = desk.answer(0..tokens, true);
        desk.tick(Some(all));
        desk
    }

    /// The next answer about these tokens, with other figures or the same.
    fn answer(&mut self, numbers: impl Iterator<Item = u32> + Clone, anew: bool) -> (Harvest, Timestamp) {
        self.round += 1;
        // So little time goes by that no age passes a limit.
        let now = NOON.plus(Duration::from_millis(u64::from(self.round)));
        (of_tokens(numbers, if anew { self.round } else { 1 }, now), now)
    }

    /// How many rows changed.
    fn tick(&mut self, answer: Option<(Harvest, Timestamp)>) -> usize {
        let now = answer.as_ref().map_or(self.board.as_of, |(_, now)| *now);
        if let Some((harvest, now)) = answer {
            self.book.absorb(Source::Dexscreener, harvest, now);
        }
        let tick = Tick { now, poll_interval: Duration::from_secs(10), watched: &self.watched };
        let published = self.book.publish(&self.board, &tick);
        let next = self.board.advance(now, published.sol_usd, published.stale, published.tokens);
        let delta = self.board.step(&next, published.changes);
        let changed = delta.upserts.len();
        if delta.changes_rows() {
            let place = (self.board.epoch, self.board.seq + 1);
            let told = published.events.into_iter().map(|(token, what)| (Some(token), what));
            let events = self.names.name(place, now, told).into();
            let entry = LogEntry { delta: Some(Arc::new(delta)), events, reports: Arc::default() };
            self.store.commit(&entry).unwrap();
            self.board = next;
        }
        changed
    }
}

/// What is heard before a tick.
type NextAnswer<'a> = dyn Fn(&mut Desk) -> Option<(Harvest, Timestamp)> + 'a;

fn tick(c: &mut Criterion<OnProcessor>) {
    let mut desk = Desk::new();
    assert_eq!(desk.board.tokens.len(), TOKENS as usize);
    let mut group = c.benchmark_group("tick");
    group.sample_size(20);
    let percent = |desk: &mut Desk| {
        let from = desk.round % 100;
        desk.answer((0..TOKENS).filter(move |number| number % 100 == from), true)
    };
    let all = |desk: &mut Desk| desk.answer(0..TOKENS, true);
    let again = |desk: &mut Desk| desk.answer(0..TOKENS, false);
    let cases: [(&str, &NextAnswer<'_>, usize); 4] = [
        ("nothing is heard", &|_| None, 0),
        ("1 % changed", &|desk| Some(percent(desk)), 50),
        ("all changed", &|desk| Some(all(desk)), 5_000),
        ("all heard again unchanged", &|desk| Some(again(desk)), 0),
    ];
    for (name, answer, changed) in cases {
        let next = answer(&mut desk);
        let first = desk.tick(next);
        // The first repetition goes back to the figures that are repeated.
        assert!(first == changed || name.ends_with("unchanged"), "{name}: {first}");
        let desk = std::cell::RefCell::new(&mut desk);
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || answer(&mut desk.borrow_mut()),
                |answer| assert_eq!(black_box(desk.borrow_mut().tick(answer)), changed),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// As many changes on a small board and on a large one: what a tick costs follows the changes.
fn scale(c: &mut Criterion<OnProcessor>) {
    let mut group = c.benchmark_group("500 changed");
    group.sample_size(20);
    for tokens in [1_000, 100_000] {
        let desk = std::cell::RefCell::new(Desk::with(tokens));
        group.bench_function(format!("of {tokens}"), |bencher| {
            let answer = || {
                let mut desk = desk.borrow_mut();
                let (step, from) = (tokens / 500, desk.round % (tokens / 500));
                Some(desk.answer((0..tokens).filter(move |number| number % step == from), true))
            };
            bencher.iter_batched(
                answer,
                |answer| assert_eq!(black_box(desk.borrow_mut().tick(answer)), 500),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn plan(c: &mut Criterion<OnProcessor>) {
    let desk = Desk::new();
    let mut group = c.benchmark_group("plan");
    group.sample_size(30);
    let watched = Watched { rows: (0..50).map(|n| (token(n), 1)).collect(), listed: HashSet::new() };
    let mut heads = Heads::default();
    heads.restart(&desk.board);
    let catalogue = List::catalogue(&[Chain::solana()], &["sol".to_owned()]);
    let allowance = Allowance { dexscreener: 10, geckoterminal: 1, jupiter: 4 };
    let mut planner = Planner::default();
    let mut now = NOON.plus(Duration::from_secs(60));
    group.bench_function("5,000 candidates", |bencher| {
        bencher.iter(|| {
            now = now.plus(Duration::from_secs(10));
            let ages = desk.book.ages();
            let candidates: Vec<Candidate<'_>> =
                ages.map(|age| Candidate { place: Place::of(age.token, &watched, &heads), age }).collect();
            black_box(planner.discover(now, &Pace::LIVE, allowance, &catalogue, &candidates))
        });
    });
    let next = {
        let mut tokens = desk.board.tokens.clone();
        for number in 0..50 {
            let mut row = (*tokens[&token(number * 97)]).clone();
            row.volume_usd.h24 = row.volume_usd.h24.map(|usd| usd + 1_000.0);
            tokens.insert(row.id.clone(), Arc::new(row));
        }
        desk.board.advance(now, desk.board.sol_usd, false, tokens)
    };
    let delta = desk.board.diff(&next);
    group.bench_function("first pages after 1 % changed", |bencher| {
        bencher.iter(|| heads.follow(black_box(&delta), &next));
    });
    group.bench_function("whose price is needed", |bencher| {
        bencher.iter(|| black_box(desk.book.needs_price(NOON.plus(Duration::from_secs(60)))));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(OnProcessor);
    targets = tick, scale, plan
}
criterion_main!(benches);
