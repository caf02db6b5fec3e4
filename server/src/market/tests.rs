//! The market as its clients see it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod adversarial;
mod course;
mod lists;
mod oddities;
mod operator;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Market, MarketOptions, sim};

const START: u64 = 1_795_000_000;

fn market_of(tokens: usize, seed: u64, faults: &str) -> Market {
    Market::new(MarketOptions {
        tokens,
        seed,
        start: SystemTime::UNIX_EPOCH + Duration::from_secs(START),
        faults: faults.parse().unwrap(),
        adversarial: false,
    })
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn ask(market: &Market, request: Request<Body>) -> Answer {
    let response = market.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
}

async fn get(market: &Market, path: &str) -> Answer {
    ask(market, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn json(market: &Market, path: &str) -> Value {
    let answer = get(market, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.json()
}

async fn order(market: &Market, peer: Option<&str>, body: &str) -> Answer {
    let mut request = Request::post("/control").body(Body::from(body.to_owned())).unwrap();
    if let Some(peer) = peer {
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    ask(market, request).await
}

async fn local(market: &Market, body: &str) -> Answer {
    order(market, Some("127.0.0.1:9999"), body).await
}

/// Every main pair at `DexScreener`, in batches as the product asks.
async fn all_pairs(market: &Market) -> Vec<Value> {
    let mut pairs = Vec::new();
    for batch in market.mints().chunks(30) {
        let path = format!("/dexscreener/tokens/v1/solana/{}", batch.join(","));
        pairs.extend(json(market, &path).await.as_array().unwrap().clone());
    }
    pairs
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        other => other.as_f64().unwrap(),
    }
}

const GECKO: &str = "/geckoterminal/api/v2";

fn sweep() -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for window in ["5m", "1h", "6h", "24h"] {
        for kind in ["toporganicscore", "toptraded", "toptrending"] {
            paths.push(format!("/jupiter/tokens/v2/{kind}/{window}?limit=100"));
        }
        for page in 1..=10 {
            paths.push(format!("{GECKO}/networks/solana/trending_pools?duration={window}&page={page}"));
        }
    }
    for page in 1..=10 {
        for sort in ["h24_tx_count_desc", "h24_volume_usd_desc"] {
            paths.push(format!("{GECKO}/networks/solana/pools?sort={sort}&page={page}"));
        }
        paths.push(format!("{GECKO}/networks/solana/new_pools?page={page}"));
    }
    paths.push("/jupiter/tokens/v2/recent".to_owned());
    for feed in ["token-profiles/latest", "token-boosts/latest", "token-boosts/top"] {
        paths.push(format!("/dexscreener/{feed}/v1"));
    }
    paths.push("/dexscreener/latest/dex/search?q=sol".to_owned());
    paths
}

/// The base tokens that an answer of any of the lists names.
fn named(answer: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if let Some(pools) = answer.get("data") {
        let id = |pool: &Value| text(&pool["relationships"]["base_token"]["data"]["id"]);
        return pools.as_array().unwrap().iter().map(|pool| id(pool)["solana_".len()..].to_owned()).collect();
    }
    if let Some(pairs) = answer.get("pairs") {
        return pairs.as_array().unwrap().iter().map(|pair| text(&pair["baseToken"]["address"])).collect();
    }
    let items = answer.as_array().unwrap();
    items.iter().map(|item| text(item.get("id").unwrap_or(&item["tokenAddress"]))).collect()
}
