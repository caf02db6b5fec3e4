//! The figures beside the price: activity, liquidity, caps, change, age.

use super::limits::{CAP_OVER_FDV, CLOCK_SLACK};
use super::pool::Market;
use super::price::{Shown, is_stale};
use super::{Known, World, compare, jupiter_price, to_cents, to_hundredths};
use crate::{
    FieldProvenance, Freshness, PerWindow, PoolObservation, Source, Stage, Statement, Timestamp, TokenId,
    TokenObservation, Traders, Txns, VolumeScope, Window,
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

    /// The birth of the oldest pool that anybody knows of, eligible or not, and what each other source takes for it.
    pub(super) fn created_at(&self, markets: &[Market]) -> Option<(Timestamp, FieldProvenance)> {
        let pools = markets.iter().flat_map(|market| {
            market.all().filter_map(|said| {
                let from = FieldProvenance::of_pool(said.source, market.id, said.as_of);
                Some((said.created_at?, from))
            })
        });
        let statements = self.known.statements.values().filter_map(|said| {
            let from = FieldProvenance::plain(said.what.source, said.what.as_of);
            Some((said.what.created_at?, from))
        });
        let mut births: Vec<_> = pools.chain(statements).filter(|(at, _)| self.born(*at)).collect();
        births.sort_by_key(|(at, _)| *at);
        let told: Vec<_> =
            births.iter().filter_map(|(at, from)| Some((from.source.upstream()?, at.to_string()))).collect();
        let (at, from) = births.into_iter().next()?;
        Some((at, compare::texts(from, told)))
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
        let by_pool = || {
            let pool = self.pool.filter(|pool| !pool.inverted)?;
            let told = [Source::Dexscreener, Source::Geckoterminal].into_iter().filter_map(|source| pool.by(source));
            let told = told.filter(|said| said.change_pct.at(window).is_some());
            // Of two as good the first.
            let said = told.min_by_key(|said| is_stale(said.source, said.as_of, self.heard))?;
            Some((said.change_pct.at(window)?, FieldProvenance::of_pool(said.source, pool.id, said.as_of)))
        };
        let jupiter = || {
            let from = |said: &TokenObservation| {
                let from = FieldProvenance::plain(said.source, said.as_of);
                Some((said.change_pct.at(window)?, from))
            };
            self.facts(Source::Jupiter).and_then(from).or_else(|| self.shown.jupiter.and_then(from))
        };
        by_pool().or_else(jupiter)
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
            let others = self.current(Source::Geckoterminal).and_then(|said| said.volume_usd.h24);
            let others = others.map(|usd| (Source::Geckoterminal, usd));
            return Activity {
                volume_usd: PerWindow::from_fn(|window| facts.volume_usd.at(window).map(to_cents)),
                txns: facts.txns,
                scope: VolumeScope::Token,
                txns_origin: (!facts.txns.is_empty()).then(|| from.clone()),
                volume_origin: facts.volume_usd.h24.map(|day| compare::figures(from, day, others)),
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
            let known: Vec<Txns> = sorted.iter().filter_map(|pool| pool.txns(window)).collect();
            partial |= !known.is_empty() && known.len() < sorted.len();
            known.into_iter().reduce(|sum, txns| Txns {
                buys: sum.buys.saturating_add(txns.buys),
                sells: sum.sells.saturating_add(txns.sells),
            })
        });
        // Of a sum the canonical pool's origin is told: it is the largest part as a rule.
        let origin = self.eligible.first().map(|pool| {
            let from = FieldProvenance::of_pool(pool.flow.source, pool.id, pool.flow.as_of);
            if self.eligible.len() > 1 { FieldProvenance { pool: None, ..from } } else { from }
        });
        let compared = |shown: Option<f64>, figure: fn(&PoolObservation) -> Option<f64>| {
            let origin = origin.clone()?;
            Some(match shown {
                Some(shown) => compare::figures(origin, shown, compare::sums(&sorted, self.now, figure)),
                None => origin,
            })
        };
        let trades = |txns: Txns| txns.total() as f64;
        Activity {
            volume_origin: compared(volume_usd.h24, |said| said.volume_usd.h24).filter(|_| !volume_usd.is_empty()),
            txns_origin: compared(txns.h24.map(trades), |said| Some(said.txns.h24?.total() as f64))
                .filter(|_| !txns.is_empty()),
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
            let by = main.liquidity_by();
            let from = FieldProvenance::of_pool(by.source, main.id, by.as_of);
            let from = if backed.len() > 1 { FieldProvenance { pool: None, ..from } } else { from };
            backed.sort_by(|a, b| a.0.id.cmp(b.0.id));
            let sum = backed.iter().map(|(_, usd)| usd).sum();
            let pools: Vec<&Market> = backed.iter().map(|(pool, _)| *pool).collect();
            let told = compare::sums(&pools, self.now, |said| said.liquidity_usd);
            return Some((to_cents(sum), compare::figures(from, sum, told)));
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
        let supplied = |said: Option<&TokenObservation>, supply: fn(&TokenObservation) -> Option<f64>| {
            let said = said?;
            let supply = supply(said).filter(|supply| *supply > 0.0)?;
            Some((supply * price, FieldProvenance::plain(said.source, said.as_of)))
        };
        // What a source said at its own price, at ours.
        let scaled = |said: Option<&TokenObservation>, cap: fn(&TokenObservation) -> Option<f64>| {
            let said = said?;
            let usd = cap(said)? * (price / said.price_usd?.to_f64());
            Some((usd, FieldProvenance::plain(said.source, said.as_of)))
        };
        let by_pool = |figure: fn(&PoolObservation) -> Option<f64>| {
            let pool = self.pool.or_else(|| self.eligible.first().copied()).filter(|pool| !pool.inverted);
            let said = pool.into_iter().flat_map(|pool| {
                let all = [pool.main, pool.flow].into_iter().chain(pool.all());
                all.map(move |said| (pool, said))
            });
            said.filter_map(move |(pool, said)| {
                let usd = figure(said)? * (price / said.price_usd?.to_f64());
                Some((usd, FieldProvenance::of_pool(said.source, pool.id, said.as_of)))
            })
        };
        let market_caps = supplied(jupiter, |said| said.circulating_supply)
            .into_iter()
            .chain(scaled(gecko, |said| said.market_cap_usd))
            .chain(by_pool(|said| said.market_cap_usd));
        let fdvs = supplied(jupiter, |said| said.total_supply)
            .into_iter()
            .chain(supplied(gecko, |said| said.total_supply))
            .chain(by_pool(|said| said.fdv_usd));
        let (mut market_cap, fdv) = (self.first(market_caps), self.first(fdvs));
        let mut contradiction = false;
        if let (Some((cap, _)), Some((whole, _))) = (&mut market_cap, &fdv)
            && *cap > CAP_OVER_FDV * *whole
        {
            *cap = *whole;
            contradiction = true;
        }
        Caps { market_cap, fdv, contradiction }
    }

    /// The first of several words for one figure, with what the others say.
    fn first(&self, told: impl Iterator<Item = (f64, FieldProvenance)>) -> Option<(f64, FieldProvenance)> {
        let told: Vec<_> = told.filter(|(usd, _)| usd.is_finite()).collect();
        let (usd, from) = told.first()?;
        let others = told.iter().filter_map(|(usd, from)| Some((from.source.upstream()?, from.observed_at, *usd)));
        let others = others.filter(|(source, at, _)| compare::counts(*source, *at, self.now));
        let others = others.map(|(source, _, usd)| (source, usd));
        Some((to_cents(*usd), compare::figures(from.clone(), *usd, others)))
    }

    /// A source's facts that may be compared with.
    fn current(&self, source: Source) -> Option<&TokenObservation> {
        self.facts(source).filter(|said| compare::counts(source, said.as_of, self.now))
    }
}
