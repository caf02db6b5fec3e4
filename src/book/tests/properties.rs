//! What must hold whatever the sources say, in whatever order.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{Board, Book, BookSettings, Desk, at, by_gecko, facts, jupiter};
use crate::testing::{NOON, market, token_id};
use crate::{Field, PoolObservation, Source, Timestamp, Token, TokenObservation, Window};

const DOLLAR: &str = "solana:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

/// One thing that a source said.
#[derive(Clone, Debug)]
enum Word {
    Pool(PoolObservation),
    Token(TokenObservation),
}

impl Word {
    fn source(&self) -> Source {
        match self {
            Self::Pool(pool) => pool.source,
            Self::Token(said) => said.source,
        }
    }
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0i64..1_500).prop_map(|secs| Timestamp::from_secs(NOON.millis() / 1_000 - secs))
}

/// Any observation of token 1, or the verification of one that is called the same: honest and counterfeit pools, curves,
/// pools quoted in dollars and in strangers, facts, prices; no figure in it is 0.
fn any_word() -> impl Strategy<Value = Word> {
    let pool = (
        (1u8..6, 1u32..400, 1u32..1_000_000, any::<bool>(), moment()),
        (1u32..1_000_000_000, select(vec!["pumpswap", "raydium", "pumpfun", "meteora"]), 0u8..8),
    )
        .prop_map(|((number, sol, volume, gecko, as_of), (reported, dex, oddity))| {
            let price = 0.01 * (1.0 + f64::from(volume % 90) / 100.0);
            let mut pool = at(market(number, &token_id(1), price, f64::from(sol) / 4.0, f64::from(volume)), as_of);
            pool.dex = dex.into();
            match oddity {
                0 => pool.liquidity_usd = Some(f64::from(reported)),
                1 => pool.price_quote = "0.5".parse().ok(),
                2 => {
                    pool.quote.token = DOLLAR.parse().expect("an id");
                    pool.price_quote = pool.price_usd;
                }
                3 => pool.quote.token = token_id(7),
                _ => {}
            }
            Word::Pool(if gecko { by_gecko(pool) } else { pool })
        });
    let price = (1u32..500, 1u32..100_000, moment()).prop_map(|(usd, liquidity, as_of)| {
        Word::Token(jupiter(&token_id(1), f64::from(usd) / 10_000.0, f64::from(liquidity), as_of))
    });
    let told = (1u32..1_000_000, moment()).prop_map(|(figure, as_of)| {
        let mut said = facts(&token_id(1), as_of);
        said.volume_usd.h24 = Some(f64::from(figure));
        said.circulating_supply = Some(f64::from(figure) * 1e3);
        said.total_supply = Some(f64::from(figure) * 9e2);
        Word::Token(said)
    });
    let owner = (any::<bool>(), moment()).prop_map(|(verified, as_of)| {
        let mut said = facts(&token_id(2), as_of);
        (said.symbol, said.verified) = (Some("TEST".into()), Some(verified));
        Word::Token(said)
    });
    prop_oneof![6 => pool, 1 => price, 1 => told, 1 => owner]
}

/// The published text of a row: what a reader sees.
fn told(row: &Token) -> String {
    let origins = serde_json::to_string(&*row.provenance).expect("it can be written");
    serde_json::to_string(row).expect("it can be written") + &origins
}

fn read(words: impl IntoIterator<Item = Word>) -> (Desk, Option<Token>) {
    let mut desk = Desk::new();
    for word in words {
        match word {
            Word::Pool(pool) => desk.see([pool], NOON),
            Word::Token(said) => desk.say([said], NOON),
        }
    }
    let row = desk.try_row(NOON).map(|row| (*row).clone());
    (desk, row)
}

/// Every figure of a row that is a number, but the changes.
fn figures(row: &Token) -> Vec<f64> {
    let volumes = Window::ALL.into_iter().filter_map(|window| row.volume_usd.at(window));
    let txns = Window::ALL.into_iter().filter_map(|window| row.txns.at(window)).map(|txns| txns.total() as f64);
    let single = [row.liquidity_usd, row.market_cap_usd, row.fdv_usd];
    volumes.chain(txns).chain(single.into_iter().flatten()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_order_of_words_does_not_matter(
        (words, shuffled) in vec(any_word(), 1..14).prop_flat_map(|words| (Just(words.clone()), Just(words).prop_shuffle()))
    ) {
        prop_assert_eq!(read(words).1, read(shuffled).1);
    }

    #[test]
    fn saying_it_twice_is_saying_it_once(words in vec(any_word(), 1..14)) {
        let twice = words.iter().cloned().chain(words.iter().cloned()).collect::<Vec<_>>();
        let (mut desk, row) = read(twice);
        prop_assert_eq!(&row, &read(words).1);
        prop_assert_eq!(desk.try_row(NOON).map(|row| (*row).clone()), row);
    }

    #[test]
    fn figures_are_finite_and_none_is_negative(words in vec(any_word(), 1..14)) {
        if let Some(row) = read(words).1 {
            prop_assert!(figures(&row).into_iter().all(|figure| figure.is_finite() && figure >= 0.0), "{row:?}");
            let changes = Window::ALL.into_iter().filter_map(|window| row.change_pct.at(window));
            prop_assert!(changes.into_iter().all(|change| change.is_finite() && change >= -100.0));
            let spreads = row.provenance.fields.values().filter_map(|origin| origin.spread_pct);
            prop_assert!(spreads.into_iter().all(|spread| spread.is_finite() && spread >= 0.0));
            prop_assert!(row.price_usd.is_some_and(|price| price.to_f64() > 0.0));
            prop_assert!(!told(&row).contains("NaN") && !told(&row).contains("inf"));
        }
    }

    #[test]
    fn older_words_change_nothing_that_newer_ones_said(words in vec(any_word(), 1..14), back in 1i64..600) {
        let older = words.iter().cloned().map(|word| match word {
            Word::Pool(mut pool) => {
                pool.as_of = pool.as_of.minus(std::time::Duration::from_secs(back.unsigned_abs()));
                pool.price_usd = "0.5".parse().ok();
                pool.volume_usd.h24 = Some(1e9);
                Word::Pool(pool)
            }
            Word::Token(mut said) => {
                said.as_of = said.as_of.minus(std::time::Duration::from_secs(back.unsigned_abs()));
                (said.price_usd, said.holders) = ("0.5".parse().ok(), Some(1));
                Word::Token(said)
            }
        });
        let late: Vec<Word> = words.iter().cloned().chain(older).collect();
        prop_assert_eq!(read(words).1, read(late).1);
    }

    #[test]
    fn silence_and_time_wipe_nothing(words in vec(any_word(), 1..14), secs in 0u64..200_000) {
        let (mut desk, row) = read(words);
        if let Some(row) = row {
            let then = NOON.plus(std::time::Duration::from_secs(secs));
            let after = desk.try_row(then);
            let after = after.expect("nobody said that it is gone");
            prop_assert_eq!(after.price_usd, row.price_usd);
            prop_assert_eq!(
                (after.liquidity_usd, after.market_cap_usd, after.fdv_usd, after.holders, &after.volume_usd, &after.symbol),
                (row.liquidity_usd, row.market_cap_usd, row.fdv_usd, row.holders, &row.volume_usd, &row.symbol)
            );
        }
    }

    #[test]
    fn two_witnesses_wipe_nothing_and_a_failing_source_costs_the_others_nothing(
        words in vec(any_word(), 1..14), silent in select(Source::ALL.to_vec()), secs in 0u64..550,
    ) {
        // Two answers without the token, or any number while its observations are young.
        let (mut desk, row) = read(words.into_iter().filter(|word| word.source() != silent));
        let answers = if secs < 250 { 5 } else { 2 };
        for n in 0..answers {
            desk.silence(silent, &token_id(1), NOON.plus(std::time::Duration::from_secs(secs + n)));
        }
        let after = desk.try_row(NOON.plus(std::time::Duration::from_secs(secs + 5)));
        prop_assert_eq!(after.is_some(), row.is_some());
    }

    #[test]
    fn a_book_read_from_disk_gives_the_same_rows(words in vec(any_word(), 1..14)) {
        let (desk, row) = read(words);
        let bytes = postcard::to_allocvec(&desk.book).expect("it can be written");
        let mut book: Book = postcard::from_bytes(&bytes).expect("it can be read");
        book.configure(BookSettings::default());
        let mut again = Desk { book, board: Board::default() };
        let again = again.try_row(NOON);
        prop_assert_eq!(again.as_ref().map(|row| told(row)), row.as_ref().map(told));
    }

    #[test]
    fn a_missing_source_makes_no_zero(
        words in vec(any_word(), 1..14),
        left in subsequence(Source::ALL.to_vec(), 0..3),
    ) {
        if let Some(row) = read(words.into_iter().filter(|word| left.contains(&word.source()))).1 {
            prop_assert!(figures(&row).into_iter().all(|figure| figure > 0.0), "{row:?}");
        }
    }

    #[test]
    fn a_second_source_of_a_pool_adds_no_volume(volume in 1u32..1_000_000, sol in 10u32..1_000) {
        let pool = market(1, &token_id(1), 0.01, f64::from(sol), f64::from(volume));
        let alone = read([Word::Pool(pool.clone())]).1;
        let both = read([Word::Pool(pool.clone()), Word::Pool(by_gecko(pool))]).1;
        prop_assert_eq!(alone.map(|row| (row.volume_usd, row.txns)), both.map(|row| (row.volume_usd, row.txns)));
    }

    #[test]
    fn a_pool_that_does_not_count_changes_only_flags_and_age(
        volume in 1u32..1_000_000, price in 1u32..1_000_000, oddity in 0u8..7, jupiter_too in any::<bool>(),
    ) {
        let honest = market(1, &token_id(1), 0.01, 100.0, 5e4);
        let mut odd = market(2, &token_id(1), f64::from(price) / 1e4, 100.0, f64::from(volume) * 1e3);
        match oddity {
            0 => odd.liquidity_usd = Some(1e9),
            1 => odd.quote.token = token_id(7),
            2 => odd.quote_reserve = Some(0.01),
            3 => odd.txns.h24 = None,
            4 => odd.dex = "pumpfun".into(),
            5 => odd.price_usd = None,
            _ => odd.price_quote = Some("77".parse().expect("a number")),
        }
        odd.created_at = Some(Timestamp::from_secs(1_650_000_000));
        let mut told = facts(&token_id(1), NOON);
        told.volume_usd.h24 = Some(7e4);
        let said = jupiter_too.then_some(Word::Token(told));
        let before = read(said.clone().into_iter().chain([Word::Pool(honest.clone())])).1.expect("it counts");
        let after = read(said.into_iter().chain([Word::Pool(honest), Word::Pool(odd)])).1.expect("it counts");
        let mut origins = (*after.provenance).clone();
        origins.flags.clone_from(&before.provenance.flags);
        if let Some(born) = before.provenance.fields.get(&Field::CreatedAt) {
            origins.fields.insert(Field::CreatedAt, born.clone());
        }
        let same = Token {
            flags: before.flags.clone(),
            created_at: before.created_at,
            provenance: origins.into(),
            ..after
        };
        prop_assert_eq!(same, before);
    }
}
