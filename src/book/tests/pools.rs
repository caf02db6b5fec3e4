//! Which pools count, which source of a pool is believed, and which pool stands for the token.

use super::*;

/// The pool's view in the list.
fn view(desk: &Desk, pool: &PoolObservation) -> crate::PoolView {
    let views = desk.book.pools(&token_id(1));
    views.into_iter().find(|view| *view.pool == *pool.pool.address()).unwrap()
}

#[test]
fn of_two_young_sources_each_gives_what_it_knows_better() {
    let mut dex = at(market(1, &token_id(1), 0.01, 100.0, 5e4), NOON);
    dex.liquidity_usd = Some(20_000.0);
    let mut gecko = at(by_gecko(market(1, &token_id(1), 0.01, 100.0, 7e4)), later(10));
    gecko.liquidity_usd = Some(21_000.0);
    let traders = crate::Traders { buyers: 40, sellers: 30 };
    gecko.traders = crate::PerWindow { h24: Some(traders), ..crate::PerWindow::default() }.into();
    let mut desk = Desk::new();
    desk.see([dex.clone(), gecko.clone()], later(10));
    let row = desk.row(later(10));
    assert!(close(row.volume_usd.h24, 5e4), "trades by DexScreener");
    assert!(close(row.liquidity_usd, 21_000.0), "the reserve by GeckoTerminal");
    assert_eq!(row.traders.h24, Some(crate::Traders { buyers: 40, sellers: 30 }));

    // Of which one is old, the newer gives all.
    let mut desk = Desk::new();
    gecko.as_of = later(70);
    desk.see([dex, gecko], later(70));
    let row = desk.row(later(70));
    assert!(close(row.volume_usd.h24, 7e4), "{:?}", row.volume_usd);
}

#[test]
fn two_sources_that_agree_do_not_take_turns() {
    let dex = |secs| at(market(1, &token_id(1), 0.01, 100.0, 5e4), later(secs));
    let gecko = |secs| {
        let mut pool = by_gecko(at(market(1, &token_id(1), 0.0102, 100.0, 5e4), later(secs)));
        pool.price_quote = "0.000102".parse().ok();
        pool
    };
    let mut desk = Desk::new();
    desk.see([dex(0)], NOON);
    assert_eq!(price(&desk.row(NOON)), "0.01");
    desk.see([gecko(10)], later(10));
    assert_eq!(price(&desk.row(later(10))), "0.01", "the newer is 2 % off, no reason to change");
    desk.see([gecko(55)], later(55));
    assert_eq!(price(&desk.row(later(59))), "0.01");
    // What was shown is no longer fresh.
    desk.silence(Source::Jupiter, &token_id(9), later(61));
    desk.see([gecko(61)], later(61));
    assert_eq!(price(&desk.row(later(61))), "0.0102");
    // GeckoTerminal is asked more seldom: what it said gives way to a newer word.
    desk.see([dex(70)], later(70));
    assert_eq!(price(&desk.row(later(70))), "0.01");
}

#[test]
fn without_an_arbiter_the_newer_of_two_in_conflict_is_believed() {
    let mut gecko = by_gecko(at(market(1, &token_id(1), 0.0106, 100.0, 5e4), later(5)));
    gecko.price_quote = "0.000106".parse().ok();
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4), gecko], later(5));
    let row = desk.row(later(5));
    assert_eq!((price(&row).as_str(), row.has(Flag::PoolConflict)), ("0.0106", true));
    assert_eq!(desk.book.needs_price(later(5)), [token_id(1)], "Jupiter shall judge");
}

#[test]
fn a_pool_keeps_its_judgement_while_no_rate_of_its_time_is_known() {
    let mut desk = Desk::new();
    let pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    desk.see([pool.clone()], NOON);
    assert!(desk.try_row(NOON).is_some());
    // SOL doubles; the pool speaks of the time before.
    desk.say([jupiter(&wrapped_sol(), 200.0, 1e9, later(90))], later(90));
    assert_eq!(view(&desk, &pool).reason, PoolReason::Canonical);
    assert!(desk.try_row(later(90)).is_some());
    // Of a pool that was never judged nothing is known.
    let other = market(2, &token_id(1), 0.01, 100.0, 5e4);
    desk.see([other.clone()], later(90));
    desk.row(later(90));
    assert_eq!(view(&desk, &other).reason, PoolReason::Unanchored);
    // Judged anew it fails.
    desk.see([at(pool.clone(), later(95))], later(95));
    assert_eq!(desk.try_row(later(95)), None);
    assert_eq!(view(&desk, &pool).reason, PoolReason::Unanchored);
}

#[test]
fn only_backed_liquidity_counts() {
    for (reported, reserve, counted) in [
        (Some(30_000.0), 100.0, 30_000.0),
        // No more than five times what twice the quote side is worth.
        (Some(150_000.0), 100.0, 100_000.0),
        (Some(5_000.0), 100.0, 5_000.0),
        (None, 100.0, 20_000.0),
    ] {
        let mut pool = market(1, &token_id(1), 0.01, reserve, 5e4);
        pool.liquidity_usd = reported;
        let mut desk = Desk::new();
        desk.see([pool], NOON);
        let row = desk.row(NOON);
        assert!(close(row.liquidity_usd, counted), "{reported:?} {reserve} {:?}", row.liquidity_usd);
    }
}

#[test]
fn what_a_curve_reports_as_liquidity_is_ignored() {
    let mut curve = market(1, &token_id(1), 0.00002, 1.0, 5e4);
    curve.dex = Arc::from("meteoradbc");
    curve.liquidity_usd = Some(1e9);
    let mut desk = Desk::new();
    desk.see([curve.clone()], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.stage, row.liquidity_usd, row.has(Flag::FakeLiquidity)), (Stage::Curve, None, false));
    assert_eq!(view(&desk, &curve).liquidity_usd, None);
    curve.txns.h24 = None;
    let mut desk = Desk::new();
    desk.see([curve.clone()], NOON);
    assert_eq!(desk.try_row(NOON), None);
    assert_eq!(view(&desk, &curve).reason, PoolReason::NoTrades);
}

#[test]
fn every_sign_of_graduation_ends_the_curve_for_good() {
    type Sign = fn(&mut Desk, &mut PoolObservation);
    let completed = |desk: &mut Desk| {
        let mut said = facts(&token_id(1), later(5));
        said.graduated = Some(true);
        desk.say([said], later(5));
    };
    let signs: [(&str, bool, Sign); 6] = [
        ("none", false, |_, _| {}),
        ("the launchpad says so", true, |_, curve| curve.graduated = Some(true)),
        ("the launchpad says no", false, |_, curve| curve.graduated = Some(false)),
        ("a pool where it would go", true, |desk, _| {
            desk.see([at(market(2, &token_id(1), 0.00003, 0.1, 2e4), later(5))], later(5));
        }),
        ("a pool elsewhere", false, |desk, _| {
            let mut pool = at(market(2, &token_id(1), 0.00003, 0.1, 2e4), later(5));
            pool.dex = Arc::from("orca");
            desk.see([pool], later(5));
        }),
        ("as dear as the curve goes", true, |_, curve| {
            (curve.price_usd, curve.price_quote) = ("0.0000411".parse().ok(), "0.000000411".parse().ok());
        }),
    ];
    for (case, graduated, sign) in signs {
        let mut desk = Desk::new();
        let mut curve = at(market(1, &token_id(1), 0.00002, 100.0, 5e4), later(5));
        curve.dex = Arc::from("pumpfun");
        sign(&mut desk, &mut curve);
        desk.see([curve.clone()], later(5));
        assert_eq!(desk.try_row(later(5)).is_none(), graduated, "{case}");
        // The sign is gone, the knowledge stays.
        let plain = at(market(1, &token_id(1), 0.00002, 100.0, 5e4), later(20));
        desk.see([PoolObservation { dex: curve.dex.clone(), ..plain }], later(20));
        assert_eq!(desk.try_row(later(20)).is_none(), graduated, "{case}, later");
    }
    let mut desk = Desk::new();
    let mut curve = at(market(1, &token_id(1), 0.00002, 100.0, 5e4), later(5));
    curve.dex = Arc::from("pumpfun");
    completed(&mut desk);
    desk.see([curve], later(5));
    assert_eq!(desk.try_row(later(5)), None, "Jupiter says so");
}

#[test]
fn of_pools_with_one_score_the_deeper_the_older_the_smaller_address_stands_for_the_token() {
    let canonical = |pools: [PoolObservation; 2]| {
        let mut desk = Desk::new();
        desk.see(pools, NOON);
        desk.row(NOON).pool.clone().unwrap()
    };
    let first = market(1, &token_id(1), 0.01, 100.0, 5e4);
    let second = market(2, &token_id(1), 0.01, 100.0, 5e4);
    let smaller = first.pool.clone().min(second.pool.clone());
    assert_eq!(canonical([first.clone(), second.clone()]), smaller.shared_address());
    for (number, other) in [(1, 2), (2, 1)] {
        let other = market(other, &token_id(1), 0.01, 100.0, 5e4);
        let mut older = market(number, &token_id(1), 0.01, 100.0, 5e4);
        older.created_at = Some(Timestamp::from_secs(1_699_000_000));
        assert_eq!(canonical([older.clone(), other.clone()]), older.pool.shared_address());
        // Four times the depth at a quarter of the volume.
        let deeper = market(number, &token_id(1), 0.01, 400.0, 1.25e4);
        assert_eq!(canonical([other, deeper.clone()]), deeper.pool.shared_address());
    }
}

#[test]
fn a_stale_price_loses_to_a_fresh_one_and_has_no_say_beside_it() {
    let mut desk = Desk::new();
    let old = |number| market(number, &token_id(1), 0.01, 200.0, 5e4);
    desk.see([old(1), old(2), old(3)], NOON);
    let before = desk.row(NOON);
    // The price halves; of all pools only the least is asked again.
    let fresh = at(market(4, &token_id(1), 0.005, 100.0, 1e4), later(180));
    desk.see([fresh.clone()], later(180));
    desk.say([jupiter(&wrapped_sol(), 100.0, 1e9, later(180))], later(180));
    let published = desk.publish(later(180));
    let row = published.tokens[&token_id(1)].clone();
    assert_eq!((price(&row).as_str(), row.stale), ("0.005", false));
    assert_eq!(row.pool, before.pool, "that is no reason for another canonical pool");
    assert!(view(&desk, &fresh).prices_token);
    assert!(published.events.is_empty(), "another pool's price is no move");
    assert!(close(row.volume_usd.h24, 16e4));
}

#[test]
fn jupiter_fills_in_when_no_pool_has_a_say() {
    let mut desk = Desk::new();
    // One holds the weight, the canonical one is far off, and what is near the median is nothing.
    desk.see([market(1, &token_id(1), 0.01, 2.0, 5e4)], NOON);
    desk.say([facts(&token_id(1), NOON), jupiter(&token_id(1), 0.011, 600.0, NOON)], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.stage, price(&row).as_str(), row.has(Flag::Suspect)), (Stage::Unpooled, "0.011", false));
    assert_eq!((row.pool.clone(), row.dex.clone(), row.pool_count), (None, None, 0));
    assert!(close(row.liquidity_usd, 600.0), "and gives its own liquidity");
}

#[test]
fn a_limit_passed_between_the_last_answer_and_now_is_looked_at_again() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 200.0, 5e4)], NOON);
    desk.row(NOON);
    desk.say([jupiter(&wrapped_sol(), 100.0, 1e9, later(100))], later(100));
    desk.see([at(market(2, &token_id(1), 0.0101, 100.0, 1e4), later(100))], later(100));
    assert_eq!(price(&desk.row(later(100))), "0.01");
    desk.silence(Source::Jupiter, &token_id(9), later(179));
    assert_eq!(price(&desk.row(later(180))), "0.01", "when the last answer came it was not stale");
    desk.silence(Source::Jupiter, &token_id(9), later(182));
    assert_eq!(price(&desk.row(later(182))), "0.0101");
    // While nobody answers, nothing is looked at again and again.
    desk.row(later(230));
    desk.row(later(280));
    assert!(desk.book.live.due.iter().all(|(due, _)| *due > later(290)), "{:?}", desk.book.live.due);
}

#[test]
fn details_are_told_when_they_change_and_when_a_token_leaves() {
    let mut desk = Desk::new();
    let pool = |secs, volume| at(market(1, &token_id(1), 0.01, 100.0, volume), later(secs));
    desk.see([pool(0, 5e4)], NOON);
    let told = desk.publish(NOON).details;
    let [(id, Some(details))] = &told[..] else { unreachable!("one token has news: {told:?}") };
    assert_eq!((id, &details.pools), (&token_id(1), &desk.book.pools(&token_id(1))));
    assert_eq!(details.aliases, desk.book.aliases(&token_id(1)));

    // The same again says nothing new; another volume does.
    desk.see([pool(5, 5e4)], later(5));
    assert_eq!(desk.publish(later(5)).details, []);
    desk.see([pool(10, 6e4)], later(10));
    let told = desk.publish(later(10)).details;
    assert!(matches!(&told[..], [(_, Some(news))] if close(news.pools[0].volume_usd.h24, 6e4)), "{told:?}");

    // Asked about by name, it is gone from its source.
    for secs in 20..26 {
        desk.silence(Source::Dexscreener, &token_id(1), later(secs * 300));
    }
    let told = desk.publish(later(26 * 300)).details;
    assert_eq!(told, [(token_id(1), None)]);
    assert!(desk.board.tokens.is_empty());
}

#[test]
fn a_pool_that_counts_does_so_for_as_long_as_nobody_takes_back_what_it_counts_by() {
    // DexScreener's report alone is counterfeit; GeckoTerminal's, which is preferred, is not.
    let mut pool = market(1, &token_id(1), 0.01, 2.5, 5e4);
    pool.liquidity_usd = Some(1e6);
    let mut other = by_gecko(at(pool.clone(), NOON.minus(Duration::from_secs(2))));
    other.liquidity_usd = Some(1.0);
    let mut desk = Desk::new();
    desk.see([pool, other], NOON);
    let before = desk.row(NOON);
    for secs in [54, 57, 59, 61, 200, 590] {
        desk.silence(Source::Jupiter, &token_id(1), later(secs));
        let after = desk.row(later(secs + 2));
        assert_eq!((after.price_usd, after.liquidity_usd), (before.price_usd, before.liquidity_usd), "{secs}");
    }
    assert!(desk.row(later(600)).stale);
}

#[test]
fn a_price_goes_over_to_a_fresher_word_only_if_the_pool_counts_by_it() {
    let pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    for (quote, then) in [("100", "0.0101"), ("150", "0.01")] {
        let mut other = by_gecko(at(pool.clone(), later(30)));
        (other.price_usd, other.quote_price_usd) = ("0.0101".parse().ok(), quote.parse().ok());
        let mut desk = Desk::new();
        desk.see([pool.clone()], NOON);
        desk.row(NOON);
        desk.see([other], later(30));
        assert_eq!(price(&desk.row(later(30))), "0.01", "the last source is kept while it is fresh");
        desk.silence(Source::Jupiter, &token_id(1), later(70));
        assert_eq!(price(&desk.row(later(70))), then, "SOL at {quote}");
    }
}

#[test]
fn an_expired_count_of_a_pool_stays_until_somebody_counts_again() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.row(NOON);
    // GeckoTerminal does not know what lies in the pool, and what it reports of it would not be enough.
    let mut other = by_gecko(at(market(1, &token_id(1), 0.01, 100.0, 5e4), later(590)));
    other.liquidity_usd = Some(400.0);
    desk.say([jupiter(&wrapped_sol(), 100.0, 1e9, later(590))], later(590));
    desk.see([other], later(590));
    for secs in [595, 605, 640] {
        desk.say([jupiter(&wrapped_sol(), 100.0, 1e9, later(secs))], later(secs));
        assert!(desk.try_row(later(secs)).is_some(), "{secs}");
    }
    // Until it leaves by its own source's silence.
    for secs in [641, 642, 643] {
        desk.silence(Source::Dexscreener, &token_id(1), later(secs));
    }
    assert_eq!(desk.try_row(later(645)), None);
}
