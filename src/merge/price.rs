//! The price that is shown: the canonical pool's, unless the other pools or Jupiter know better.

use super::compare::Told;
use super::limits::{
    DERIVED_DIGITS, DISPUTE_RATIO, JUPITER_MIN_LIQUIDITY_USD, JUPITER_THIN_USD, RATE_STEP, REFERENCE_RATIO,
};
use super::pool::{Market, ratio};
use super::{InSol, World, to_hundredths};
use crate::{FieldProvenance, Freshness, Price, Source, Timestamp, TokenObservation};

/// A price and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Shown<'m, 'a> {
    pub(super) price: Price,
    pub(super) source: Source,
    pub(super) as_of: Timestamp,
    /// The pool that gives it; `None` when Jupiter does.
    pub(super) pool: Option<&'m Market<'a>>,
    /// Jupiter's word, whether shown or not.
    pub(super) jupiter: Option<&'m TokenObservation>,
    /// Whether the canonical pool's own price was rejected.
    pub(super) rejected: bool,
    /// Whether pool and Jupiter are far apart.
    pub(super) disputed: bool,
    /// Whether it is Jupiter's and hardly anything is behind it.
    pub(super) thin: bool,
}

/// Chooses the price. `ranked`: the eligible pools, canonical first.
///
/// The first pool near the reference gives it, one whose price is stale only if all are.
pub(super) fn shown_price<'m, 'a>(
    ranked: &[&'m Market<'a>],
    reference: Option<f64>,
    jupiter: Option<&'m TokenObservation>,
    heard: Timestamp,
) -> Option<Shown<'m, 'a>> {
    let near = |market: &&Market| reference.is_some_and(|usd| ratio(market.price_f64(), usd) <= REFERENCE_RATIO);
    let mut believed = ranked.iter().copied().filter(near);
    let candidate = believed.clone().find(|market| !market.is_stale(heard)).or_else(|| believed.next());
    let rejected = ranked.first().is_some_and(|first| !near(first));
    let word = jupiter.and_then(|said| Some((said, said.price_usd?)));
    let by_jupiter = |disputed| {
        word.map(|(said, price)| Shown {
            price,
            source: said.source,
            as_of: said.as_of,
            pool: None,
            jupiter,
            rejected,
            disputed,
            thin: said.liquidity_usd.is_none_or(|usd| usd < JUPITER_THIN_USD),
        })
    };
    let Some((pool, price)) = candidate.and_then(|pool| Some((pool, pool.price?))) else {
        return by_jupiter(false);
    };
    let (source, as_of) = (pool.main.source, pool.main.as_of);
    let apart = word.map(|(said, other)| (said, ratio(price.to_f64(), other.to_f64())));
    let disputed = apart.is_some_and(|(_, apart)| apart > DISPUTE_RATIO);
    if let Some((said, _)) = apart {
        let liquidity = said.liquidity_usd.unwrap_or(0.0);
        let depth = ranked.first().and_then(|first| first.depth).unwrap_or(0.0);
        let overrules = disputed && liquidity >= JUPITER_MIN_LIQUIDITY_USD.max(depth / 2.0) && said.as_of > as_of;
        let fresher =
            pool.is_stale(heard) && !is_stale(said.source, said.as_of, heard) && liquidity >= JUPITER_THIN_USD;
        if overrules || fresher {
            return by_jupiter(disputed);
        }
    }
    Some(Shown { price, source, as_of, pool: Some(pool), jupiter, rejected, disputed, thin: false })
}

impl Shown<'_, '_> {
    /// Whether a pool gives the price, and would all the more if it said the same later: of Jupiter's word only one that
    /// is newer overrules it.
    pub(super) fn gives_way_to_nobody(&self) -> bool {
        self.pool.is_some() && !(self.disputed && self.jupiter.is_some_and(|said| said.as_of > self.as_of))
    }

    /// Where the price comes from.
    pub(super) fn origin(&self) -> FieldProvenance {
        match self.pool {
            Some(pool) => FieldProvenance::of_pool(self.source, pool.id, self.as_of),
            None => FieldProvenance::plain(self.source, self.as_of),
        }
    }

    /// Where the price comes from and what the other sources say, as far as that is not stale.
    pub(super) fn provenance(&self, ranked: &[&Market], now: Timestamp) -> FieldProvenance {
        let good = |source: Source, as_of| source.freshness(now.since(as_of)) < Freshness::Stale;
        let mut told: Told<Price> = Told::default();
        // The pool that gives the price first, then the others by rank: the first that a source describes speaks for it.
        for market in self.pool.iter().chain(ranked) {
            for said in market.all() {
                let price = if said.source == market.main.source {
                    market.price
                } else {
                    said.price_usd.filter(|_| !market.inverted)
                };
                if let Some(price) = price.filter(|_| good(said.source, said.as_of)) {
                    told.note(said.source, price);
                }
            }
        }
        if let Some(said) = self.jupiter.filter(|said| good(said.source, said.as_of))
            && let Some(price) = said.price_usd
        {
            told.put(said.source, price);
        }
        let mut origin = self.origin();
        let others = || told.iter().filter(|(source, _)| *source != self.source).map(|(_, price)| *price);
        if let (Some(high), Some(low)) = (others().max(), others().min()) {
            let (high, low) = (high.max(self.price), low.min(self.price));
            let spread = (high.to_f64() - low.to_f64()) / self.price.to_f64() * 100.0;
            origin.spread_pct = Some(to_hundredths(spread));
            origin.others = told.others(origin.source, Price::to_string);
        }
        origin
    }
}

/// The price in SOL: the pool's own if it quotes in SOL, else computed, and then only anew when the price changed or the
/// rate moved enough to matter.
pub(super) fn in_sol(shown: &Shown, world: &World, before: Option<InSol>) -> (Option<Price>, Option<InSol>) {
    if let Some(price) = shown.pool.and_then(Market::price_sol) {
        return (Some(price), None);
    }
    let rate = world.sol_usd;
    let still =
        before.filter(|before| before.price_usd == shown.price && rate.is_none_or(|rate| !moved(before.sol_usd, rate)));
    let next = still.or_else(|| {
        let sol_usd = rate?;
        let quotient = shown.price.to_f64() / sol_usd.to_f64();
        Some(InSol { price_usd: shown.price, sol_usd, price_sol: Price::from_f64(quotient, DERIVED_DIGITS)? })
    });
    (next.map(|next| next.price_sol), next)
}

/// Whether a word is so old that any fresher one wins.
pub(super) fn is_stale(source: Source, as_of: Timestamp, heard: Timestamp) -> bool {
    source.freshness(heard.since(as_of)) >= Freshness::Stale
}

/// Whether a rate moved enough to renew what is derived from it.
pub(crate) fn moved(before: Price, after: Price) -> bool {
    (after.to_f64() / before.to_f64() - 1.0).abs() >= RATE_STEP
}
