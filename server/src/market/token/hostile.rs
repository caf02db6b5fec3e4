//! The tokens that only an adversarial market holds, and what it does to the ordinary ones.

use super::{Flaw, Origin, Pace, Role, Standing, Token, Wash};
use crate::market::decimal::whole;
use crate::market::names::{Disguise, Naming, borrowed, disguised};
use crate::market::noise::{between, log_uniform, mix, pick};
use crate::market::venue::{OPEN_VENUES, Quote, QuotePrices, Venue};

const DAY: f64 = 86_400.0;

/// Counterfeits of anchors and of verified tokens, in pools that claim billions.
pub(in crate::market) const IMPOSTORS: usize = 50;

/// Copies of anchors and of verified tokens with honest money behind them: only the name is wrong.
pub(in crate::market) const COPYCATS: usize = 10;

/// Tokens that are traded by their maker alone.
pub(in crate::market) const WASHED: usize = 12;

/// Somebody whose name is worth borrowing.
#[derive(Clone)]
struct Victim {
    naming: Naming,
    usd: f64,
}

/// The hostile tokens beside a population, in slots that follow its own.
pub(in crate::market) fn cast(population: &[Token], market_seed: u64, start: i64, quotes: &QuotePrices) -> Vec<Token> {
    let verified: Vec<Victim> = population
        .iter()
        .filter(|token| token.verified)
        .map(|token| Victim { naming: token.naming.clone(), usd: token.usd(start, quotes) })
        .collect();
    let mut tokens = Vec::with_capacity(IMPOSTORS + COPYCATS + WASHED);
    for number in 0..IMPOSTORS + COPYCATS + WASHED {
        let slot = population.len() + number;
        let seed = mix(mix(market_seed, slot as u64), 0x0bad);
        // Half of them borrow from anchors, half from those whose name is verified, if there are any.
        let of_verified = verified.get((number / 2) % verified.len().max(1)).filter(|_| number % 2 == 1);
        let of_anchor = || {
            let naming = borrowed(number / 2);
            let usd = if naming.symbol == "SOL" { quotes.usd(Quote::Sol, start) } else { 1.0 };
            Victim { naming, usd }
        };
        let victim = of_verified.cloned().unwrap_or_else(of_anchor);
        tokens.push(match number {
            _ if number < IMPOSTORS => Token::impostor(seed, slot, number, start, &victim),
            _ if number < IMPOSTORS + COPYCATS => Token::copycat(seed, slot, number, start, &victim),
            _ => Token::washed(seed, slot, start),
        });
    }
    tokens
}

impl Token {
    /// Borrows a name, in one of the disguises.
    fn borrow(&mut self, victim: &Victim, number: usize) {
        let how = [Disguise::None, Disguise::Foreign, Disguise::Wide, Disguise::Foreign][(number / 2) % 4];
        self.naming = disguised(&victim.naming, how, number.is_multiple_of(3));
        let foreign = how == Disguise::Foreign && self.naming.symbol != victim.naming.symbol;
        self.standing = if foreign { Standing::Homoglyph } else { Standing::Counterfeit };
    }

    fn impostor(seed: u64, slot: usize, number: usize, start: i64, victim: &Victim) -> Self {
        let liquidity_usd = log_uniform(seed, 21, 1e9, 9e9);
        // One in five has a little real money in it.
        let quote = if number % 5 == 3 { between(seed, 23, 600.0, 4_000.0) } else { between(seed, 23, 2.8, 42.5) };
        let day = pick(seed, 22, &[7, 8, 11, 16]);
        let volume = log_uniform(seed, 24, 3e4, 4e7);
        let wash = Wash { trades: [day / 4, day], volume: [volume * 0.26, volume] };
        let usd = victim.usd * between(seed, 25, 0.97, 1.03);
        let born = start - whole(between(seed, 26, 2.0 * DAY, 170.0 * DAY));
        let mut token = Self::bare(seed, slot, Origin::Counterfeit { usd, liquidity_usd, quote, wash }, born);
        token.borrow(victim, number);
        token.supply = (liquidity_usd * 1.0001 + 1.5e5) / usd;
        token.decimals = 9;
        // Some Jupiter knows and refuses to price.
        token.on_jupiter = number % 4 == 1;
        token.boosts = (number % 3 == 1).then_some(500);
        token.has_profile = number % 3 == 2;
        let mut pool = token.pool(0, Venue::RaydiumClmm, Quote::Usdc, token.born + 60);
        pool.flaw = Flaw::Fake;
        pool.on_gecko = true;
        token.pools.push(pool);
        token
    }

    fn copycat(seed: u64, slot: usize, number: usize, start: i64, victim: &Victim) -> Self {
        let mut token = Self::new(seed, slot, Role::Settled, start, start);
        token.borrow(victim, number);
        token.verified = false;
        token.on_jupiter = true;
        token.rug = None;
        token.sigma_day = between(seed, 25, 0.05, 0.3);
        token.liquidity_usd = log_uniform(seed, 26, 3e4, 3e5);
        token.pace.trade_usd = token.liquidity_usd * 0.002;
        token.pace.steady = 3.0 * token.liquidity_usd / token.pace.trade_usd / DAY;
        token
    }

    fn washed(seed: u64, slot: usize, start: i64) -> Self {
        let depth = log_uniform(seed, 20, 3e3, 6e4);
        // Many small rounds that turn the pool over, or few rounds of nearly all that is in it.
        let (trades, volume) = if seed.is_multiple_of(2) {
            (pick(seed, 22, &[24, 32, 44]), depth * log_uniform(seed, 23, 250.0, 700.0))
        } else {
            let trades = pick(seed, 22, &[8, 12, 16, 40, 60]);
            (trades, depth * trades as f64 * between(seed, 23, 0.3, 0.9))
        };
        let usd = log_uniform(seed, 21, 1e-6, 1e-2);
        let born = start - whole(between(seed, 24, 2.0 * DAY, 60.0 * DAY));
        let mut token = Self::bare(seed, slot, Origin::Washed { usd, trades, trade_usd: volume / trades as f64 }, born);
        token.standing = Standing::Washed;
        token.pace = Pace { trade_usd: 0.0, ..token.pace };
        token.liquidity_usd = depth;
        token.liquidity_at = usd.ln();
        token.has_profile = true;
        let pool = token.pool(0, pick(seed, 27, &OPEN_VENUES), pick(seed, 28, &[Quote::Sol, Quote::Usdc]), born + 60);
        token.pools.push(pool);
        token
    }

    /// Makes an ordinary token's surroundings worse: one in ten has a pool whose quote `DexScreener` takes for
    /// thousands of times its worth, and every curve stays listed after its end.
    pub(in crate::market) fn harden(&mut self) {
        let mispriced = self.pools.iter().any(|pool| matches!(pool.flaw, Flaw::Mispriced(_)));
        if matches!(self.origin, Origin::Settled { .. }) && self.slot % 10 == 4 && !mispriced {
            let quote = pick(self.seed, 71, &[Quote::Met, Quote::Jup]);
            let mut pool = self.pool(9, Venue::MeteoraDlmm, quote, self.born + 9_000);
            pool.trades = 0.02;
            pool.depth = 0.2;
            pool.flaw = Flaw::Mispriced(log_uniform(self.seed, 70, 900.0, 9_000.0));
            self.pools.push(pool);
        }
        for pool in &mut self.pools {
            pool.on_gecko |= pool.venue.is_curve();
        }
    }
}
