//! Tokens as such: their facts, their sums over pools, their prices.

use serde::Serialize;

use super::{Data, Id, PoolObject, Reference, TokenFacts, facts, pool_object, uuid};
use crate::market::Upstream;
use crate::market::decimal::Long;
use crate::market::noise::mix;
use crate::market::sim::Market;
use crate::market::token::{Pool, Token};
use crate::market::told::flash;
use crate::market::venue::{asset_of, asset_usd};
use crate::market::wire::bytes;

#[derive(Serialize)]
struct TokenObject<'a> {
    id: Id<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: TokenAttributes<'a>,
    relationships: TopPools<'a>,
}

#[derive(Serialize)]
struct TokenAttributes<'a> {
    #[serde(flatten)]
    facts: TokenFacts<'a>,
    total_supply: String,
    normalized_total_supply: String,
    price_usd: Option<Long>,
    fdv_usd: Option<Long>,
    total_reserve_in_usd: Long,
    volume_usd: DayVolume,
    market_cap_usd: Option<Long>,
}

#[derive(Serialize)]
struct DayVolume {
    h24: Long,
}

#[derive(Serialize)]
struct TopPools<'a> {
    top_pools: Data<Vec<Reference<'a>>>,
}

/// How many pools of a token are its top ones.
const TOP: usize = 3;

fn known_pools(token: &Token, at: i64) -> impl Iterator<Item = &Pool> {
    token.pools.iter().filter(move |pool| pool.on_gecko && pool.opens <= at)
}

fn token_object<'a>(market: &Market, token: &'a Token, at: i64) -> TokenObject<'a> {
    let usd = token.usd(at, market.quotes()) * flash(market, token, at, Upstream::GeckoTerminal);
    let known: Vec<&Pool> = known_pools(token, at).collect();
    let mut volume = 0.0;
    let mut reserve = 0.0;
    for pool in &known {
        let reading = token.reading(pool, at, market.quotes());
        volume += reading.flows[5].volume;
        // The token's own side only.
        reserve += reading.reserves.map_or(0.0, |reserves| reserves.base * reading.price_usd);
    }
    let priced = !known.is_empty();
    let cap = usd * token.supply;
    TokenObject {
        id: Id(&token.mint),
        kind: "token",
        attributes: TokenAttributes {
            facts: facts(token),
            total_supply: format!("{:.1}", token.supply * 10_f64.powi(i32::from(token.decimals))),
            normalized_total_supply: format!("{:.1}", token.supply),
            price_usd: priced.then_some(Long::Digits(usd, 12)),
            fdv_usd: priced.then_some(Long::Digits(cap, 15)),
            total_reserve_in_usd: Long::Digits(reserve, 40),
            volume_usd: DayVolume { h24: Long::Digits(volume, 14) },
            market_cap_usd: (priced && token.verified).then_some(Long::Digits(cap, 15)),
        },
        relationships: TopPools {
            top_pools: Data {
                data: known
                    .into_iter()
                    .take(TOP)
                    .map(|pool| Reference { id: Id(&pool.address), kind: "pool" })
                    .collect(),
            },
        },
    }
}

#[derive(Serialize)]
struct Tokens<'a> {
    data: Vec<TokenObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Vec<PoolObject<'a>>>,
}

/// `tokens/multi/{addresses}`, with their top pools if these are wanted; unknown ones are left out.
pub(in crate::market) fn tokens(market: &Market, addresses: &str, with_pools: bool, at: i64) -> Vec<u8> {
    let found: Vec<&Token> =
        addresses.split(',').filter_map(|mint| market.token(mint)).filter(|token| token.born <= at).collect();
    let included = with_pools.then(|| {
        let pools = found.iter().flat_map(|token| known_pools(token, at).take(TOP).map(|pool| (*token, pool)));
        pools.map(|(token, pool)| pool_object(market, token, pool, at)).collect()
    });
    let data = found.into_iter().map(|token| token_object(market, token, at)).collect();
    bytes(&Tokens { data, included })
}

/// `tokens/{address}`.
pub(in crate::market) fn token(market: &Market, mint: &str, at: i64) -> Option<Vec<u8>> {
    let token = market.token(mint).filter(|token| token.born <= at)?;
    Some(bytes(&Data { data: token_object(market, token, at) }))
}

/// `simple/networks/{n}/token_price/{addresses}`: mint to price; unknown ones are left out.
pub(in crate::market) fn simple_prices(market: &Market, addresses: &str, at: i64) -> Vec<u8> {
    #[derive(Serialize)]
    struct Prices {
        id: String,
        #[serde(rename = "type")]
        kind: &'static str,
        attributes: TokenPrices,
    }
    #[derive(Serialize)]
    struct TokenPrices {
        token_prices: std::collections::BTreeMap<String, Long>,
    }
    let token_prices = addresses
        .split(',')
        .filter_map(|mint| {
            let usd = match asset_of(mint) {
                Some(asset) => asset_usd(market.seed(), asset, at),
                None => market.token(mint).filter(|token| token.born <= at)?.usd(at, market.quotes()),
            };
            Some((mint.to_owned(), Long::Digits(usd, 40)))
        })
        .collect();
    let id = uuid(mix(market.seed(), at.cast_unsigned()));
    bytes(&Data { data: Prices { id, kind: "simple_token_price", attributes: TokenPrices { token_prices } } })
}
