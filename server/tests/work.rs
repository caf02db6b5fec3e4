//! What is done, counted exactly: work follows changes, neither size nor requests.
//!
//! The counts are those of the process, so there is one test here, and a process of its own for it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use memescope::query::{Rank, TokenQuery};
use memescope::{Board, Chain, Price, Timestamp, Token, TokenId};
use server::api::{Api, Readiness, router};
use server::bus::LogEntry;
use server::clock::Clock;
use server::feed::{FeedConfig, Hub, WatchedView};
use server::observe::MetricsListener;
use server::pages::{CursorKey, Pages};
use server::store::Store;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

const ROWS: u32 = 400;
const LISTS: u64 = 3;

fn token(number: u32, round: u32) -> Arc<Token> {
    let mut address = [7; 32];
    address[..4].copy_from_slice(&(number + 1).to_be_bytes());
    let id = TokenId::new(&Chain::solana(), &bs58::encode(address).into_string()).unwrap();
    let mut token = Token::new(id, Timestamp::from_secs(i64::from(round)));
    token.symbol = Some(format!("T{number}").into());
    token.price_usd = Price::new(u64::from(number * 31 % 97 + round) + 1, -6);
    token.liquidity_usd = Some(20_000.0);
    token.market_cap_usd = Some(f64::from((number * 7919 + round * 104_729) % 1_000_003));
    Arc::new(token)
}

struct World {
    store: Arc<Store>,
    hub: Arc<Hub>,
    api: Router,
    metrics: String,
    round: u32,
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(Store::new(Board::default()));
        let hub = Hub::new(store.clone(), Clock::system(), true, FeedConfig::default());
        let pages = Arc::new(Pages::new(store.clone(), CursorKey::from_bytes([7; 32])));
        let api = router(Arc::new(Api::new(store.clone(), pages, "demo", Arc::new(Readiness::new(true)))));
        let any = "127.0.0.1:0".parse().unwrap();
        let listener = MetricsListener::open(any, store.clone(), hub.clone(), Clock::system()).await.unwrap();
        let metrics = format!("http://{}/metrics", listener.address().unwrap());
        tokio::spawn(listener.serve(CancellationToken::new()));
        Self { store, hub, api, metrics, round: 0 }
    }

    /// Commits other figures for so many rows; none at all is a poll that told nothing new.
    fn commit(&mut self, changed: u32) {
        self.round += 1;
        let before = self.store.snapshot().board.clone();
        let mut tokens = before.tokens.clone();
        for number in 0..changed {
            let row = token((number * 13 + self.round) % ROWS, self.round);
            tokens.insert(row.id.clone(), row);
        }
        let after = before.advance(Timestamp::from_secs(i64::from(self.round)), None, false, tokens);
        let delta = before.diff(&after);
        let delta = delta.changes_rows().then(|| Arc::new(delta));
        self.store.commit(&LogEntry { delta, events: Arc::default(), reports: Arc::default() }).unwrap();
        self.hub.advance();
    }

    fn watch(&self) -> Vec<WatchedView> {
        let ranks = [Rank::Trending, Rank::Top, Rank::New];
        let query = |rank| TokenQuery { rank, ..TokenQuery::page_default() };
        ranks.into_iter().map(|rank| self.hub.watch_list(&query(rank), 50).unwrap()).collect()
    }

    async fn counts(&self) -> HashMap<String, u64> {
        let text = reqwest::get(&self.metrics).await.unwrap().text().await.unwrap();
        let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        lines.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
    }

    /// The tag of a page that was asked for with brotli.
    async fn ask(&self) -> String {
        let request = Request::get("/tokens?limit=50").header(header::ACCEPT_ENCODING, "br").body(Body::empty());
        let response = self.api.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(
            (response.status(), &response.headers()["content-encoding"]),
            (StatusCode::OK, &"br".parse().unwrap())
        );
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        to_bytes(response.into_body(), 1 << 20).await.unwrap();
        tag
    }
}

#[tokio::test]
async fn work_follows_changes() {
    let mut world = World::new().await;
    world.commit(ROWS);
    let _watched = world.watch();
    let mut before = world.counts().await;
    assert_eq!(before["rows_printed_total"], u64::from(ROWS));
    let mut tag = world.ask().await;
    for changed in [1, 7, 50, 0, 3, 0] {
        world.commit(changed);
        for _ in 0..5 {
            world.ask().await;
        }
        let next = world.ask().await;
        assert_eq!(next == tag, changed == 0, "a tag lasts as long as its board");
        let after = world.counts().await;
        let grew = |name: &str| after[name] - before[name];
        assert_eq!(grew("rows_printed_total"), u64::from(changed));
        assert_eq!(grew("order_moves_total"), u64::from(changed) * LISTS);
        (tag, before) = (next, after);
    }
    // The first answer, and one after each commit that changed something; not one for each of 37 requests.
    assert_eq!(before["compressions_total"], 5);
    assert_eq!(before["snapshot_tokens"], u64::from(ROWS));
}
