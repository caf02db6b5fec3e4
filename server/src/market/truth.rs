//! What is really the case with the market, beneath what the sources say. It never goes over the wire.

use std::ops::RangeInclusive;

use super::token::{self, Flaw, Pool, Token};
use super::{Market, sim, told};

/// Twice the quote side, in USD, below which nothing worth the name can be sold.
const LIVE_USD: f64 = 500.0;

/// Seconds by which what `GeckoTerminal` tells is older than its `Age` says.
pub const GECKO_LAG: i64 = 20;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Honest, and traded where a seller finds money.
    Live,
    /// Honest once: nobody has traded it for a day, or the money is gone.
    Dead,
    /// Traded by its maker alone.
    Washed,
    /// Carries the name of another.
    Counterfeit,
    /// Carries what looks like the name of another, in letters of other alphabets.
    Homoglyph,
}

impl Standing {
    /// Whether it passes for another token.
    pub fn is_counterfeit(self) -> bool {
        matches!(self, Self::Counterfeit | Self::Homoglyph)
    }
}

/// What is really the case with a token.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// What it is.
    pub standing: Standing,
    /// USD for one token, as of its last trade.
    pub price_usd: f64,
    /// USD; price times supply.
    pub market_cap_usd: f64,
    /// USD traded in the last 24 hours, in all its pools, each counted once.
    pub volume_24h_usd: f64,
    /// It trades on a bonding curve still.
    pub on_curve: bool,
    /// It has left its bonding curve.
    pub graduated: bool,
    /// Its markets.
    pub pools: Vec<TruePool>,
}

/// What is really the case with a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct TruePool {
    /// Base58.
    pub address: String,
    /// As `DexScreener` spells it.
    pub dex: &'static str,
    /// The quote token's mint.
    pub quote: &'static str,
    /// USD at which the pool trades, or stopped to.
    pub price_usd: f64,
    /// Twice the quote side, in USD: what a seller can hope for. `None` on a curve.
    pub liquidity_usd: Option<f64>,
    /// USD traded in the last 24 hours.
    pub volume_24h_usd: f64,
    /// Trades in the last 24 hours.
    pub trades_24h: i64,
    /// The sources tell a wrong price or liquidity, or the pool no longer follows the market.
    pub misleading: bool,
}

impl TruePool {
    /// Whether it follows the market and a seller finds money in it.
    fn is_live(&self) -> bool {
        !self.misleading && self.trades_24h > 0 && self.liquidity_usd.is_none_or(|usd| usd >= LIVE_USD)
    }
}

impl Market {
    /// The truth about a token as of now; `None` when the market does not hold it, or not on this chain.
    pub fn truth(&self, chain: &str, mint: &str) -> Option<Truth> {
        self.of_token(chain, mint, |market, token| truth(market, token, market.now()))
    }

    /// The truth about a token at a Unix second; `None` when the market does not hold it now, or did not then.
    pub fn truth_at(&self, chain: &str, mint: &str, second: i64) -> Option<Truth> {
        self.of_token(chain, mint, |market, token| (token.born <= second).then(|| truth(market, token, second)))?
    }

    /// What a token costs at a Unix second, in USD; `None` as for [`Self::truth_at`].
    pub fn true_price_at(&self, chain: &str, mint: &str, second: i64) -> Option<f64> {
        self.of_token(chain, mint, |market, token| (token.born <= second).then(|| token.usd(second, market.quotes())))?
    }

    /// Whether a source, but not the others, tells a wrong price of a token at some of these Unix seconds.
    pub fn flashes_in(&self, chain: &str, mint: &str, seconds: RangeInclusive<i64>) -> bool {
        self.of_token(chain, mint, |market, token| told::flashes_in(market, token, seconds)).unwrap_or(false)
    }

    fn of_token<T>(&self, chain: &str, mint: &str, look: impl FnOnce(&sim::Market, &Token) -> T) -> Option<T> {
        if chain != "solana" {
            return None;
        }
        self.read(|market| market.token(mint).map(|token| look(market, token)))
    }
}

fn truth(market: &sim::Market, token: &Token, at: i64) -> Truth {
    let price_usd = token.usd(at, market.quotes());
    let pools: Vec<TruePool> =
        token.pools.iter().filter(|pool| pool.opens <= at).map(|pool| true_pool(market, token, pool, at)).collect();
    let standing = match token.standing {
        token::Standing::Honest if pools.iter().any(TruePool::is_live) => Standing::Live,
        token::Standing::Honest => Standing::Dead,
        token::Standing::Washed => Standing::Washed,
        token::Standing::Counterfeit => Standing::Counterfeit,
        token::Standing::Homoglyph => Standing::Homoglyph,
    };
    Truth {
        standing,
        price_usd,
        market_cap_usd: price_usd * token.supply,
        volume_24h_usd: pools.iter().map(|pool| pool.volume_24h_usd).sum(),
        on_curve: token.main_pool(at).venue.is_curve(),
        graduated: token.graduates.is_some_and(|graduates| graduates <= at),
        pools,
    }
}

fn true_pool(market: &sim::Market, token: &Token, pool: &Pool, at: i64) -> TruePool {
    let reading = token.reading(pool, at, market.quotes());
    let frozen = pool.closes.is_some_and(|closes| closes <= at);
    TruePool {
        address: pool.address.clone(),
        dex: pool.venue.dexscreener(),
        quote: pool.quote.asset().mint,
        price_usd: reading.price_usd,
        liquidity_usd: reading.reserves.map(|reserves| 2.0 * reserves.quote * reading.quote_usd),
        volume_24h_usd: reading.flows[5].volume,
        trades_24h: reading.flows[5].trades(),
        misleading: frozen || pool.flaw != Flaw::None,
    }
}
