//! The population and the course of its tokens over time.

use super::*;

#[test]
fn a_day_leaves_the_market_no_larger() {
    let mut market = sim::Market::new(1_000, 3, 1_795_000_000, false);
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
    let mut leap = sim::Market::new(1_000, 3, 1_795_000_000, false);
    leap.advance(1_795_000_000 + 86_400);
    let mints =
        |market: &sim::Market| -> Vec<String> { market.tokens().iter().map(|token| token.mint.clone()).collect() };
    assert_eq!(mints(&market), mints(&leap));
}

#[test]
fn windows_nest_and_changes_are_true() {
    let start = 1_795_000_000;
    let mut market = sim::Market::new(600, 1, start, false);
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
    let market = sim::Market::new(2_000, 1, start, false);
    let mut moved = 0;
    for token in market.tokens() {
        let price = |at| token.usd(at, market.quotes());
        moved += usize::from((0..2).any(|second| (price(start + second + 1) - price(start + second)).abs() > 0.0));
    }
    assert!((60..800).contains(&moved), "{moved} of 2000 prices moved within 2 s");
}

#[test]
fn sizes_span_six_orders_of_magnitude() {
    let market = sim::Market::new(2_000, 1, 1_795_000_000, false);
    let now = market.now();
    let span = |measure: &dyn Fn(&crate::market::token::Token) -> f64| {
        let mut all: Vec<f64> = market
            .tokens()
            .iter()
            .filter(|token| token.standing == crate::market::token::Standing::Honest)
            .map(measure)
            .filter(|value| *value > 0.0)
            .collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() - 1] / all[0]).log10()
    };
    let reading = |token: &crate::market::token::Token| token.reading(token.main_pool(now), now, market.quotes());
    assert!(span(&|token| token.usd(now, market.quotes())) > 6.0);
    assert!(span(&|token| token.usd(now, market.quotes()) * token.supply) > 5.5);
    assert!(span(&|token| reading(token).flows[5].volume) > 5.5);
    assert!(span(&|token| reading(token).reserves.map_or(0.0, |reserves| reserves.usd)) > 5.0);
    let youngest = market.tokens().iter().map(|token| now - token.born).min().unwrap();
    let oldest = market.tokens().iter().map(|token| now - token.born).max().unwrap();
    assert!(youngest < 900 && oldest > 2 * 365 * 86_400, "{youngest} {oldest}");
}
