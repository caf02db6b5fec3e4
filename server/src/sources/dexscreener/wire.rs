//! DexScreener's JSON.

use std::sync::Arc;

use memescope::{
    Chain, Harvest, NAME_CHARS, PerWindow, PoolObservation, PoolSide, RarePerWindow, SYMBOL_CHARS, Source, Statement,
    Timestamp, TokenObservation, Txns, Window,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error::SourceError;
use super::super::rows::{List, Named, Rows, document, is_empty_object, object, whole};
use super::super::sieve::{Raw, Sieve};

/// Wrapped SOL, in which the price "in SOL" is written.
const WRAPPED_SOL: &str = "So11111111111111111111111111111111111111112";

#[derive(Deserialize)]
struct Found<T> {
    #[serde(bound(deserialize = "T: Deserialize<'de>"))]
    pairs: List<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolRow<'a> {
    #[serde(borrow, default)]
    chain_id: Raw<'a>,
    #[serde(borrow, default)]
    dex_id: Raw<'a>,
    #[serde(borrow, default)]
    pair_address: Raw<'a>,
    #[serde(borrow, default)]
    labels: Raw<'a>,
    #[serde(borrow, default)]
    base_token: Raw<'a>,
    #[serde(borrow, default)]
    quote_token: Raw<'a>,
    #[serde(borrow, default)]
    price_native: Raw<'a>,
    #[serde(borrow, default)]
    price_usd: Raw<'a>,
    #[serde(borrow, default)]
    txns: Raw<'a>,
    #[serde(borrow, default)]
    volume: Raw<'a>,
    #[serde(borrow, default)]
    price_change: Raw<'a>,
    #[serde(borrow, default)]
    liquidity: Raw<'a>,
    #[serde(borrow, default)]
    fdv: Raw<'a>,
    #[serde(borrow, default)]
    market_cap: Raw<'a>,
    #[serde(borrow, default)]
    pair_created_at: Raw<'a>,
    #[serde(borrow, default)]
    boosts: Raw<'a>,
    #[serde(borrow, default)]
    info: Raw<'a>,
}

/// The windows that DexScreener tells.
const WINDOWS: [&str; 4] = ["m5", "h1", "h6", "h24"];

/// Figures by window, each as it stands.
#[derive(Clone, Copy, Default)]
struct Windows<'a>([Raw<'a>; 4]);

impl<'a> Windows<'a> {
    fn read(sieve: &mut Sieve, field: &'static str, raw: Raw<'a>) -> Self {
        Self(sieve.members(field, raw, WINDOWS).unwrap_or_default())
    }

    fn at(&self, window: Window) -> Raw<'a> {
        let Self([m5, h1, h6, h24]) = *self;
        match window {
            Window::M5 => m5,
            Window::H1 => h1,
            Window::H6 => h6,
            Window::H24 => h24,
            Window::D7 => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Promotion<'a> {
    #[serde(borrow, default)]
    chain_id: Raw<'a>,
    #[serde(borrow, default)]
    token_address: Raw<'a>,
}

/// Reads `{pairs: […]|null}`, a bare list of pairs, or `{}`.
pub(super) fn read_pairs(
    body: &str,
    as_of: Timestamp,
    sieve: &mut Sieve,
    harvest: &mut Harvest,
) -> Result<(), SourceError> {
    // As a rule every row is an object, and is read where it stands. Otherwise rows are told apart first.
    let rows = match list(body) {
        Ok(rows) => rows.0.into_iter().map(|Named(row)| Some(row)).collect(),
        Err(_) => list::<&RawValue>(body)?.0.into_iter().map(|row| object(row.get())).collect::<Vec<_>>(),
    };
    harvest.pools.reserve(rows.len());
    for row in rows {
        match row.ok_or("wrong_type").and_then(|row| pool(&row, as_of, sieve)) {
            Ok((pool, logo)) => {
                harvest.logos.extend(logo.map(|logo| (pool.base.token.clone(), logo)));
                harvest.pools.push(pool);
            }
            Err(reason) => {
                sieve.refuse::<()>("row", reason);
            }
        }
    }
    Ok(())
}

fn list<'a, T: Deserialize<'a>>(body: &'a str) -> Result<List<T>, SourceError> {
    if body.trim_start().starts_with('[') {
        whole(body)
    } else if is_empty_object(body) {
        Ok(List::default())
    } else {
        Ok(document::<Found<T>>(body)?.pairs)
    }
}

/// Reads a bare list of tokens that somebody paid to have shown; each token once.
pub(super) fn read_promotions(
    body: &str,
    as_of: Timestamp,
    sieve: &mut Sieve,
    harvest: &mut Harvest,
) -> Result<(), SourceError> {
    let rows = if is_empty_object(body) { Rows::default() } else { whole::<Rows<'_>>(body)? };
    for row in rows.0 {
        match promotion(row, as_of, sieve) {
            Ok(seen) if harvest.tokens.iter().any(|known| known.token == seen.token) => {}
            Ok(promotion) => harvest.tokens.push(promotion),
            Err(reason) => {
                sieve.refuse::<()>("row", reason);
            }
        }
    }
    Ok(())
}

fn promotion(row: &RawValue, as_of: Timestamp, sieve: &mut Sieve) -> Result<TokenObservation, &'static str> {
    let row: Promotion<'_> = object(row.get()).ok_or("wrong_type")?;
    let chain = chain(sieve, row.chain_id).ok_or("no_chain")?;
    let token = sieve.token("tokenAddress", &chain, row.token_address).ok_or("no_token")?;
    let (source, statement) = (Source::Dexscreener, Statement::Promotion);
    Ok(TokenObservation::new(source, statement, token, as_of))
}

/// A pool, and the picture of its base.
fn pool(
    row: &PoolRow<'_>,
    as_of: Timestamp,
    sieve: &mut Sieve,
) -> Result<(PoolObservation, Option<Arc<str>>), &'static str> {
    let chain = chain(sieve, row.chain_id).ok_or("no_chain")?;
    let pool = sieve.pool("pairAddress", &chain, row.pair_address).ok_or("no_pool")?;
    let base = side(sieve, "baseToken", &chain, row.base_token).ok_or("no_token")?;
    let quote = side(sieve, "quoteToken", &chain, row.quote_token).ok_or("no_token")?;
    let dex = sieve.shown("dexId", row.dex_id, NAME_CHARS).ok_or("no_dex")?;
    let price_quote = sieve.price("priceNative", row.price_native);
    let in_sol = chain == Chain::solana() && quote.token.address() == WRAPPED_SOL;
    let [liquidity_usd, base_reserve, quote_reserve] =
        sieve.members("liquidity", row.liquidity, ["usd", "base", "quote"]).unwrap_or_default();
    let [boosts] = sieve.members("boosts", row.boosts, ["active"]).unwrap_or_default();
    let [logo] = sieve.members("info", row.info, ["imageUrl"]).unwrap_or_default();
    let logo = sieve.text("info.imageUrl", logo).map(Arc::from);
    let change = Windows::read(sieve, "priceChange", row.price_change);
    let volume = Windows::read(sieve, "volume", row.volume);
    let txns = Windows::read(sieve, "txns", row.txns);
    let pool = PoolObservation {
        source: Source::Dexscreener,
        as_of,
        pool,
        dex,
        labels: sieve.labels("labels", row.labels),
        base,
        quote,
        price_usd: sieve.price("priceUsd", row.price_usd),
        price_quote,
        price_sol: price_quote.filter(|_| in_sol),
        quote_price_usd: None,
        change_pct: PerWindow::from_fn(|window| sieve.percent("priceChange", change.at(window))),
        volume_usd: PerWindow::from_fn(|window| sieve.usd("volume", volume.at(window))),
        txns: PerWindow::from_fn(|window| trades(sieve, txns.at(window))),
        traders: RarePerWindow::default(),
        liquidity_usd: sieve.usd("liquidity.usd", liquidity_usd),
        quote_reserve: sieve.amount("liquidity.quote", quote_reserve),
        base_reserve: sieve.amount("liquidity.base", base_reserve),
        fdv_usd: sieve.usd("fdv", row.fdv),
        market_cap_usd: sieve.usd("marketCap", row.market_cap),
        created_at: sieve.millis("pairCreatedAt", row.pair_created_at),
        graduated: None,
        promoted: sieve.count("boosts.active", boosts).is_some_and(|active| active > 0),
    };
    Ok((pool, logo))
}

fn chain(sieve: &mut Sieve, raw: Raw<'_>) -> Option<Chain> {
    let slug = sieve.text("chainId", raw)?;
    Chain::parse(&slug).or_else(|| sieve.refuse("chainId", "bad_chain"))
}

fn side(sieve: &mut Sieve, field: &'static str, chain: &Chain, raw: Raw<'_>) -> Option<PoolSide> {
    let [address, name, symbol] = sieve.members(field, raw, ["address", "name", "symbol"])?;
    Some(PoolSide {
        token: sieve.token(field, chain, address)?,
        symbol: sieve.shown("symbol", symbol, SYMBOL_CHARS),
        name: sieve.shown("name", name, NAME_CHARS),
        listed: None,
    })
}

fn trades(sieve: &mut Sieve, raw: Raw<'_>) -> Option<Txns> {
    let [buys, sells] = sieve.members("txns", raw, ["buys", "sells"])?;
    Some(Txns { buys: sieve.count("txns.buys", buys)?, sells: sieve.count("txns.sells", sells)? })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
