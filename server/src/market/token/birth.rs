//! How a token is born: its sizes, its pace and its pools, all from its seed.

use super::{CURVE_END_SOL, Flaw, Origin, Overrides, Pace, Pool, Role, Rug, Standing, Token, Wash};
use crate::market::decimal::whole;
use crate::market::names;
use crate::market::noise::{between, chance, log_normal, log_uniform, mix, normal, pick, unit, walk};
use crate::market::venue::{OPEN_VENUES, Quote, Venue};

/// USD for one SOL about which the market hovers; only used to choose sizes at birth.
const SOL_USD: f64 = 118.7;
const DAY: f64 = 86_400.0;

/// Seconds a launched token lives.
pub(in crate::market) fn lifetime(seed: u64) -> i64 {
    whole(log_uniform(seed, 90, 1_800.0, 100_000.0))
}

impl Token {
    /// The token of a seed; `born` only counts for launched ones, the others are older than
    /// `start`.
    pub(in crate::market) fn new(seed: u64, slot: usize, role: Role, born: i64, start: i64) -> Self {
        match role {
            Role::Counterfeit => Self::counterfeit(seed, slot, start),
            Role::Launched => Self::launched(seed, slot, born),
            Role::Settled => Self::settled(seed, slot, start),
        }
    }

    pub(super) fn bare(seed: u64, slot: usize, origin: Origin, born: i64) -> Self {
        let naming = if slot % 31 == 7 { names::hostile(slot / 31) } else { names::ordinary(seed) };
        Self {
            seed,
            slot,
            mint: names::mint(seed, 1, None),
            naming,
            origin,
            standing: Standing::Honest,
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

    pub(super) fn pool(&self, number: u64, venue: Venue, quote: Quote, opens: i64) -> Pool {
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
        let mut token = Self::bare(seed, slot, Origin::Settled { ln_usd: 0.0 }, start - whole(age));
        if ground {
            token.mint = names::mint(seed, 1, Some("pump"));
        } else {
            token.supply = log_normal(seed, 23, 2e9, 4.0).clamp(1e5, 1e15).round();
            token.decimals = pick(seed, 24, &[5, 6, 6, 8, 9]);
        }
        let dead = slot % 37 == 11;
        token.sigma_day = if dead { 0.0 } else { log_normal(seed, 25, 0.12, 0.7).clamp(0.02, 0.9) };
        let ln_now = (cap / token.supply).ln();
        let walked = walk(seed, start - token.born, token.sigma_day);
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
            token.rug = Some(rug(seed, start + whole(between(seed, 32, -DAY, DAY))));
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
            token.graduates = Some(born + whole(after));
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
            token.rug = Some(rug(seed, at + whole(log_uniform(seed, 34, 300.0, 30_000.0))));
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
        let age = whole(between(seed, 24, 5.0 * DAY, 170.0 * DAY));
        let origin = Origin::Counterfeit { usd, liquidity_usd, quote, wash };
        let mut token = Self::bare(seed, slot, origin, start - age);
        token.naming = naming;
        token.standing = Standing::Counterfeit;
        token.supply = (liquidity_usd * 1.0001 + 1.5e5) / usd;
        token.decimals = 9;
        token.on_jupiter = false;
        let mut pool = token.pool(0, Venue::RaydiumClmm, Quote::Usdc, token.born + 60);
        pool.flaw = Flaw::Fake;
        token.pools.push(pool);
        token
    }
}

fn rug(seed: u64, at: i64) -> Rug {
    Rug { at, fall: between(seed, 50, -7.0, -3.0), left: between(seed, 51, 0.002, 0.03) }
}
