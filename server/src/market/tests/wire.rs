//! Shapes, limits and headers of the answers.

use super::*;

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
async fn geckoterminal_answers_every_path() {
    let market = market_of(400, 1, "");
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
    assert!(token.get("included").is_none());
    let token = json(&market, &format!("{GECKO}/networks/solana/tokens/multi/{mint}?include=top_pools")).await;
    let ids = |pools: &Value| pools.as_array().unwrap().iter().map(|pool| pool["id"].clone()).collect::<Vec<_>>();
    let top = ids(&token["data"][0]["relationships"]["top_pools"]["data"]);
    assert!(!top.is_empty());
    assert_eq!(ids(&token["included"]), top);
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
}

const SOL: &str = "So11111111111111111111111111111111111111112";

#[tokio::test(start_paused = true)]
async fn jupiter_answers_every_path() {
    let market = market_of(400, 1, "");
    let mint = market.mints()[203].clone();
    let price = json(&market, &format!("/jupiter/price/v3?ids={SOL},{mint}")).await;
    assert!((80.0..180.0).contains(&number(&price[SOL]["usdPrice"])));
    assert!(price[SOL]["blockId"].is_i64() && price[SOL]["decimals"] == 9);
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
}

#[tokio::test(start_paused = true)]
async fn dexscreener_answers_every_path() {
    let market = market_of(400, 1, "");
    let mint = market.mints()[203].clone();
    let profiles = json(&market, "/dexscreener/token-profiles/latest/v1").await;
    assert!(profiles[0]["updatedAt"].is_string() && profiles[0]["tokenAddress"].is_string());
    let found = json(&market, &format!("/dexscreener/latest/dex/search?q={mint}")).await;
    assert_eq!(found["pairs"][0]["baseToken"]["address"], *mint);
    let quoted = json(&market, &format!("/dexscreener/token-pairs/v1/solana/{SOL}")).await;
    assert!(quoted.as_array().unwrap().iter().all(|pair| pair["quoteToken"]["address"] == SOL));
    let latest = json(&market, &format!("/dexscreener/latest/dex/tokens/{mint},{SOL}")).await;
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

/// The kinds of values that occur at each path of a JSON text; places in arrays are one path.
fn shape(value: &Value, path: &str, into: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    into.entry(path.to_owned()).or_default().insert(kind);
    match value {
        Value::Array(items) => items.iter().for_each(|item| shape(item, &format!("{path}[]"), into)),
        Value::Object(entries) => {
            for (key, entry) in entries {
                // A mint as a key is not a key of the format.
                let key = if key.len() > 30 && !key.contains('_') { "*" } else { key };
                shape(entry, &format!("{path}.{key}"), into);
            }
        }
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn answers_have_only_keys_and_kinds_that_were_recorded() {
    let Some(folder) = std::env::var_os("MEMESCOPE_RECORDINGS") else {
        eprintln!("skipped: MEMESCOPE_RECORDINGS is not set");
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let market = market_of(2_000, 1, "");
    let mints = market.mints();
    // Described by the vendors but not in any recording.
    let described = [
        ".pairs[].priceChange.h24 null",
        ".pairs[].boosts",
        "[].mintAuthority",
        "[].graduatedPool",
        "[].graduatedAt",
        "[].audit.isSus",
        "[].audit.topHoldersPercentage",
        "[].isVerified",
        "[].links[].label",
        ".buyOrganicVolume",
        ".*.blockId null",
        ".*.priceChange24h null",
    ];
    for (path, recordings) in [
        ("/dexscreener/latest/dex/search?q=sol".to_owned(), &["dexscreener.search.1"][..]),
        (
            format!("/dexscreener/tokens/v1/solana/{}", mints[300..330].join(",")),
            &["dexscreener.tokens-v1.1", "dexscreener.token-pairs.1", "dexscreener.token-pairs.2"],
        ),
        ("/dexscreener/latest/dex/pairs/solana/x".to_owned(), &["dexscreener.latest-dex-pairs.1"]),
        ("/dexscreener/token-boosts/latest/v1".to_owned(), &["dexscreener.token-boosts-latest.1"]),
        (format!("{GECKO}/networks/solana/trending_pools?page=2"), &["geckoterminal.trending_pools.1"]),
        (format!("/jupiter/price/v3?ids={}", mints[300..350].join(",")), &["jupiter.price_v3.1", "jupiter.price_v3.2"]),
        ("/jupiter/tokens/v2/recent".to_owned(), &["jupiter.tokens_v2_recent.1"]),
        (
            "/jupiter/tokens/v2/toptraded/1h?limit=100".to_owned(),
            &["jupiter.tokens_v2_recent.1", "jupiter.tokens_v2_search.doc1"],
        ),
    ] {
        let mut recorded = BTreeMap::new();
        for name in recordings {
            let text = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
            shape(&serde_json::from_slice(&text).unwrap(), "", &mut recorded);
        }
        let mut made = BTreeMap::new();
        shape(&json(&market, &path).await, "", &mut made);
        for (place, kinds) in made {
            for kind in kinds {
                let known = recorded.get(&place).is_some_and(|kinds| kinds.contains(kind));
                let said = format!("{place} {kind}");
                assert!(known || described.iter().any(|part| said.contains(part)), "{path}: {said} was never recorded");
            }
        }
    }
}
