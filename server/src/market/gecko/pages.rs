//! The lists of pools, page by page.

use std::collections::HashSet;

use super::{Data, DexFacts, Id, Include, Included, List, asset_facts, facts, pool_object};
use crate::market::lists::{Lists, gecko_pool};
use crate::market::sim::Market;
use crate::market::token::{Pool, Token};
use crate::market::wire::bytes;

/// Pools on a page, and pages of a list.
const PAGE: usize = 20;
const PAGES: usize = 10;

/// One page of pools, written out.
fn page<'a>(
    market: &'a Market,
    pools: impl Iterator<Item = (&'a Token, &'a Pool)>,
    page: usize,
    include: Include,
    at: i64,
) -> Vec<u8> {
    let pools: Vec<(&Token, &Pool)> = pools
        .filter(|(token, pool)| pool.on_gecko && pool.opens <= at && token.born <= at)
        .skip((page.clamp(1, PAGES) - 1) * PAGE)
        .take(PAGE)
        .collect();
    let included = include.any().then(|| included(&pools, include));
    let data = pools.into_iter().map(|(token, pool)| pool_object(market, token, pool, at)).collect();
    bytes(&List { data, included })
}

fn included<'a>(pools: &[(&'a Token, &'a Pool)], include: Include) -> Vec<Included<'a>> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut all = Vec::new();
    for (token, pool) in pools {
        if include.base && seen.insert(&token.mint) {
            all.push(Included::Token { id: Id(&token.mint), kind: "token", attributes: facts(token) });
        }
        let asset = pool.quote.asset();
        if include.quote && seen.insert(asset.mint) {
            all.push(Included::Token { id: Id(asset.mint), kind: "token", attributes: asset_facts(asset) });
        }
        if include.dex && seen.insert(pool.venue.gecko()) {
            let attributes = DexFacts { name: pool.venue.gecko_name() };
            all.push(Included::Dex { id: pool.venue.gecko(), kind: "dex", attributes });
        }
    }
    all
}

fn listed<'a>(market: &'a Market, slots: &'a [usize], at: i64) -> impl Iterator<Item = (&'a Token, &'a Pool)> {
    slots.iter().flat_map(move |slot| {
        let token = &market.tokens()[*slot];
        let main = gecko_pool(token, at);
        // Pools are ranked, not tokens: in an adversarial market all of a token's pools come along.
        let others = token
            .pools
            .iter()
            .filter(move |pool| market.is_adversarial() && main.is_none_or(|main| !std::ptr::eq(main, *pool)));
        main.into_iter().chain(others).map(move |pool| (token, pool))
    })
}

/// `trending_pools`; `window` 0 to 3 for 5m, 1h, 6h, 24h.
pub(in crate::market) fn trending(
    market: &Market,
    lists: &Lists,
    window: usize,
    number: usize,
    include: Include,
    at: i64,
) -> Vec<u8> {
    page(market, listed(market, lists.gecko_trending(window), at), number, include, at)
}

/// `pools` of the network, by transactions or by volume of a day.
pub(in crate::market) fn pools(
    market: &Market,
    lists: &Lists,
    by_volume: bool,
    number: usize,
    include: Include,
    at: i64,
) -> Vec<u8> {
    page(market, listed(market, lists.gecko_pools(by_volume), at), number, include, at)
}

/// `new_pools`, newest first.
pub(in crate::market) fn new_pools(
    market: &Market,
    lists: &Lists,
    number: usize,
    include: Include,
    at: i64,
) -> Vec<u8> {
    let pools = lists.new_pools().iter().filter_map(|(slot, place)| {
        let token = &market.tokens()[*slot];
        token.pools.get(*place).map(|pool| (token, pool))
    });
    page(market, pools, number, include, at)
}

/// `pools` of one venue, the busiest tokens first; of a launchpad, the live curves.
pub(in crate::market) fn dex_pools(market: &Market, dex: &str, number: usize, include: Include, at: i64) -> Vec<u8> {
    let mut all: Vec<(&Token, &Pool)> = market
        .tokens()
        .iter()
        .flat_map(|token| token.pools.iter().map(move |pool| (token, pool)))
        .filter(|(_, pool)| pool.venue.gecko() == dex && pool.opens <= at)
        .filter(|(_, pool)| !pool.venue.is_curve() || pool.closes.is_none_or(|closes| closes > at))
        .collect();
    all.sort_by(|a, b| b.0.pace.steady.total_cmp(&a.0.pace.steady).then(a.0.slot.cmp(&b.0.slot)));
    page(market, all.into_iter(), number, include, at)
}

/// `pools` of one token.
pub(in crate::market) fn token_pools(
    market: &Market,
    mint: &str,
    number: usize,
    include: Include,
    at: i64,
) -> Option<Vec<u8>> {
    let token = market.token(mint)?;
    Some(page(market, token.pools.iter().map(move |pool| (token, pool)), number, include, at))
}

/// `/search/pools` by address, name or ticker.
pub(in crate::market) fn search(market: &Market, query: &str, number: usize, include: Include, at: i64) -> Vec<u8> {
    let query = query.trim();
    let text = query.to_lowercase();
    let found = market.tokens().iter().filter(|token| {
        !text.is_empty()
            && (token.mint == query
                || token.naming.symbol.to_lowercase().contains(&text)
                || token.naming.name.to_lowercase().contains(&text))
    });
    let mut found: Vec<&Token> = found.collect();
    found.sort_by(|a, b| {
        let exact = |token: &Token| token.naming.symbol.to_lowercase() != text;
        exact(a).cmp(&exact(b)).then(b.liquidity_usd.total_cmp(&a.liquidity_usd)).then(a.slot.cmp(&b.slot))
    });
    let pools = found.into_iter().flat_map(|token| token.pools.iter().map(move |pool| (token, pool)));
    page(market, pools, number, include, at)
}

/// `pools/multi/{addresses}` and `pools/{address}`; unknown ones are left out.
pub(in crate::market) fn pools_by_address(market: &Market, addresses: &str, include: Include, at: i64) -> Vec<u8> {
    // Thirty ids at the most, so they are one page and a half.
    let pools: Vec<(&Token, &Pool)> = addresses
        .split(',')
        .filter_map(|address| market.pool(address))
        .filter(|(_, pool)| pool.on_gecko && pool.opens <= at)
        .collect();
    let included = include.any().then(|| included(&pools, include));
    let data = pools.into_iter().map(|(token, pool)| pool_object(market, token, pool, at)).collect();
    bytes(&List { data, included })
}

/// `pools/{address}`; `None` when nobody knows it.
pub(in crate::market) fn pool(market: &Market, address: &str, at: i64) -> Option<Vec<u8>> {
    let (token, pool) = market.pool(address).filter(|(_, pool)| pool.on_gecko && pool.opens <= at)?;
    Some(bytes(&Data { data: pool_object(market, token, pool, at) }))
}
