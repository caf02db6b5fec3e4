//! The three sources played back from what they really answered.
//!
//! `MEMESCOPE_RECORDINGS` names the folder with the answers; without it these tests say that they were skipped.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use memescope::{Rank, Timestamp};
use serde_json::{Value, json};
use server::api::{self, Api, Readiness};
use server::pages::{CursorKey, Pages};
use server::sources::SourcesConfig;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::world::{Desk, Hands, place};

/// What the money is called that pools quote in.
const MONEY: [&str; 4] = ["SOL", "USDC", "USDT", "USD1"];
const WRAPPED_SOL: &str = "So11111111111111111111111111111111111111112";

/// The answers of one day, by what they are about.
#[derive(Debug, Default)]
struct Tape {
    search: Value,
    pairs: Vec<Value>,
    trending: Value,
    prices: BTreeMap<String, Value>,
    recent: Value,
}

fn recording(name: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("MEMESCOPE_RECORDINGS") else {
        eprintln!("SKIPPED {name}: MEMESCOPE_RECORDINGS names no folder of recordings");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn rows(value: &Value) -> Vec<Value> {
    value.as_array().or_else(|| value["pairs"].as_array()).cloned().unwrap_or_default()
}

impl Tape {
    /// July: a search full of counterfeits, and BONK with a pool priced thousands of times wrong.
    fn july() -> Option<Self> {
        let mut pairs = rows(&recording("dexscreener.search.1.json")?);
        pairs.extend(rows(&recording("dexscreener.latest-dex-tokens.1.json")?));
        Some(Self {
            search: json!({"schemaVersion": "1.0.0", "pairs": pairs}),
            pairs,
            trending: recording("geckoterminal.trending_pools.1.json")?,
            prices: serde_json::from_value(recording("jupiter.price_v3.1.json")?).unwrap(),
            recent: json!([]),
        })
    }

    /// September: three pools of one token at prices of 1 : 17 : 49, live and finished curves.
    fn september() -> Option<Self> {
        let mut pairs = rows(&recording("dexscreener.token-pairs.1.json")?);
        pairs.extend(rows(&recording("dexscreener.tokens-v1.1.json")?));
        Some(Self {
            search: json!({"schemaVersion": "1.0.0", "pairs": pairs}),
            pairs,
            trending: recording("geckoterminal.pools_multi.1.json")?,
            prices: serde_json::from_value(recording("jupiter.price_v3.2.json")?).unwrap(),
            recent: recording("jupiter.tokens_v2_recent.1.json")?,
        })
    }

    /// Serves it; the base address.
    async fn play(self) -> String {
        type Tapes = State<Arc<Tape>>;
        async fn tokens(State(tape): Tapes, Path((_, list)): Path<(String, String)>) -> Json<Value> {
            let mut wanted: HashSet<&str> = list.split(',').collect();
            let main = tape
                .pairs
                .iter()
                .filter(|pair| pair["baseToken"]["address"].as_str().is_some_and(|address| wanted.remove(address)));
            Json(main.cloned().collect())
        }
        async fn pairs(State(tape): Tapes, Path((_, token)): Path<(String, String)>) -> Json<Value> {
            let of_token = tape
                .pairs
                .iter()
                .filter(|pair| pair["baseToken"]["address"] == *token || pair["quoteToken"]["address"] == *token);
            Json(of_token.cloned().collect())
        }
        async fn prices(State(tape): Tapes, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
            let ids = query.get("ids").map(String::as_str).unwrap_or_default();
            let known = ids.split(',').filter_map(|id| Some((id.to_owned(), tape.prices.get(id)?.clone())));
            Json(Value::Object(known.collect()))
        }
        async fn trending(State(tape): Tapes, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
            let first = query.get("page").is_none_or(|page| page == "1");
            Json(if first { tape.trending.clone() } else { json!({"data": []}) })
        }
        let router = Router::new()
            .route("/dexscreener/latest/dex/search", get(async |State(tape): Tapes| Json(tape.search.clone())))
            .route("/dexscreener/tokens/v1/{chain}/{list}", get(tokens))
            .route("/dexscreener/token-pairs/v1/{chain}/{token}", get(pairs))
            .route("/gecko/networks/{chain}/trending_pools", get(trending))
            .route("/gecko/{*rest}", get(async || Json(json!({"data": []}))))
            .route("/jupiter/price/v3", get(prices))
            .route("/jupiter/tokens/v2/recent", get(async |State(tape): Tapes| Json(tape.recent.clone())))
            .fallback(async || Json(json!([])))
            .with_state(Arc::new(self));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

/// The board after a minute with these answers.
async fn watch(tape: Tape, day: Timestamp) -> Desk {
    let base = tape.play().await;
    let sources = SourcesConfig::new(
        place(&format!("{base}/dexscreener")),
        place(&format!("{base}/gecko")),
        place(&format!("{base}/jupiter")),
    );
    let hands = Hands::at(day);
    let mut desk = Desk::new(&SourcesConfig { concurrency: 8, ..sources }, &hands);
    for _ in 0..12 {
        desk.poller.tick().await;
        hands.pass(Duration::from_secs(5));
    }
    let seq = desk.poller.board().seq;
    let _ = desk.store.bell().wait_for(|shown| *shown == seq).await.unwrap();
    desk
}

/// The API over what the poller publishes.
fn api(desk: &Desk) -> Router {
    let key = CursorKey::from_bytes([7; 32]);
    let pages = Arc::new(Pages::new(desk.store.clone(), key));
    api::router(Arc::new(Api::new(desk.store.clone(), pages, "live", Arc::new(Readiness::new(true)))))
}

/// All pages of `GET /tokens` in this rank.
async fn listing(desk: &Desk, rank: Rank) -> Vec<Value> {
    let api = api(desk);
    let mut rows = Vec::new();
    let mut address = format!("/tokens?rank={}&limit=20", rank.name());
    loop {
        let request = Request::get(&address).body(Body::empty()).unwrap();
        let answer = api.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
        let body = to_bytes(answer.into_body(), 1 << 22).await.unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        assert!(!text.contains("NaN") && !text.contains("Infinity"), "{text}");
        let mut page: Value = serde_json::from_slice(&body).unwrap();
        rows.append(page["data"].as_array_mut().unwrap());
        let Some(cursor) = page["page"]["next_cursor"].as_str() else { break rows };
        address = format!("/tokens?rank={}&limit=20&cursor={cursor}", rank.name());
    }
}

fn is_counterfeit(row: &Value) -> bool {
    let symbol = row["symbol"].as_str().unwrap_or_default().trim().to_uppercase();
    (MONEY.contains(&symbol.as_str()) || symbol == "WSOL") && row["address"] != WRAPPED_SOL
}

/// Whatever is shown is known, and comes from where it may come from.
fn check_rows(rows: &[Value], tape: &[Value]) {
    let pools: HashMap<&str, &Value> =
        tape.iter().filter_map(|pair| Some((pair["pairAddress"].as_str()?, pair))).collect();
    for row in rows {
        let id = &row["id"];
        let text = row.to_string();
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        let price = &row["price_usd"];
        if !price.is_null() {
            let figure: f64 = price.as_str().expect("a decimal string").parse().unwrap();
            assert!(figure.is_finite() && figure > 0.0, "{id} costs {price}");
        }
        if let Some(pair) = row["pool"].as_str().and_then(|pool| pools.get(pool)) {
            let sides = [&pair["baseToken"]["symbol"], &pair["quoteToken"]["symbol"]];
            let anchored = sides.iter().any(|symbol| MONEY.iter().any(|money| *symbol == money));
            assert!(anchored, "{id} is priced by a pool of {sides:?}");
            if pair["liquidity"].is_null() {
                assert!(row["liquidity_usd"].is_null(), "{id} has no known liquidity, not {}", row["liquidity_usd"]);
            }
        }
        for field in ["liquidity_usd", "market_cap_usd", "fdv_usd", "holders"] {
            assert_ne!(row[field], json!(0), "{id}: {field} is unknown, not nothing");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_full_of_counterfeits_shows_honest_tokens_first() {
    let Some(tape) = Tape::july() else { return };
    let pairs = tape.pairs.clone();
    let desk = watch(tape, Timestamp::from_secs(1_783_091_200)).await;
    for rank in [Rank::Trending, Rank::Top, Rank::Gainers, Rank::Losers, Rank::New] {
        let rows = listing(&desk, rank).await;
        check_rows(&rows, &pairs);
        let last_honest = rows.iter().rposition(|row| !is_counterfeit(row) && row["flags"] == json!([]));
        let first_fake = rows.iter().position(is_counterfeit);
        assert!(last_honest.is_some_and(|at| at > 5), "honest tokens are shown");
        assert!(first_fake.is_some(), "counterfeits are shown too, at the end");
        assert!(last_honest < first_fake, "{rank:?}: a counterfeit at {first_fake:?} above {last_honest:?}");
    }
    let rows = listing(&desk, Rank::Trending).await;
    let bonk = rows.iter().find(|row| row["address"] == "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263").unwrap();
    let price: f64 = bonk["price_usd"].as_str().unwrap().parse().unwrap();
    assert!((4.4e-6..4.6e-6).contains(&price), "{price}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_that_disagree_fiftyfold_give_one_price() {
    let Some(tape) = Tape::september() else { return };
    let pairs = tape.pairs.clone();
    let desk = watch(tape, Timestamp::from_secs(1_790_628_300)).await;
    let rows = listing(&desk, Rank::Trending).await;
    check_rows(&rows, &pairs);
    assert!(rows.len() >= 5, "{}", rows.len());
    let candle = rows.iter().find(|row| row["address"] == "8T193DFGTGcimGaotbnYdHTsTRGgLAaiy3sMGgL6pump").unwrap();
    assert_eq!(candle["dex"], "pumpswap", "{candle}");
}
