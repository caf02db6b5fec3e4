//! What a source makes of a pool: the true reading, with the mistakes that this source alone makes.

use std::ops::RangeInclusive;

use super::Upstream;
use super::course::Reading;
use super::decimal::whole;
use super::noise::{between, chance, index, log_uniform, mix};
use super::sim::Market;
use super::token::{Flaw, Pool, Token};

/// Sources that may flash.
const SOURCES: [Upstream; 3] = [Upstream::DexScreener, Upstream::GeckoTerminal, Upstream::Jupiter];

/// A token's time is cut into blocks of 2^10 s; in some of them one source flashes.
const BLOCK_BITS: u32 = 10;

/// Share of the blocks with a flash.
const FLASHES: f64 = 0.12;

/// What a source says of a pool at a Unix second.
///
/// Only `DexScreener` takes a quote token for thousands of times its worth: dollars, volume and liquidity are wrong
/// then, and the price in the quote is right.
pub(super) fn told(market: &Market, token: &Token, pool: &Pool, at: i64, by: Upstream) -> Reading {
    let mut reading = token.reading(pool, at, market.quotes());
    if let Flaw::Mispriced(factor) = pool.flaw
        && by == Upstream::DexScreener
    {
        reading.price_usd *= factor;
        reading.quote_usd *= factor;
        for flow in &mut reading.flows {
            flow.volume *= factor;
        }
        if let Some(reserves) = &mut reading.reserves {
            reserves.usd *= factor;
        }
    }
    let flash = flash(market, token, at, by);
    reading.price_usd *= flash;
    reading.price_native *= flash;
    reading
}

/// A moment in which one source is off about one token.
#[derive(Clone, Copy, Debug)]
struct Flash {
    by: Upstream,
    /// Unix seconds.
    from: i64,
    to: i64,
    factor: f64,
}

/// The flash of a block, if it has one: something from 3 to 300, up or down, for a quarter of a minute to a minute.
fn flash_of(market: &Market, token: &Token, block: i64) -> Option<Flash> {
    let (seed, salt) = (mix(token.seed, 0xf1a5), block.cast_unsigned() * 8);
    if !market.is_adversarial() || !chance(seed, salt, FLASHES) {
        return None;
    }
    let from = (block << BLOCK_BITS) + whole(between(seed, salt + 1, 0.0, 900.0));
    let factor = log_uniform(seed, salt + 2, 3.0, 300.0);
    Some(Flash {
        by: SOURCES[index(mix(seed, salt + 3), SOURCES.len())],
        from,
        to: from + whole(between(seed, salt + 4, 15.0, 75.0)),
        factor: if chance(seed, salt + 5, 0.5) { factor } else { 1.0 / factor },
    })
}

/// The factor by which a source is off about a token's price at a Unix second: 1, but for a flash.
pub(super) fn flash(market: &Market, token: &Token, at: i64, by: Upstream) -> f64 {
    flash_of(market, token, at >> BLOCK_BITS)
        .filter(|flash| flash.by == by && (flash.from..flash.to).contains(&at))
        .map_or(1.0, |flash| flash.factor)
}

/// Whether any source is off about the token at some second of these.
pub(super) fn flashes_in(market: &Market, token: &Token, seconds: RangeInclusive<i64>) -> bool {
    let (first, last) = seconds.into_inner();
    ((first >> BLOCK_BITS)..=(last >> BLOCK_BITS))
        .filter_map(|block| flash_of(market, token, block))
        .any(|flash| flash.from <= last && first < flash.to)
}
