//! What the book keeps, for how long, and what a publication costs.

use super::*;
use crate::merge::Worn;

const DOLLAR: &str = "solana:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

fn implying(number: u8, token: u8, usd: &str, quote: &str, as_of: Timestamp) -> PoolObservation {
    let mut pool = at(market(number, &token_id(token), 0.01, 100.0, 5e4), as_of);
    (pool.price_usd, pool.price_quote) = (usd.parse().ok(), quote.parse().ok());
    pool
}

#[test]
fn what_sol_costs_is_jupiters_word_else_what_young_pools_imply_else_the_last_word() {
    let mut desk = Desk { book: Book::new(BookSettings::default()), board: Board::default() };
    let sol = |desk: &mut Desk, now| {
        desk.publish(now);
        desk.book.sol_usd().map(|usd| usd.to_string())
    };
    assert_eq!(sol(&mut desk, NOON), None);
    for (number, usd) in [(1, "0.01499"), (2, "0.01511"), (3, "0.01522")] {
        desk.see([implying(number, number, usd, "0.0001001", NOON)], NOON);
    }
    assert_eq!(sol(&mut desk, NOON).as_deref(), Some("150.949051"), "the median");
    // The newer word of a pool replaces its older one; one that implies nothing takes it away.
    desk.see([implying(3, 3, "0.01501", "0.0001001", later(1))], later(1));
    assert_eq!(sol(&mut desk, later(1)).as_deref(), Some("149.95005"));
    desk.see([implying(3, 3, "0.02", "0.0001", later(2))], later(2));
    assert_eq!(sol(&mut desk, later(2)).as_deref(), Some("149.75025"));
    desk.say([jupiter(&wrapped_sol(), 151.0, 1e9, later(10))], later(10));
    assert_eq!(sol(&mut desk, later(10)).as_deref(), Some("151"));

    // A restart knows what the pools implied.
    let mut book: Book = postcard::from_bytes(&postcard::to_allocvec(&desk.book).unwrap()).unwrap();
    book.prices.clear();
    book.rates.clear();
    book.configure(BookSettings::default());
    let mut again = Desk { book, board: Board::default() };
    assert_eq!(sol(&mut again, later(10)).as_deref(), Some("149.75025"));

    // Sources answer, but nobody speaks of SOL: the last word holds five minutes.
    desk.silence(Source::Dexscreener, &token_id(9), later(310));
    assert_eq!(sol(&mut desk, later(310)).as_deref(), Some("151"));
    desk.silence(Source::Dexscreener, &token_id(9), later(311));
    assert_eq!(sol(&mut desk, later(311)), None);
}

#[test]
fn a_rate_holds_while_nobody_answers() {
    let mut desk = Desk::new();
    desk.publish(NOON);
    desk.publish(later(86_400));
    assert_eq!(desk.book.sol_usd().map(|usd| usd.to_string()).as_deref(), Some("100"));
}

#[test]
fn a_price_by_jupiter_alone_leaves_when_jupiter_gives_none_any_more() {
    let mut desk = Desk::new();
    desk.say([facts(&token_id(1), NOON), jupiter(&token_id(1), 0.01, 1e5, NOON)], NOON);
    desk.say([jupiter(&wrapped_sol(), 100.0, 1e9, NOON)], NOON);
    assert!(desk.try_row(NOON).is_some());
    for (secs, there) in [(601, true), (602, true), (603, false)] {
        // Jupiter answers, of others.
        let asked = vec![token_id(1), wrapped_sol()];
        let tokens = vec![jupiter(&wrapped_sol(), 100.0, 1e9, later(secs))];
        desk.book.absorb(Source::Jupiter, Harvest { tokens, asked, ..Harvest::default() }, later(secs));
        assert_eq!(desk.try_row(later(secs)).is_some(), there, "at {secs}");
    }
    assert!(!desk.book.prices.contains_key(&token_id(1)));
}

#[test]
fn a_price_by_jupiter_alone_grows_stale_and_leaves_at_its_own_limits() {
    let mut desk = Desk::new();
    desk.say([facts(&token_id(1), NOON), jupiter(&token_id(1), 0.01, 1e5, later(50))], later(50));
    assert!(!desk.row(later(50)).stale);
    assert!(!desk.row(later(169)).stale);
    assert!(desk.row(later(170)).stale, "nobody spoke of it");
    // Three times not given while it holds: it leaves when it has expired.
    for secs in [171, 172, 173] {
        let asked = vec![token_id(1)];
        let tokens = vec![jupiter(&wrapped_sol(), 100.0, 1e9, later(secs))];
        desk.book.absorb(Source::Jupiter, Harvest { tokens, asked, ..Harvest::default() }, later(secs));
        assert!(desk.try_row(later(secs)).is_some());
    }
    desk.silence(Source::Dexscreener, &token_id(9), later(649));
    assert!(desk.try_row(later(649)).is_some());
    assert_eq!(desk.try_row(later(650)), None);
}

#[test]
fn prices_of_strangers_are_bounded() {
    use crate::merge::limits::MAX_QUOTE_PRICES;
    let mut desk = Desk::new();
    let mint = |number: usize| -> TokenId {
        let mut bytes = [7u8; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        TokenId::new(&crate::Chain::solana(), &bs58::encode(bytes).into_string()).unwrap()
    };
    for number in 0..MAX_QUOTE_PRICES + 500 {
        let as_of = NOON.minus(Duration::from_secs(number as u64));
        desk.say([jupiter(&mint(number), 1.0, 1e6, as_of)], NOON);
        let asked = vec![mint(number)];
        let tokens = vec![jupiter(&wrapped_sol(), 100.0, 1e9, NOON)];
        desk.book.absorb(Source::Jupiter, Harvest { tokens, asked, ..Harvest::default() }, NOON);
    }
    desk.publish(NOON);
    assert!(desk.book.prices.len() <= MAX_QUOTE_PRICES + 1, "{}", desk.book.prices.len());
    assert!(desk.book.live.asked.len() <= MAX_QUOTE_PRICES);
    assert!(
        desk.book.prices.contains_key(&wrapped_sol()) && desk.book.prices.contains_key(&mint(0)),
        "the newest stay"
    );
    assert!(!desk.book.prices.contains_key(&mint(MAX_QUOTE_PRICES + 499)));
}

#[test]
fn a_token_keeps_its_best_pools_only() {
    use crate::merge::limits::MAX_POOLS;
    let mut desk = Desk::new();
    for number in 1..=MAX_POOLS + 9 {
        let mut pool = market(u8::try_from(number).unwrap(), &token_id(1), 0.01, 100.0, 1_000.0 * number as f64);
        // A venue of its own each: what is remembered of them is bounded too.
        pool.dex = Arc::from(format!("venue-{number}"));
        desk.see([pool], NOON);
    }
    desk.publish(NOON);
    assert_eq!(desk.book.entries[&token_id(1)].known.pools.len(), MAX_POOLS);
    desk.see([at(market(80, &token_id(1), 0.01, 100.0, 1e6), later(1))], later(1));
    desk.publish(later(1));
    let entry = &desk.book.entries[&token_id(1)];
    assert!(entry.known.pools.len() <= MAX_POOLS && entry.memory.pools.len() <= MAX_POOLS + 1);
    assert_eq!(entry.memory.venues, [Arc::from("pumpswap")], "only what tells of a curve");
    let newcomer = market(80, &token_id(1), 0.01, 1.0, 1.0).pool;
    assert!(entry.known.pools.get(&newcomer).is_some(), "one that is better finds its place");
}

#[test]
fn nothing_is_left_of_a_token_that_left() {
    let mut desk = Desk::new();
    let mut said = facts(&token_id(1), NOON);
    (said.symbol, said.verified) = (Some(Arc::from("TEST")), Some(true));
    let mut exotic = market(1, &token_id(1), 0.01, 100.0, 5e4);
    exotic.quote.token = token_id(9);
    desk.say([said, jupiter(&token_id(1), 0.01, 1e5, NOON)], NOON);
    desk.see([exotic], NOON);
    desk.silence(Source::Jupiter, &token_id(1), NOON);
    assert!(desk.try_row(NOON).is_some());
    desk.book.remove(&token_id(1), NOON);
    let live = &desk.book.live;
    assert!(desk.book.is_empty() && live.rows.is_empty() && live.rowless.is_empty() && live.due.is_empty());
    assert!(live.carriers.is_empty() && live.wanting.is_empty() && live.asked.is_empty());
    assert_eq!(live.symbols.imitated(&token_id(2), &Worn::of(&Arc::from("TEST"), None)), None);
}

#[test]
fn the_longest_without_a_row_leave_first_and_the_latest_are_given_time() {
    let mut desk = Desk::new();
    for number in 1..=20u8 {
        desk.see([market(number, &token_id(number), 0.01, 100.0, 1e4 * f64::from(number))], NOON);
    }
    for number in 21..=25u8 {
        desk.say([facts(&token_id(number), NOON)], later(number.into()));
    }
    desk.publish(later(30));
    // Two newcomers of a limit of twenty are spared.
    desk.book.configure(BookSettings { max_tokens: 20, ..BookSettings::default() });
    let published = desk.publish(later(31));
    assert_eq!(desk.book.len(), 20);
    assert!((21..=23).all(|number| !desk.book.contains(&token_id(number))));
    assert!((24..=25).all(|number| desk.book.contains(&token_id(number))));
    assert!([1, 2].into_iter().all(|number| !published.tokens.contains_key(&token_id(number))), "the two least");
    assert!(published.tokens.contains_key(&token_id(3)));
}

#[test]
fn a_tick_in_which_nothing_was_said_merges_nothing() {
    let mut desk = Desk::new();
    for number in 1..=30u8 {
        let mut pool = market(number, &token_id(number), 0.01, 100.0, 1e4);
        if number % 2 == 0 {
            pool.quote.token = DOLLAR.parse().unwrap();
            (pool.price_quote, pool.quote_reserve) = (pool.price_usd, Some(1e4));
        }
        desk.see([pool], NOON);
    }
    let before = desk.publish(NOON).tokens;
    desk.say([jupiter(&wrapped_sol(), 100.05, 1e9, later(5))], later(5));
    assert!(desk.book.live.dirty.clone().take().iter().all(|id| *id == wrapped_sol()), "{:?}", desk.book.live.dirty);
    let after = desk.publish(later(5)).tokens;
    assert!(before.iter().zip(&after).all(|(a, b)| Arc::ptr_eq(a.1, b.1)));
    // A rate that moved enough renews what is computed with it, and nothing else.
    desk.say([jupiter(&wrapped_sol(), 101.0, 1e9, later(6))], later(6));
    let after = desk.publish(later(6)).tokens;
    let renewed = before.iter().filter(|(id, row)| !Arc::ptr_eq(row, &after[*id])).count();
    assert_eq!(renewed, 15);
}

#[test]
fn what_is_said_again_costs_no_merge_unless_something_could_depend_on_it() {
    // Whether the token is merged when its pools say the same again so many seconds later, at that price of SOL.
    let is_merged_beside = |words: &[TokenObservation], pools: &[PoolObservation], secs: u64, sol: f64| {
        let mut desk = Desk::new();
        desk.say(words.iter().cloned(), later(1));
        desk.see(pools.iter().cloned(), NOON);
        desk.publish(later(1));
        desk.say([jupiter(&wrapped_sol(), sol, 1e9, later(secs))], later(secs));
        desk.see(pools.iter().map(|pool| at(pool.clone(), later(secs))), later(secs));
        desk.book.renew_rates(later(secs));
        let dirty = desk.book.take_dirty(later(secs)).contains(&token_id(1));
        let verdicts = desk.book.entries[&token_id(1)].memory.pools.values().flat_map(|pool| pool.verdicts.values());
        let is_judged = verdicts.map(|verdict| verdict.as_of).all(|as_of| as_of == later(secs));
        assert!(dirty || is_judged, "what costs no merge is judged all the same");
        dirty
    };
    let is_merged = |pools: &[PoolObservation], secs, sol| is_merged_beside(&[], pools, secs, sol);
    let disputes = |secs| [jupiter(&token_id(1), 0.02, 1e3, later(secs))];
    let pool = market(1, &token_id(1), 0.01, 100.0, 5e4);
    let both = [pool.clone(), by_gecko(pool.clone())];
    let strong = [pool.clone(), market(2, &token_id(1), 0.01, 99.0, 5e4)];
    let mut curve = pool.clone();
    curve.quote.token = token_id(9);
    assert!(!is_merged(std::slice::from_ref(&pool), 20, 100.0));
    assert!(!is_merged(&strong, 20, 100.0));
    assert!(!is_merged_beside(&disputes(0), std::slice::from_ref(&pool), 20, 100.0), "its word is the newer already");
    assert!(is_merged_beside(&disputes(1), std::slice::from_ref(&pool), 20, 100.0), "it becomes the newer word");
    assert!(is_merged(std::slice::from_ref(&pool), 21, 100.0), "the row is confirmed");
    assert!(is_merged(std::slice::from_ref(&pool), 10, 100.01), "the quote side is worth more");
    assert!(is_merged(&both, 10, 100.0), "the sources take turns");
    assert!(is_merged(&[curve], 10, 100.0), "it has no row");
}
