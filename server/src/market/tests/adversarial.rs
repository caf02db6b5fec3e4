//! The market at its worst.

use super::*;
use crate::market::{Standing, told};

fn worst(tokens: usize, seed: u64) -> Market {
    Market::new(MarketOptions {
        tokens,
        seed,
        start: SystemTime::UNIX_EPOCH + Duration::from_secs(START),
        faults: crate::market::FaultScript::default(),
        adversarial: true,
    })
}

fn count(market: &Market, is: impl Fn(&crate::market::Truth) -> bool) -> usize {
    market.mints().iter().filter_map(|mint| market.truth("solana", mint)).filter(|truth| is(truth)).count()
}

#[tokio::test(start_paused = true)]
async fn fifty_counterfeits_claim_billions_over_a_few_dollars() {
    let market = worst(200, 1);
    assert_eq!(market.mints().len(), 200 + 72, "the hostile ones come on top");
    let mut claims = 0;
    for pair in all_pairs(&market).await {
        let mint = pair["baseToken"]["address"].as_str().unwrap();
        let Some(truth) = market.truth("solana", mint).filter(|truth| truth.standing.is_counterfeit()) else {
            continue;
        };
        if pair["liquidity"].get("usd").is_some_and(|usd| number(usd) >= 1e9) {
            assert!(truth.pools[0].liquidity_usd.unwrap() < 10_000.0, "{pair}");
            assert_eq!(pair["labels"][0], "CLMM");
            claims += 1;
        }
    }
    assert!(claims >= 50, "{claims}");
    assert!(count(&market, |truth| truth.standing == Standing::Homoglyph) > 15);
    assert_eq!(count(&market, |truth| truth.standing == Standing::Washed), 12);
}

#[tokio::test(start_paused = true)]
async fn only_dexscreener_takes_a_quote_for_thousands_of_times_its_worth() {
    let market = worst(200, 1);
    let mut seen = 0;
    for mint in market.mints() {
        let pairs = json(&market, &format!("/dexscreener/token-pairs/v1/solana/{mint}")).await;
        let truth = market.truth("solana", &mint).unwrap();
        for pair in pairs.as_array().unwrap() {
            let address = pair["pairAddress"].as_str().unwrap();
            let told = pair.get("priceUsd").map_or(0.0, number) / truth.price_usd;
            if told < 500.0 || truth.standing.is_counterfeit() {
                continue;
            }
            let pool = json(&market, &format!("{GECKO}/networks/solana/pools/multi/{address}")).await;
            if let Some(pool) = pool["data"].as_array().unwrap().first() {
                let ratio = number(&pool["attributes"]["base_token_price_usd"]) / truth.price_usd;
                assert!((0.5..2.0).contains(&ratio), "{pool}");
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn one_source_flashes_at_a_time_and_never_in_an_ordinary_market() {
    use crate::market::Upstream::{DexScreener, GeckoTerminal, Jupiter};
    let start = START.cast_signed();
    let off = |market: &sim::Market| {
        let mut seconds = 0;
        for token in market.tokens() {
            for at in (start..start + 4_096).step_by(8) {
                let sources = [DexScreener, GeckoTerminal, Jupiter];
                let off = sources.into_iter().filter(|by| {
                    let factor = told::flash(market, token, at, *by);
                    assert!((1.0 / 301.0..301.0).contains(&factor), "{factor}");
                    !(0.4..2.5).contains(&factor)
                });
                let off = off.count();
                assert!(off <= 1, "{off} sources at once");
                assert_eq!(off == 1, told::flashes_in(market, token, at..=at));
                seconds += off;
            }
        }
        seconds
    };
    assert!(off(&sim::Market::new(60, 1, start, true)) > 100);
    assert_eq!(off(&sim::Market::new(60, 1, start, false)), 0);
}

#[tokio::test(start_paused = true)]
async fn its_course_follows_from_the_seed() {
    let (one, other) = (worst(150, 5), worst(150, 5));
    let paths = ["/dexscreener/latest/dex/search?q=sol", "/jupiter/tokens/v2/toptraded/24h?limit=100"];
    for _ in 0..10 {
        tokio::time::advance(Duration::from_secs(417)).await;
        get(&one, paths[1]).await;
    }
    tokio::time::advance(Duration::from_secs(30)).await;
    for path in paths {
        assert_eq!(get(&one, path).await.body, get(&other, path).await.body, "{path}");
    }
}
