#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::option;
use proptest::prelude::*;
use serde::Serialize;

use super::*;

fn written_and_read<T: Serialize + Read>(value: &T) -> Option<T> {
    read(&serde_json::to_string(value).unwrap())
}

fn any_text() -> impl Strategy<Value = Option<Arc<str>>> {
    option::of("\\PC{1,8}".prop_map(|text| Arc::<str>::from(text.as_str())))
}

fn any_price() -> impl Strategy<Value = Option<Price>> {
    option::of((1u64..1_000_000, -12i32..3).prop_map(|(mantissa, exponent)| Price::new(mantissa, exponent).unwrap()))
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0i64..4_000_000_000_000).prop_map(Timestamp::from_millis)
}

fn any_windows<T: std::fmt::Debug>(figure: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = PerWindow<T>> {
    proptest::collection::vec(option::of(figure), 5).prop_map(|figures| {
        let mut figures = figures.into_iter();
        PerWindow::from_fn(|_| figures.next().flatten())
    })
}

/// Any row of one token, every field of it.
fn any_token() -> impl Strategy<Value = Token> {
    let sum = || (-1_000_000i32..1_000_000).prop_map(|number| f64::from(number) / 100.0);
    let count = || 0u64..1_000_000;
    let pair = || (0u64..999, 0u64..999);
    let texts = (any_text(), any_text(), any_text(), any_text(), any_text());
    let windows = (
        any_windows(sum()),
        any_windows(sum()),
        any_windows(pair().prop_map(|(buys, sells)| Txns { buys, sells })),
        any_windows(pair().prop_map(|(buyers, sellers)| Traders { buyers, sellers })),
    );
    let figures = (option::of(sum()), option::of(sum()), option::of(sum()), option::of(count()));
    let kinds = (
        prop::sample::select(vec![Stage::Curve, Stage::Amm, Stage::Unpooled]),
        prop::sample::select(vec![VolumeScope::Pools, VolumeScope::Token]),
        prop::sample::subsequence(Window::ALL.to_vec(), 0..=5),
        prop::sample::subsequence(Flag::ALL.to_vec(), 0..=Flag::ALL.len()),
        option::of(any::<bool>()),
        any::<bool>(),
    );
    let rest = (any_price(), any_price(), option::of(any_time()), any_time(), 0u32..99);
    (texts, windows, figures, kinds, rest).prop_map(|(texts, windows, figures, kinds, rest)| {
        let id = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
        let mut token = Token::new(id, rest.3);
        (token.symbol, token.name, token.logo, token.dex, token.pool) = texts;
        (token.change_pct, token.volume_usd, token.txns, token.traders) = windows;
        (token.liquidity_usd, token.market_cap_usd, token.fdv_usd, token.holders) = figures;
        (token.stage, token.volume_scope, token.partial_windows, token.flags, token.verified, token.stale) = kinds;
        (token.price_usd, token.price_sol, token.created_at, _, token.pool_count) = rest;
        token
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_row_is_read_as_it_was(token in any_token()) {
        prop_assert_eq!(written_and_read(&token), Some(token));
    }
}

#[test]
fn a_page_is_read_as_it_was() {
    let at = Timestamp::from_secs(1_795_384_503);
    let page = TokenPage {
        rows: vec![Token::new("base:0x0000000000000000000000000000000000000001".parse().unwrap(), at)],
        first: 50,
        total: 1_284,
        next_cursor: Some("c/1".to_owned()),
        rebased: true,
        epoch: Epoch::from_bits(u64::MAX),
        seq: 42,
        as_of: at,
        server_time: at,
        sol_usd: Some("183.2".parse().unwrap()),
        stale: true,
        demo: true,
        sources: vec![SourceReport {
            source: Source::Jupiter,
            state: SourceState::Throttled,
            last_ok_at: Some(at),
            latency_ms: Latency { p50: Some(120), p95: None },
            requests: Requests { ok: 7, failed: 2 },
            errors: BTreeMap::from([("timeout".to_owned(), 2)]),
            budget: BudgetReport { per_minute: 24.5, left: 3, burst: 4 },
            rows: RowsReport { told: 90, last_at: Some(Timestamp::from_secs(4)), empty_answers: 2, empty_in_a_row: 1 },
            fields: vec!["price_usd".to_owned()],
            rejects: vec![RejectCount { field: "usdPrice".into(), reason: "not_a_number".into(), count: 3 }],
        }],
    };
    assert_eq!(written_and_read(&page), Some(page.clone()));
    let answer: Result<TokenPage, PageError> = Ok(page);
    assert_eq!(written_and_read(&answer), Some(answer));
    for error in [PageError::InvalidCursor, PageError::Unreachable] {
        assert_eq!(written_and_read(&error), Some(error));
        let answer: Result<TokenPage, PageError> = Err(error);
        assert_eq!(written_and_read(&answer), Some(answer));
    }
}

#[test]
fn one_field_of_another_kind_spoils_a_row() {
    let id = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
    let row = serde_json::to_value(Token::new(id, Timestamp::from_secs(5))).unwrap();
    assert!(read::<Token>(&row.to_string()).is_some());
    for (field, value) in [("symbol", 7.into()), ("stale", "yes".into()), ("updated_at", "soon".into())] {
        let mut other = row.clone();
        other[field] = value;
        assert_eq!(read::<Token>(&other.to_string()), None, "{field}");
    }
}

#[test]
fn what_is_of_another_kind_is_not_read() {
    for text in ["", "{", "-1", "1.5", "\"1\"", "null", "[]"] {
        assert_eq!(read::<u64>(text), None, "{text}");
    }
    for text in ["1.5", "\"1\"", "null"] {
        assert_eq!(read::<i64>(text), None, "{text}");
    }
    for text in ["[1,-2]", "[1,\"2\"]", "{}"] {
        assert_eq!(read::<Vec<u32>>(text), None, "{text}");
    }
    assert_eq!(read::<i64>("-3"), Some(-3));
    assert_eq!(read::<Token>(r#"{"id":"solana:x"}"#), None);
    assert_eq!(read::<PageError>("\"Lazy\""), None);
    assert_eq!(read::<SourceState>("\"OK\""), None);
}
