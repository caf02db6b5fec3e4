//! Counterfeits, odd values and pools that mislead.

use super::*;

#[tokio::test(start_paused = true)]
async fn counterfeits_are_there_and_are_found_by_the_usual_search() {
    for seed in 1..6 {
        let market = market_of(200, seed, "");
        let mints = market.mints();
        let truths: HashMap<&String, crate::market::Truth> =
            mints.iter().map(|mint| (mint, market.truth("solana", mint).unwrap())).collect();
        let fakes = truths.values().filter(|truth| truth.standing.is_counterfeit()).count();
        assert!(fakes >= 10, "{fakes}");
        let found = json(&market, "/dexscreener/latest/dex/search?q=SOL").await;
        let pairs = found["pairs"].as_array().unwrap();
        assert_eq!(pairs.len(), 30);
        let mut greatest: f64 = 0.0;
        let mut fakes = 0;
        for pair in pairs.iter().filter(|pair| pair["chainId"] == "solana") {
            let mint = pair["baseToken"]["address"].as_str().unwrap().to_owned();
            if truths[&mint].standing.is_counterfeit() {
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
        // The market goes on below: a token may have left by now.
        let Some(truth) = market.truth("solana", &mint) else { continue };
        if truth.standing.is_counterfeit() || !truth.pools.iter().any(|pool| pool.misleading) {
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
            assert!(!truth.standing.is_counterfeit());
            compared += 1;
            far += usize::from((number(&price["usdPrice"]) / truth.price_usd - 1.0).abs() > 0.1);
        }
    }
    assert!(compared > 900 && far < 30, "{compared} {far}");
}
