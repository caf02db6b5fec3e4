//! A token of the market as it is born: everything about it that its seed decides.
//!
//! What the token does over time follows from these numbers alone; see `course`.

use super::names::{self, Naming};
use super::noise::{between, chance, log_normal, log_uniform, mix, normal, pick, unit};
use super::venue::{OPEN_VENUES, Quote, Venue};

/// Price of a fresh curve's token, in SOL.
pub(super) const CURVE_START_SOL: f64 = 2.83e-8;
/// Price at which a curve graduates, in SOL.
pub(super) const CURVE_END_SOL: f64 = 4.108e-7;
/// USD for one SOL about which the market hovers; only used to choose sizes at birth.
const SOL_USD: f64 = 118.7;
const DAY: f64 = 86_400.0;

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

/// Seconds a launched token lives.
pub(super) fn lifetime(seed: u64) -> i64 {
    super::decimal::whole(log_uniform(seed, 90, 1_800.0, 100_000.0))
}

impl Token {
    /// The token of a seed; `born` only counts for launched ones, the others are older than
    /// `start`.
    pub(super) fn new(seed: u64, slot: usize, role: Role, born: i64, start: i64) -> Self {
        match role {
            Role::Counterfeit => Self::counterfeit(seed, slot, start),
            Role::Launched => Self::launched(seed, slot, born),
            Role::Settled => Self::settled(seed, slot, start),
        }
    }

    fn bare(seed: u64, slot: usize, origin: Origin, born: i64) -> Self {
        let naming = if slot % 31 == 7 { names::hostile(slot / 31) } else { names::ordinary(seed) };
        Self {
            seed,
            slot,
            mint: names::mint(seed, 1, None),
            naming,
            origin,
            born,
            dies: None,
            graduates: None,
            rug: None,
            supply: 1e9,
            decimals: 6,
            sigma_day: 0.0,
            pace: Pace { steady: 0.0, burst: 0.0, fade: 1.0, phase: 0.0, buys: 0.5, trade_usd: 1.0 },
            liquidity_usd: 0.0,
            liquidity_at: 0.0,
            pools: Vec::with_capacity(2),
            on_jupiter: true,
            verified: false,
            boosts: None,
            has_profile: false,
            overrides: Overrides { shocks: Vec::new(), volume: 1.0, liquidity: 1.0 },
        }
    }

    fn pool(&self, number: u64, venue: Venue, quote: Quote, opens: i64) -> Pool {
        let seed = mix(self.seed, 1_000 + number);
        let concentrated = matches!(venue, Venue::RaydiumClmm | Venue::MeteoraDlmm | Venue::Orca);
        Pool {
            seed,
            address: names::address(seed, 2),
            venue,
            quote,
            opens,
            closes: None,
            trades: 1.0,
            depth: 1.0,
            quote_side: if concentrated { between(seed, 3, 0.15, 0.85) } else { 0.5 },
            skew: 1.0,
            flaw: Flaw::None,
            on_gecko: !chance(seed, 4, if venue.is_curve() { 0.92 } else { 0.02 }),
        }
    }

    fn settled(seed: u64, slot: usize, start: i64) -> Self {
        let age = log_uniform(seed, 20, 1.1 * DAY, 1_400.0 * DAY);
        let cap = log_normal(seed, 21, 3.5e5, 2.3).clamp(2.5e3, 6e9);
        let ground = chance(seed, 22, 0.55);
        let mut token = Self::bare(seed, slot, Origin::Settled { ln_usd: 0.0 }, start - super::decimal::whole(age));
        if ground {
            token.mint = names::mint(seed, 1, Some("pump"));
        } else {
            token.supply = log_normal(seed, 23, 2e9, 4.0).clamp(1e5, 1e15).round();
            token.decimals = pick(seed, 24, &[5, 6, 6, 8, 9]);
        }
        let dead = slot % 37 == 11;
        token.sigma_day = if dead { 0.0 } else { log_normal(seed, 25, 0.12, 0.7).clamp(0.02, 0.9) };
        let ln_now = (cap / token.supply).ln();
        let walked = super::noise::walk(seed, start - token.born, token.sigma_day);
        token.origin = Origin::Settled { ln_usd: ln_now - walked };
        token.liquidity_at = ln_now;
        token.liquidity_usd = log_normal(seed, 26, 2.2, 0.6) * cap.powf(0.72);
        let volume = token.liquidity_usd * log_normal(seed, 27, 0.5, 1.5).min(60.0);
        let trade_usd = (token.liquidity_usd * log_normal(seed, 28, 0.003, 0.7)).clamp(4.0, 6e3);
        token.pace = Pace {
            steady: if dead { 0.0 } else { (volume / trade_usd / DAY).clamp(2e-5, 3.0) },
            burst: 0.0,
            fade: 1.0,
            phase: between(seed, 29, 0.0, std::f64::consts::TAU),
            buys: between(seed, 30, 0.42, 0.6),
            trade_usd,
        };
        if chance(seed, 31, 0.02) {
            token.rug = Some(rug(seed, start + super::decimal::whole(between(seed, 32, -DAY, DAY))));
        }
        token.verified = cap > 1e6 && chance(seed, 33, 0.3);
        token.on_jupiter = !(token.liquidity_usd > 6e3 && chance(seed, 34, 0.04));
        token.boosts = chance(seed, 35, 0.03).then(|| pick(seed, 36, &[10, 30, 50, 100, 500]));
        token.has_profile = chance(seed, 37, 0.15);
        token.settle_pools(ground);
        token
    }

    fn settle_pools(&mut self, ground: bool) {
        let seed = self.seed;
        let quote = if self.slot % 90 == 5 {
            Quote::Cards
        } else {
            pick(seed, 40, &[Quote::Sol, Quote::Sol, Quote::Sol, Quote::Sol, Quote::Usdc, Quote::Usdc, Quote::Usdt])
        };
        let venue = if ground { Venue::PumpSwap } else { pick(seed, 41, &OPEN_VENUES) };
        let born = self.born;
        let mut main = self.pool(0, venue, quote, born + 30);
        let more = match unit(seed, 42) {
            share if share < 0.55 => 0,
            share if share < 0.83 => 1,
            share if share < 0.95 => 2,
            _ => 3,
        };
        main.trades = if more == 0 { 1.0 } else { between(seed, 43, 0.6, 0.85) };
        main.depth = main.trades;
        let mut left = 1.0 - main.trades;
        self.pools.push(main);
        for number in 1..=more {
            let quote = pick(seed, 44 + number, &[Quote::Sol, Quote::Usdc, Quote::Usdt, Quote::Jup, Quote::Sol]);
            let venue = pick(seed, 54 + number, &OPEN_VENUES);
            let mut pool = self.pool(number, venue, quote, born + 4_000 * number.cast_signed());
            pool.trades = left * 0.6;
            pool.depth = pool.trades;
            pool.skew = between(seed, 64 + number, 0.996, 1.004);
            left -= pool.trades;
            self.pools.push(pool);
        }
        if self.slot % 40 == 3 {
            let mut pool = self.pool(7, Venue::MeteoraDlmm, Quote::Met, born + 9_000);
            pool.trades = 0.02;
            pool.depth = 0.2;
            pool.flaw = Flaw::Mispriced(log_uniform(seed, 70, 900.0, 9_000.0));
            self.pools.push(pool);
        }
        if ground {
            let mut curve = self.pool(8, Venue::PumpFun, Quote::Sol, born);
            curve.closes = Some(born + 25);
            self.pools.push(curve);
        }
    }

    fn launched(seed: u64, slot: usize, born: i64) -> Self {
        let life = lifetime(seed);
        let origin = Origin::Launched {
            peak: between(seed, 20, 0.1, 2.2),
            peak_after: log_uniform(seed, 21, 120.0, 5_000.0),
            drift: -0.7 + 1.6 * normal(seed, 22),
        };
        let mut token = Self::bare(seed, slot, origin, born);
        token.dies = Some(born + life);
        let launchpad = pick(
            seed,
            23,
            &[Venue::PumpFun, Venue::PumpFun, Venue::PumpFun, Venue::MeteoraDbc, Venue::Bags, Venue::LaunchLab],
        );
        if launchpad == Venue::PumpFun {
            token.mint = names::mint(seed, 1, Some("pump"));
        }
        if chance(seed, 24, 0.35) {
            let after = (life as f64 * between(seed, 25, 0.02, 0.5)).clamp(60.0, 9_000.0);
            token.graduates = Some(born + super::decimal::whole(after));
        }
        token.sigma_day = log_normal(seed, 26, 1.4, 0.5).clamp(0.4, 4.0);
        token.liquidity_usd = 170.0 * SOL_USD;
        token.liquidity_at = (CURVE_END_SOL * SOL_USD).ln();
        token.pace = Pace {
            steady: log_uniform(seed, 27, 2e-4, 0.02),
            burst: log_uniform(seed, 28, 0.02, 1.2),
            fade: log_uniform(seed, 29, 600.0, 12_000.0),
            phase: between(seed, 30, 0.0, std::f64::consts::TAU),
            buys: between(seed, 31, 0.45, 0.66),
            trade_usd: log_uniform(seed, 32, 15.0, 160.0),
        };
        if let Some(at) = token.graduates
            && chance(seed, 33, 0.3)
        {
            token.rug = Some(rug(seed, at + super::decimal::whole(log_uniform(seed, 34, 300.0, 30_000.0))));
        }
        token.on_jupiter = slot % 60 != 13;
        token.boosts = chance(seed, 35, 0.04).then(|| pick(seed, 36, &[10, 10, 30, 50]));
        token.has_profile = chance(seed, 37, 0.12);
        token.launch_pools(launchpad);
        token
    }

    fn launch_pools(&mut self, launchpad: Venue) {
        let seed = self.seed;
        if let Some(at) = self.graduates {
            let second = chance(seed, 40, 0.3);
            let mut main = self.pool(0, launchpad.destination(), Quote::Sol, at);
            main.trades = if second { 0.85 } else { 1.0 };
            main.depth = main.trades;
            self.pools.push(main);
            if second {
                let mut pool = self.pool(1, Venue::MeteoraDlmm, Quote::Sol, at + 240);
                if chance(seed, 41, 0.4) {
                    pool.flaw = Flaw::Stranded(log_uniform(seed, 42, 15.0, 60.0));
                    pool.closes = Some(at + 2_400);
                    pool.depth = 0.03;
                } else {
                    pool.depth = 0.15;
                    pool.skew = between(seed, 43, 0.99, 1.01);
                }
                pool.trades = 0.12;
                self.pools.push(pool);
            }
        }
        let mut curve = self.pool(8, launchpad, Quote::Sol, self.born);
        curve.closes = self.graduates;
        self.pools.push(curve);
    }

    fn counterfeit(seed: u64, slot: usize, start: i64) -> Self {
        let naming = names::borrowed(slot);
        let usd = if naming.symbol == "SOL" { between(seed, 20, 69.0, 144.0) } else { between(seed, 20, 0.97, 1.03) };
        // The first is as large as such pools get, whatever the seed.
        let liquidity_usd = if slot == 0 { 1.9e9 } else { log_uniform(seed, 21, 9e5, 1.95e9) };
        let wash = pick(
            seed,
            22,
            &[
                Wash { trades: [2, 8], volume: [45_289.73, 171_623.41] },
                Wash { trades: [2, 7], volume: [45_327.73, 148_978.55] },
                Wash { trades: [3, 8], volume: [91.99, 356.38] },
            ],
        );
        let quote = between(seed, 23, 2.8, 42.5);
        let age = super::decimal::whole(between(seed, 24, 5.0 * DAY, 170.0 * DAY));
        let origin = Origin::Counterfeit { usd, liquidity_usd, quote, wash };
        let mut token = Self::bare(seed, slot, origin, start - age);
        token.naming = naming;
        token.supply = (liquidity_usd * 1.0001 + 1.5e5) / usd;
        token.decimals = 9;
        token.on_jupiter = false;
        let mut pool = token.pool(0, Venue::RaydiumClmm, Quote::Usdc, token.born + 60);
        pool.flaw = Flaw::Fake;
        token.pools.push(pool);
        token
    }

    /// Whether it is one of those that borrow an anchor's name.
    pub(super) fn is_counterfeit(&self) -> bool {
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

fn rug(seed: u64, at: i64) -> Rug {
    Rug { at, fall: between(seed, 50, -7.0, -3.0), left: between(seed, 51, 0.002, 0.03) }
}
