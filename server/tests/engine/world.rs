//! A market, its clock, and a poller that moves when it is told to.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use memescope::{Board, Book, BookSettings, Chain, Epoch, Timestamp};
use serde_json::{Value, json};
use server::bus::{Bus as _, MemoryBus};
use server::clock::Clock;
use server::config::DemoConfig;
use server::demo::Demo;
use server::engine::EngineSettings;
use server::feed::FeedConfig;
use server::market::Market;
use server::planner::{List, Pace};
use server::poller::{Poller, PollerSettings, TickSummary};
use server::sources::{Dice, Rate, SourceConfig, Sources, SourcesConfig};
use server::store::Store;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

/// From one tick to the next.
pub(crate) const INTERVAL: Duration = Duration::from_secs(2);

/// A Sunday in November 2026.
const START: Timestamp = Timestamp::from_secs(1_795_384_503);

/// Whatever is at a base address, asked as often as need be.
pub(crate) fn place(url: &str) -> SourceConfig {
    SourceConfig { url: Url::parse(url).unwrap(), budget: "60000/1m:20000".parse::<Rate>().unwrap(), api_key: None }
}

/// Shows a time that only the test moves.
#[derive(Clone, Debug)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.millis())))
    }

    pub(crate) fn clock(&self) -> Clock {
        let millis = self.0.clone();
        Clock::new(move || Timestamp::from_millis(millis.load(Ordering::Relaxed)))
    }

    pub(crate) fn pass(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

/// The demo market with its clock stopped.
pub(crate) struct World {
    pub(crate) hands: Hands,
    pub(crate) market: Market,
    address: SocketAddr,
    urls: [String; 3],
    http: reqwest::Client,
    _open: DropGuard,
}

impl World {
    pub(crate) async fn new(tokens: usize) -> Self {
        Self::of(DemoConfig { tokens, seed: 7, faults: String::new(), adversarial: false }).await
    }

    /// The market at its worst.
    pub(crate) async fn adversarial(tokens: usize, seed: u64) -> Self {
        Self::of(DemoConfig { tokens, seed, faults: String::new(), adversarial: true }).await
    }

    async fn of(config: DemoConfig) -> Self {
        let stop = CancellationToken::new();
        let demo = Demo::start(&config, START, stop.clone()).await.unwrap();
        let world = Self {
            hands: Hands::at(START),
            urls: demo.base_urls(),
            address: demo.address,
            market: demo.market,
            http: reqwest::Client::new(),
            _open: stop.drop_guard(),
        };
        world.control(json!({"op": "pause"})).await;
        world
    }

    async fn control(&self, order: Value) {
        let answer = self
            .http
            .post(format!("http://{}/control", self.address))
            .header("content-type", "application/json")
            .body(order.to_string())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{order}: {}", answer.text().await.unwrap());
    }

    /// Breaks the sources from now on; an empty script heals them.
    pub(crate) async fn break_sources(&self, script: &str) {
        self.control(json!({"op": "fault", "script": script})).await;
    }

    /// Lets time go by, for us and for the market.
    pub(crate) async fn pass(&self, by: Duration) {
        self.hands.pass(by);
        self.control(json!({"op": "step", "seconds": by.as_secs_f64()})).await;
    }

    pub(crate) fn sources(&self) -> SourcesConfig {
        let [dexscreener, geckoterminal, jupiter] = &self.urls;
        SourcesConfig {
            // Long enough for an answer on a busy machine, short enough to wait for one that never comes.
            deadline: Duration::from_millis(1500),
            dice: Dice::new(|| 0.0),
            concurrency: 8,
            ..SourcesConfig::new(place(dexscreener), place(geckoterminal), place(jupiter))
        }
    }

    pub(crate) fn poller_settings() -> PollerSettings {
        PollerSettings {
            interval: INTERVAL,
            pace: Pace::DEMO,
            catalogue: List::catalogue(&[Chain::solana()], &["sol".to_owned()]),
            market: "demo:7".to_owned(),
        }
    }

    pub(crate) fn engine_settings(&self, folder: &Path) -> EngineSettings {
        EngineSettings {
            folder: folder.to_owned(),
            is_demo: true,
            sources: self.sources(),
            poller: Self::poller_settings(),
            book: BookSettings::default(),
            feed: FeedConfig::default(),
            logos: false,
        }
    }

    pub(crate) fn desk(&self) -> Desk {
        Desk::new(&self.sources(), &self.hands)
    }
}

/// A poller with its store.
pub(crate) struct Desk {
    interval: Duration,
    pub(crate) poller: Poller<MemoryBus>,
    pub(crate) store: Arc<Store>,
}

impl Desk {
    pub(crate) fn new(sources: &SourcesConfig, hands: &Hands) -> Self {
        Self::with(World::poller_settings(), sources, hands)
    }

    /// A poller that polls in its own way.
    pub(crate) fn with(settings: PollerSettings, sources: &SourcesConfig, hands: &Hands) -> Self {
        let mut book = Book::new(BookSettings::default());
        book.configure(BookSettings::default());
        let board = Board { epoch: Epoch::from_bits(9), ..Board::default() };
        let store = Arc::new(Store::new(board.clone()));
        let bus = Arc::new(MemoryBus::default());
        let follower = bus.follow();
        tokio::spawn({
            let store = store.clone();
            async move { store.follow(follower).await }
        });
        let clock = hands.clock();
        let sources = Sources::new(sources, &clock).unwrap();
        let watching = Arc::new(server::planner::Watched::default);
        let interval = settings.interval;
        let poller = Poller::new(settings, (book, board), sources, bus, watching, clock);
        Self { interval, poller, store }
    }

    /// One tick, and the time until the next.
    pub(crate) async fn tick(&mut self, world: &World) -> TickSummary {
        let mut bell = self.store.bell();
        let summary = self.poller.tick().await;
        bell.changed().await.unwrap();
        world.pass(self.interval).await;
        summary
    }
}
