//! What is flagged, with which words, by whom and since when.

use super::*;
use crate::FlagDetail;

fn detail(row: &Token, flag: Flag) -> Option<FlagDetail> {
    let found = row.provenance.flags.iter().find(|detail| detail.code == flag).cloned();
    assert_eq!(found.is_some(), row.has(flag));
    found
}

fn named(number: u8, symbol: &str) -> PoolObservation {
    let mut pool = market(number, &token_id(number), 0.01, 1_000.0, 5e4);
    pool.base.symbol = Some(Arc::from(symbol));
    pool
}

fn verified(number: u8, symbol: &str, as_of: Timestamp) -> TokenObservation {
    let mut said = facts(&token_id(number), as_of);
    (said.symbol, said.verified) = (Some(Arc::from(symbol)), Some(true));
    said
}

#[test]
fn a_look_alike_names_whom_it_imitates_and_since_when() {
    let mut desk = Desk::new();
    desk.see([named(1, "\u{405}\u{41E}L")], NOON);
    let row = desk.row(NOON);
    let told = detail(&row, Flag::Lookalike).unwrap();
    assert_eq!((told.detail.as_str(), told.source, told.since), ("look-alike of SOL", None, NOON));
    // It stands since then.
    desk.see([at(named(1, "\u{405}\u{41E}L"), later(30))], later(30));
    assert_eq!(detail(&desk.row(later(30)), Flag::Lookalike).unwrap().since, NOON);
}

#[test]
fn a_verification_reaches_those_who_look_alike_in_either_order_and_ends_with_it() {
    let imitation = |desk: &mut Desk, now| desk.see([at(named(1, "B0NK"), now)], now);
    let expected = format!("look-alike of Bonk, {}", token_id(2).address());
    for verified_first in [true, false] {
        let mut desk = Desk::new();
        if verified_first {
            desk.say([verified(2, "Bonk", NOON)], NOON);
        }
        imitation(&mut desk, NOON);
        assert_eq!(desk.row(NOON).has(Flag::Lookalike), verified_first);
        desk.say([verified(2, "Bonk", later(1))], later(1));
        let told = detail(&desk.row(later(1)), Flag::Lookalike).unwrap();
        assert_eq!((told.detail.as_str(), told.source), (expected.as_str(), Some(Source::Jupiter)));

        // An older word does not end it, a newer one does.
        let mut disowned = facts(&token_id(2), NOON);
        (disowned.symbol, disowned.verified) = (Some(Arc::from("Bonk")), Some(false));
        desk.say([disowned.clone()], later(2));
        assert!(desk.row(later(2)).has(Flag::Lookalike));
        disowned.as_of = later(3);
        desk.say([disowned], later(3));
        assert!(!desk.row(later(3)).has(Flag::Lookalike));
        desk.say([verified(2, "Bonk", later(2))], later(4));
        assert!(!desk.row(later(4)).has(Flag::Lookalike), "nor does an older one bring it back");
    }
}

#[test]
fn the_verified_and_the_listed_are_nobodys_look_alikes() {
    let mut desk = Desk::new();
    desk.see([named(1, "SOL")], NOON);
    assert!(desk.row(NOON).has(Flag::Lookalike));
    desk.say([verified(1, "SOL", later(1))], later(1));
    assert!(!desk.row(later(1)).has(Flag::Lookalike));

    let mut desk = Desk::new();
    let mut listed = by_gecko(named(1, "SOL"));
    listed.base.listed = Some(true);
    desk.see([named(1, "SOL"), listed], NOON);
    assert!(!desk.row(NOON).has(Flag::Lookalike));

    let mut desk = Desk::new();
    let mut said = TokenObservation::new(Source::Geckoterminal, Statement::Facts, token_id(1), NOON);
    said.verified = Some(true);
    desk.see([named(1, "SOL")], NOON);
    desk.say([said], NOON);
    assert!(!desk.row(NOON).has(Flag::Lookalike));
}

#[test]
fn a_restart_knows_the_verified_symbols() {
    let mut desk = Desk::new();
    desk.see([named(1, "B0NK")], NOON);
    desk.say([verified(2, "BONK", NOON)], NOON);
    desk.publish(NOON);
    let mut book: Book = postcard::from_bytes(&postcard::to_allocvec(&desk.book).unwrap()).unwrap();
    book.configure(BookSettings::default());
    let mut again = Desk { book, board: Board::default() };
    assert!(again.row(later(1)).has(Flag::Lookalike));
    // And finds who looks alike when one is verified later.
    assert!(again.book.len() == 2);
    again.see([at(named(3, "PEPE"), later(2))], later(2));
    again.publish(later(2));
    let mut said = verified(1, "PEP\u{415}", later(3));
    said.token = token_id(4);
    again.say([said], later(3));
    assert!(again.publish(later(3)).tokens[&token_id(3)].has(Flag::Lookalike));
}

#[test]
fn wash_is_much_volume_in_few_trades_or_in_trades_that_cannot_be() {
    // Depth is 20,000 USD.
    for (volume, trades, change, wash) in [
        (4_000_001.0, 49, Some(50.0), true),
        (4_000_000.0, 49, Some(50.0), false),
        (4_000_001.0, 50, Some(50.0), false),
        // A mean trade of a quarter of the depth that moves nothing.
        (50_000.0, 10, Some(0.99), true),
        (50_000.0, 10, None, true),
        (50_000.0, 10, Some(-1.0), false),
        (49_999.0, 10, Some(0.0), false),
    ] {
        let mut pool = market(1, &token_id(1), 0.01, 100.0, volume);
        pool.txns.h24 = Some(Txns { buys: trades, sells: 0 });
        pool.change_pct.h24 = change;
        let mut desk = Desk::new();
        desk.see([pool.clone()], NOON);
        let told = detail(&desk.row(NOON), Flag::Wash);
        assert_eq!(told.is_some(), wash, "{volume} {trades} {change:?}");
        assert!(told.is_none_or(|told| told.source == Some(Source::Dexscreener)));
        // Beside more honest volume it is not the token's.
        desk.see([market(2, &token_id(1), 0.01, 900.0, volume * 1.01)], NOON);
        assert!(!desk.row(NOON).has(Flag::Wash));
    }
    // Under a thousand USD nothing is worth it: depth is 600.
    let mut small = market(1, &token_id(1), 0.01, 3.0, 1_000.0);
    (small.txns.h24, small.change_pct.h24) = (Some(Txns { buys: 1, sells: 1 }), None);
    let mut desk = Desk::new();
    desk.see([small.clone()], NOON);
    assert!(!desk.row(NOON).has(Flag::Wash));
    small.volume_usd.h24 = Some(1_000.01);
    desk.see([at(small, later(1))], later(1));
    assert!(desk.row(later(1)).has(Flag::Wash));
}

#[test]
fn what_is_hard_to_believe_is_suspect() {
    type Change = fn(&mut PoolObservation, &mut TokenObservation);
    let table: [(&str, Change, Option<Option<Source>>); 8] = [
        ("nothing odd", |_, _| {}, None),
        ("a change beyond belief", |pool, _| pool.change_pct.h1 = Some(10_001.0), Some(Some(Source::Dexscreener))),
        ("a change just believed", |pool, _| pool.change_pct.h1 = Some(10_000.0), None),
        (
            "a cap above the whole",
            |_, said| (said.circulating_supply, said.total_supply) = (Some(1.02e9), Some(1e9)),
            Some(Some(Source::Jupiter)),
        ),
        (
            "a cap above the whole by rounding",
            |_, said| (said.circulating_supply, said.total_supply) = (Some(1.01e9), Some(1e9)),
            None,
        ),
        ("a trillion", |_, said| said.circulating_supply = Some(1.01e14), Some(Some(Source::Jupiter))),
        (
            "a cap that cannot be realised",
            |pool, said| {
                (pool.quote_reserve, pool.liquidity_usd) = (Some(4.0), None);
                said.circulating_supply = Some(1e10);
            },
            Some(Some(Source::Jupiter)),
        ),
        ("distrusted and without a price", |_, said| said.suspicious = Some(true), Some(Some(Source::Jupiter))),
    ];
    for (case, change, expected) in table {
        let mut pool = market(1, &token_id(1), 0.01, 1_000.0, 5e4);
        let mut said = facts(&token_id(1), NOON);
        (pool.market_cap_usd, pool.fdv_usd) = (None, None);
        change(&mut pool, &mut said);
        let mut desk = Desk::new();
        desk.see([pool], NOON);
        desk.say([said], NOON);
        let row = desk.row(NOON);
        assert_eq!(detail(&row, Flag::Suspect).map(|told| told.source), expected, "{case} {:?}", row.provenance.flags);
    }
}

#[test]
fn a_distrusted_token_is_not_suspect_while_young_or_priced() {
    let mut said = facts(&token_id(1), NOON);
    said.suspicious = Some(true);
    let mut pool = market(1, &token_id(1), 0.01, 1_000.0, 5e4);
    pool.created_at = Some(NOON.minus(Duration::from_secs(7 * 86_400 - 1)));
    let mut desk = Desk::new();
    desk.see([pool], NOON);
    desk.say([said], NOON);
    assert!(!desk.row(NOON).has(Flag::Suspect), "not yet a week old");
    assert!(desk.row(later(1)).has(Flag::Suspect), "a week old; nobody spoke");
    desk.say([jupiter(&token_id(1), 0.01, 1e5, later(1))], later(1));
    assert!(!desk.row(later(1)).has(Flag::Suspect));
}

#[test]
fn every_other_flag_stands_by_its_limit_and_says_who_told() {
    type Change = fn(&mut PoolObservation, &mut TokenObservation);
    type Told = Option<(Option<Source>, &'static str)>;
    let gave = |flag, change: Change| {
        let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
        let mut said = facts(&token_id(1), NOON);
        change(&mut pool, &mut said);
        let mut desk = Desk::new();
        desk.see([pool], NOON);
        desk.say([said], NOON);
        detail(&desk.row(NOON), flag).map(|told| (told.source, told.detail))
    };
    let (dex, jup) = (Some(Source::Dexscreener), Some(Source::Jupiter));
    let table: [(Flag, Change, Told); 16] = [
        (Flag::LowLiquidity, |pool, _| pool.liquidity_usd = Some(9_999.0), Some((dex, "9999 USD of liquidity"))),
        (
            Flag::LowLiquidity,
            |pool, _| pool.liquidity_usd = Some(10_000.0),
            Some((dex, "liquidity under 1 % of the market cap")),
        ),
        (Flag::LowLiquidity, |_, said| said.circulating_supply = Some(2e8), None),
        (Flag::FakeLiquidity, |_, _| {}, None),
        (Flag::MintAuthority, |_, said| said.mint_authority = Some(true), Some((jup, "new tokens can be minted"))),
        (Flag::MintAuthority, |_, said| said.mint_authority = Some(false), None),
        (Flag::FreezeAuthority, |_, said| said.freeze_authority = Some(true), Some((jup, "balances can be frozen"))),
        (Flag::FreezeAuthority, |_, _| {}, None),
        (Flag::Top10Concentration, |_, said| said.top_holders_pct = Some(50.0), None),
        (
            Flag::Top10Concentration,
            |_, said| said.top_holders_pct = Some(50.6),
            Some((jup, "the ten largest wallets hold 51 %")),
        ),
        (
            Flag::New,
            |pool, _| pool.created_at = Some(NOON.minus(Duration::from_secs(3_599))),
            Some((dex, "its oldest pool is younger than an hour")),
        ),
        (Flag::New, |pool, _| pool.created_at = Some(NOON.minus(Duration::from_secs(3_600))), None),
        (Flag::New, |pool, _| pool.created_at = None, None),
        (Flag::Promoted, |pool, _| pool.promoted = true, Some((dex, "its showing is paid for"))),
        (Flag::Promoted, |_, _| {}, None),
        (Flag::Partial, |_, _| {}, None),
    ];
    for (flag, change, expected) in table {
        let found = gave(flag, change);
        let found = found.as_ref().map(|(source, words)| (*source, words.as_str()));
        assert_eq!(found, expected, "{flag}");
    }
}

#[test]
fn a_promotion_counts_for_a_day() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.say([TokenObservation::new(Source::Dexscreener, Statement::Promotion, token_id(1), NOON)], NOON);
    assert!(desk.row(later(86_399)).has(Flag::Promoted));
    assert!(!desk.row(later(86_400)).has(Flag::Promoted));
}

#[test]
fn a_sum_that_lacks_a_pool_is_partial() {
    for (volume, trades, partial) in [(true, true, false), (false, true, true), (true, false, true)] {
        let mut pool = market(2, &token_id(1), 0.01, 100.0, 5e4);
        if !volume {
            pool.volume_usd.h1 = None;
        }
        if !trades {
            pool.txns.m5 = None;
        }
        let mut desk = Desk::new();
        desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4), pool], NOON);
        assert_eq!(desk.row(NOON).has(Flag::Partial), partial, "{volume} {trades}");
    }
}

#[test]
fn a_counterfeit_pool_taints_only_where_little_honest_money_is() {
    let mut fake = market(2, &token_id(1), 0.01, 3.0, 5e4);
    fake.liquidity_usd = Some(6e8);
    for (sol, tainted) in [(49.0, true), (50.0, false)] {
        let mut desk = Desk::new();
        desk.see([market(1, &token_id(1), 0.01, sol, 5e4), fake.clone()], NOON);
        let told = detail(&desk.row(NOON), Flag::FakeLiquidity);
        assert_eq!(told.is_some(), tainted, "{sol}");
        let words = format!("pool {} reports 600000000 USD, its quote side backs 600", fake.pool.address());
        assert!(told.is_none_or(|told| told.detail == words && told.source == Some(Source::Dexscreener)));
    }
}

#[test]
fn sources_in_conflict_are_quoted() {
    let mut gecko = by_gecko(market(1, &token_id(1), 0.0106, 100.0, 5e4));
    gecko.price_quote = "0.000106".parse().ok();
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4), gecko.clone()], NOON);
    let told = detail(&desk.row(NOON), Flag::PoolConflict).unwrap();
    let words = format!("DexScreener says 0.01 USD, GeckoTerminal says 0.0106 USD on pool {}", gecko.pool.address());
    assert_eq!((told.detail, told.source), (words, None));
}
