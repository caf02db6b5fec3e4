//! The market as its clients see it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeSet, HashMap, HashSet};
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

#[tokio::test(start_paused = true)]
async fn one_sweep_over_the_lists_meets_nearly_every_token() {
    for seed in [1, 2, 77] {
        let market = market_of(2_000, seed, "");
        let mut met: HashSet<String> = HashSet::new();
        for path in sweep() {
            met.extend(named(&json(&market, &path).await));
        }
        let found = market.mints().iter().filter(|mint| met.contains(*mint)).count();
        assert!(found >= 1_900, "seed {seed}: {found} of 2000");
    }
}

#[tokio::test(start_paused = true)]
async fn the_lists_of_a_larger_market_turn_over() {
    let market = market_of(6_000, 1, "");
    let mut met: HashSet<String> = HashSet::new();
    let mut counts = Vec::new();
    for _ in 0..4 {
        for path in sweep() {
            met.extend(named(&json(&market, &path).await));
        }
        counts.push(met.len());
        tokio::time::advance(Duration::from_secs(75)).await;
    }
    assert!(counts[0] > 1_800, "{counts:?}");
    assert!(counts[3] > counts[0] + 1_500, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_market() {
    let paths = [
        "/dexscreener/latest/dex/search?q=sol",
        "/dexscreener/token-boosts/latest/v1",
        "/geckoterminal/api/v2/networks/solana/new_pools?page=2&include=base_token,dex",
        "/jupiter/tokens/v2/toptrending/1h?limit=100",
        "/jupiter/tokens/v2/recent",
    ];
    let (one, other, third) = (market_of(300, 5, ""), market_of(300, 5, ""), market_of(300, 6, ""));
    // One is asked often on the way, the other only at the end.
    for _ in 0..20 {
        tokio::time::advance(Duration::from_secs(417)).await;
        get(&one, paths[0]).await;
        get(&one, paths[3]).await;
    }
    // Lists are kept for some seconds: look when both have to make them.
    tokio::time::advance(Duration::from_secs(30)).await;
    for path in paths {
        let answer = get(&one, path).await.body;
        assert_eq!(answer, get(&other, path).await.body, "{path}");
        assert_ne!(answer, get(&third, path).await.body, "{path}");
    }
}

#[test]
fn a_day_leaves_the_market_no_larger() {
    let mut market = sim::Market::new(1_000, 3, 1_795_000_000);
    let (size, kept) = (market.tokens().len(), market.kept());
    let before: HashSet<String> = market.tokens().iter().map(|token| token.mint.clone()).collect();
    for minute in 0..=(24 * 60) {
        market.advance(1_795_000_000 + minute * 60);
        assert_eq!(market.tokens().len(), size);
        assert!(market.kept() < kept * 6 / 5, "{} of {kept}", market.kept());
    }
    let launched = market.tokens().iter().filter(|token| !before.contains(&token.mint)).count();
    assert!(launched > 150, "{launched} new tokens in a day");
    assert!(launched < 400, "{launched} new tokens in a day");
    // In one step it comes to the same.
    let mut leap = sim::Market::new(1_000, 3, 1_795_000_000);
    leap.advance(1_795_000_000 + 86_400);
    let mints =
        |market: &sim::Market| -> Vec<String> { market.tokens().iter().map(|token| token.mint.clone()).collect() };
    assert_eq!(mints(&market), mints(&leap));
}

#[test]
fn windows_nest_and_changes_are_true() {
    let start = 1_795_000_000;
    let mut market = sim::Market::new(600, 1, start);
    for step in 0..40 {
        let now = start + step * 431;
        market.advance(now);
        for token in market.tokens() {
            for pool in token.pools.iter().filter(|pool| pool.opens <= now) {
                let reading = token.reading(pool, now, market.quotes());
                for pair in reading.flows.windows(2) {
                    assert!(pair[0].buys >= 0 && pair[0].buys <= pair[1].buys, "{reading:?}");
                    assert!(pair[0].sells >= 0 && pair[0].sells <= pair[1].sells, "{reading:?}");
                    assert!(pair[0].volume >= -1e-6, "{reading:?}");
                    assert!(pair[0].volume <= pair[1].volume + 1e-6, "{reading:?}");
                }
                assert!(reading.price_usd.is_finite() && reading.price_usd > 0.0, "{token:?}");
                let implied = reading.price_usd / reading.price_native;
                assert!((implied / reading.quote_usd - 1.0).abs() < 1e-9, "{reading:?}");
                if let Some(change) = reading.changes[5] {
                    let then = token.pool_usd(pool, (now - 86_400).max(pool.opens), market.quotes());
                    let is = token.pool_usd(pool, now, market.quotes());
                    assert!(((is / then - 1.0) * 100.0 - change).abs() < 1e-6);
                }
            }
        }
    }
}

#[test]
fn a_quiet_token_is_quiet_and_a_busy_one_is_not() {
    let start = 1_795_000_000;
    let market = sim::Market::new(2_000, 1, start);
    let mut moved = 0;
    for token in market.tokens() {
        let price = |at| token.usd(at, market.quotes());
        moved += usize::from((0..2).any(|second| (price(start + second + 1) - price(start + second)).abs() > 0.0));
    }
    assert!((60..800).contains(&moved), "{moved} of 2000 prices moved within 2 s");
}

#[test]
fn sizes_span_six_orders_of_magnitude() {
    let market = sim::Market::new(2_000, 1, 1_795_000_000);
    let now = market.now();
    let span = |measure: &dyn Fn(&super::token::Token) -> f64| {
        let mut all: Vec<f64> = market
            .tokens()
            .iter()
            .filter(|token| !token.is_counterfeit())
            .map(measure)
            .filter(|value| *value > 0.0)
            .collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() - 1] / all[0]).log10()
    };
    let reading = |token: &super::token::Token| token.reading(token.main_pool(now), now, market.quotes());
    assert!(span(&|token| token.usd(now, market.quotes())) > 6.0);
    assert!(span(&|token| token.usd(now, market.quotes()) * token.supply) > 5.5);
    assert!(span(&|token| reading(token).flows[5].volume) > 5.5);
    assert!(span(&|token| reading(token).reserves.map_or(0.0, |reserves| reserves.usd)) > 5.0);
    let youngest = market.tokens().iter().map(|token| now - token.born).min().unwrap();
    let oldest = market.tokens().iter().map(|token| now - token.born).max().unwrap();
    assert!(youngest < 900 && oldest > 2 * 365 * 86_400, "{youngest} {oldest}");
}

#[tokio::test(start_paused = true)]
async fn counterfeits_are_there_and_are_found_by_the_usual_search() {
    for seed in 1..6 {
        let market = market_of(200, seed, "");
        let mints = market.mints();
        let truths: HashMap<&String, super::Truth> =
            mints.iter().map(|mint| (mint, market.truth("solana", mint).unwrap())).collect();
        let fakes = truths.values().filter(|truth| truth.counterfeit).count();
        assert!(fakes >= 10, "{fakes}");
        let found = json(&market, "/dexscreener/latest/dex/search?q=SOL").await;
        let pairs = found["pairs"].as_array().unwrap();
        assert_eq!(pairs.len(), 30);
        let mut greatest: f64 = 0.0;
        let mut fakes = 0;
        for pair in pairs.iter().filter(|pair| pair["chainId"] == "solana") {
            let mint = pair["baseToken"]["address"].as_str().unwrap().to_owned();
            if truths[&mint].counterfeit {
                fakes += 1;
                greatest = greatest.max(number(&pair["liquidity"]["usd"]));
                assert!(number(&pair["liquidity"]["quote"]) < 50.0);
                assert!(truths[&mint].pools[0].liquidity_usd.unwrap() < 100.0);
            }
        }
        assert!((3..29).contains(&fakes), "{fakes}");
        assert!(greatest > 1e9, "{greatest}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_odd_value_occurs() {
    let market = market_of(2_000, 1, "");
    let pairs = all_pairs(&market).await;
    assert!(pairs.len() > 1_990, "{}", pairs.len());
    let some = |what: &str, is: &dyn Fn(&Value) -> bool| {
        let count = pairs.iter().filter(|pair| is(pair)).count();
        assert!(count > 0, "no pair with {what}");
        assert!(count < pairs.len(), "every pair with {what}");
    };
    let symbol = |pair: &Value| pair["baseToken"]["symbol"].as_str().unwrap().to_owned();
    let name = |pair: &Value| pair["baseToken"]["name"].as_str().unwrap().to_owned();
    some("no liquidity", &|pair| pair.get("liquidity").is_none());
    some("no priceUsd", &|pair| pair.get("priceUsd").is_none() && pair.get("fdv").is_none());
    some("no pairCreatedAt", &|pair| pair.get("pairCreatedAt").is_none());
    some("no changes at all", &|pair| pair["priceChange"].as_object().unwrap().is_empty());
    some("no change of m5", &|pair| pair["priceChange"].get("m5").is_none());
    some("a null change", &|pair| pair["priceChange"].get("h24") == Some(&Value::Null));
    some("no volume", &|pair| pair["volume"]["h24"] == 0);
    some("labels", &|pair| pair.get("labels").is_some());
    some("boosts", &|pair| pair.get("boosts").is_some());
    some("script in its name", &|pair| name(pair).contains("<script>"));
    some("emoji", &|pair| symbol(pair).contains('🚀'));
    some("right-to-left override", &|pair| name(pair).contains('\u{202e}'));
    some("zero width", &|pair| name(pair).contains('\u{200b}'));
    some("a trailing blank", &|pair| name(pair).ends_with(' '));
    some("a long name", &|pair| name(pair).len() > 200);
    some("a control character", &|pair| symbol(pair).contains('\n'));
    some("an empty name", &|pair| name(pair).is_empty());
    some("a price below 1e-8", &|pair| pair.get("priceUsd").is_some_and(|usd| number(usd) < 1e-8));
    some("a price above 1", &|pair| pair.get("priceUsd").is_some_and(|usd| number(usd) > 1.0));

    let mut pools = Vec::new();
    for path in sweep().iter().filter(|path| path.starts_with(GECKO)) {
        pools.extend(json(&market, path).await["data"].as_array().unwrap().clone());
    }
    let attribute = |what: &str, is: &dyn Fn(&Value) -> bool| {
        assert!(pools.iter().any(|pool| is(&pool["attributes"])), "no pool with {what}");
    };
    attribute("NaN", &|pool| pool["base_token_price_native_currency"] == "NaN");
    attribute("negative reserve", &|pool| number(&pool["reserve_in_usd"]) < 0.0);
    attribute("zero reserve", &|pool| pool["reserve_in_usd"] == "0.0");
    attribute("null fdv", &|pool| pool["fdv_usd"].is_null());
    attribute("null market cap", &|pool| pool["market_cap_usd"].is_null());
    attribute("a market cap", &|pool| pool["market_cap_usd"].is_string());
    attribute("a long price", &|pool| pool["base_token_price_usd"].as_str().unwrap().len() > 58);
    assert!(pools.iter().any(|pool| pool["relationships"]["dex"]["data"]["id"] == "pump-fun"));

    let recent = json(&market, "/jupiter/tokens/v2/recent").await;
    let recent = recent.as_array().unwrap();
    assert_eq!(recent.len(), 30);
    assert!(recent.iter().any(|token| token.get("usdPrice").is_none()), "every new token has a price");
    assert!(recent.iter().any(|token| token.get("usdPrice").is_some()), "no new token has a price");
    let ids = market.mints()[300..350].join(",");
    let body = get(&market, &format!("/jupiter/price/v3?ids={ids}")).await.body;
    assert!(String::from_utf8(body).unwrap().contains("e-"), "no number with an exponent");
}

#[tokio::test(start_paused = true)]
async fn odd_pools_mislead_as_recorded() {
    let market = market_of(2_000, 1, "");
    let (mut mispriced, mut frozen, mut stranded, mut quiet) = (0, 0, 0, 0);
    for mint in market.mints() {
        let truth = market.truth("solana", &mint).unwrap();
        if truth.counterfeit || !truth.pools.iter().any(|pool| pool.misleading) {
            continue;
        }
        let pairs = json(&market, &format!("/dexscreener/token-pairs/v1/solana/{mint}")).await;
        let mut first_stop = None;
        for pair in pairs.as_array().unwrap() {
            let address = pair["pairAddress"].as_str().unwrap();
            let pool = truth.pools.iter().find(|pool| pool.address == address).unwrap();
            if !pool.misleading {
                continue;
            }
            let usd = number(&pair["priceUsd"]);
            if pair["quoteToken"]["symbol"] == "MET" {
                assert!(usd > 500.0 * truth.price_usd, "{pair}");
                assert!(number(&pair["liquidity"]["usd"]) > 200.0 * pool.liquidity_usd.unwrap());
                mispriced += 1;
            } else if pair["dexId"] == "meteora" {
                stranded += 1;
            } else {
                assert!(pair.get("liquidity").is_none(), "{pair}");
                assert_eq!(pair["priceNative"], "0.0000004108");
                quiet += usize::from(pair["txns"]["m5"]["buys"] == 0);
                first_stop = Some(address.to_owned());
                frozen += 1;
            }
        }
        if let Some(address) = first_stop {
            let path = format!("/dexscreener/latest/dex/pairs/solana/{address}");
            let before = json(&market, &path).await["pair"]["priceNative"].clone();
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(json(&market, &path).await["pair"]["priceNative"], before);
        }
    }
    // Those that stopped within the last five minutes are not quiet yet.
    assert!(quiet > frozen * 9 / 10, "{quiet} of {frozen}");
    assert!(mispriced > 10 && frozen > 50 && stranded > 3, "{mispriced} {frozen} {stranded}");
}

#[tokio::test(start_paused = true)]
async fn addresses_decode_to_32_bytes() {
    let market = market_of(400, 1, "");
    for mint in market.mints() {
        let truth = market.truth("solana", &mint).unwrap();
        for address in truth.pools.iter().map(|pool| &pool.address).chain([&mint]) {
            assert_eq!(bs58::decode(address).into_vec().unwrap().len(), 32);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_sources_tell_of_the_same_price() {
    let market = market_of(1_000, 1, "");
    let (mut compared, mut far) = (0, 0);
    for pair in all_pairs(&market).await {
        let mint = pair["baseToken"]["address"].as_str().unwrap();
        let truth = market.truth("solana", mint).unwrap();
        if let Some(usd) = pair.get("priceUsd") {
            assert!((number(usd) / truth.price_usd - 1.0).abs() < 0.02, "{pair} {truth:?}");
        }
    }
    for ids in market.mints().chunks(50) {
        let prices = json(&market, &format!("/jupiter/price/v3?ids={}", ids.join(","))).await;
        for (mint, price) in prices.as_object().unwrap() {
            let truth = market.truth("solana", mint).unwrap();
            assert!(!truth.counterfeit);
            compared += 1;
            far += usize::from((number(&price["usdPrice"]) / truth.price_usd - 1.0).abs() > 0.1);
        }
    }
    assert!(compared > 900 && far < 30, "{compared} {far}");
}

#[tokio::test(start_paused = true)]
async fn limits_and_empty_answers_are_those_of_the_originals() {
    let market = market_of(200, 1, "");
    let mints = market.mints();
    let pools: Vec<String> =
        mints.iter().map(|mint| market.truth("solana", mint).unwrap().pools[0].address.clone()).collect();
    let path = |count| format!("/dexscreener/latest/dex/pairs/solana/{}", pools[..count].join(","));
    assert_eq!(json(&market, &path(30)).await["pairs"].as_array().unwrap().len(), 30);
    let refused = get(&market, &path(31)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.json().as_str().unwrap().contains("400 Bad Request"));

    let many = json(&market, &format!("/dexscreener/tokens/v1/solana/{}", mints[..31].join(","))).await;
    assert_eq!(many.as_array().unwrap().len(), 30);
    let prices = json(&market, &format!("/jupiter/price/v3?ids={}", mints[20..80].join(","))).await;
    assert!(prices.as_object().unwrap().len() <= 50);
    assert!(prices.get(&mints[70]).is_none());
    let many = format!("{GECKO}/networks/solana/tokens/multi/{}", mints[..31].join(","));
    let refused = get(&market, &many).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["errors"][0]["title"], "maximum 30 addresses allowed");

    for (path, body) in [
        ("/dexscreener/latest/dex/pairs/solana/nothing", r#"{"schemaVersion":"1.0.0","pairs":null,"pair":null}"#),
        ("/dexscreener/latest/dex/tokens/nothing", r#"{"schemaVersion":"1.0.0","pairs":null}"#),
        ("/dexscreener/latest/dex/search?q=nothingofthisname", r#"{"schemaVersion":"1.0.0","pairs":null}"#),
        ("/dexscreener/token-pairs/v1/solana/nothing", "[]"),
        ("/dexscreener/tokens/v1/solana/nothing", "[]"),
        ("/dexscreener/tokens/v1/ethereum/nothing", "[]"),
        ("/jupiter/price/v3?ids=nothing", "{}"),
        ("/jupiter/tokens/v2/search?query=nothingofthisname", "[]"),
        ("/geckoterminal/api/v2/search/pools?query=nothingofthisname", r#"{"data":[]}"#),
    ] {
        let answer = get(&market, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(String::from_utf8(answer.body).unwrap(), body, "{path}");
    }
    for path in [
        "/",
        "/dexscreener/latest/dex/pairs/solana",
        "/jupiter/price/v2",
        "/geckoterminal/api/v2/networks/eth/new_pools",
        "/geckoterminal/api/v2/networks/solana/tokens",
        "/jupiter/tokens/v2/toptraded/7d",
    ] {
        assert_eq!(get(&market, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let beyond = format!("{GECKO}/networks/solana/new_pools?page=11");
    assert_eq!(get(&market, &beyond).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn answers_carry_the_caching_headers_of_their_source() {
    let market = market_of(60, 1, "");
    tokio::time::advance(Duration::from_secs(17)).await;
    for (path, cache) in [
        ("/dexscreener/tokens/v1/solana/x", "public, max-age=30"),
        ("/dexscreener/token-boosts/top/v1", "public, max-age=60"),
        ("/geckoterminal/api/v2/networks/solana/new_pools", "max-age=30, public, must-revalidate, s-maxage=60"),
        ("/jupiter/price/v3?ids=x", "public, max-age=5"),
        ("/jupiter/tokens/v2/toptraded/1h", "public, max-age=15"),
    ] {
        let answer = get(&market, path).await;
        assert_eq!(answer.headers["cache-control"], cache, "{path}");
        let age: i64 = answer.headers["age"].to_str().unwrap().parse().unwrap();
        assert!((0..30).contains(&age), "{path} {age}");
    }
    assert!(get(&market, "/jupiter/price/v3?ids=x").await.headers.contains_key("x-ratelimit-remaining"));
}

#[tokio::test(start_paused = true)]
async fn every_list_has_the_shape_of_the_original() {
    let market = market_of(400, 1, "");
    let keys = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    let path = format!("{GECKO}/networks/solana/trending_pools?duration=1h&include=base_token,quote_token,dex");
    let page = json(&market, &path).await;
    let pools = page["data"].as_array().unwrap();
    assert_eq!(pools.len(), 20);
    for name in ["m5", "m15", "m30", "h1", "h6", "h24"] {
        assert!(pools[0]["attributes"]["price_change_percentage"][name].is_string());
        assert!(pools[0]["attributes"]["transactions"][name]["buyers"].is_i64());
        assert!(pools[0]["attributes"]["volume_usd"][name].is_string());
    }
    let included = page["included"].as_array().unwrap();
    for pool in pools {
        for relation in ["base_token", "quote_token", "dex"] {
            let id = &pool["relationships"][relation]["data"]["id"];
            assert!(included.iter().any(|object| object["id"] == *id), "{id} is not included");
        }
    }
    assert!(json(&market, &format!("{GECKO}/networks/trending_pools")).await.get("included").is_none());

    let mint = market.mints()[203].clone();
    let token = json(&market, &format!("{GECKO}/networks/solana/tokens/multi/{mint},nothing")).await;
    assert_eq!(token["data"].as_array().unwrap().len(), 1);
    assert_eq!(token["data"][0]["attributes"]["address"], *mint);
    let pools = json(&market, &format!("{GECKO}/networks/solana/tokens/{mint}/pools")).await;
    assert!(!pools["data"].as_array().unwrap().is_empty());
    let pools = json(&market, &format!("{GECKO}/networks/solana/dexes/pumpswap/pools")).await;
    assert!(
        pools["data"].as_array().unwrap().iter().all(|pool| pool["relationships"]["dex"]["data"]["id"] == "pumpswap")
    );
    let address = market.truth("solana", &mint).unwrap().pools[0].address.clone();
    let detail = json(&market, &format!("{GECKO}/networks/solana/pools/{address}")).await;
    assert_eq!(detail["data"]["attributes"]["address"], *address);
    let simple = json(&market, &format!("{GECKO}/simple/networks/solana/token_price/{mint},x")).await;
    assert!(simple["data"]["attributes"]["token_prices"][&mint].is_string());

    let sol = "So11111111111111111111111111111111111111112";
    let price = json(&market, &format!("/jupiter/price/v3?ids={sol},{mint}")).await;
    assert!((80.0..180.0).contains(&number(&price[sol]["usdPrice"])));
    assert!(keys(&price[sol]).is_superset(
        &["blockId", "createdAt", "decimals", "liquidity", "priceChange24h", "usdPrice"].map(str::to_owned).into()
    ));
    for path in [
        "/jupiter/tokens/v2/toporganicscore/24h?limit=100",
        "/jupiter/tokens/v2/tag?query=verified",
        "/jupiter/tokens/v2/search?query=sol",
        "/jupiter/tokens/v2/search",
    ] {
        let tokens = json(&market, path).await;
        let tokens = tokens.as_array().unwrap();
        assert!(!tokens.is_empty(), "{path}");
        assert!(tokens.iter().all(|token| token["id"].is_string() && token["stats24h"].is_object()), "{path}");
    }
    let lst = json(&market, "/jupiter/tokens/v2/tag?query=lst").await;
    assert!(lst.as_array().unwrap().iter().all(|token| token["tags"].as_array().unwrap().contains(&"lst".into())));
    let profiles = json(&market, "/dexscreener/token-profiles/latest/v1").await;
    assert!(profiles[0]["updatedAt"].is_string() && profiles[0]["tokenAddress"].is_string());
    let found = json(&market, &format!("/dexscreener/latest/dex/search?q={mint}")).await;
    assert_eq!(found["pairs"][0]["baseToken"]["address"], *mint);
    let quoted = json(&market, &format!("/dexscreener/token-pairs/v1/solana/{sol}")).await;
    assert!(quoted.as_array().unwrap().iter().all(|pair| pair["quoteToken"]["address"] == sol));
    let latest = json(&market, &format!("/dexscreener/latest/dex/tokens/{mint},{sol}")).await;
    assert_eq!(latest["pairs"].as_array().unwrap().len(), 30);
}

#[tokio::test(start_paused = true)]
async fn candles_follow_the_price() {
    let market = market_of(400, 1, "");
    let mut checked = 0;
    for mint in market.mints() {
        let truth = market.truth("solana", &mint).unwrap();
        let pool = &truth.pools[0];
        if pool.misleading || pool.trades_24h < 500 {
            continue;
        }
        let path = format!("{GECKO}/networks/solana/pools/{}/ohlcv/hour?limit=30", pool.address);
        let series = json(&market, &path).await;
        let candles = series["data"]["attributes"]["ohlcv_list"].as_array().unwrap();
        assert!(!candles.is_empty() && candles.len() <= 30);
        let at = |candle: usize, place: usize| number(&candles[candle][place]);
        for candle in 0..candles.len() {
            let (open, high, low, close) = (at(candle, 1), at(candle, 2), at(candle, 3), at(candle, 4));
            assert!(low <= open.min(close) && high >= open.max(close));
            assert!(at(candle, 5) > 0.0);
            if candle + 1 < candles.len() && at(candle, 0) - at(candle + 1, 0) < 3_601.0 {
                assert!((open / at(candle + 1, 4) - 1.0).abs() < 1e-9, "a candle opens where the last closed");
            }
        }
        assert_eq!(series["meta"]["base"]["address"], *mint);
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
    let pool = market.truth("solana", &market.mints()[200]).unwrap().pools[0].address.clone();
    let bad = get(&market, &format!("{GECKO}/networks/solana/pools/{pool}/ohlcv/minute?aggregate=7")).await;
    assert_eq!(bad.json()["errors"][0]["title"], "Invalid aggregate. Allowed values: 1, 5, 15");
    let paid = get(&market, &format!("{GECKO}/networks/solana/pools/{pool}/ohlcv/second")).await;
    assert_eq!(paid.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(start_paused = true)]
async fn faults_befall_the_right_requests_at_the_right_time() {
    let script = "dexscreener:429=7s@10s-30s;gecko:hang@5s;jupiter:html@0s-4s;jupiter:truncate@4s-8s;\
                  jupiter:empty@8s-9s;jupiter:drip=1s@9s-20s;all:500@60s-70s;gecko:429@80s-";
    let market = market_of(60, 1, script);
    let price = format!("/jupiter/price/v3?ids={}", super::venue::ASSETS[0].mint);
    let blocked = get(&market, &price).await;
    assert_eq!(blocked.status, StatusCode::FORBIDDEN);
    assert!(blocked.body.starts_with(b"<"));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(serde_json::from_slice::<Value>(&get(&market, &price).await.body).is_err());
    let hanging = format!("{GECKO}/networks/solana/new_pools");
    let hung = tokio::time::timeout(Duration::from_secs(2), get(&market, &hanging)).await;
    assert!(hung.is_err());
    // At 7 s the single strike is spent.
    assert_eq!(get(&market, &hanging).await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_millis(1_500)).await;
    assert_eq!(get(&market, &price).await.body, b"{}");
    tokio::time::advance(Duration::from_secs(1)).await;
    let before = tokio::time::Instant::now();
    assert!(get(&market, &price).await.json().is_object());
    assert!(before.elapsed() >= Duration::from_secs(2), "{:?}", before.elapsed());
    let limited = get(&market, "/dexscreener/token-boosts/top/v1").await;
    assert_eq!(
        (limited.status, limited.headers["retry-after"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "7")
    );
    tokio::time::advance(Duration::from_secs(22)).await;
    assert_eq!(get(&market, "/dexscreener/token-boosts/top/v1").await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(28)).await;
    for path in ["/dexscreener/token-boosts/top/v1", hanging.as_str(), price.as_str()] {
        assert_eq!(get(&market, path).await.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    tokio::time::advance(Duration::from_secs(30)).await;
    let limited = get(&market, &hanging).await;
    assert_eq!(limited.headers["retry-after"], "0");
    assert_eq!(limited.json()["status"]["error_code"], 429);
}

#[tokio::test(start_paused = true)]
async fn control_is_for_this_machine_only() {
    let market = market_of(60, 1, "");
    let pause = r#"{"op":"pause"}"#;
    for peer in [None, Some("10.0.0.1:1"), Some("[2001:db8::1]:1")] {
        assert_eq!(order(&market, peer, pause).await.status, StatusCode::FORBIDDEN, "{peer:?}");
    }
    for peer in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(order(&market, Some(peer), pause).await.status, StatusCode::OK, "{peer}");
    }
    for body in ["", "{}", r#"{"op":"explode"}"#, r#"{"op":"step","seconds":-1}"#, r#"{"op":"fault","script":"x"}"#] {
        let refused = local(&market, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(refused.json()["error"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn control_stops_the_clock_and_sets_values() {
    let market = market_of(60, 1, "");
    local(&market, r#"{"op":"pause"}"#).await;
    let stopped = local(&market, r#"{"op":"pause"}"#).await.json();
    tokio::time::advance(Duration::from_secs(500)).await;
    assert_eq!(local(&market, r#"{"op":"pause"}"#).await.json(), stopped);
    let stepped = local(&market, r#"{"op":"step","seconds":30}"#).await.json();
    assert_ne!(stepped["now"], stopped["now"]);
    local(&market, r#"{"op":"resume"}"#).await;

    let mint = market
        .mints()
        .into_iter()
        .find(|mint| {
            let truth = market.truth("solana", mint).unwrap();
            !truth.counterfeit && !truth.on_curve && truth.pools[0].volume_24h_usd > 100.0
        })
        .unwrap();
    for (name, path) in [("price", "/priceUsd"), ("volume", "/volume/h24"), ("liquidity", "/liquidity/usd")] {
        let body = format!(r#"{{"op":"set","token":"solana:{mint}","{name}":0.75}}"#);
        assert_eq!(local(&market, &body).await.status, StatusCode::OK, "{name}");
        let pairs = json(&market, &format!("/dexscreener/tokens/v1/solana/{mint}")).await;
        let value = number(pairs[0].pointer(path).unwrap());
        assert!((value - 0.75).abs() < 0.01, "{name} {value}");
    }
    let missing = local(&market, r#"{"op":"set","token":"nobody","price":1}"#).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);

    local(&market, r#"{"op":"fault","script":"all:500@0s-10s"}"#).await;
    assert_eq!(get(&market, "/jupiter/tokens/v2/recent").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(get(&market, "/jupiter/tokens/v2/recent").await.status, StatusCode::OK);
}

#[tokio::test]
async fn it_serves_over_tcp_and_stops_although_a_request_hangs() {
    let market = market_of(60, 1, "gecko:hang@0s-");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(super::serve(listener, market, async move {
        stopped.await.unwrap();
    }));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{base}/jupiter/tokens/v2/recent")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer = client.post(format!("{base}/control")).body(r#"{"op":"resume"}"#).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let hanging = tokio::spawn(client.get(format!("{base}{GECKO}/networks/solana/new_pools")).send());
    // Whatever came of the request, a stop ends it.
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), server).await.unwrap().unwrap().unwrap();
    drop(hanging.await.unwrap());
}
