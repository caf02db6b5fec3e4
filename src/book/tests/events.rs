//! What is worth a bell, and what is not.

use super::*;
use crate::EventKind;
use crate::book::events::Seen;
use crate::merge::limits::MAX_LEFT;

#[test]
fn a_move_of_a_percent_is_told_once_a_minute() {
    let mut desk = Desk::new();
    let mut told = Vec::new();
    for (secs, usd) in [(0, 0.01), (10, 0.01005), (20, 0.0102), (30, 0.0110), (85, 0.0111), (90, 0.0111)] {
        desk.see([at(market(1, &token_id(1), usd, 100.0, 5e4), later(secs))], later(secs));
        for (token, kind) in desk.publish(later(secs)).events {
            let EventKind::PriceUpdate { price_usd, prev_price_usd, change_pct, source } = kind else {
                unreachable!("no volume moved")
            };
            assert_eq!((token, source), (token_id(1), Source::Dexscreener));
            told.push((secs, prev_price_usd.to_string(), price_usd.to_string(), change_pct));
        }
    }
    let (first, second) = ("0.01".to_owned(), "0.0102".to_owned());
    assert_eq!(told, [(20, first, second.clone(), 2.0), (85, second, "0.0111".to_owned(), 8.82)]);
}

#[test]
fn a_change_of_the_canonical_pool_is_no_move() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4), market(2, &token_id(1), 0.0104, 100.0, 4e4)], NOON);
    desk.publish(NOON);
    desk.see([at(market(1, &token_id(1), 0.01, 0.1, 5e4), later(10))], later(10));
    let published = desk.publish(later(10));
    assert_eq!(price(&published.tokens[&token_id(1)]), "0.0104");
    assert!(published.events.is_empty());
}

#[test]
fn a_burst_of_volume_is_told() {
    let mut desk = Desk::new();
    let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    desk.see([pool.clone()], NOON);
    desk.publish(NOON);
    (pool.as_of, pool.volume_usd.m5, pool.volume_usd.h1) = (later(30), Some(4_000.0), Some(15_000.0));
    desk.see([pool.clone()], later(30));
    let events = desk.publish(later(30)).events;
    assert_eq!(
        events[0].1,
        EventKind::VolumeSpike { window: crate::Window::M5, volume_usd: 4_000.0, baseline_usd: 1_000.0, ratio: 4.0 }
    );
    (pool.as_of, pool.volume_usd.m5) = (later(60), Some(4_100.0));
    desk.see([pool], later(60));
    assert_eq!(desk.publish(later(60)).events, [], "once a minute");
}

#[test]
fn what_trades_above_a_dollar_moves_by_what_the_quote_says() {
    let mut desk = Desk::new();
    let mut told = Vec::new();
    // Printed with two decimals the price jumps by 0.8 %, or does not move at all.
    for (secs, usd, in_sol) in [(0, "1.26", "0.012600"), (70, "1.27", "0.012655"), (140, "1.27", "0.012745")] {
        let mut pool = at(market(1, &token_id(1), 1.26, 100.0, 5e4), later(secs));
        (pool.price_usd, pool.price_quote) = (usd.parse().ok(), in_sol.parse().ok());
        desk.see([pool], later(secs));
        told.extend(desk.publish_at(secs).events.into_iter().map(|(_, kind)| (secs, kind)));
    }
    let [(140, EventKind::PriceUpdate { price_usd, prev_price_usd, change_pct, .. })] = told.as_slice() else {
        unreachable!("one move: {told:?}")
    };
    assert_eq!((prev_price_usd.to_string(), price_usd.to_string()), ("1.26".to_owned(), "1.2745".to_owned()));
    assert!(close(Some(*change_pct), 1.15), "{change_pct}");
}

#[test]
fn a_new_conflict_holds_a_move_back() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.publish(NOON);
    desk.see([at(market(1, &token_id(1), 0.012, 100.0, 5e4), later(70))], later(70));
    desk.say([jupiter(&token_id(1), 0.01, 5e4, later(70))], later(70));
    let published = desk.publish(later(70));
    assert!(published.tokens[&token_id(1)].has(Flag::PriceDisputed));
    assert!(!published.events.iter().any(|(_, kind)| matches!(kind, EventKind::PriceUpdate { .. })));
    desk.see([at(market(1, &token_id(1), 0.0121, 100.0, 5e4), later(80))], later(80));
    let events = desk.publish(later(80)).events;
    assert!(matches!(events[..], [(_, EventKind::PriceUpdate { change_pct, .. })] if change_pct > 20.0), "{events:?}");
}

#[test]
fn a_spike_has_its_conditions() {
    type Change = fn(&mut PoolObservation);
    let table: [(&str, Change, bool); 7] = [
        ("a burst", |_| {}, true),
        ("just three times", |pool| pool.volume_usd.h1 = Some(4_000.0 + 11.0 * 1_333.0), true),
        ("less than three times", |pool| pool.volume_usd.h1 = Some(4_000.0 + 11.0 * 1_400.0), false),
        ("little money", |pool| pool.volume_usd.m5 = Some(999.0), false),
        ("few trades", |pool| pool.txns.m5 = Some(Txns { buys: 4, sells: 5 }), false),
        ("a young pool", |pool| pool.created_at = Some(NOON.minus(Duration::from_secs(1_700))), false),
        ("the hour is not known", |pool| pool.volume_usd.h1 = None, false),
    ];
    for (case, change, told) in table {
        let mut desk = Desk::new();
        let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
        desk.see([pool.clone()], NOON);
        desk.publish(NOON);
        (pool.as_of, pool.volume_usd.m5, pool.volume_usd.h1) = (later(30), Some(4_000.0), Some(15_000.0));
        change(&mut pool);
        desk.see([pool], later(30));
        let events = desk.publish(later(30)).events;
        assert_eq!(events.iter().any(|(_, kind)| matches!(kind, EventKind::VolumeSpike { .. })), told, "{case}");
    }
}

#[test]
fn a_burst_is_not_told_again_when_it_has_grown_old() {
    let mut desk = Desk::new();
    let mut pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    desk.see([pool.clone()], NOON);
    desk.publish(NOON);
    (pool.as_of, pool.volume_usd.m5, pool.volume_usd.h1) = (later(30), Some(4_000.0), Some(15_000.0));
    desk.see([pool], later(30));
    assert_eq!(desk.publish(later(30)).events.len(), 1);
    let published = desk.publish(later(300));
    assert!(published.tokens[&token_id(1)].stale, "nobody spoke since");
    assert!(published.events.is_empty());
}

/// The tokens that an event of a kind is about.
fn told_of<'a>(published: &'a Published, name: &str) -> Vec<&'a TokenId> {
    published.events.iter().filter(|(_, kind)| kind.name() == name).map(|(token, _)| token).collect()
}

#[test]
fn a_token_that_comes_to_a_filled_board_is_told_with_what_is_known() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    assert!(desk.publish(NOON).events.is_empty());
    desk.see([market(2, &token_id(2), 0.01, 100.0, 5e4)], later(170));
    assert!(desk.publish_at(170).events.is_empty(), "the board is still being filled");

    let mut said = facts(&token_id(3), later(181));
    (said.symbol, said.mint_authority) = (Some(Arc::from("CAT")), Some(true));
    desk.say([said], later(181));
    assert!(desk.publish_at(181).events.is_empty(), "it has no row yet");
    desk.see([at(market(3, &token_id(3), 0.02, 100.0, 5e4), later(190))], later(190));
    let published = desk.publish_at(190);
    let row = &published.tokens[&token_id(3)];
    assert!(row.has(Flag::MintAuthority), "a flag at the listing is in the row, and no event of its own");
    let expected = EventKind::TokenListed {
        symbol: Some(Arc::from("CAT")),
        name: row.name.clone(),
        price_usd: "0.02".parse().ok(),
        liquidity_usd: row.liquidity_usd,
    };
    assert_eq!(published.events, [(token_id(3), expected)]);
}

#[test]
fn a_token_that_left_and_comes_back_is_no_listing() {
    let pool = |secs| at(market(2, &token_id(2), 0.01, 100.0, 5e3), later(secs));
    for (away, forgotten, told) in [(60, false, false), (60, true, false), (86_500, true, true)] {
        let mut desk = Desk::new();
        desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
        desk.see([pool(0)], NOON);
        desk.publish(NOON);
        if forgotten {
            desk.book.live.settings.max_tokens = 1;
        } else {
            desk.see([at(market(2, &token_id(2), 0.01, 0.1, 5e3), later(200))], later(200));
        }
        let published = desk.publish_at(200);
        assert!(!published.tokens.contains_key(&token_id(2)));
        assert_eq!(desk.book.contains(&token_id(2)), !forgotten);

        // What is forgotten is written down.
        let bytes = postcard::to_allocvec(&desk.book).unwrap();
        let mut book: Book = postcard::from_bytes(&bytes).unwrap();
        book.configure(BookSettings::default());
        desk.book = book;
        desk.publish_at(210);
        desk.see([pool(210 + away)], later(210 + away));
        let published = desk.publish_at(210 + away);
        assert!(published.tokens.contains_key(&token_id(2)));
        let expected = if told { vec![token_id(2)] } else { Vec::new() };
        assert_eq!(told_of(&published, "token:listed"), expected.iter().collect::<Vec<_>>(), "{away} {forgotten}");
    }
}

#[test]
fn what_left_is_remembered_in_bounded_space() {
    let mut seen = Seen::default();
    seen.note_rows(NOON);
    let id = |number: u32| -> TokenId { format!("bsc:0x{number:040x}").parse().unwrap() };
    let most = u32::try_from(MAX_LEFT).unwrap();
    for number in 0..=most {
        seen.note_left(&id(number), later(200 + u64::from(number / 100)));
    }
    let now = later(1_000);
    assert!(seen.is_news(&id(0), now) && seen.is_news(&id(most / 2 - 1), now), "the oldest half is forgotten");
    assert!(!seen.is_news(&id(most / 2), now) && !seen.is_news(&id(most), now));
}

#[test]
fn a_warning_that_newly_stands_is_told_once() {
    let mut desk = Desk::new();
    let mut said = facts(&token_id(1), NOON);
    said.freeze_authority = Some(true);
    desk.say([said.clone()], NOON);
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.publish(NOON);
    let mut told = Vec::new();
    let mut step = |desk: &mut Desk, said: &TokenObservation, secs: u64| {
        let said = TokenObservation { as_of: later(secs), ..said.clone() };
        desk.say([said], later(secs));
        // Somebody buys, so that the row changes.
        desk.see([at(market(1, &token_id(1), 0.01, 100.0, 5e4 + secs as f64), later(secs))], later(secs));
        for (_, kind) in desk.publish_at(secs).events {
            let EventKind::TokenFlagged { flags } = kind else { unreachable!("only flags change: {kind:?}") };
            for flag in flags {
                assert!(!flag.detail.is_empty());
                told.push((secs, flag.code, flag.source, flag.since == later(secs)));
            }
        }
    };
    said.mint_authority = Some(true);
    step(&mut desk, &said, 30);
    step(&mut desk, &said, 190);
    said.top_holders_pct = Some(80.0);
    let promoted = TokenObservation::new(Source::Dexscreener, Statement::Promotion, token_id(1), later(230));
    desk.say([promoted], later(230));
    step(&mut desk, &said, 230);
    said.mint_authority = Some(false);
    step(&mut desk, &said, 240);
    said.mint_authority = Some(true);
    step(&mut desk, &said, 250);
    step(&mut desk, &said, 289);
    step(&mut desk, &said, 290);
    step(&mut desk, &said, 400);
    let jupiter = Some(Source::Jupiter);
    let expected = [
        // What was found out at 30 belongs to the filling of the board; what is promoted is no warning.
        (230, Flag::Top10Concentration, jupiter, true),
        // It stands again since 250, and waited for the end of the minute.
        (290, Flag::MintAuthority, jupiter, false),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_first_commit_after_a_start_tells_nothing() {
    let mut desk = Desk::new();
    desk.see([market(1, &token_id(1), 0.01, 100.0, 5e4)], NOON);
    desk.publish(NOON);
    let mut book: Book = postcard::from_bytes(&postcard::to_allocvec(&desk.book).unwrap()).unwrap();
    book.configure(BookSettings::default());
    desk.book = book;
    let mut said = facts(&token_id(1), later(300));
    said.mint_authority = Some(true);
    let mut pool = at(market(1, &token_id(1), 0.02, 100.0, 5e4), later(300));
    (pool.volume_usd.m5, pool.volume_usd.h1) = (Some(4_000.0), Some(15_000.0));
    desk.say([said], later(300));
    desk.see([pool, at(market(2, &token_id(2), 0.02, 100.0, 5e4), later(300))], later(300));
    let published = desk.publish_at(300);
    assert_eq!((published.tokens.len(), published.events), (2, vec![]));
}
