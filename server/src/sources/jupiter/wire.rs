//! Jupiter's JSON: a map of prices by mint, and lists of mints with all that is known of them.

use std::sync::Arc;
use std::time::Duration;

use memescope::{
    Chain, Harvest, NAME_CHARS, SYMBOL_CHARS, Source, Statement, Timestamp, TokenId, TokenObservation, Txns, Window,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error::SourceError;
use super::super::rows::{Entries, Rows, is_empty_object, object, whole};
use super::super::sieve::{Raw, Sieve};

/// How long Solana takes for a block.
const BLOCK_MILLIS: u64 = 400;

/// From how many blocks behind the newest of its answer on a price is stale.
const STALE_BLOCKS: u64 = 300;

/// The most blocks by which a price is taken to be older than the newest of its answer: a week.
const MOST_BLOCKS: u64 = 1_512_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceEntry<'a> {
    #[serde(borrow, default)]
    usd_price: Raw<'a>,
    #[serde(borrow, default)]
    liquidity: Raw<'a>,
    #[serde(borrow, default)]
    block_id: Raw<'a>,
    #[serde(borrow, default, rename = "priceChange24h")]
    price_change_24h: Raw<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FactsRow<'a> {
    #[serde(borrow, default)]
    icon: Raw<'a>,
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    name: Raw<'a>,
    #[serde(borrow, default)]
    symbol: Raw<'a>,
    #[serde(borrow, default)]
    circ_supply: Raw<'a>,
    #[serde(borrow, default)]
    total_supply: Raw<'a>,
    #[serde(borrow, default)]
    mint_authority: Raw<'a>,
    #[serde(borrow, default)]
    freeze_authority: Raw<'a>,
    #[serde(borrow, default)]
    graduated_pool: Raw<'a>,
    #[serde(borrow, default)]
    graduated_at: Raw<'a>,
    #[serde(borrow, default)]
    holder_count: Raw<'a>,
    #[serde(borrow, default)]
    fdv: Raw<'a>,
    #[serde(borrow, default)]
    mcap: Raw<'a>,
    #[serde(borrow, default)]
    usd_price: Raw<'a>,
    #[serde(borrow, default)]
    price_block_id: Raw<'a>,
    #[serde(borrow, default)]
    liquidity: Raw<'a>,
    #[serde(borrow, default)]
    first_pool: Raw<'a>,
    #[serde(borrow, default)]
    audit: Raw<'a>,
    #[serde(borrow, default)]
    is_verified: Raw<'a>,
    #[serde(borrow, default)]
    tags: Raw<'a>,
    #[serde(borrow, default, rename = "stats5m")]
    stats_5m: Raw<'a>,
    #[serde(borrow, default, rename = "stats1h")]
    stats_1h: Raw<'a>,
    #[serde(borrow, default, rename = "stats6h")]
    stats_6h: Raw<'a>,
    #[serde(borrow, default, rename = "stats24h")]
    stats_24h: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirstPool<'a> {
    #[serde(borrow, default)]
    created_at: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Audit<'a> {
    #[serde(borrow, default)]
    is_sus: Raw<'a>,
    #[serde(borrow, default)]
    mint_authority_disabled: Raw<'a>,
    #[serde(borrow, default)]
    freeze_authority_disabled: Raw<'a>,
    #[serde(borrow, default)]
    top_holders_percentage: Raw<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats<'a> {
    #[serde(borrow, default)]
    price_change: Raw<'a>,
    #[serde(borrow, default)]
    buy_volume: Raw<'a>,
    #[serde(borrow, default)]
    sell_volume: Raw<'a>,
    #[serde(borrow, default)]
    num_buys: Raw<'a>,
    #[serde(borrow, default)]
    num_sells: Raw<'a>,
}

/// Reads `{mint: {usdPrice, …}|null}`.
///
/// A price is as old as its block lies behind the newest block of the answer.
pub(super) fn read_prices(
    body: &str,
    as_of: Timestamp,
    sieve: &mut Sieve,
    harvest: &mut Harvest,
) -> Result<(), SourceError> {
    // The way in which a gateway reports an error in place of prices.
    #[derive(Deserialize)]
    struct Report {
        #[serde(rename = "code")]
        _code: i64,
        #[serde(rename = "message")]
        _message: String,
    }
    if body.trim() == "[]" {
        return Ok(());
    }
    if object::<Report>(body).is_some() {
        return Err(SourceError::Malformed);
    }
    let entries: Entries<'_> = whole(body)?;
    let mut read = Vec::new();
    for (mint, entry) in &entries.0 {
        if entry.get() == "null" {
            continue;
        }
        match price(mint, entry, as_of, sieve) {
            // An entry whose price cannot be used says nothing; as a statement it would push out an older price.
            Ok(row) if row.0.price_usd.is_none() => {}
            Ok(row) => read.push(row),
            Err(reason) => {
                sieve.refuse::<()>("row", reason);
            }
        }
    }
    let newest = read.iter().filter_map(|(_, block)| *block).max();
    for (mut token, block) in read {
        if let (Some(newest), Some(block)) = (newest, block) {
            let blocks = (newest - block).min(MOST_BLOCKS);
            token.as_of = token.as_of.minus(Duration::from_millis(blocks * BLOCK_MILLIS));
        }
        harvest.tokens.push(token);
    }
    Ok(())
}

/// Reads a list of mints.
///
/// Facts are of now, whatever the age of the price beside them: a price whose block lies far behind the newest of the
/// answer is left to the list of prices, which is as old as its blocks.
pub(super) fn read_tokens(
    body: &str,
    as_of: Timestamp,
    sieve: &mut Sieve,
    harvest: &mut Harvest,
) -> Result<(), SourceError> {
    let rows = if is_empty_object(body) { Rows::default() } else { whole::<Rows<'_>>(body)? };
    let mut read = Vec::new();
    for row in rows.0 {
        match facts(row, as_of, sieve) {
            Ok(row) => read.push(row),
            Err(reason) => {
                sieve.refuse::<()>("row", reason);
            }
        }
    }
    let newest = read.iter().filter_map(|facts| facts.block).max();
    for Facts { mut token, logo, block } in read {
        if newest.zip(block).is_some_and(|(newest, block)| newest - block > STALE_BLOCKS) {
            token.price_usd = None;
        }
        harvest.logos.extend(logo.map(|logo| (token.token.clone(), logo)));
        harvest.tokens.push(token);
    }
    Ok(())
}

fn price(
    mint: &str,
    entry: &RawValue,
    as_of: Timestamp,
    sieve: &mut Sieve,
) -> Result<(TokenObservation, Option<u64>), &'static str> {
    let entry: PriceEntry<'_> = object(entry.get()).ok_or("wrong_type")?;
    let id = TokenId::new(&Chain::solana(), mint).map_err(|_| "bad_address")?;
    let (source, statement) = (Source::Jupiter, Statement::Price);
    let mut token = TokenObservation::new(source, statement, id, as_of);
    token.price_usd = sieve.price("usdPrice", entry.usd_price);
    token.liquidity_usd = sieve.usd("liquidity", entry.liquidity);
    token.change_pct.h24 = sieve.percent("priceChange24h", entry.price_change_24h);
    Ok((token, sieve.count("blockId", entry.block_id)))
}

/// A token, its picture, and the block of its price.
struct Facts {
    token: TokenObservation,
    logo: Option<Arc<str>>,
    block: Option<u64>,
}

fn facts(row: &RawValue, as_of: Timestamp, sieve: &mut Sieve) -> Result<Facts, &'static str> {
    let row: FactsRow<'_> = object(row.get()).ok_or("wrong_type")?;
    let id = sieve.token("id", &Chain::solana(), row.id).ok_or("no_token")?;
    let (source, statement) = (Source::Jupiter, Statement::Facts);
    let mut token = TokenObservation::new(source, statement, id, as_of);
    token.symbol = sieve.shown("symbol", row.symbol, SYMBOL_CHARS);
    token.name = sieve.shown("name", row.name, NAME_CHARS);
    token.price_usd = sieve.price("usdPrice", row.usd_price);
    token.liquidity_usd = sieve.usd("liquidity", row.liquidity);
    token.market_cap_usd = sieve.usd("mcap", row.mcap);
    token.fdv_usd = sieve.usd("fdv", row.fdv);
    token.circulating_supply = sieve.amount("circSupply", row.circ_supply);
    token.total_supply = sieve.amount("totalSupply", row.total_supply);
    token.holders = sieve.count("holderCount", row.holder_count);
    let first_pool: FirstPool<'_> = sieve.part("firstPool", row.first_pool).unwrap_or_default();
    token.created_at = sieve.time("firstPool.createdAt", first_pool.created_at);
    // Jupiter leaves out what is not so: no mark of verification means not verified.
    token.verified = match row.is_verified {
        Some(_) => sieve.truth("isVerified", row.is_verified),
        None => Some(false),
    };
    // A launchpad names the pool into which it moved; before that it names nothing, which says nothing of tokens that
    // never had one.
    token.graduated = (row.graduated_pool.is_some() || row.graduated_at.is_some()).then_some(true);
    let audit: Audit<'_> = sieve.part("audit", row.audit).unwrap_or_default();
    token.suspicious = match audit.is_sus {
        Some(_) => Some(sieve.truth("audit.isSus", audit.is_sus).unwrap_or(true)),
        None => row.audit.is_some().then_some(false),
    };
    token.mint_authority =
        open(row.mint_authority, sieve.truth("audit.mintAuthorityDisabled", audit.mint_authority_disabled));
    token.freeze_authority =
        open(row.freeze_authority, sieve.truth("audit.freezeAuthorityDisabled", audit.freeze_authority_disabled));
    token.top_holders_pct = sieve.share("audit.topHoldersPercentage", audit.top_holders_percentage);
    token.tags = sieve.labels("tags", row.tags);
    for (window, stats) in [
        (Window::M5, row.stats_5m),
        (Window::H1, row.stats_1h),
        (Window::H6, row.stats_6h),
        (Window::H24, row.stats_24h),
    ] {
        window_stats(&mut token, window, stats, sieve);
    }
    let (logo, block) = (sieve.text("icon", row.icon).map(Arc::from), sieve.count("priceBlockId", row.price_block_id));
    Ok(Facts { token, logo, block })
}

/// Whether an authority is open: what the audit says, else whether somebody is named.
fn open(authority: Raw<'_>, disabled: Option<bool>) -> Option<bool> {
    disabled.map(|disabled| !disabled).or_else(|| authority.map(|_| true))
}

/// One window's figures. A side that is left out while the other is there was zero.
fn window_stats(token: &mut TokenObservation, window: Window, stats: Raw<'_>, sieve: &mut Sieve) {
    let Some(stats) = sieve.part::<Stats<'_>>("stats", stats) else {
        return;
    };
    *token.change_pct.slot(window) = sieve.percent("stats.priceChange", stats.price_change);
    let bought = sieve.usd("stats.buyVolume", stats.buy_volume);
    let sold = sieve.usd("stats.sellVolume", stats.sell_volume);
    let bought = or_zero_beside(bought, stats.buy_volume, sold);
    let sold = or_zero_beside(sold, stats.sell_volume, bought);
    *token.volume_usd.slot(window) = bought.zip(sold).map(|(bought, sold)| bought + sold);
    let buys = sieve.count("stats.numBuys", stats.num_buys);
    let sells = sieve.count("stats.numSells", stats.num_sells);
    let buys = or_zero_beside(buys, stats.num_buys, sells);
    let sells = or_zero_beside(sells, stats.num_sells, buys);
    *token.txns.slot(window) = buys.zip(sells).map(|(buys, sells)| Txns { buys, sells });
}

fn or_zero_beside<T: Default>(value: Option<T>, raw: Raw<'_>, other: Option<T>) -> Option<T> {
    match (&value, raw, other) {
        (None, None, Some(_)) => Some(T::default()),
        _ => value,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
