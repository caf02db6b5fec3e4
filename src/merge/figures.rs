//! The figures beside the price: activity, liquidity, caps, change, age.

use super::limits::{CAP_OVER_FDV, CLOCK_SLACK};
use super::pool::Market;
use super::price::Shown;
use super::{Known, World, jupiter_price, to_cents, to_hundredths};
use crate::{
    FieldProvenance, Freshness, PerWindow, Source, Stage, Statement, Timestamp, TokenId, TokenObservation, Traders,
    Txns, VolumeScope, Window,
};

type Origin = Option<FieldProvenance>;

/// What the figures of one token are made of.
pub(super) struct Figures<'m, 'a> {
    pub(super) known: &'m Known,
    /// The eligible pools, canonical first.
    pub(super) eligible: &'m [&'m Market<'a>],
    pub(super) shown: &'m Shown<'m, 'a>,
    /// The pool that gives the price.
    pub(super) pool: Option<&'m Market<'a>>,
    pub(super) stage: Stage,
    pub(super) now: Timestamp,
    pub(super) heard: Timestamp,
}

/// Volume and trades.
pub(super) struct Activity {
    pub(super) volume_usd: PerWindow<f64>,
    pub(super) txns: PerWindow<Txns>,
    pub(super) scope: VolumeScope,
    pub(super) volume_origin: Origin,
    pub(super) txns_origin: Origin,
    /// Whether a sum lacks a pool that did not say.
    pub(super) partial: bool,
}

/// Market cap and whole value, USD.
#[derive(Default)]
pub(super) struct Caps {
    pub(super) market_cap: Option<(f64, FieldProvenance)>,
    pub(super) fdv: Option<(f64, FieldProvenance)>,
    /// Whether the sources' cap was above the whole value.
    pub(super) contradiction: bool,
}

impl Figures<'_, '_> {
    fn facts(&self, source: Source) -> Option<&TokenObservation> {
        self.known.statement(source, Statement::Facts)
    }

    /// Whether a time of birth can be true.
    fn born(&self, at: Timestamp) -> bool {
        at >= Timestamp::EARLIEST && at <= self.now.plus(CLOCK_SLACK)
    }

    /// The birth of the oldest pool that anybody knows of, eligible or not.
    pub(super) fn created_at(&self, markets: &[Market]) -> Option<(Timestamp, FieldProvenance)> {
        let pools = markets.iter().flat_map(|market| {
            market.all.iter().filter_map(|said| {
                let from = FieldProvenance::of_pool(said.source, market.id, said.as_of);
                Some((said.created_at?, from))
            })
        });
        let statements = self.known.statements.values().filter_map(|said| {
            let from = FieldProvenance::plain(said.what.source, said.what.as_of);
            Some((said.what.created_at?, from))
        });
        pools.chain(statements).filter(|(at, _)| self.born(*at)).min_by_key(|(at, _)| *at)
    }

    /// The changes of the pool that gives the price; Jupiter's where it gives the price or the pool does not say.
    pub(super) fn change(&self) -> (PerWindow<f64>, Origin) {
        let mut origin = None;
        let change = PerWindow::from_fn(|window| {
            let (percent, from) = self.change_in(window)?;
            if origin.is_none() || window == Window::H24 {
                origin = Some(from);
            }
            Some(to_hundredths(percent))
        });
        (change, origin)
    }

    fn change_in(&self, window: Window) -> Option<(f64, FieldProvenance)> {
        let by = |source: Source| {
            let pool = self.pool.filter(|pool| !pool.inverted)?;
            let said = pool.all.iter().find(|said| said.source == source)?;
            let from = FieldProvenance::of_pool(source, pool.id, said.as_of);
            Some((said.change_pct.at(window)?, from))
        };
        let jupiter = || {
            let from = |said: &TokenObservation| {
                let from = FieldProvenance::plain(said.source, said.as_of);
                Some((said.change_pct.at(window)?, from))
            };
            self.facts(Source::Jupiter).and_then(from).or_else(|| self.shown.jupiter.and_then(from))
        };
        by(Source::Dexscreener).or_else(|| by(Source::Geckoterminal)).or_else(jupiter)
    }

    /// The windows that are longer than the market is old: their change is "since launch".
    pub(super) fn partial_windows(&self, change: &PerWindow<f64>, created_at: Option<Timestamp>) -> Vec<Window> {
        let born = self.pool.map_or(created_at, |pool| pool.created_at().filter(|at| self.born(*at)));
        let Some(born) = born else {
            return Vec::new();
        };
        let age = self.now.since(born);
        Window::ALL.into_iter().filter(|window| change.get(*window).is_some() && age < window.duration()).collect()
    }

    /// Volume and trades: the sum over the eligible pools, or Jupiter's count of the whole token where at most
    /// one pool counts. The two are never added.
    pub(super) fn activity(&self) -> Activity {
        let whole = self.facts(Source::Jupiter).filter(|facts| {
            let expired = |source: Source, as_of| source.freshness(self.heard.since(as_of)) == Freshness::Expired;
            // Jupiter's facts come round more slowly than they become stale; a sum that changed its scope at every
            // visit would jump, so they count until they expire.
            let outlived = self.eligible.iter().all(|pool| expired(pool.flow.source, pool.flow.as_of));
            let current = !expired(facts.source, facts.as_of);
            facts.volume_usd.h24.is_some()
                && (self.eligible.is_empty() || current && (self.eligible.len() <= 1 || outlived))
        });
        if let Some(facts) = whole {
            let from = FieldProvenance::plain(facts.source, facts.as_of);
            return Activity {
                volume_usd: PerWindow::from_fn(|window| facts.volume_usd.at(window).map(to_cents)),
                txns: facts.txns,
                scope: VolumeScope::Token,
                txns_origin: (!facts.txns.is_empty()).then(|| from.clone()),
                volume_origin: Some(from),
                partial: false,
            };
        }
        let mut partial = false;
        let mut sorted = self.eligible.to_vec();
        sorted.sort_by(|a, b| a.id.cmp(b.id));
        let volume_usd = PerWindow::from_fn(|window| {
            let known: Vec<f64> = sorted.iter().filter_map(|pool| pool.flow.volume_usd.at(window)).collect();
            partial |= !known.is_empty() && known.len() < sorted.len();
            (!known.is_empty()).then(|| to_cents(known.iter().sum()))
        });
        let txns = PerWindow::from_fn(|window| {
            sorted.iter().filter_map(|pool| pool.txns(window)).reduce(|sum, txns| Txns {
                buys: sum.buys.saturating_add(txns.buys),
                sells: sum.sells.saturating_add(txns.sells),
            })
        });
        // Of a sum the canonical pool's origin is told: it is the largest part as a rule.
        let origin = self.eligible.first().map(|pool| {
            let from = FieldProvenance::of_pool(pool.flow.source, pool.id, pool.flow.as_of);
            if self.eligible.len() > 1 { FieldProvenance { pool: None, ..from } } else { from }
        });
        Activity {
            volume_origin: origin.clone().filter(|_| !volume_usd.is_empty()),
            txns_origin: origin.filter(|_| !txns.is_empty()),
            volume_usd,
            txns,
            scope: VolumeScope::Pools,
            partial,
        }
    }

    /// Distinct wallets: of the pool that gives the price, since wallets of several pools cannot be added; else of the
    /// token as a whole.
    pub(super) fn traders(&self) -> (PerWindow<Traders>, Origin) {
        let mut origin = None;
        let pool = self.pool.or_else(|| self.eligible.first().copied());
        let mut traders = PerWindow::from_fn(|window| {
            let (pool, (traders, said)) = pool.and_then(|pool| Some((pool, pool.traders(window)?)))?;
            origin = Some(FieldProvenance::of_pool(said.source, pool.id, said.as_of));
            Some(traders)
        });
        if traders.is_empty() {
            let whole =
                Source::ALL.into_iter().filter_map(|source| self.facts(source)).find(|facts| !facts.traders.is_empty());
            if let Some(facts) = whole {
                traders = facts.traders;
                origin = Some(FieldProvenance::plain(facts.source, facts.as_of));
            }
        }
        (traders, origin)
    }

    /// The sum over the eligible pools whose quote side is known, else Jupiter's figure; none on a bonding curve.
    pub(super) fn liquidity(&self, world: &World, token: &TokenId) -> Option<(f64, FieldProvenance)> {
        if self.stage == Stage::Curve {
            return None;
        }
        let mut backed: Vec<(&Market, f64)> =
            self.eligible.iter().filter_map(|pool| Some((*pool, pool.liquidity()?))).collect();
        if let Some((main, _)) = backed.first() {
            let from = FieldProvenance::of_pool(main.main.source, main.id, main.main.as_of);
            let from = if backed.len() > 1 { FieldProvenance { pool: None, ..from } } else { from };
            backed.sort_by(|a, b| a.0.id.cmp(b.0.id));
            let sum = backed.iter().map(|(_, usd)| usd).sum();
            return Some((to_cents(sum), from));
        }
        let said = jupiter_price(token, self.known, world)
            .filter(|said| said.liquidity_usd.is_some())
            .or_else(|| self.facts(Source::Jupiter))?;
        let from = FieldProvenance::plain(said.source, said.as_of);
        Some((to_cents(said.liquidity_usd?), from))
    }

    /// Market cap by circulating supply, whole value by all supply; two fields, never one for the other.
    pub(super) fn caps(&self) -> Caps {
        let price = self.shown.price.to_f64();
        let (jupiter, gecko) = (self.facts(Source::Jupiter), self.facts(Source::Geckoterminal));
        let plain = |said: &TokenObservation, usd: f64| (usd, FieldProvenance::plain(said.source, said.as_of));
        let times = |supply: Option<f64>| supply.filter(|supply| *supply > 0.0).map(|n| n * price);
        // What a source said at its own price, at ours.
        let scaled = |said: &TokenObservation, usd: Option<f64>| {
            let told = said.price_usd?.to_f64();
            usd.map(|usd| plain(said, usd * (price / told)))
        };
        let by_pool = |figure: fn(&crate::PoolObservation) -> Option<f64>| {
            let pool = self.pool.or_else(|| self.eligible.first().copied()).filter(|pool| !pool.inverted)?;
            let said = [Some(pool.main), Some(pool.flow)]
                .into_iter()
                .flatten()
                .chain(pool.all.iter().copied())
                .find(|said| figure(said).is_some() && said.price_usd.is_some())?;
            let usd = figure(said)? * (price / said.price_usd?.to_f64());
            Some((usd, FieldProvenance::of_pool(said.source, pool.id, said.as_of)))
        };
        let supplied = |said: Option<&TokenObservation>, supply: fn(&TokenObservation) -> Option<f64>| {
            said.and_then(|said| times(supply(said)).map(|usd| plain(said, usd)))
        };
        let mut market_cap = supplied(jupiter, |said| said.circulating_supply)
            .or_else(|| gecko.and_then(|said| scaled(said, said.market_cap_usd)))
            .or_else(|| by_pool(|said| said.market_cap_usd));
        let fdv = supplied(jupiter, |said| said.total_supply)
            .or_else(|| supplied(gecko, |said| said.total_supply))
            .or_else(|| by_pool(|said| said.fdv_usd));
        let mut contradiction = false;
        if let (Some((cap, _)), Some((whole, _))) = (&mut market_cap, &fdv)
            && *cap > CAP_OVER_FDV * whole
        {
            *cap = *whole;
            contradiction = true;
        }
        let tidy = |(usd, from): (f64, FieldProvenance)| usd.is_finite().then(|| (to_cents(usd), from));
        Caps { market_cap: market_cap.and_then(tidy), fdv: fdv.and_then(tidy), contradiction }
    }
}
