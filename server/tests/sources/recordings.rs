//! Recorded answers of the endpoints that we call, through the whole way from address to harvest.
//!
//! The folder is named by `MEMESCOPE_RECORDINGS`; without it these tests report that they were skipped.

use std::collections::BTreeMap;
use std::path::PathBuf;

use memescope::{Chain, Harvest, Interval, PoolId, Statement, TokenId, Window};
use server::sources::{SourceError, Sources};

use super::stub::{Reply, Stub};
use super::{NOW, config, sources};

/// A recording's text; `None`, said aloud, where there are no recordings.
fn recording(name: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("MEMESCOPE_RECORDINGS") else {
        eprintln!("SKIPPED {name}: MEMESCOPE_RECORDINGS names no folder of recordings");
        return None;
    };
    let path = PathBuf::from(folder).join(format!("{name}.json"));
    Some(std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// How the product asks for what a recording holds.
#[derive(Clone, Copy, Debug)]
enum Endpoint {
    /// DexScreener's pools: by search, by token, by pool.
    Pairs,
    /// DexScreener's paid feeds.
    Boosts,
    /// GeckoTerminal's lists of pools.
    Pools,
    /// GeckoTerminal's tokens with their pools.
    Tokens,
    /// Jupiter's prices.
    Prices,
    /// Jupiter's lists of tokens.
    Mints,
    /// A refusal, whatever was asked.
    Refusal,
    /// Nothing that becomes an observation, and why not.
    None(&'static str),
}

/// A value that is refused in a recording: field, reason, how often.
type Refused = (&'static str, &'static str, usize);

/// A file, its endpoint, the pools and tokens in it, and what is refused of it.
type Recording = (&'static str, Endpoint, (usize, usize), &'static [Refused]);

/// Every recording, what the product asks to get the like of it, how many pools and tokens come of it, and every value
/// in it that is refused.
const RECORDINGS: [Recording; 40] = {
    use Endpoint::{Boosts, Mints, None, Pairs, Pools, Prices, Refusal, Tokens};
    const CANDLES: Endpoint = None("candles: a test of their own reads them, below");
    const DEAD: Endpoint = None("an endpoint that no longer exists");
    const SIMPLE: Endpoint = None("simple prices: the lists of pools say more for the same budget");
    const OTHER: Endpoint = None("another vendor");
    [
        ("coingecko-onchain.error_401.1", Refusal, (0, 0), &[]),
        ("coingecko-onchain.ohlcv.doc1", CANDLES, (0, 0), &[]),
        (
            "coingecko-onchain.pools_multi.doc1",
            None("pools by their addresses: DexScreener answers that within a larger budget"),
            (0, 0),
            &[],
        ),
        ("coingecko-onchain.simple_token_price.doc1", SIMPLE, (0, 0), &[]),
        ("coingecko-onchain.token_info.doc1", None("one token a request: too dear"), (0, 0), &[]),
        ("coingecko-onchain.tokens_multi.doc1", Tokens, (1, 2), &[]),
        ("coingecko.simple_price.doc1", SIMPLE, (0, 0), &[]),
        ("dexscreener.latest-dex-pairs.1", Pairs, (0, 0), &[]),
        ("dexscreener.latest-dex-tokens.1", Pairs, (30, 0), &[]),
        ("dexscreener.latest-dex-tokens.3", Pairs, (0, 0), &[]),
        ("dexscreener.latest-dex-tokens.4", Pairs, (5, 0), &[]),
        ("dexscreener.search.1", Pairs, (30, 0), &[]),
        ("dexscreener.token-boosts-latest.1", Boosts, (0, 29), &[]),
        ("dexscreener.token-boosts-top.1", Boosts, (0, 3), &[]),
        ("dexscreener.token-pairs.1", Pairs, (3, 0), &[]),
        ("dexscreener.token-pairs.2", Pairs, (5, 0), &[]),
        ("dexscreener.token-pairs.3", Pairs, (0, 0), &[]),
        ("dexscreener.tokens-v1.1", Pairs, (4, 0), &[]),
        ("geckoterminal.error_400.1", Refusal, (0, 0), &[]),
        ("geckoterminal.error_400.2", Refusal, (0, 0), &[]),
        ("geckoterminal.error_429.1", Refusal, (0, 0), &[]),
        ("geckoterminal.ohlcv.2", CANDLES, (0, 0), &[]),
        ("geckoterminal.ohlcv_hour.1", CANDLES, (0, 0), &[]),
        ("geckoterminal.pool_trades.1", None("single trades are not shown"), (0, 0), &[]),
        ("geckoterminal.pools_multi.1", Pools, (3, 0), &[]),
        ("geckoterminal.simple_token_price.1", SIMPLE, (0, 0), &[]),
        ("geckoterminal.token.1", None("one token a request; many are asked for at once"), (0, 0), &[]),
        ("geckoterminal.tokens_info_recently_updated.1", None("profiles without a market"), (0, 0), &[]),
        ("geckoterminal.trending_pools.1", Pools, (20, 0), &[]),
        ("jupiter.error_429.1", Refusal, (0, 0), &[]),
        ("jupiter.price_v2.doc1", DEAD, (0, 0), &[]),
        ("jupiter.price_v2.doc2", DEAD, (0, 0), &[]),
        ("jupiter.price_v2.doc3", DEAD, (0, 0), &[]),
        ("jupiter.price_v3.1", Prices, (0, 2), &[]),
        ("jupiter.price_v3.2", Prices, (0, 5), &[]),
        ("jupiter.price_v3.3", Prices, (0, 0), &[]),
        ("jupiter.tokens_v2_recent.1", Mints, (0, 3), &[]),
        ("jupiter.tokens_v2_search.doc1", Mints, (0, 1), &[]),
        ("pumpfun.coin.1", OTHER, (0, 0), &[]),
        ("rugcheck.report-summary.1", OTHER, (0, 0), &[]),
    ]
};

#[tokio::test]
async fn every_recording_parses_and_every_value_refused_is_listed() {
    for (name, endpoint, found, refused) in RECORDINGS {
        let asked = async |sources: Sources| {
            let (dexscreener, gecko, jupiter) = (sources.dexscreener(), sources.geckoterminal(), sources.jupiter());
            match endpoint {
                Endpoint::Pairs => dexscreener.search("x").await,
                Endpoint::Boosts => dexscreener.boosts_latest().await,
                Endpoint::Tokens => gecko.tokens_multi(&Chain::solana(), &[bonk()]).await,
                Endpoint::Prices => jupiter.prices(&[bonk()]).await,
                Endpoint::Mints => jupiter.recent().await,
                Endpoint::Pools | Endpoint::Refusal | Endpoint::None(_) => {
                    gecko.trending(&Chain::solana(), 1, Window::H24).await
                }
            }
        };
        if let Endpoint::None(reason) = endpoint {
            eprintln!("NOT ASKED FOR {name}: {reason}");
            continue;
        }
        let Some(result) = ask(name, asked).await else {
            return;
        };
        if let Endpoint::Refusal = endpoint {
            assert_eq!(result, Err(SourceError::Malformed), "{name} with a good status");
            continue;
        }
        let harvest = result.unwrap();
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for reject in &harvest.rejects {
            *counts.entry((reject.field, reject.reason)).or_default() += 1;
        }
        let counts: Vec<Refused> = counts.into_iter().map(|((field, reason), count)| (field, reason, count)).collect();
        assert_eq!((harvest.pools.len(), harvest.tokens.len()), found, "{name}");
        assert_eq!(counts, refused, "{name}");
    }
}

#[test]
fn the_table_names_every_recording() {
    let Some(folder) = std::env::var_os("MEMESCOPE_RECORDINGS") else {
        eprintln!("SKIPPED: MEMESCOPE_RECORDINGS names no folder of recordings");
        return;
    };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect();
    files.sort();
    let named: Vec<&str> = RECORDINGS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(files, named);
}

/// Serves a recording and asks for it.
async fn ask(
    name: &str,
    ask: impl AsyncFnOnce(Sources) -> Result<Harvest, SourceError>,
) -> Option<Result<Harvest, SourceError>> {
    let body = recording(name)?;
    let stub = Stub::always(Reply::json(&body)).await;
    Some(ask(sources(&config(&stub.base))).await)
}

fn token(text: &str) -> TokenId {
    text.parse().unwrap()
}

fn bonk() -> TokenId {
    token("solana:DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263")
}

/// How many pools have a value.
fn with<T>(harvest: &Harvest, value: impl Fn(&memescope::PoolObservation) -> Option<T>) -> usize {
    harvest.pools.iter().filter(|pool| value(pool).is_some()).count()
}

#[tokio::test]
async fn dexscreener_pairs() {
    // Pools, of them with USD price, liquidity, age and a day's change; values refused.
    for (name, pools, priced, liquid, aged, changed, refused) in [
        ("dexscreener.search.1", 30, 30, 29, 26, 18, 0),
        ("dexscreener.latest-dex-tokens.1", 30, 30, 30, 30, 30, 0),
        ("dexscreener.latest-dex-tokens.3", 0, 0, 0, 0, 0, 0),
        ("dexscreener.latest-dex-tokens.4", 5, 5, 5, 5, 5, 0),
        ("dexscreener.latest-dex-pairs.1", 0, 0, 0, 0, 0, 0),
        ("dexscreener.token-pairs.1", 3, 3, 2, 3, 3, 0),
        ("dexscreener.token-pairs.2", 5, 5, 5, 5, 4, 0),
        ("dexscreener.token-pairs.3", 0, 0, 0, 0, 0, 0),
        ("dexscreener.tokens-v1.1", 4, 4, 2, 4, 4, 0),
    ] {
        let Some(result) = ask(name, async |sources| sources.dexscreener().search("x").await).await else {
            continue;
        };
        let harvest = result.unwrap();
        let counts = (
            harvest.pools.len(),
            with(&harvest, |pool| pool.price_usd),
            with(&harvest, |pool| pool.liquidity_usd),
            with(&harvest, |pool| pool.created_at),
            with(&harvest, |pool| pool.change_pct.at(Window::H24)),
            harvest.rejects.len(),
        );
        assert_eq!(counts, (pools, priced, liquid, aged, changed, refused), "{name} {:?}", harvest.rejects);
        assert!(harvest.pools.iter().all(|pool| pool.as_of == NOW));
    }
}

#[tokio::test]
async fn dexscreener_knows_nothing_of_a_token_it_was_asked_for() {
    for name in ["dexscreener.token-pairs.3", "dexscreener.latest-dex-tokens.3"] {
        let asked = async |sources: Sources| sources.dexscreener().token_pairs(&bonk()).await;
        let Some(result) = ask(name, asked).await else {
            continue;
        };
        let harvest = result.unwrap();
        assert_eq!((harvest.pools.len(), harvest.asked), (0, vec![bonk()]));
    }
}

#[tokio::test]
async fn dexscreener_pools_of_one_token() {
    let fomo = "BfVhUY3Y2FuvzQZUPpyyHsaoh8CiYdVAXJ25zystWURu";
    let asked = async |sources: Sources| sources.dexscreener().token_pairs(&token(&format!("solana:{fomo}"))).await;
    let Some(result) = ask("dexscreener.token-pairs.1", asked).await else {
        return;
    };
    let harvest = result.unwrap();
    let mut prices: Vec<_> = harvest.pools.iter().filter_map(|pool| pool.price_usd).collect();
    prices.sort_unstable();
    let ratio = prices[2].to_f64() / prices[0].to_f64();
    assert!((45.0..55.0).contains(&ratio), "three pools, prices far apart: {prices:?}");
    let curve = harvest.pools.iter().find(|pool| &*pool.dex == "pumpfun").unwrap();
    assert_eq!((curve.liquidity_usd, curve.quote_reserve), (None, None));
    assert_eq!(curve.price_sol, curve.price_quote);
}

#[tokio::test]
async fn dexscreener_promotions() {
    for (name, tokens) in [("dexscreener.token-boosts-latest.1", 29), ("dexscreener.token-boosts-top.1", 3)] {
        let Some(result) = ask(name, async |sources| sources.dexscreener().boosts_latest().await).await else {
            continue;
        };
        let harvest = result.unwrap();
        assert_eq!((harvest.tokens.len(), harvest.rejects.len()), (tokens, 0), "{name}");
        assert!(harvest.tokens.iter().all(|token| token.statement == Statement::Promotion));
    }
}

#[tokio::test]
async fn geckoterminal_pools() {
    for (name, pools, caps, graduated) in
        [("geckoterminal.trending_pools.1", 20, 11, 0), ("geckoterminal.pools_multi.1", 3, 1, 2)]
    {
        let trending =
            async |sources: Sources| sources.geckoterminal().trending(&Chain::solana(), 1, Window::H24).await;
        let Some(result) = ask(name, trending).await else {
            continue;
        };
        let harvest = result.unwrap();
        assert_eq!(harvest.pools.len(), pools, "{name} {:?}", harvest.rejects);
        assert_eq!(with(&harvest, |pool| pool.market_cap_usd), caps, "{name}");
        assert_eq!(with(&harvest, |pool| pool.graduated), graduated, "{name}");
        assert_eq!(with(&harvest, |pool| pool.price_usd), pools, "{name}");
        assert_eq!(with(&harvest, |pool| pool.price_sol), pools, "{name}");
        assert_eq!(with(&harvest, |pool| pool.traders.at(Window::H24)), pools, "{name}");
        assert_eq!(with(&harvest, |pool| pool.liquidity_usd), pools, "{name}");
        assert_eq!(with(&harvest, |pool| pool.created_at), pools, "{name}");
        assert!(harvest.rejects.is_empty(), "{name} {:?}", harvest.rejects);
    }
}

#[tokio::test]
async fn geckoterminal_tokens() {
    let facts = async |sources: Sources| sources.geckoterminal().tokens_multi(&Chain::solana(), &[bonk()]).await;
    if let Some(result) = ask("coingecko-onchain.tokens_multi.doc1", facts).await {
        let harvest = result.unwrap();
        assert_eq!((harvest.tokens.len(), harvest.pools.len(), harvest.rejects.len()), (2, 1, 0));
        assert_eq!(harvest.asked, [bonk()]);
        let (trump, soracat) = (&harvest.tokens[0], &harvest.tokens[1]);
        assert_eq!(trump.price_usd.unwrap().to_string(), "2.0174050182");
        assert_eq!(trump.total_supply, Some(999_999_108.407_137));
        assert_eq!((soracat.price_usd, soracat.graduated), (None, Some(false)));
        assert_eq!(harvest.pools[0].base.symbol.as_deref(), Some("TRUMP"));
    }
    for name in ["geckoterminal.error_429.1", "geckoterminal.error_400.1", "geckoterminal.error_400.2"] {
        let Some(result) = ask(name, facts).await else {
            continue;
        };
        assert_eq!(result, Err(SourceError::Malformed), "{name} with a good status");
    }
}

#[tokio::test]
async fn geckoterminal_candles() {
    let usdt = "ethereum:0xdac17f958d2ee523a2206206994597c13d831ec7";
    for (name, interval, candles) in [
        // A hundred, of which two are of one hour.
        ("geckoterminal.ohlcv_hour.1", Interval::H1, 99),
        ("geckoterminal.ohlcv.2", Interval::M15, 35),
        ("coingecko-onchain.ohlcv.doc1", Interval::D1, 2),
    ] {
        let Some(body) = recording(name) else { continue };
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        let base = told["meta"]["base"]["address"].as_str().unwrap();
        let token = token(&if base.starts_with("0x") { usdt.to_owned() } else { format!("solana:{base}") });
        assert_eq!(token.address(), base, "{name}");
        let pool = PoolId::new(token.chain(), base).unwrap();
        let stub = Stub::always(Reply::json(&body)).await;
        let sources = sources(&config(&stub.base));
        let read = sources.geckoterminal().candles(&pool, &token, interval).await.unwrap();
        assert_eq!(sources.reports()[1].rejects, [], "{name}");
        assert_eq!(read.len(), candles, "{name}");
        assert!(read.is_sorted_by_key(|candle| candle.at), "{name}");
        assert!(read.iter().all(|candle| candle.volume_usd.is_some()), "{name}");
        let report = &sources.reports()[1];
        assert_eq!((report.rows.told, report.rows.empty_answers), (candles as u64, 0), "candles are rows too: {name}");
        // Each opens where the one before closed.
        assert!(read.windows(2).all(|pair| pair[0].close == pair[1].open), "{name}");
    }
}

#[tokio::test]
async fn jupiter_prices() {
    for (name, priced) in [("jupiter.price_v3.1", 2), ("jupiter.price_v3.2", 5), ("jupiter.price_v3.3", 0)] {
        let Some(result) = ask(name, async |sources| sources.jupiter().prices(&[bonk()]).await).await else {
            continue;
        };
        let harvest = result.unwrap();
        assert_eq!((harvest.tokens.len(), harvest.asked.len()), (priced, 2), "{name}");
        assert!(harvest.rejects.is_empty(), "{name} {:?}", harvest.rejects);
        assert!(harvest.tokens.iter().all(|token| token.statement == Statement::Price && token.price_usd.is_some()));
        if name == "jupiter.price_v3.1" {
            assert_eq!(harvest.tokens[0].price_usd.unwrap().to_string(), "0.000004492159735952627");
        }
        let newest = harvest.tokens.iter().map(|token| token.as_of).max();
        assert!(newest.is_none_or(|newest| newest == NOW));
    }
}

#[tokio::test]
async fn jupiter_tokens() {
    for (name, tokens, priced, verified) in
        [("jupiter.tokens_v2_recent.1", 3, 2, 0), ("jupiter.tokens_v2_search.doc1", 1, 1, 1)]
    {
        let Some(result) = ask(name, async |sources| sources.jupiter().recent().await).await else {
            continue;
        };
        let harvest = result.unwrap();
        assert!(harvest.rejects.is_empty(), "{name} {:?}", harvest.rejects);
        let count =
            |test: fn(&memescope::TokenObservation) -> bool| harvest.tokens.iter().filter(|token| test(token)).count();
        assert_eq!(harvest.tokens.len(), tokens, "{name}");
        assert_eq!(count(|token| token.price_usd.is_some()), priced, "{name}");
        assert_eq!(count(|token| token.txns.h24.is_some()), priced, "{name}");
        assert_eq!(count(|token| token.verified == Some(true)), verified, "{name}");
        assert_eq!(count(|token| token.holders.is_some() && token.created_at.is_some()), tokens, "{name}");
        assert_eq!(count(|token| token.mint_authority == Some(false)), tokens, "{name}");
    }
}

#[tokio::test]
async fn jupiter_refuses() {
    let Some(body) = recording("jupiter.error_429.1") else {
        return;
    };
    let stub = Stub::always(Reply::new(429, "", &body)).await;
    let result = sources(&config(&stub.base)).jupiter().recent().await;
    assert_eq!(result, Err(SourceError::RateLimited { retry_after: None }));
}
