//! What a token does over time: its price, its trades, its liquidity at any second.
//!
//! Everything is worked out from the token's numbers when it is asked for. A price moves only when
//! the token trades, so that quiet tokens are quiet, and the change over a window is the true
//! quotient of two prices of the same course. Trades are differences of one counter that never
//! falls, so a longer window never holds less than a shorter one.

use super::decimal::whole;
use super::noise::{between, chance, walk};
use super::token::{CURVE_END_SOL, CURVE_START_SOL, Flaw, Origin, Pool, Token};
use super::venue::{Quote, QuotePrices};

/// The windows of every reading, in seconds: 5, 15 and 30 minutes, 1, 6 and 24 hours.
pub(super) const WINDOWS: [i64; 6] = [300, 900, 1_800, 3_600, 21_600, 86_400];

/// A token's life is cut into blocks of 2^13 s; each has one pace and at most one spike.
const BLOCK_BITS: u32 = 13;
const BLOCK: i64 = 1 << BLOCK_BITS;

/// Trades in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Flow {
    pub(super) buys: i64,
    pub(super) sells: i64,
    /// USD.
    pub(super) volume: f64,
}

impl Flow {
    pub(super) fn trades(self) -> i64 {
        self.buys + self.sells
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { buys: self.buys + other.buys, sells: self.sells + other.sells, volume: self.volume + other.volume }
    }
}

/// What lies in a pool, in USD and in units of the two tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reserves {
    pub(super) usd: f64,
    pub(super) base: f64,
    pub(super) quote: f64,
}

/// A pool at one second, as it is; `told` makes of it what a source says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) price_usd: f64,
    pub(super) price_native: f64,
    /// USD for one quote token.
    pub(super) quote_usd: f64,
    /// By `WINDOWS`.
    pub(super) flows: [Flow; 6],
    /// Percent by `WINDOWS`; `None` where nothing traded.
    pub(super) changes: [Option<f64>; 6],
    /// `None` on a bonding curve.
    pub(super) reserves: Option<Reserves>,
}

/// A burst of trades that lifts the price for a while.
#[derive(Clone, Copy, Debug)]
struct Spike {
    /// Seconds since birth.
    from: i64,
    to: i64,
    /// Trades on top of the ordinary ones.
    trades: f64,
    /// Greatest addition to the logarithm of the price.
    lift: f64,
}

impl Spike {
    /// Share of its trades done at an age.
    fn done(self, age: i64) -> f64 {
        let share = ((age - self.from) as f64 / (self.to - self.from) as f64).clamp(0.0, 1.0);
        share * share * (3.0 - 2.0 * share)
    }

    /// Addition to the logarithm of the price at an age.
    fn lifts(self, age: i64) -> f64 {
        let share = (age - self.from) as f64 / (self.to - self.from) as f64;
        if !(0.0..1.0).contains(&share) {
            0.0
        } else if share < 0.15 {
            self.lift * share / 0.15
        } else {
            self.lift * (1.0 - share) / 0.85
        }
    }
}

impl Token {
    fn pace_at(&self, age: i64) -> f64 {
        self.pace.steady + self.pace.burst * (-(age as f64) / self.pace.fade).exp()
    }

    fn spike(&self, block: i64) -> Option<Spike> {
        let salt = 0x5000_0000 + block.cast_unsigned() * 8;
        if self.pace.steady <= 0.0 || !chance(self.seed, salt, 0.025) {
            return None;
        }
        let from = block * BLOCK + whole(between(self.seed, salt + 1, 0.0, 3_000.0));
        if self.rug.is_some_and(|rug| rug.at <= self.born + from) {
            return None;
        }
        let lasts = between(self.seed, salt + 2, 500.0, 4_500.0);
        let times = between(self.seed, salt + 3, 4.0, 30.0);
        Some(Spike {
            from,
            to: from + whole(lasts),
            trades: self.pace_at(from).min(0.6) * lasts * times + 12.0,
            lift: between(self.seed, salt + 4, -0.4, 1.0) * self.sigma_day.min(1.2),
        })
    }

    /// Age at the last trade at or before a Unix second. Never falls when `at` rises.
    fn last_trade(&self, at: i64) -> i64 {
        let age = (at - self.born).max(0);
        let block = age >> BLOCK_BITS;
        let since = block << BLOCK_BITS;
        let pace = self.pace_at(since).max(1e-9);
        // A power of two, so that no step reaches over the end of a block.
        let bits = whole((1.0 / pace).log2()).clamp(0, i64::from(BLOCK_BITS));
        let last = since + (((age - since) >> bits) << bits);
        match self.spike(block) {
            Some(spike) if age > spike.from => last.max(age.min(spike.to) & !1),
            _ => last,
        }
    }

    /// Trades from birth to an age, spikes left out, as if every pool had been there.
    fn counted(&self, age: i64) -> f64 {
        let calm = |age: f64| {
            const DAY: f64 = 86_400.0 / std::f64::consts::TAU;
            const HALF_HOUR: f64 = 1_700.0 / std::f64::consts::TAU;
            let phase = self.pace.phase;
            let day = 0.5 * DAY * ((age / DAY + phase).sin() - phase.sin());
            let half_hour = 0.3 * HALF_HOUR * ((age / HALF_HOUR + phase).sin() - phase.sin());
            self.pace.steady * (age + day + half_hour)
                + self.pace.burst * self.pace.fade * (1.0 - (-age / self.pace.fade).exp())
        };
        let age = age as f64;
        match self.rug {
            Some(rug) if ((rug.at - self.born) as f64) < age => {
                let before = calm(((rug.at - self.born) as f64).max(0.0));
                before + 0.03 * (calm(age) - before)
            }
            _ => calm(age),
        }
    }

    /// The token's price in USD at a Unix second, as of its last trade.
    pub(super) fn usd(&self, at: i64, quotes: &QuotePrices) -> f64 {
        let age = self.last_trade(at);
        let mut ln = match self.origin {
            Origin::Counterfeit { usd, .. } | Origin::Washed { usd, .. } => usd.ln(),
            Origin::Settled { ln_usd } => ln_usd + walk(self.seed, age, self.sigma_day),
            Origin::Launched { peak, peak_after, drift } => {
                self.launched_sol(age, peak, peak_after, drift).ln() + quotes.usd(Quote::Sol, self.born + age).ln()
            }
        };
        let on_curve =
            matches!(self.origin, Origin::Launched { .. }) && self.graduates.is_none_or(|graduates| at <= graduates);
        if !on_curve && let Some(spike) = self.spike(age >> BLOCK_BITS) {
            ln += spike.lifts(age);
        }
        if let Some(rug) = self.rug
            && at >= rug.at
        {
            ln += rug.fall;
        }
        for (since, by) in &self.overrides.shocks {
            if *since <= at {
                ln += by;
            }
        }
        ln.exp()
    }

    fn launched_sol(&self, age: i64, peak: f64, peak_after: f64, drift: f64) -> f64 {
        let walked = |age| walk(self.seed, age, self.sigma_day);
        let start = CURVE_START_SOL.ln();
        match self.graduates.map(|graduates| graduates - self.born) {
            Some(end) if age >= end => {
                let since = (age - end) as f64;
                (CURVE_END_SOL.ln() + walked(age) - walked(end) + drift * (1.0 - (-since / 21_600.0).exp())).exp()
            }
            Some(end) => {
                let done = age as f64 / end.max(1) as f64;
                let noise = 3.0 * done * (1.0 - done) * (walked(age) - walked(0));
                (start + (CURVE_END_SOL.ln() - start) * done.powf(0.7) + noise)
                    .exp()
                    .clamp(CURVE_START_SOL * 0.99, CURVE_END_SOL * 0.97)
            }
            None => {
                let hype = age as f64 / peak_after;
                let hype = peak * hype * (1.0 - hype).exp();
                (start + hype + 0.5 * (walked(age) - walked(0)))
                    .exp()
                    .clamp(CURVE_START_SOL * 0.99, CURVE_END_SOL * 0.93)
            }
        }
    }

    /// A pool's honest price in USD at a Unix second, frozen where the pool has closed.
    pub(super) fn pool_usd(&self, pool: &Pool, at: i64, quotes: &QuotePrices) -> f64 {
        let skew = match pool.flaw {
            Flaw::Stranded(factor) => factor,
            _ => pool.skew,
        };
        match pool.closes {
            Some(closes) if at >= closes && pool.venue.is_curve() => {
                CURVE_END_SOL * quotes.usd(Quote::Sol, closes.max(at - 21_600))
            }
            Some(closes) => self.usd(at.min(closes), quotes) * skew,
            None => self.usd(at, quotes) * skew,
        }
    }

    /// A pool's trades between two Unix seconds.
    pub(super) fn flow(&self, pool: &Pool, from: i64, to: i64) -> Flow {
        if let Origin::Counterfeit { wash, .. } = self.origin {
            let place = match to - from {
                span if span >= 86_400 => 1,
                span if span >= 21_600 => 0,
                _ => return Flow::default(),
            };
            return Flow { buys: wash.trades[place], sells: wash.trades[place], volume: wash.volume[place] };
        }
        let from = from.max(pool.opens);
        let to = to.min(pool.closes.unwrap_or(to));
        if to <= from {
            return Flow::default();
        }
        if let Origin::Washed { trades, trade_usd, .. } = self.origin {
            let count = |at: i64| (at - self.born) * trades / 86_400;
            let (before, after) = (count(from), count(to));
            let (buys, sells) = ((after + 1) / 2 - (before + 1) / 2, after / 2 - before / 2);
            return Flow { buys, sells, volume: (buys + sells) as f64 * trade_usd };
        }
        let (from, to) = (self.last_trade(from), self.last_trade(to));
        let open = self.counted((pool.opens - self.born).max(0));
        let before = pool.trades * (self.counted(from) - open).max(0.0);
        let after = pool.trades * (self.counted(to) - open).max(0.0);
        let share = self.pace.buys;
        let difference = |share: f64, after: f64, before: f64| whole(share * after) - whole(share * before);
        let mut buys = difference(share, after, before);
        let mut sells = difference(1.0 - share, after, before);
        let mut volume = self.worth(after) - self.worth(before);
        for block in (from >> BLOCK_BITS)..=(to >> BLOCK_BITS) {
            let Some(spike) = self.spike(block) else {
                continue;
            };
            let trades = pool.trades * spike.trades;
            let (after, before) = (trades * spike.done(to), trades * spike.done(from));
            let (more_buys, more_sells) = (difference(0.6, after, before), difference(0.4, after, before));
            buys += more_buys;
            sells += more_sells;
            volume += 1.6 * (more_buys + more_sells) as f64;
        }
        Flow { buys, sells, volume: volume * self.pace.trade_usd * self.overrides.volume }
    }

    /// The first `count` trades in units of a mean one. Whole trades only, of varying size.
    fn worth(&self, count: f64) -> f64 {
        const TURN: f64 = 37.0 / std::f64::consts::TAU;
        let share = self.pace.buys;
        let count = (share * count).floor() + ((1.0 - share) * count).floor();
        count + 0.4 * TURN * (count / TURN + self.pace.phase).sin()
    }

    /// What lies in a pool at a Unix second, given its price and that of its quote.
    fn reserves(&self, pool: &Pool, at: i64, usd: f64, quote_usd: f64) -> Option<Reserves> {
        if pool.venue.is_curve() {
            return None;
        }
        let scale = self.overrides.liquidity;
        if let Origin::Counterfeit { liquidity_usd, quote, .. } = self.origin {
            let quote = quote * scale;
            let base = (liquidity_usd * scale - quote).max(0.0) / usd;
            return Some(Reserves { usd: base * usd + quote, base, quote });
        }
        let mut worth = self.liquidity_usd * pool.depth * scale;
        // What lies in a constant-product pool grows with the root of the price.
        worth *= (0.5 * (usd.ln() - self.liquidity_at)).exp();
        if let Some(rug) = self.rug
            && at >= rug.at
        {
            worth *= rug.left;
        }
        let base = worth * (1.0 - pool.quote_side) / usd;
        let quote = worth * pool.quote_side / quote_usd;
        Some(Reserves { usd: worth, base, quote })
    }

    /// What there is to see of a pool at a Unix second.
    pub(super) fn reading(&self, pool: &Pool, at: i64, quotes: &QuotePrices) -> Reading {
        let usd = self.pool_usd(pool, at, quotes);
        let traded = self.born + self.last_trade(at.min(pool.closes.unwrap_or(at)));
        let mut quote_usd = quotes.usd(pool.quote, traded);
        let mut price_native = usd / quote_usd;
        if pool.venue.is_curve() && pool.closes.is_some_and(|closes| at >= closes) {
            (price_native, quote_usd) = (CURVE_END_SOL, usd / CURVE_END_SOL);
        }
        let flows = WINDOWS.map(|window| self.flow(pool, at - window, at));
        let mut changes = [None; 6];
        for (place, window) in WINDOWS.into_iter().enumerate() {
            if flows[place].trades() > 0 {
                let then = self.pool_usd(pool, (at - window).max(pool.opens), quotes);
                changes[place] = Some((usd / then - 1.0) * 100.0);
            }
        }
        let reserves = self.reserves(pool, at, usd, quote_usd);
        Reading { price_usd: usd, price_native, quote_usd, flows, changes, reserves }
    }
}
