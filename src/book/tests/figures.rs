//! The figures beside the price, and what the row says of where they come from.

use super::*;
use crate::{FieldProvenance, PerWindow, Window};

const DOLLAR: &str = "solana:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

fn origin(row: &Token, field: Field) -> FieldProvenance {
    row.provenance.fields[&field].clone()
}

/// What another source says, and the spread.
fn other(row: &Token, field: Field, source: Source) -> (Option<String>, Option<f64>) {
    let origin = origin(row, field);
    (origin.others.get(&source).map(ToString::to_string), origin.spread_pct)
}

fn gecko_facts(token: &TokenId, as_of: Timestamp) -> TokenObservation {
    TokenObservation::new(Source::Geckoterminal, Statement::Facts, token.clone(), as_of)
}

#[test]
fn caps_come_from_whoever_knows_the_supply_best() {
    type Change = fn(&mut TokenObservation, &mut TokenObservation, &mut PoolObservation);
    // At 0.01 USD; the pool tells its caps at 0.02 USD in the last two cases.
    let table: [(&str, Change, Option<f64>, Option<f64>); 5] = [
        (
            "Jupiter's supplies",
            |jupiter, gecko, _| {
                (jupiter.circulating_supply, jupiter.total_supply) = (Some(5e8), Some(1e9));
                (gecko.market_cap_usd, gecko.total_supply) = (Some(1.0), Some(1.0));
            },
            Some(5e6),
            Some(1e7),
        ),
        (
            "GeckoTerminal's cap at its price, and its supply",
            |_, gecko, _| {
                (gecko.price_usd, gecko.market_cap_usd) = ("0.02".parse().ok(), Some(8e6));
                gecko.total_supply = Some(9e8);
            },
            Some(4e6),
            Some(9e6),
        ),
        (
            "a cap without a price is no cap",
            |_, gecko, pool| {
                gecko.market_cap_usd = Some(8e6);
                (pool.market_cap_usd, pool.fdv_usd) = (None, None);
            },
            None,
            None,
        ),
        ("the pool's", |_, _, _| {}, Some(9e6), Some(1e7)),
        (
            "no supply is none",
            |jupiter, _, pool| {
                (jupiter.circulating_supply, jupiter.total_supply) = (Some(0.0), None);
                (pool.market_cap_usd, pool.fdv_usd) = (None, Some(1e7));
            },
            None,
            Some(1e7),
        ),
    ];
    for (case, change, cap, fdv) in table {
        let (mut jupiter, mut gecko) = (facts(&token_id(1), NOON), gecko_facts(&token_id(1), NOON));
        let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
        change(&mut jupiter, &mut gecko, &mut pool);
        let mut desk = Desk::new();
        desk.see([pool], NOON);
        desk.say([jupiter, gecko], NOON);
        let row = desk.row(NOON);
        assert_eq!((row.market_cap_usd, row.fdv_usd), (cap, fdv), "{case}");
    }
}

#[test]
fn a_cap_above_the_whole_is_the_whole() {
    let mut said = facts(&token_id(1), NOON);
    (said.circulating_supply, said.total_supply) = (Some(3e9), Some(1e9));
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.say([said], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.market_cap_usd, row.fdv_usd), (Some(1e7), Some(1e7)));
}

#[test]
fn the_change_is_that_of_the_pool_that_gives_the_price() {
    let with = |mut pool: PoolObservation, change: PerWindow<f64>| {
        pool.change_pct = change;
        pool
    };
    let h1 = |percent| PerWindow { h1: Some(percent), ..PerWindow::default() };
    let mut said = facts(&token_id(1), NOON);
    said.change_pct = PerWindow { m5: Some(5.0), h1: Some(6.0), h6: Some(7.0), h24: None, d7: None };
    let dex = with(market(1, &token_id(1), 0.01, 100.0, 5e4), h1(1.0));
    let gecko_change = PerWindow { h1: Some(2.0), h6: Some(3.0), ..PerWindow::default() };
    let gecko = with(by_gecko(market(1, &token_id(1), 0.01, 100.0, 5e4)), gecko_change);
    let stranger = with(market(2, &token_id(1), 0.01, 50.0, 1e4), PerWindow::from_fn(|_| Some(99.0)));

    let mut desk = Desk::new();
    desk.see([dex.clone(), gecko.clone(), stranger], NOON);
    desk.say([said.clone(), jupiter(&token_id(1), 0.01, 5e4, NOON)], NOON);
    // Where one is silent the next speaks, never another pool, and nobody makes a zero.
    let expected = PerWindow { m5: Some(5.0), h1: Some(1.0), h6: Some(3.0), h24: None, d7: None };
    assert_eq!(desk.row(NOON).change_pct, expected);

    // DexScreener's word is stale, GeckoTerminal's is not.
    let mut desk = Desk::new();
    desk.see([dex.clone(), at(gecko, later(150))], later(180));
    assert_eq!(desk.row(later(180)).change_pct.h1, Some(2.0));

    // A price by Jupiter brings Jupiter's change.
    let mut desk = Desk::new();
    desk.see([dex], NOON);
    said.change_pct.h24 = Some(8.0);
    desk.say([said, jupiter(&token_id(1), 0.02, 9e4, later(5))], later(5));
    let row = desk.row(later(5));
    assert_eq!((price(&row).as_str(), row.change_pct.h1, row.change_pct.h24), ("0.02", Some(6.0), Some(8.0)));
    assert_eq!(origin(&row, Field::ChangePct).source, Source::Jupiter);
}

#[test]
fn windows_longer_than_the_pool_is_old_are_partial() {
    let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    pool.change_pct = PerWindow { m5: Some(1.0), h1: Some(2.0), h6: None, h24: Some(2.0), d7: None };
    pool.created_at = Some(NOON.minus(Duration::from_secs(600)));
    let mut desk = Desk::new();
    desk.see([pool], NOON);
    assert_eq!(desk.row(NOON).partial_windows, [Window::H1, Window::H24], "six hours are not known at all");
    assert_eq!(desk.row(later(3_000)).partial_windows, [Window::H24]);
    assert_eq!(desk.row(later(86_400)).partial_windows, []);
}

#[test]
fn a_name_is_given_by_whoever_verified_the_token() {
    let named = |mut said: TokenObservation, symbol: &str, verified: Option<bool>| {
        (said.symbol, said.name, said.verified) = (Some(Arc::from(symbol)), Some(Arc::from("Name")), verified);
        said
    };
    let pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    let mut listed = by_gecko(pool.clone());
    (listed.base.symbol, listed.base.listed) = (Some(Arc::from("LISTED")), Some(true));
    let jupiter = |verified| named(facts(&token_id(1), NOON), "JUP", Some(verified));
    let gecko = |verified| named(gecko_facts(&token_id(1), NOON), "GECKO", Some(verified));
    let cases: [(&str, Vec<TokenObservation>, bool, &str); 7] = [
        ("Jupiter verified it", vec![jupiter(true), gecko(true)], true, "JUP"),
        ("CoinGecko lists it", vec![jupiter(false), gecko(true)], true, "GECKO"),
        ("a pool says that CoinGecko lists it", vec![jupiter(false), gecko(false)], true, "LISTED"),
        ("Jupiter knows it", vec![jupiter(false), gecko(false)], false, "JUP"),
        ("a pool names it", vec![gecko(false)], false, "TEST"),
        ("a pool names it alone", vec![], false, "TEST"),
        ("the order of words", vec![gecko(true), jupiter(true)], false, "JUP"),
    ];
    for (case, said, by_list, symbol) in cases {
        let mut desk = Desk::new();
        desk.see([pool.clone()], NOON);
        if by_list {
            desk.see([listed.clone()], NOON);
        }
        desk.say(said, NOON);
        assert_eq!(desk.row(NOON).symbol.as_deref(), Some(symbol), "{case}");
    }
    let mut nameless = pool;
    nameless.base.symbol = None;
    let mut desk = Desk::new();
    desk.see([nameless], NOON);
    desk.say([gecko(false)], NOON);
    assert_eq!(desk.row(NOON).symbol.as_deref(), Some("GECKO"), "no pool names it");
    assert!(desk.book.aliases(&token_id(1)).is_empty());
    desk.say([jupiter(true)], NOON);
    desk.row(NOON);
    assert_eq!(desk.book.aliases(&token_id(1)), [Arc::from("GECKO")]);
}

#[test]
fn a_token_is_as_old_as_its_oldest_pool_counting_or_not() {
    let (old, older, oldest) = (1_700_000_000, 1_650_000_000, 1_640_000_000);
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    assert_eq!(desk.row(NOON).created_at, Some(Timestamp::from_secs(old)));
    let mut dead = market(2, &token_id(1), 0.01, 0.0, 0.0);
    dead.created_at = Some(Timestamp::from_secs(older));
    desk.see([dead], NOON);
    assert_eq!(desk.row(NOON).created_at, Some(Timestamp::from_secs(older)));
    let mut said = facts(&token_id(1), NOON);
    said.created_at = Some(Timestamp::from_secs(oldest));
    desk.say([said], NOON);
    let row = desk.row(NOON);
    assert_eq!(row.created_at, Some(Timestamp::from_secs(oldest)));
    let born = origin(&row, Field::CreatedAt);
    assert_eq!((born.source, born.spread_pct), (Source::Jupiter.into(), None));
    assert_eq!(*born.others[&Source::Dexscreener], Timestamp::from_secs(older).to_string());
    // What cannot be is nobody's age.
    for impossible in [Timestamp::from_secs(1_500_000_000), later(200)] {
        let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
        pool.created_at = Some(impossible);
        let mut desk = Desk::new();
        desk.see([pool], NOON);
        assert_eq!(desk.row(NOON).created_at, None);
    }
}

#[test]
fn every_field_says_what_the_others_say_of_the_same_thing() {
    let mut dex = market(1, &token_id(1), 0.01, 100.0, 5e4);
    dex.base.name = Some(Arc::from("Test"));
    let mut gecko = by_gecko(market(1, &token_id(1), 0.01, 100.0, 6e4));
    gecko.liquidity_usd = Some(22_000.0);
    gecko.price_usd = "0.0101".parse().ok();
    gecko.price_quote = "0.000101".parse().ok();
    (gecko.fdv_usd, gecko.market_cap_usd) = (Some(1.01e7), Some(8.08e6));
    gecko.base.symbol = Some(Arc::from("TST"));
    gecko.created_at = Some(Timestamp::from_secs(1_700_000_100));
    let mut desk = Desk::new();
    desk.see([dex.clone(), gecko.clone()], NOON);
    let row = desk.row(NOON);
    let said = |text: &str, spread| (Some(text.to_owned()), Some(spread));
    let by_gecko = |field| other(&row, field, Source::Geckoterminal);
    assert_eq!(by_gecko(Field::PriceUsd), said("0.0101", 1.0));
    // The reserve that counts is GeckoTerminal's.
    assert_eq!(
        (row.liquidity_usd, origin(&row, Field::LiquidityUsd).source),
        (Some(22_000.0), Source::Geckoterminal.into())
    );
    assert_eq!(other(&row, Field::LiquidityUsd, Source::Dexscreener), said("20000", 9.09));
    assert_eq!(by_gecko(Field::VolumeUsd), said("60000", 20.0));
    assert_eq!(by_gecko(Field::Txns), said("500", 0.0));
    // 800 million in circulation at the price that is shown, not at its own.
    assert_eq!(by_gecko(Field::MarketCapUsd), said("8000000", 11.11));
    assert_eq!(by_gecko(Field::FdvUsd), said("10000000", 0.0));
    assert_eq!(by_gecko(Field::Name), (Some("TST".to_owned()), None));
    assert_eq!(by_gecko(Field::CreatedAt), (Some(Timestamp::from_secs(1_700_000_100).to_string()), None));
    for field in [Field::PriceUsd, Field::VolumeUsd, Field::MarketCapUsd, Field::CreatedAt] {
        let origin = origin(&row, field);
        assert_eq!((origin.source, origin.observed_at), (Source::Dexscreener.into(), NOON));
        assert_eq!(origin.pool.as_deref(), Some(dex.pool.address()));
    }

    // A second pool that one of them does not describe: sums of different pools are not compared.
    desk.see([market(2, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    let row = desk.row(NOON);
    assert_eq!(other(&row, Field::LiquidityUsd, Source::Dexscreener), said("40000", 4.76), "it describes both");
    for field in [Field::VolumeUsd, Field::Txns] {
        let origin = origin(&row, field);
        assert!(origin.others.is_empty() && origin.spread_pct.is_none() && origin.pool.is_none(), "{field:?}");
    }
    // What has expired is not compared.
    desk.see([at(dex, later(900))], later(900));
    let row = desk.row(later(900));
    assert!(origin(&row, Field::MarketCapUsd).others.is_empty());
    assert!(origin(&row, Field::PriceUsd).others.is_empty());
    // Nor is a statement that nobody took back.
    let mut old = gecko_facts(&token_id(1), NOON);
    old.total_supply = Some(2e9);
    desk.say([old], later(899));
    assert_eq!(other(&desk.row(later(899)), Field::FdvUsd, Source::Dexscreener).0.as_deref(), Some("10000000"));
    let mut newer = facts(&token_id(1), later(901));
    newer.total_supply = Some(1e9);
    desk.say([newer.clone()], later(901));
    assert_eq!(other(&desk.row(later(901)), Field::FdvUsd, Source::Geckoterminal).0, None);
}

#[test]
fn figures_of_the_whole_token_are_compared_with_such_only() {
    let mut whole = facts(&token_id(1), NOON);
    (whole.volume_usd.h24, whole.circulating_supply, whole.holders) = (Some(9e4), Some(1e9), Some(321));
    (whole.symbol, whole.verified) = (Some(Arc::from("TEST")), Some(true));
    let mut gecko = gecko_facts(&token_id(1), NOON);
    (gecko.volume_usd.h24, gecko.price_usd, gecko.market_cap_usd) = (Some(9.9e4), "0.02".parse().ok(), Some(2.2e7));
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.say([whole, gecko], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.volume_scope, row.volume_usd.h24), (VolumeScope::Token, Some(9e4)));
    assert_eq!(other(&row, Field::VolumeUsd, Source::Geckoterminal), (Some("99000".into()), Some(10.0)));
    assert_eq!(other(&row, Field::VolumeUsd, Source::Dexscreener).0, None, "one pool is not the token");
    assert_eq!(other(&row, Field::MarketCapUsd, Source::Geckoterminal), (Some("11000000".into()), Some(20.0)));
    assert_eq!(other(&row, Field::MarketCapUsd, Source::Dexscreener).0.as_deref(), Some("9000000"));
    assert_eq!(origin(&row, Field::Holders), FieldProvenance::plain(Source::Jupiter, NOON));
    assert_eq!(other(&row, Field::Name, Source::Dexscreener), (Some("TEST".into()), None));
}

#[test]
fn the_price_in_sol_is_the_pools_own_or_computed_or_unknown() {
    let sol = |row: &Token| row.price_sol.map(|price| price.to_string());
    let mut own = market(1, &token_id(1), 0.01, 100.0, 5e4);
    own.price_quote = "0.0001002".parse().ok();
    let mut desk = Desk::new();
    desk.see([own.clone()], NOON);
    assert_eq!(sol(&desk.row(NOON)).as_deref(), Some("0.0001002"), "not 0.0001 by the rate");

    let mut dollars = market(2, &token_id(1), 0.02, 100.0, 5e4);
    dollars.quote.token = DOLLAR.parse().unwrap();
    (dollars.price_quote, dollars.quote_reserve) = (dollars.price_usd, Some(1e4));
    let mut desk = Desk { book: Book::new(BookSettings::default()), board: Board::default() };
    desk.see([dollars], NOON);
    assert_eq!(sol(&desk.row(NOON)), None, "nobody knows what SOL costs");
    desk.say([jupiter(&wrapped_sol(), 50.0, 1e9, later(1))], later(1));
    assert_eq!(sol(&desk.row(later(1))).as_deref(), Some("0.0004"));
}
