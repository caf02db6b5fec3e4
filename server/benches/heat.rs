//! How old the prices on a screen are at the budgets of the live sources: the planner beside a plain walk round all
//! tokens. The time is simulated, so the figures do not depend on the machine.
//!
//! The demo market answers over loopback with its own clock and the vendors' budgets, but without their caches, which
//! would make both sides older alike. A page shows the first fifty rows of the trending list; every second of twenty
//! minutes, after five to settle, the age of each of their prices is noted.
//!
//! ```text
//! cargo bench -p server --bench heat --profile dev            500, 2000 and 5000 tokens
//! cargo bench -p server --bench heat --profile dev -- 2000    these
//! ```
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "its table is what it is for")]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use memescope::query::{Filter, Order, TokenQuery};
use memescope::{Board, Book, BookSettings, Chain, Epoch, Field, Source, Timestamp, TokenId};
use server::bus::MemoryBus;
use server::clock::Clock;
use server::config::DemoConfig;
use server::demo::Demo;
use server::planner::{
    Allowance, Candidate, DEXSCREENER_BATCH, List, PRICES_BATCH, Pace, Plan, Planner, Request, Watched,
};
use server::poller::{Poller, PollerSettings};
use server::sources::{Dice, SourceConfig, Sources, SourcesConfig};
use tokio_util::sync::CancellationToken;
use url::Url;

const START: Timestamp = Timestamp::from_secs(1_795_384_503);
const INTERVAL: Duration = Duration::from_secs(10);
const SETTLING: usize = 30;
const MEASURED: usize = 120;
const ON_SCREEN: usize = 50;
const LIVE: [&str; 3] = ["60/1m", "5/1m:3", "1/2500ms:4"];
const AMPLE: [&str; 3] = ["60000/1m:20000"; 3];

/// Asks about all tokens in turn, whoever looks; lists as the planner does.
#[derive(Default)]
struct RoundRobin {
    lists: Planner,
    asked: HashMap<TokenId, Timestamp>,
    last: Option<TokenId>,
}

impl Plan for RoundRobin {
    fn discover(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: Allowance,
        catalogue: &[List],
        candidates: &[Candidate<'_>],
    ) -> Vec<Request> {
        let mut requests = self.lists.discover(now, pace, allowance, catalogue, &[]);
        let used = requests.iter().filter(|request| request.source() == Source::Dexscreener).count();
        let from = candidates.partition_point(|candidate| self.last.as_ref() >= Some(candidate.age.token));
        let (before, after) = candidates.split_at(from);
        let due: Vec<TokenId> = after
            .iter()
            .chain(before)
            .map(|candidate| candidate.age.token)
            .filter(|id| self.asked.get(*id).is_none_or(|asked| now.since(*asked) >= pace.others))
            .take((allowance.dexscreener - used) * DEXSCREENER_BATCH)
            .cloned()
            .collect();
        self.last = due.last().cloned().or(self.last.take());
        self.asked.extend(due.iter().map(|id| (id.clone(), now)));
        requests.extend(due.chunks(DEXSCREENER_BATCH).map(|ids| Request::Tokens(Chain::solana(), ids.to_vec())));
        requests
    }

    fn fill(
        &mut self,
        _: Timestamp,
        _: &Pace,
        allowance: Allowance,
        in_need: &[TokenId],
        _: &[TokenId],
    ) -> Vec<Request> {
        let need = in_need.chunks(PRICES_BATCH).map(<[TokenId]>::to_vec);
        need.chain([Vec::new()]).take(allowance.jupiter).map(Request::Prices).collect()
    }

    fn unanswered(&mut self, _: Timestamp, _: &Pace, request: &Request, _: bool) {
        if let Request::Tokens(_, ids) = request {
            for id in ids {
                self.asked.remove(id);
            }
        }
    }
}

/// The first rows of the page's default view.
fn on_screen(board: &Board) -> Vec<TokenId> {
    let query = TokenQuery::page_default();
    let (order, filter) = (Order::of(&query), Filter::new(&query, board.as_of));
    let mut rows: Vec<_> =
        board.tokens.values().filter(|row| filter.passes(row)).map(|row| (order.key(row), row.id.clone())).collect();
    rows.sort_by(|a, b| order.compare((&a.0, &a.1), (&b.0, &b.1)));
    rows.into_iter().take(ON_SCREEN).map(|(_, id)| id).collect()
}

/// The seconds since a row's price was true.
fn price_age(board: &Board, id: &TokenId, now: Timestamp) -> Option<u64> {
    let origin = board.tokens.get(id)?.provenance.fields.get(&Field::PriceUsd)?;
    Some(now.since(origin.observed_at).as_secs())
}

fn percentile(ages: &mut [u64], percent: usize) -> u64 {
    ages.sort_unstable();
    ages.get((ages.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0)
}

struct Scene {
    urls: [String; 3],
    clock: Clock,
    screen: Arc<Mutex<Vec<TokenId>>>,
    most: usize,
}

impl Scene {
    fn poller(&self, budgets: [&str; 3], pace: Pace, known: (Book, Board)) -> (Poller<MemoryBus>, Sources) {
        let place = |number: usize| SourceConfig {
            url: Url::parse(&self.urls[number]).unwrap(),
            budget: budgets[number].parse().unwrap(),
            api_key: None,
        };
        let config = SourcesConfig {
            dice: Dice::new(|| 0.0),
            concurrency: 8,
            ..SourcesConfig::new(place(0), place(1), place(2))
        };
        let settings = PollerSettings {
            interval: INTERVAL,
            pace,
            catalogue: List::catalogue(&[Chain::solana()], &["sol".to_owned()]),
            market: "demo:7".to_owned(),
        };
        let sources = Sources::new(&config, &self.clock).unwrap();
        let screen = self.screen.clone();
        let watching = Arc::new(move || {
            let rows = screen.lock().unwrap().iter().map(|id| (id.clone(), 1)).collect();
            Watched { rows, listed: HashSet::new() }
        });
        let bus = Arc::new(MemoryBus::default());
        (Poller::new(settings, known, sources.clone(), bus, watching, self.clock.clone()), sources)
    }

    fn settings(&self) -> BookSettings {
        BookSettings { max_tokens: self.most, ..BookSettings::default() }
    }

    /// The whole market, found with budgets that do not matter.
    async fn found(&self) -> (Book, Board) {
        let board = Board { epoch: Epoch::from_bits(9), ..Board::default() };
        let (mut poller, _) = self.poller(AMPLE, Pace::DEMO, (Book::new(self.settings()), board));
        for _ in 0..6 {
            poller.tick().await;
            tokio::time::advance(INTERVAL).await;
        }
        (poller.book().clone(), poller.board().clone())
    }
}

struct Figures {
    tracked: usize,
    screen: Vec<u64>,
    all: Vec<u64>,
    requests: u64,
}

async fn measure(tokens: usize, plan: Box<dyn Plan>) -> Figures {
    let stop = CancellationToken::new();
    let _open = stop.clone().drop_guard();
    let config = DemoConfig { tokens, seed: 7, faults: String::new(), adversarial: false };
    let clock = Clock::from_runtime(START);
    let demo = Demo::start(&config, START, stop).await.unwrap();
    let scene = Scene { urls: demo.base_urls(), clock, screen: Arc::default(), most: tokens };
    let (mut book, board) = scene.found().await;
    book.configure(scene.settings());
    let (poller, sources) = scene.poller(LIVE, Pace::LIVE, (book, board));
    let mut poller = poller.with_plan(plan);
    let mut figures = Figures { tracked: 0, screen: Vec::new(), all: Vec::new(), requests: 0 };
    for tick in 0..SETTLING + MEASURED {
        *scene.screen.lock().unwrap() = on_screen(poller.board());
        poller.tick().await;
        let board = poller.board();
        let screen = on_screen(board);
        for second in 0..INTERVAL.as_secs() {
            let now = scene.clock.now();
            if tick >= SETTLING {
                figures.screen.extend(screen.iter().filter_map(|id| price_age(board, id, now)));
                if second == 0 {
                    figures.all.extend(board.tokens.keys().filter_map(|id| price_age(board, id, now)));
                }
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    }
    figures.tracked = poller.book().len();
    figures.requests = sources.reports().iter().map(|report| report.requests.ok + report.requests.failed).sum();
    figures
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    // While a blocking task runs, a paused clock moves only when it is told to: an answer on its way is no reason to
    // let a deadline pass.
    let (_hold, held) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || held.recv());

    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let sizes: Vec<usize> = words.iter().filter_map(|size| size.parse().ok()).collect();
    if sizes.len() < words.len() {
        // The name of another benchmark.
        return;
    }
    let sizes = if sizes.is_empty() { vec![500, 2_000, 5_000] } else { sizes };
    println!("| tokens | planner | on screen p50 / p95 / max, s | all rows p50 / p95 / max, s | requests |");
    println!("|---|---|---|---|---|");
    for tokens in sizes {
        let plans: [(&str, Box<dyn Plan>); 2] =
            [("heat", Box::new(Planner::default())), ("round robin", Box::new(RoundRobin::default()))];
        for (name, plan) in plans {
            let mut figures = measure(tokens, plan).await;
            let mut ages = |of: fn(&mut Figures) -> &mut Vec<u64>| {
                [50, 95, 100].map(|percent| percentile(of(&mut figures), percent).to_string()).join(" / ")
            };
            let (screen, all) = (ages(|figures| &mut figures.screen), ages(|figures| &mut figures.all));
            println!("| {} | {name} | {screen} | {all} | {} |", figures.tracked, figures.requests);
        }
    }
}
