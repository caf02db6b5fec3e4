//! `DexScreener`'s answers.

mod feeds;
mod pair;

use serde::Serialize;

use super::noise::mix;
use super::sim::Market;
use super::token::{Flaw, Pool, Token};
use super::wire::bytes;

pub(super) use feeds::{boosts, profiles};
use pair::{Pair, foreign, pair};

/// The most pairs an answer holds and the most addresses a request may name.
const MOST: usize = 30;

#[derive(Serialize)]
struct Pairs<'a> {
    #[serde(rename = "schemaVersion")]
    schema_version: &'static str,
    pairs: Option<Vec<Pair<'a>>>,
}

#[derive(Serialize)]
struct PairsAndPair<'a> {
    #[serde(rename = "schemaVersion")]
    schema_version: &'static str,
    pairs: Option<&'a [Pair<'a>]>,
    #[serde(rename = "pair")]
    first: Option<&'a Pair<'a>>,
}

const SCHEMA: &str = "1.0.0";

fn listed(token: &Token, pool: &Pool, at: i64) -> bool {
    pool.opens <= at && token.born <= at
}

/// All pairs of a token, those of a quote token's where it is one.
fn pairs_of<'a>(market: &'a Market, mint: &str, at: i64) -> Vec<Pair<'a>> {
    let own = market.token(mint).into_iter().flat_map(|token| token.pools.iter().map(move |pool| (token, pool)));
    let quoted = super::venue::asset_of(mint).into_iter().flat_map(|asset| {
        market
            .tokens()
            .iter()
            .flat_map(|token| token.pools.iter().map(move |pool| (token, pool)))
            .filter(move |(_, pool)| std::ptr::eq(pool.quote.asset(), asset))
    });
    own.chain(quoted)
        .filter(|(token, pool)| listed(token, pool, at))
        .take(MOST)
        .map(|(token, pool)| pair(market, token, pool, at))
        .collect()
}

/// `/tokens/v1/{chain}/{addresses}`: one main pair a token, in the order asked, unknown ones
/// dropped without a word.
pub(super) fn tokens(market: &Market, chain: &str, addresses: &str, at: i64) -> Vec<u8> {
    let pairs: Vec<Pair<'_>> = addresses
        .split(',')
        .take(MOST)
        .filter(|_| chain == "solana")
        .filter_map(|mint| market.token(mint))
        .map(|token| (token, token.main_pool(at)))
        .filter(|(token, pool)| listed(token, pool, at))
        .map(|(token, pool)| pair(market, token, pool, at))
        .collect();
    bytes(&pairs)
}

/// `/token-pairs/v1/{chain}/{token}`: every pair, also those that quote in the token.
pub(super) fn token_pairs(market: &Market, chain: &str, mint: &str, at: i64) -> Vec<u8> {
    bytes(&if chain == "solana" { pairs_of(market, mint, at) } else { Vec::new() })
}

/// `/latest/dex/tokens/{addresses}`: at most 30 pairs in total.
pub(super) fn latest_tokens(market: &Market, addresses: &str, at: i64) -> Vec<u8> {
    let mut pairs: Vec<Pair<'_>> =
        addresses.split(',').take(MOST).flat_map(|mint| pairs_of(market, mint, at)).take(MOST).collect();
    // A wrongly priced pool with its absurd liquidity comes first.
    pairs.sort_by(|a, b| {
        let usd = |pair: &Pair<'_>| pair.liquidity.as_ref().map_or(0.0, |liquidity| liquidity.usd.0);
        usd(b).total_cmp(&usd(a))
    });
    bytes(&Pairs { schema_version: SCHEMA, pairs: Some(pairs).filter(|pairs| !pairs.is_empty()) })
}

/// `/latest/dex/pairs/{chain}/{pairs}`; `None` for more than 30.
pub(super) fn latest_pairs(market: &Market, chain: &str, addresses: &str, at: i64) -> Option<Vec<u8>> {
    if addresses.split(',').count() > MOST {
        return None;
    }
    let pairs: Vec<Pair<'_>> = addresses
        .split(',')
        .filter(|_| chain == "solana")
        .filter_map(|address| market.pool(address))
        .filter(|(token, pool)| listed(token, pool, at))
        .map(|(token, pool)| pair(market, token, pool, at))
        .collect();
    let found = (!pairs.is_empty()).then_some(pairs.as_slice());
    Some(bytes(&PairsAndPair { schema_version: SCHEMA, pairs: found, first: pairs.first() }))
}

/// `/latest/dex/search?q=`: at most 30 pairs by address, name or ticker, counterfeits among them.
pub(super) fn search(market: &Market, query: &str, at: i64) -> Vec<u8> {
    let query = query.trim();
    if query.is_empty() {
        return bytes(&Pairs { schema_version: SCHEMA, pairs: None });
    }
    let by_address = pairs_of(market, query, at);
    let pairs = if !by_address.is_empty() {
        by_address
    } else if let Some((token, pool)) = market.pool(query) {
        vec![pair(market, token, pool, at)]
    } else {
        by_text(market, &query.to_lowercase(), at)
    };
    bytes(&Pairs { schema_version: SCHEMA, pairs: Some(pairs).filter(|pairs| !pairs.is_empty()) })
}

fn by_text<'a>(market: &'a Market, query: &str, at: i64) -> Vec<Pair<'a>> {
    // An adversarial market shows the pools that it had better hide.
    let shown = |token: &'a Token| {
        let main = token.main_pool(at);
        token.pools.iter().filter(move |pool| market.is_adversarial() || std::ptr::eq(*pool, main))
    };
    let mut matches: Vec<(u8, u64, usize, &Token, &Pool)> = market
        .tokens()
        .iter()
        .flat_map(|token| shown(token).map(move |pool| (token, pool)))
        .filter_map(|(token, pool)| {
            let symbol = token.naming.symbol.to_lowercase();
            let rank = if symbol == query {
                // Counterfeits are many; real tokens of the name stand between them.
                u8::from(pool.flaw == Flaw::Fake && token.slot % 3 == 2)
            } else if symbol.contains(query) || token.naming.name.to_lowercase().contains(query) {
                1
            } else if pool.quote.asset().symbol.to_lowercase() == query {
                2
            } else {
                return None;
            };
            listed(token, pool, at).then(|| (rank, mix(token.seed, (at / 60).cast_unsigned()), token.slot, token, pool))
        })
        .collect();
    matches.sort_by_key(|(rank, order, slot, ..)| (*rank, *order, *slot));
    let mut pairs: Vec<Pair<'a>> = Vec::with_capacity(MOST);
    for (_, _, _, token, pool) in matches.iter().take(MOST - 1) {
        pairs.push(pair(market, token, pool, at));
    }
    if "solana".contains(query) && !pairs.is_empty() {
        pairs.insert(1, foreign());
    }
    pairs
}
