//! A token of the market as it is born: everything about it that its seed decides.
//!
//! What the token does over time follows from these numbers alone; see `course`.

mod birth;
mod hostile;

use super::names::Naming;
use super::venue::{Quote, Venue};

pub(super) use birth::lifetime;
pub(super) use hostile::cast;

/// Price of a fresh curve's token, in SOL.
pub(super) const CURVE_START_SOL: f64 = 2.83e-8;
/// Price at which a curve graduates, in SOL.
pub(super) const CURVE_END_SOL: f64 = 4.108e-7;

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Origin {
    /// Older than a day and there to stay. `ln_usd` is the logarithm of the price about which its
    /// walk goes.
    Settled { ln_usd: f64 },
    /// Born on a bonding curve, gone after some hours.
    Launched {
        /// Height of the hype in the logarithm of the price, for those that never graduate.
        peak: f64,
        /// Seconds from birth to that height.
        peak_after: f64,
        /// Drift of the logarithm after graduation.
        drift: f64,
    },
    /// Named like an anchor, in a pool that claims liquidity it does not have.
    Counterfeit { usd: f64, liquidity_usd: f64, quote: f64, wash: Wash },
    /// At one price, traded so often a day by its maker, each time for so many USD.
    Washed { usd: f64, trades: i64, trade_usd: f64 },
}

/// Whether a token is what it seems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Honest,
    /// Its trades are its maker's.
    Washed,
    /// Its name is another's.
    Counterfeit,
    /// Its name looks like another's.
    Homoglyph,
}

/// The repeated trades with which a counterfeit pretends to be alive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wash {
    /// Buys in six hours and in a day; as many sells.
    pub(super) trades: [i64; 2],
    /// USD in six hours and in a day.
    pub(super) volume: [f64; 2],
}

/// How often a token trades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Trades a second, for ever.
    pub(super) steady: f64,
    /// Trades a second on top of it at birth.
    pub(super) burst: f64,
    /// Seconds in which the burst falls to a third.
    pub(super) fade: f64,
    /// Where in its day the token is at birth, in radians.
    pub(super) phase: f64,
    /// Share of buys.
    pub(super) buys: f64,
    /// Mean USD of a trade.
    pub(super) trade_usd: f64,
}

/// The liquidity is pulled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rug {
    pub(super) at: i64,
    /// Added to the logarithm of the price.
    pub(super) fall: f64,
    /// Share of the liquidity that is left.
    pub(super) left: f64,
}

/// What is wrong with what the sources say about a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flaw {
    None,
    /// The quote token is taken for this many times its worth.
    Mispriced(f64),
    /// A forgotten pool far from the market's price, by this factor.
    Stranded(f64),
    /// Liquidity made of the counterfeit itself.
    Fake,
}

/// One market of a token.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub(super) seed: u64,
    pub(super) address: String,
    pub(super) venue: Venue,
    pub(super) quote: Quote,
    /// Unix seconds.
    pub(super) opens: i64,
    /// The second after which nothing moves any more: a curve's graduation.
    pub(super) closes: Option<i64>,
    /// Share of the token's trades while both this pool and the token live.
    pub(super) trades: f64,
    /// Share of the token's liquidity.
    pub(super) depth: f64,
    /// Share of the pool's value on its quote side.
    pub(super) quote_side: f64,
    /// Constant factor on the token's price.
    pub(super) skew: f64,
    pub(super) flaw: Flaw,
    /// `GeckoTerminal` knows it.
    pub(super) on_gecko: bool,
}

/// What an operator has set by hand.
#[derive(Clone, Debug)]
pub(super) struct Overrides {
    /// `(since, added to the logarithm of the price)`, oldest first; at most `SHOCKS`.
    pub(super) shocks: Vec<(i64, f64)>,
    pub(super) volume: f64,
    pub(super) liquidity: f64,
}

const SHOCKS: usize = 64;

impl Overrides {
    /// Adds a jump of the price; the two oldest become one when there are too many.
    pub(super) fn shock(&mut self, at: i64, by: f64) {
        self.shocks.push((at, by));
        if self.shocks.len() > SHOCKS {
            let (_, oldest) = self.shocks.remove(0);
            self.shocks[0].1 += oldest;
        }
    }
}

/// One token of the population.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) seed: u64,
    /// Its place in the population; the next generation takes the same.
    pub(super) slot: usize,
    pub(super) mint: String,
    pub(super) naming: Naming,
    pub(super) origin: Origin,
    pub(super) standing: Standing,
    /// Unix seconds.
    pub(super) born: i64,
    /// Unix seconds; `None` stays for ever.
    pub(super) dies: Option<i64>,
    pub(super) graduates: Option<i64>,
    pub(super) rug: Option<Rug>,
    pub(super) supply: f64,
    pub(super) decimals: u8,
    /// Deviation of the logarithm of the price over a day.
    pub(super) sigma_day: f64,
    pub(super) pace: Pace,
    /// USD of liquidity in all pools at the price `liquidity_at`.
    pub(super) liquidity_usd: f64,
    /// Logarithm of the USD price at which `liquidity_usd` holds.
    pub(super) liquidity_at: f64,
    /// In the order in which a screener would prefer them. Never empty.
    pub(super) pools: Vec<Pool>,
    pub(super) on_jupiter: bool,
    pub(super) verified: bool,
    /// Active boosts, paid for.
    pub(super) boosts: Option<u32>,
    pub(super) has_profile: bool,
    pub(super) overrides: Overrides,
}

/// What a slot of the population holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Counterfeit,
    Launched,
    Settled,
}

/// The role of a slot in a population of this size.
pub(super) fn role(slot: usize, population: usize) -> Role {
    let counterfeits = (population / 125).max(10).min(population / 3);
    if slot < counterfeits {
        Role::Counterfeit
    } else if slot % 4 == 1 {
        Role::Launched
    } else {
        Role::Settled
    }
}

impl Token {
    /// Whether Jupiter distrusts it: if it knows it at all, it gives no price.
    pub(super) fn is_distrusted(&self) -> bool {
        matches!(self.origin, Origin::Counterfeit { .. })
    }

    /// The pool a screener would show for the token at a Unix second.
    pub(super) fn main_pool(&self, at: i64) -> &Pool {
        self.pools
            .iter()
            .find(|pool| pool.opens <= at && matches!(pool.flaw, Flaw::None | Flaw::Fake))
            .unwrap_or(&self.pools[self.pools.len() - 1])
    }
}
