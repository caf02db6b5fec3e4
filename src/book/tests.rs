//! The rules, one by one, through the book's own interface; and what must hold whatever the sources say.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod events;
mod figures;
mod flags;
mod pools;
mod properties;
mod upkeep;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Book, BookSettings, Published, Tick};
use crate::testing::{NOON, market, token_id};
use crate::{
    Board, DayVolume, Field, Flag, Harvest, Mark, PoolObservation, PoolReason, Price, Source, Stage, Statement,
    Timestamp, Token, TokenId, TokenObservation, Txns, VolumeScope, Week, wrapped_sol,
};

fn later(secs: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(secs))
}

fn jupiter(token: &TokenId, usd: f64, liquidity: f64, as_of: Timestamp) -> TokenObservation {
    let mut said = TokenObservation::new(Source::Jupiter, Statement::Price, token.clone(), as_of);
    said.price_usd = Price::from_f64(usd, 12);
    said.liquidity_usd = Some(liquidity);
    said
}

fn facts(token: &TokenId, as_of: Timestamp) -> TokenObservation {
    TokenObservation::new(Source::Jupiter, Statement::Facts, token.clone(), as_of)
}

/// A book and the board made of it.
struct Desk {
    book: Book,
    board: Board,
}

impl Desk {
    /// A desk where SOL costs 100 USD.
    fn new() -> Self {
        let mut desk = Self { book: Book::new(BookSettings::default()), board: Board::default() };
        desk.say([jupiter(&wrapped_sol(), 100.0, 1e9, NOON)], NOON);
        desk
    }

    fn see(&mut self, pools: impl IntoIterator<Item = PoolObservation>, now: Timestamp) {
        for pool in pools {
            let source = pool.source;
            self.book.absorb(source, Harvest { pools: vec![pool], ..Harvest::default() }, now);
        }
    }

    fn say(&mut self, tokens: impl IntoIterator<Item = TokenObservation>, now: Timestamp) {
        for said in tokens {
            let source = said.source;
            self.book.absorb(source, Harvest { tokens: vec![said], ..Harvest::default() }, now);
        }
    }

    fn silence(&mut self, source: Source, asked: &TokenId, now: Timestamp) {
        self.book.absorb(source, Harvest { asked: vec![asked.clone()], ..Harvest::default() }, now);
    }

    fn publish(&mut self, now: Timestamp) -> Published {
        let watched = HashSet::new();
        let tick = Tick { now, poll_interval: Duration::from_secs(10), watched: &watched };
        let published = self.book.publish(&self.board, &tick);
        let next = self.board.advance(now, published.sol_usd, published.stale, published.tokens.clone());
        let step = self.board.step(&next, published.changes.clone());
        assert_eq!(step, self.board.diff(&next), "what it says that it changed is what it changed");
        self.board = next;
        published
    }

    /// Publishes what is known when SOL still costs 100 USD.
    fn publish_at(&mut self, secs: u64) -> Published {
        self.say([jupiter(&wrapped_sol(), 100.0, 1e9, later(secs))], later(secs));
        self.publish(later(secs))
    }

    fn row(&mut self, now: Timestamp) -> Arc<Token> {
        self.try_row(now).unwrap()
    }

    /// The row of token 1.
    fn try_row(&mut self, now: Timestamp) -> Option<Arc<Token>> {
        self.publish(now).tokens.get(&token_id(1)).cloned()
    }
}

fn at(mut pool: PoolObservation, as_of: Timestamp) -> PoolObservation {
    pool.as_of = as_of;
    pool
}

fn by_gecko(mut pool: PoolObservation) -> PoolObservation {
    pool.source = Source::Geckoterminal;
    pool.quote_reserve = None;
    pool.quote_price_usd = "100".parse().ok();
    pool
}

fn price(row: &Token) -> String {
    row.price_usd.unwrap().to_string()
}

fn close(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() < 0.005)
}

#[test]
fn a_pool_counts_or_says_why_not() {
    type Change = fn(&mut PoolObservation);
    let table: [(&str, Change, PoolReason); 9] = [
        ("honest", |_| {}, PoolReason::Canonical),
        ("no price", |pool| pool.price_usd = None, PoolReason::NoPrice),
        ("another price of SOL", |pool| pool.price_usd = "0.5".parse().ok(), PoolReason::Unanchored),
        ("quoted in a stranger", |pool| pool.quote.token = token_id(9), PoolReason::Unanchored),
        ("a thousand times too much", |pool| pool.liquidity_usd = Some(2.1e7), PoolReason::FakeLiquidity),
        ("just below that", |pool| pool.liquidity_usd = Some(1.9e7), PoolReason::Canonical),
        ("two SOL", |pool| pool.quote_reserve = Some(2.0), PoolReason::Thin),
        ("nobody trades", |pool| pool.txns.h24 = Some(Txns::default()), PoolReason::NoTrades),
        (
            "nothing behind it is known",
            |pool| (pool.quote_reserve, pool.liquidity_usd) = (None, None),
            PoolReason::Unverified,
        ),
    ];
    for (case, change, reason) in table {
        let mut desk = Desk::new();
        let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
        change(&mut pool);
        desk.see([pool], NOON);
        let row = desk.try_row(NOON);
        assert_eq!(desk.book.pools(&token_id(1))[0].reason, reason, "{case}");
        assert_eq!(row.is_some(), reason == PoolReason::Canonical, "{case}");
    }
}

#[test]
fn a_token_on_the_quote_side_of_money_is_turned_around() {
    let mut desk = Desk::new();
    let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    std::mem::swap(&mut pool.base, &mut pool.quote);
    (pool.price_usd, pool.price_quote) = ("100".parse().ok(), "10000".parse().ok());
    (pool.base_reserve, pool.quote_reserve) = (Some(100.0), Some(1e6));
    desk.see([pool], NOON);
    let row = desk.row(NOON);
    assert_eq!((price(&row).as_str(), row.price_sol.unwrap().to_string().as_str()), ("0.01", "0.0001"));
    assert_eq!(row.txns.h24, Some(Txns { buys: 200, sells: 300 }));
    assert!(close(row.liquidity_usd, 20_000.0));
    assert_eq!((row.change_pct.h24, row.market_cap_usd), (None, None));
}

#[test]
fn money_is_no_row() {
    let mut desk = Desk::new();
    let mut pool = market(1, &wrapped_sol(), 100.0, 100.0, 5e4);
    pool.quote.token = "solana:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v".parse().unwrap();
    desk.see([pool], NOON);
    assert!(desk.publish(NOON).tokens.is_empty() && desk.book.is_empty());
    let mut staked = facts(&token_id(1), NOON);
    (staked.price_usd, staked.tags) = ("100".parse().ok(), vec![Arc::from("lst")]);
    desk.say([staked], NOON);
    assert!(desk.publish(NOON).tokens.is_empty());
}

#[test]
fn two_sources_of_one_pool_are_alternatives() {
    let (first, second) = (market(1, &token_id(1), 0.01, 100.0, 5e4), market(2, &token_id(1), 0.01, 100.0, 3e4));
    let mut desk = Desk::new();
    desk.see([first.clone(), second, by_gecko(first.clone())], NOON);
    let row = desk.row(NOON);
    assert!(close(row.volume_usd.h24, 8e4) && close(row.liquidity_usd, 4e4) && row.pool_count == 2);

    // Six percent apart: the one nearer to Jupiter.
    let mut other = by_gecko(first.clone());
    other.price_usd = "0.0106".parse().ok();
    for (arbiter, expected) in [(0.0107, "0.0106"), (0.0101, "0.01")] {
        let mut desk = Desk::new();
        desk.see([first.clone(), other.clone()], NOON);
        desk.say([jupiter(&token_id(1), arbiter, 5e4, NOON)], NOON);
        let row = desk.row(NOON);
        assert_eq!((price(&row).as_str(), row.has(Flag::PoolConflict)), (expected, true));
        let told = &row.provenance.fields[&Field::PriceUsd];
        assert!(told.others.len() == 2 && told.spread_pct.unwrap() > 5.0, "{told:?}");
    }
}

#[test]
fn the_last_source_of_a_price_is_kept_but_geckoterminal_gives_way_to_dexscreener() {
    let told = |usd: &str, secs: u64| {
        let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
        (pool.price_usd, pool.as_of) = (usd.parse().ok(), later(secs));
        pool.price_quote = Price::from_f64(usd.parse::<f64>().unwrap() / 100.0, 9);
        pool
    };
    let mut desk = Desk::new();
    for (pool, secs, shown) in [
        (by_gecko(told("0.01", 0)), 0, "0.01"),
        (told("0.0101", 10), 10, "0.0101"),
        (by_gecko(told("0.0102", 20)), 20, "0.0101"),
        (told("0.0103", 40), 40, "0.0103"),
        (by_gecko(told("0.0104", 70)), 70, "0.0103"),
        (by_gecko(told("0.0105", 100)), 100, "0.0105"),
        (told("0.0104", 110), 110, "0.0104"),
    ] {
        desk.see([pool], later(secs));
        assert_eq!(price(&desk.row(later(secs))), shown, "after {secs} s");
    }
}

#[test]
fn what_only_one_source_cannot_back_counts_until_somebody_can() {
    let mut desk = Desk::new();
    desk.see([by_gecko(market(1, &token_id(1), 0.01, 100.0, 5e4))], NOON);
    let row = desk.row(NOON);
    assert_eq!((price(&row).as_str(), row.liquidity_usd), ("0.01", None));
    desk.see([market(2, &token_id(1), 0.0101, 50.0, 1e4)], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.pool_count, close(row.liquidity_usd, 1e4)), (1, true));
    assert!(desk.book.pools(&token_id(1)).iter().any(|pool| pool.reason == PoolReason::Unverified));
}

#[test]
fn a_curve_counts_until_the_token_has_left_it() {
    let curve = || {
        let mut pool = market(1, &token_id(1), 0.00002, 100.0, 5e4);
        pool.dex = Arc::from("pump-fun");
        pool
    };
    let mut desk = Desk::new();
    desk.see([curve()], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.stage, row.dex.as_deref(), row.liquidity_usd), (Stage::Curve, Some("pumpfun"), None));

    desk.see([market(2, &token_id(1), 0.00003, 100.0, 2e4)], NOON);
    assert_eq!(price(&desk.row(NOON)), "0.00003");
    // The market is drained: the curve does not come back.
    desk.see([at(market(2, &token_id(1), 0.00003, 0.1, 2e4), later(5))], later(5));
    assert_eq!(desk.try_row(later(5)), None);
    desk.say([jupiter(&token_id(1), 0.000_001, 10.0, later(5))], later(5));
    let row = desk.row(later(5));
    assert_eq!((row.stage, price(&row).as_str(), row.has(Flag::Suspect)), (Stage::Unpooled, "0.000001", true));
}

#[test]
fn the_canonical_pool_changes_only_for_one_that_stays_far_better() {
    let weak = |secs| at(market(1, &token_id(1), 0.01, 100.0, 1e4), later(secs));
    let strong = |secs, volume| at(market(2, &token_id(1), 0.0101, 100.0, volume), later(secs));
    let pool = |row: &Token| row.pool.clone().unwrap();
    let (first, second) = (weak(0).pool.shared_address(), strong(0, 1.0).pool.shared_address());
    let mut desk = Desk::new();
    desk.see([weak(0)], NOON);
    assert_eq!(pool(&desk.row(NOON)), first);
    // Twice the volume is 1.41 times the score.
    for (secs, volume, expected) in
        [(10, 2e4, &first), (20, 4e4, &first), (30, 1e4, &first), (40, 4e4, &first), (50, 4e4, &second)]
    {
        desk.see([strong(secs, volume)], later(secs));
        assert_eq!(pool(&desk.row(later(secs))), *expected, "at {secs}");
        // The same observation again proves nothing.
        assert_eq!(pool(&desk.row(later(secs))), *expected, "again at {secs}");
    }
    // An incumbent that no longer counts leaves at once.
    desk.see([at(market(2, &token_id(1), 0.0101, 0.1, 4e4), later(60))], later(60));
    assert_eq!(pool(&desk.row(later(60))), first);
}

#[test]
fn a_price_far_from_all_others_is_rejected_but_its_volume_counts() {
    let mut desk = Desk::new();
    desk.see(
        [
            market(1, &token_id(1), 0.02, 100.0, 5e4),
            market(2, &token_id(1), 0.01, 100.0, 4e4),
            market(3, &token_id(1), 0.0101, 100.0, 3e4),
        ],
        NOON,
    );
    let row = desk.row(NOON);
    assert_eq!(price(&row), "0.01");
    assert!(close(row.volume_usd.h24, 12e4));
    assert!(desk.book.pools(&row.id).iter().any(|pool| pool.prices_token && pool.reason == PoolReason::Eligible));
    assert_eq!(desk.book.needs_price(NOON), [token_id(1)]);
}

#[test]
fn jupiter_overrules_only_with_money_and_newer_knowledge() {
    for (usd, liquidity, secs, shown, disputed) in [
        (0.0109, 9e4, 5, "0.01", false),
        (0.012, 9e4, 5, "0.012", true),
        (0.012, 9e4, 0, "0.01", true),
        (0.012, 9_000.0, 5, "0.01", true),
    ] {
        let mut desk = Desk::new();
        desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
        desk.say([jupiter(&token_id(1), usd, liquidity, later(secs))], later(5));
        let row = desk.row(later(5));
        assert_eq!((price(&row).as_str(), row.has(Flag::PriceDisputed)), (shown, disputed), "{usd} {liquidity} {secs}");
    }
}

#[test]
fn a_coarse_price_is_told_by_the_quote() {
    let mut desk = Desk::new();
    let mut pool = market(1, &token_id(1), 1.26, 100.0, 5e4);
    pool.price_quote = "0.012669".parse().ok();
    desk.see([pool], NOON);
    assert_eq!(price(&desk.row(NOON)), "1.2669");
}

#[test]
fn a_computed_price_in_sol_follows_price_and_rate_but_not_noise() {
    let mut desk = Desk::new();
    let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    pool.quote.token = "solana:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v".parse().unwrap();
    (pool.price_quote, pool.quote_reserve) = (pool.price_usd, Some(1e4));
    desk.see([pool], NOON);
    let sol = |row: &Token| row.price_sol.unwrap().to_string();
    let first = desk.row(NOON);
    assert_eq!(sol(&first), "0.0001");
    for (secs, rate, expected) in [(10, 100.09, "0.0001"), (20, 100.11, "0.0000998901209")] {
        desk.say([jupiter(&wrapped_sol(), rate, 1e9, later(secs))], later(secs));
        assert_eq!(sol(&desk.row(later(secs))), expected);
    }
}

#[test]
fn jupiters_count_of_the_whole_token_stands_for_a_single_pool_and_is_never_added() {
    let mut whole = facts(&token_id(1), NOON);
    whole.volume_usd.h24 = Some(9e4);
    whole.txns.h24 = Some(Txns { buys: 7, sells: 8 });
    (whole.circulating_supply, whole.total_supply, whole.holders) = (Some(1e9), Some(2e9), Some(321));
    let mut desk = Desk::new();
    desk.say([whole], NOON);
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    let row = desk.row(NOON);
    assert_eq!(
        (row.volume_scope, row.volume_usd.h24, row.txns.h24.unwrap().total()),
        (VolumeScope::Token, Some(9e4), 15)
    );
    assert_eq!((row.market_cap_usd, row.fdv_usd, row.holders), (Some(1e7), Some(2e7), Some(321)));
    desk.see([market(2, &token_id(1), 0.01, 100.0, 3e4)], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.volume_scope, close(row.volume_usd.h24, 8e4)), (VolumeScope::Pools, true));
}

#[test]
fn flags_come_in_their_order_with_their_reasons() {
    let mut desk = Desk::new();
    let mut owner = facts(&token_id(2), NOON);
    (owner.symbol, owner.verified) = (Some(Arc::from("test")), Some(true));
    let mut said = facts(&token_id(1), NOON);
    (said.mint_authority, said.freeze_authority, said.top_holders_pct) = (Some(true), Some(true), Some(77.0));
    let promotion = TokenObservation::new(Source::Dexscreener, Statement::Promotion, token_id(1), NOON);
    let mut pool = market(1, &token_id(1), 0.01, 10.0, 5e6);
    pool.txns.h24 = Some(Txns { buys: 8, sells: 8 });
    pool.created_at = Some(NOON.minus(Duration::from_secs(60)));
    desk.say([owner, said, promotion], NOON);
    desk.see([pool], NOON);
    let row = desk.row(NOON);
    let expected = [
        Flag::LowLiquidity,
        Flag::Lookalike,
        Flag::Wash,
        Flag::MintAuthority,
        Flag::FreezeAuthority,
        Flag::Top10Concentration,
        Flag::New,
        Flag::Promoted,
    ];
    assert_eq!(row.flags, expected);
    assert_eq!(row.provenance.flags.len(), row.flags.len());
    assert_eq!(row.partial_windows, [crate::Window::H24]);
    // What stands is told since when; an hour later it is not new, though nobody spoke.
    assert!(desk.row(later(200)).provenance.flags.iter().all(|flag| flag.since == NOON));
    assert!(!desk.row(later(3_600)).has(Flag::New));
}

#[test]
fn a_row_alike_is_marked_when_the_symbol_is_claimed() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    assert!(!desk.row(NOON).has(Flag::Lookalike));
    let mut owner = facts(&token_id(2), NOON);
    (owner.symbol, owner.verified) = (Some(Arc::from("$TEST")), Some(true));
    desk.say([owner], NOON);
    assert!(desk.row(NOON).has(Flag::Lookalike));
}

#[test]
fn older_never_overwrites_newer() {
    let mut desk = Desk::new();
    desk.see([at(market(1, &token_id(1), 0.011, 100.0, 5e4), later(10))], later(10));
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], later(11));
    assert_eq!(price(&desk.row(later(11))), "0.011");
}

#[test]
fn an_outage_of_any_length_leaves_the_rows_and_calls_them_stale() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    let before = desk.row(NOON);
    assert!(!before.stale);
    let after = desk.row(later(180));
    assert!(after.stale && after.updated_at == before.updated_at);
    let published = desk.publish(later(86_400 * 30));
    assert!(published.stale);
    let after = published.tokens[&token_id(1)].clone();
    assert_eq!(*after, Token { stale: true, provenance: after.provenance.clone(), ..(*before).clone() });
}

#[test]
fn what_expired_leaves_after_three_answers_without_it() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.row(NOON);
    for (secs, there) in [(700, true), (710, true), (720, false)] {
        desk.silence(Source::Dexscreener, &token_id(1), later(secs));
        assert_eq!(desk.try_row(later(secs)).is_some(), there, "at {secs}");
    }
}

#[test]
fn three_silent_answers_do_not_remove_what_is_young_nor_do_others_silences() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    for secs in 1..6 {
        desk.silence(Source::Dexscreener, &token_id(1), later(secs));
    }
    assert!(desk.try_row(later(60)).is_some());
    desk.see([at(market(1, &token_id(1), 0.01, 100.0, 5e4), later(60))], later(60));
    for secs in 1_000..1_006 {
        desk.silence(Source::Geckoterminal, &token_id(1), later(secs));
        desk.silence(Source::Jupiter, &token_id(1), later(secs));
    }
    assert!(desk.try_row(later(1_010)).is_some());
}

#[test]
fn a_restart_gives_the_same_rows_as_old_as_they_are() {
    let mut desk = Desk::new();
    let mut said = facts(&token_id(1), NOON);
    (said.holders, said.circulating_supply, said.verified) = (Some(9), Some(1e9), Some(true));
    said.symbol = Some(Arc::from("TEST"));
    let mut dollars = market(3, &token_id(3), 0.5, 100.0, 1e4);
    dollars.quote.token = "solana:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v".parse().unwrap();
    (dollars.price_quote, dollars.quote_reserve) = (dollars.price_usd, Some(1e4));
    desk.say([said, jupiter(&token_id(2), 0.3, 7e4, NOON)], NOON);
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4), market(2, &token_id(2), 0.3, 50.0, 5e4), dollars], NOON);
    let before = desk.publish(NOON).tokens;
    assert_eq!(before.len(), 3);

    let bytes = postcard::to_allocvec(&desk.book).unwrap();
    let mut book: Book = postcard::from_bytes(&bytes).unwrap();
    book.configure(BookSettings::default());
    assert_eq!(postcard::to_allocvec(&book).unwrap(), bytes);
    let mut again = Desk { book, board: Board::default() };
    let published = again.publish(later(7_200));
    assert!(published.stale && published.events.is_empty());
    assert_eq!(published.tokens.len(), 3);
    for (id, row) in &published.tokens {
        let old = Token { stale: true, provenance: row.provenance.clone(), ..(*before[id]).clone() };
        assert_eq!(**row, old);
    }
}

#[test]
fn a_book_from_disk_is_stale_until_a_source_answers() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    assert!(!desk.publish(NOON).stale);

    let mut book: Book = postcard::from_bytes(&postcard::to_allocvec(&desk.book).unwrap()).unwrap();
    book.configure(BookSettings::default());
    let mut again = Desk { book, board: Board::default() };
    let published = again.publish(later(1));
    assert!(published.stale, "it was heard a second ago, but not by this process");
    assert!(!published.tokens[&token_id(1)].stale);
    again.silence(Source::Jupiter, &token_id(1), later(2));
    assert!(!again.publish(later(2)).stale);
}

#[test]
fn a_row_that_says_the_same_is_the_same_row() {
    let mut desk = Desk::new();
    let pool = |secs, volume| at(market(1, &token_id(1), 0.01, 100.0, volume), later(secs));
    desk.see([pool(0, 50_000.0)], NOON);
    let first = desk.row(NOON);
    desk.see([pool(10, 50_000.02)], later(10));
    assert!(Arc::ptr_eq(&first, &desk.row(later(10))), "noise in the seventh digit");
    desk.see([pool(21, 50_000.02)], later(21));
    let confirmed = desk.row(later(21));
    assert_eq!((confirmed.updated_at, confirmed.volume_usd), (later(21), first.volume_usd));
    desk.see([pool(22, 50_100.0)], later(22));
    assert!(close(desk.row(later(22)).volume_usd.h24, 50_100.0));
}

#[test]
fn the_least_interesting_leave_first_and_watched_ones_never() {
    let mut desk = Desk::new();
    for number in 1..=6u8 {
        desk.see([market(number, &token_id(number), 0.01, 100.0, 1e4 * f64::from(number))], NOON);
    }
    desk.book.configure(BookSettings { max_tokens: 3, ..BookSettings::default() });
    let watched = HashSet::from([token_id(1)]);
    let tick = Tick { now: NOON, poll_interval: Duration::from_secs(10), watched: &watched };
    let published = desk.book.publish(&desk.board, &tick);
    let left: Vec<&TokenId> = published.tokens.keys().collect();
    let mut expected = [token_id(1), token_id(5), token_id(6)];
    expected.sort();
    assert_eq!(left, expected.iter().collect::<Vec<_>>());
    assert_eq!(desk.book.len(), 3);
}

#[test]
fn jupiter_is_asked_about_what_is_doubtful() {
    let mut desk = Desk::new();
    let stranger = token_id(9);
    let mut exotic = market(1, &token_id(1), 0.01, 100.0, 5e4);
    exotic.quote.token = stranger.clone();
    desk.see([exotic, market(2, &token_id(2), 0.01, 100.0, 5e4)], NOON);
    desk.publish(NOON);
    assert_eq!(desk.book.needs_price(NOON), [stranger.clone(), token_id(1)]);
    // Silence makes it ask ever more seldom.
    desk.silence(Source::Jupiter, &token_id(1), NOON);
    assert_eq!(desk.book.needs_price(later(59)), std::slice::from_ref(&stranger));
    assert!(desk.book.needs_price(later(60)).contains(&token_id(1)));
    assert!(desk.book.needs_price(later(91)).contains(&token_id(2)), "old");
    // The answer makes the pool count.
    desk.say([jupiter(&stranger, 100.0, 1e6, later(5))], later(5));
    assert_eq!(price(&desk.row(later(5))), "0.01");
    let ages: Vec<_> = desk.book.ages().map(|age| (age.token.clone(), age.interest.is_some())).collect();
    assert_eq!(ages.len(), 2);
}

#[test]
fn a_pool_of_unknown_reserve_is_named_until_somebody_vouches_for_it() {
    let unverified = |desk: &Desk| desk.book.ages().flat_map(|age| age.unverified.to_vec()).collect::<Vec<_>>();
    let mut desk = Desk::new();
    let pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    desk.see([by_gecko(pool.clone())], NOON);
    assert_eq!(desk.row(NOON).liquidity_usd, None);
    assert_eq!(unverified(&desk), std::slice::from_ref(&pool.pool));
    let age = desk.book.ages().next().unwrap();
    assert_eq!((age.main_pool, age.dexscreener_at, age.geckoterminal_at), (Some(&pool.pool), None, Some(NOON)));

    desk.see([at(pool.clone(), later(5))], later(5));
    assert!(desk.row(later(5)).liquidity_usd.is_some());
    assert_eq!(unverified(&desk), []);
    // What DexScreener says of another pool is not about the one that stands for the token.
    desk.see([at(market(2, &token_id(1), 0.01, 20.0, 5e4), later(9))], later(9));
    desk.row(later(9));
    assert_eq!(desk.book.ages().next().unwrap().dexscreener_at, Some(later(5)));
}

#[test]
fn a_token_that_never_had_a_row_is_forgotten_after_an_hour() {
    let mut desk = Desk::new();
    desk.say([facts(&token_id(1), NOON)], NOON);
    let mut now = NOON;
    while now < later(3_590) {
        now = now.plus(Duration::from_secs(30));
        desk.publish(now);
        assert!(desk.book.contains(&token_id(1)) || now >= later(3_600));
    }
    desk.publish(later(3_630));
    assert!(desk.book.is_empty());
}

#[test]
fn other_chains_are_not_tracked() {
    let mut desk = Desk::new();
    let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    pool.base.token = "bsc:0xdac17f958d2ee523a2206206994597c13d831ec7".parse().unwrap();
    desk.see([pool], NOON);
    assert!(desk.book.is_empty());
}

#[test]
fn the_figures_of_seven_days_come_from_the_history() {
    let token = token_id(1);
    let mut desk = Desk::new();
    desk.see([market(1, &token, 0.01, 100.0, 5e4)], NOON);
    let row = desk.row(NOON);
    assert_eq!((row.change_pct.d7, row.volume_usd.d7), (None, None));

    let price = "0.008".parse().unwrap();
    let day = DayVolume { usd: 1_000.0, scope: row.volume_scope };
    let week = Week { base: Some(Mark { at: NOON, price }), first: None, days: [Some(day); 6] };
    desk.book.recall(&token, Some(week));
    desk.book.recall(&token_id(2), Some(week));
    assert!(!desk.book.contains(&token_id(2)), "it tracks nothing");
    let row = desk.row(later(10));
    assert_eq!(row.change_pct.d7, Some(25.0));
    assert_eq!(row.volume_usd.d7, row.volume_usd.h24.map(|today| today + 6_000.0));
    assert!(row.provenance.fields.get(&Field::VolumeUsdD7).is_some());
    assert!(Arc::ptr_eq(&row, &desk.row(later(11))), "the same again is no change");

    desk.book.recall(&token, None);
    assert_eq!(desk.row(later(20)).change_pct.d7, None);
}
