//! What a source makes of a pool: the true reading, with the mistakes that this source alone makes.

use super::Upstream;
use super::course::Reading;
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

/// The factor by which a source is off about a token's price at a Unix second: 1, but in an adversarial market now and
/// then something from 3 to 300, up or down, for a quarter of a minute to a minute.
pub(super) fn flash(market: &Market, token: &Token, at: i64, by: Upstream) -> f64 {
    if !market.is_adversarial() {
        return 1.0;
    }
    let (seed, block) = (mix(token.seed, 0xf1a5), at >> BLOCK_BITS);
    let salt = block.cast_unsigned() * 8;
    if !chance(seed, salt, FLASHES) || SOURCES[index(mix(seed, salt + 1), SOURCES.len())] != by {
        return 1.0;
    }
    let from = between(seed, salt + 2, 0.0, 900.0);
    let lasts = between(seed, salt + 3, 15.0, 75.0);
    let since = (at - (block << BLOCK_BITS)) as f64 - from;
    if !(0.0..lasts).contains(&since) {
        return 1.0;
    }
    let factor = log_uniform(seed, salt + 4, 3.0, 300.0);
    if chance(seed, salt + 5, 0.5) { factor } else { 1.0 / factor }
}
