//! The merge on answers that the sources really gave.
//!
//! `MEMESCOPE_RECORDINGS` names the folder with them; without it the recorded sets are skipped, and say so. A few rows of
//! the same shapes are written out here and always run.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use memescope::{
    Board, Book, BookSettings, Chain, Flag, Harvest, PerWindow, PoolId, PoolObservation, PoolReason, PoolSide, Price,
    Published, Source, Stage, Statement, Tick, Timestamp, Token, TokenId, TokenObservation, Txns, Window, wrapped_sol,
};
use serde_json::{Value, json};

/// The day on which most of the recordings were made.
const BONK_DAY: Timestamp = Timestamp::from_secs(1_783_091_200);
/// The hour of the others.
const CANDLE_HOUR: Timestamp = Timestamp::from_secs(1_790_628_300);

const BONK: &str = "solana:DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
const CANDLE: &str = "solana:8T193DFGTGcimGaotbnYdHTsTRGgLAaiy3sMGgL6pump";

fn recording(name: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("MEMESCOPE_RECORDINGS") else {
        eprintln!("SKIPPED {name}: MEMESCOPE_RECORDINGS is not set");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn windows<T>(object: &Value, read: impl Fn(&Value) -> Option<T>) -> PerWindow<T> {
    PerWindow::from_fn(|window| read(object.get(window.name())?))
}

fn text(value: &Value) -> Option<Arc<str>> {
    value.as_str().map(|text| Arc::from(text.trim()))
}

/// Reads one pair of DexScreener; `None` where its addresses are not ones.
fn pair(row: &Value, as_of: Timestamp) -> Option<PoolObservation> {
    let chain = Chain::parse(row["chainId"].as_str()?)?;
    let side = |name: &str| {
        Some(PoolSide {
            token: TokenId::new(&chain, row[name]["address"].as_str()?).ok()?,
            symbol: text(&row[name]["symbol"]),
            name: text(&row[name]["name"]),
            listed: None,
        })
    };
    let price = |name: &str| row[name].as_str()?.parse::<Price>().ok();
    let created = row["pairCreatedAt"].as_i64();
    Some(PoolObservation {
        source: Source::Dexscreener,
        as_of,
        pool: PoolId::new(&chain, row["pairAddress"].as_str()?).ok()?,
        dex: text(&row["dexId"])?,
        labels: row["labels"].as_array().into_iter().flatten().filter_map(text).collect(),
        base: side("baseToken")?,
        quote: side("quoteToken")?,
        price_usd: price("priceUsd"),
        price_quote: price("priceNative"),
        price_sol: None,
        quote_price_usd: None,
        change_pct: windows(&row["priceChange"], Value::as_f64),
        volume_usd: windows(&row["volume"], Value::as_f64),
        txns: windows(&row["txns"], |txns| Some(Txns { buys: txns["buys"].as_u64()?, sells: txns["sells"].as_u64()? })),
        traders: PerWindow::default().into(),
        liquidity_usd: row["liquidity"]["usd"].as_f64(),
        quote_reserve: row["liquidity"]["quote"].as_f64(),
        base_reserve: row["liquidity"]["base"].as_f64(),
        fdv_usd: row["fdv"].as_f64(),
        market_cap_usd: row["marketCap"].as_f64(),
        created_at: created.map(Timestamp::from_millis),
        graduated: None,
        promoted: false,
    })
}

fn pairs(answer: &Value, as_of: Timestamp) -> Harvest {
    let rows = answer.get("pairs").unwrap_or(answer).as_array().unwrap();
    Harvest { pools: rows.iter().filter_map(|row| pair(row, as_of)).collect(), ..Harvest::default() }
}

fn jupiter(token: &TokenId, usd: &str, liquidity: f64, as_of: Timestamp) -> TokenObservation {
    let mut said = TokenObservation::new(Source::Jupiter, Statement::Price, token.clone(), as_of);
    said.price_usd = Some(usd.parse().unwrap());
    said.liquidity_usd = Some(liquidity);
    said
}

/// A book in which SOL costs so much.
fn book(sol_usd: &str, now: Timestamp) -> Book {
    let mut book = Book::new(BookSettings::default());
    let tokens = vec![jupiter(&wrapped_sol(), sol_usd, 6.8e8, now)];
    book.absorb(Source::Jupiter, Harvest { tokens, ..Harvest::default() }, now);
    book
}

fn publish(book: &mut Book, prev: &Board, now: Timestamp) -> Published {
    let watched = HashSet::new();
    book.publish(prev, &Tick { now, poll_interval: Duration::from_secs(10), watched: &watched })
}

fn rows(book: &mut Book, now: Timestamp) -> Vec<Arc<Token>> {
    publish(book, &Board::default(), now).tokens.values().cloned().collect()
}

fn same(a: Option<f64>, b: f64) {
    assert!(a.is_some_and(|a| (a - b).abs() < 0.005), "{a:?} is not {b}");
}

fn price(row: &Token) -> String {
    row.price_usd.unwrap().to_string()
}

fn check_bonk(row: &Token) {
    assert_eq!(price(row), "0.000004499");
    assert!(row.pool.as_deref().unwrap().starts_with("5zpyut"), "{:?}", row.pool);
    assert_eq!(row.pool_count, 16);
    same(row.volume_usd.h24, 288_653.63);
    same(row.liquidity_usd, 746_511.88);
    assert_eq!((row.stage, row.dex.as_deref()), (Stage::Amm, Some("orca")));
    assert_eq!(row.price_sol.unwrap().to_string(), "0.00000005508");
    assert_eq!(row.symbol.as_deref(), Some("Bonk"));
    assert!(!row.has(Flag::FakeLiquidity) && !row.stale);
}

#[test]
fn thirty_pools_of_which_the_deepest_is_wrong() {
    let Some(answer) = recording("dexscreener.latest-dex-tokens.1.json") else { return };
    let mut book = book("81.633", BONK_DAY);
    book.absorb(Source::Dexscreener, pairs(&answer, BONK_DAY), BONK_DAY);
    let rows = rows(&mut book, BONK_DAY);
    assert_eq!(rows.len(), 1);
    check_bonk(&rows[0]);

    let bonk: TokenId = BONK.parse().unwrap();
    same(book.reference_price(&bonk).map(|usd| usd * 1e9), 4_500.0);
    let pools = book.pools(&bonk);
    assert_eq!(pools.len(), 30);
    assert_eq!(pools.iter().filter(|pool| pool.eligible).count(), 16);
    assert!(pools[0].prices_token && pools[0].pool.starts_with("5zpyut") && pools[0].score > pools[1].score);
    assert!(pools[1].pool.starts_with("3Uwfrd"), "the second by score");
    let met = pools.iter().find(|pool| pool.quote.as_deref() == Some("MET")).unwrap();
    assert_eq!((met.eligible, met.reason), (false, PoolReason::Unanchored));
}

#[test]
fn prices_of_exotic_quotes_change_nothing_while_a_pool_is_quoted_in_money() {
    let Some(answer) = recording("dexscreener.latest-dex-tokens.1.json") else { return };
    let mut book = book("81.633", BONK_DAY);
    let harvest = pairs(&answer, BONK_DAY);
    // What each quote token costs, so that its pool would hold: the first pool of each tells.
    let tokens = harvest
        .pools
        .iter()
        .map(|pool| {
            let usd = pool.price_usd.unwrap().to_f64() / pool.price_quote.unwrap().to_f64();
            let usd = Price::from_f64(usd, 9).unwrap().to_string();
            jupiter(&pool.quote.token, &usd, 1e6, BONK_DAY)
        })
        .filter(|said| said.token != wrapped_sol())
        .collect();
    book.absorb(Source::Jupiter, Harvest { tokens, ..Harvest::default() }, BONK_DAY);
    book.absorb(Source::Dexscreener, harvest, BONK_DAY);
    check_bonk(&rows(&mut book, BONK_DAY)[0]);
    same(book.reference_price(&BONK.parse().unwrap()).map(|usd| usd * 1e9), 4_500.0);
}

#[test]
fn jupiter_agrees_about_bonk() {
    let (Some(answer), Some(prices)) =
        (recording("dexscreener.latest-dex-tokens.1.json"), recording("jupiter.price_v3.1.json"))
    else {
        return;
    };
    let mut book = book("81.633", BONK_DAY);
    book.absorb(Source::Dexscreener, pairs(&answer, BONK_DAY), BONK_DAY);
    let bonk: TokenId = BONK.parse().unwrap();
    let told = &prices[bonk.address()];
    let said = jupiter(&bonk, &told["usdPrice"].to_string(), told["liquidity"].as_f64().unwrap(), BONK_DAY);
    book.absorb(Source::Jupiter, Harvest { tokens: vec![said], ..Harvest::default() }, BONK_DAY);
    let row = rows(&mut book, BONK_DAY)[0].clone();
    check_bonk(&row);
    let origin = &row.provenance.fields[&memescope::Field::PriceUsd];
    assert_eq!(origin.source, Source::Dexscreener);
    assert_eq!(*origin.others[&Source::Jupiter], "0.000004492159735952627".parse::<Price>().unwrap().to_string());
    assert_eq!(origin.spread_pct, Some(0.15));
}

#[test]
fn a_frozen_curve_does_not_come_back() {
    let Some(answer) = recording("dexscreener.token-pairs.1.json") else { return };
    let mut whole = book("118.757", CANDLE_HOUR);
    whole.absorb(Source::Dexscreener, pairs(&answer, CANDLE_HOUR), CANDLE_HOUR);
    let row = rows(&mut whole, CANDLE_HOUR)[0].clone();
    assert_eq!(price(&row), "0.000002824");
    assert!(row.pool.as_deref().unwrap().starts_with("BuaA3j"));
    assert_eq!((row.pool_count, row.dex.as_deref()), (2, Some("pumpswap")));
    same(row.volume_usd.h24, 1_674_188.30);
    same(row.liquidity_usd, 4_112.84);
    let pools = whole.pools(&CANDLE.parse().unwrap());
    let scores: Vec<(bool, f64)> = pools.iter().map(|pool| (pool.eligible, pool.score.round())).collect();
    assert_eq!(scores[..2], [(true, 43_184.0), (true, 3_899.0)]);
    let curve = pools.iter().find(|pool| &*pool.dex == "pumpfun").unwrap();
    assert_eq!((curve.reason, curve.liquidity_usd), (PoolReason::CurveLeft, None));

    let mut drained = pairs(&answer, CANDLE_HOUR);
    for pool in &mut drained.pools {
        pool.quote_reserve = pool.quote_reserve.map(|_| 0.5);
    }
    let mut book = book("118.757", CANDLE_HOUR);
    book.absorb(Source::Dexscreener, drained, CANDLE_HOUR);
    assert!(rows(&mut book, CANDLE_HOUR).is_empty(), "nothing is left that can price it");
    let pools = book.pools(&CANDLE.parse().unwrap());
    let curve = pools.iter().find(|pool| &*pool.dex == "pumpfun").unwrap();
    assert_eq!((curve.reason, curve.price_usd.unwrap().to_string().as_str()), (PoolReason::CurveLeft, "0.00004866"));
    assert!(pools.iter().all(|pool| !pool.eligible));
}

#[test]
fn a_page_of_counterfeits_leaves_three_tokens() {
    let Some(answer) = recording("dexscreener.search.1.json") else { return };
    let mut book = book("81.633", BONK_DAY);
    book.absorb(Source::Dexscreener, pairs(&answer, BONK_DAY), BONK_DAY);
    let tracked = book.len();
    let rows = rows(&mut book, BONK_DAY);
    let mut found: Vec<(&str, Stage)> = rows.iter().map(|row| (&row.address[..6], row.stage)).collect();
    found.sort_unstable();
    assert_eq!(found, [("B3cHPm", Stage::Curve), ("DRLNhj", Stage::Amm), ("jk1T35", Stage::Amm)]);
    assert_eq!(tracked - rows.len(), 16);
    assert!(rows.iter().all(|row| row.has(Flag::Lookalike)));
    let curve = rows.iter().find(|row| row.stage == Stage::Curve).unwrap();
    assert_eq!(curve.liquidity_usd, None);
    for row in &rows {
        let told = row.provenance.flags.iter().find(|detail| detail.code == Flag::Lookalike).unwrap();
        assert_eq!(told.detail, "look-alike of SOL", "{:?}", row.symbol);
    }
    println!(
        "XX {:?}",
        rows.iter().map(|r| (r.liquidity_usd, r.price_usd, r.volume_usd.h24, r.address.clone())).collect::<Vec<_>>()
    );
    let found: Vec<TokenId> = rows.iter().map(|row| row.id.clone()).collect();
    for row in answer["pairs"].as_array().unwrap() {
        let id = format!("{}:{}", row["chainId"].as_str().unwrap(), row["baseToken"]["address"].as_str().unwrap());
        let Ok(id) = id.parse::<TokenId>() else { continue };
        for pool in book.pools(&id) {
            let expected = if found.contains(&id) { PoolReason::Canonical } else { PoolReason::FakeLiquidity };
            assert_eq!(pool.reason, expected, "{id}");
        }
    }
    let amms = rows.iter().filter(|row| row.stage == Stage::Amm);
    let mut liquidity: Vec<f64> = amms.filter_map(|row| row.liquidity_usd).collect();
    liquidity.sort_by(f64::total_cmp);
    assert_eq!(liquidity, [33_934.08, 116_240.06]);
}

/// A pair as DexScreener writes it.
fn written(pool: u8, dex: &str, native: &str, usd: &str, liquidity: &Value) -> Value {
    let address = |first: u8| format!("1{}", bs58::encode([first; 31]).into_string());
    json!({
        "chainId": "solana", "dexId": dex, "pairAddress": address(pool),
        "baseToken": {"address": address(200), "name": "Written", "symbol": "WRIT"},
        "quoteToken": {"address": wrapped_sol().address(), "name": "Wrapped SOL", "symbol": "SOL"},
        "priceNative": native, "priceUsd": usd,
        "txns": {"m5": {"buys": 2, "sells": 1}, "h24": {"buys": 50, "sells": 40}},
        "volume": {"m5": 10.5, "h24": 20000.0}, "priceChange": {"h24": -3.5},
        "liquidity": liquidity, "pairCreatedAt": 1_783_000_000_000_i64
    })
}

#[test]
fn written_pools_of_the_same_shapes_give_a_row() {
    let answer = json!([
        written(1, "pumpswap", "0.00001000", "0.001000", &json!({"usd": 20_000.0, "base": 1e7, "quote": 100.0})),
        written(2, "raydium", "0.0001000", "0.01000", &json!({"usd": 900.0, "base": 1e4, "quote": 4.0})),
        written(3, "pumpfun", "0.00000041", "0.0000410", &Value::Null),
        written(4, "raydium", "0.00001000", "0.001000", &json!({"usd": 1e9, "base": 1e9, "quote": 3.0})),
    ]);
    let mut book = book("100", BONK_DAY);
    book.absorb(Source::Dexscreener, pairs(&answer, BONK_DAY), BONK_DAY);
    let row = rows(&mut book, BONK_DAY)[0].clone();
    assert_eq!((price(&row).as_str(), row.pool_count), ("0.001", 2));
    same(row.liquidity_usd, 20_900.0);
    same(row.volume_usd.h24, 40_000.0);
    assert_eq!(row.volume_usd.at(Window::H1), None);
    let reasons: Vec<PoolReason> = book.pools(&row.id).iter().map(|pool| pool.reason).collect();
    assert_eq!(reasons[..2], [PoolReason::Canonical, PoolReason::Eligible]);
    assert!(reasons.contains(&PoolReason::FakeLiquidity) && reasons.contains(&PoolReason::CurveLeft));
}
