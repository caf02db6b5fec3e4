//! The figures beside the price: activity, liquidity, caps, change, age.

use super::compare::{Told, Word};
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
    /// The same in the order of their ids: sums do not depend on which is the canonical one.
    pub(super) by_id: &'m [&'m Market<'a>],
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

/// The origin of a sum over so many pools, of which this is said: of one pool only where the sum is of one.
fn of_sum(said: &PoolObservation, pools: usize) -> Word<'_> {
    let word = Word::of_pool(said);
    if pools > 1 { Word { pool: None, ..word } } else { word }
}

impl<'m> Figures<'m, '_> {
    fn facts(&self, source: Source) -> Option<&'m TokenObservation> {
        self.known.statement(source, Statement::Facts)
    }

    /// Whether a time of birth can be true.
    fn born(&self, at: Timestamp) -> bool {
        at >= Timestamp::EARLIEST && at <= self.now.plus(CLOCK_SLACK)
    }

    /// The birth of the oldest pool that anybody knows of, eligible or not, and what each other source takes for it.
    pub(super) fn created_at(&self, markets: &[Market]) -> Option<(Timestamp, FieldProvenance)> {
        let pools = markets.iter().flat_map(Market::all).map(|said| (said.created_at, Word::of_pool(said)));
        let statements = self.known.statements.values().map(|said| (said.what.created_at, Word::of_token(&said.what)));
        let (mut oldest, mut told): (Option<(Timestamp, Word)>, Told<Timestamp>) = (None, Told::default());
        for (at, word) in pools.chain(statements) {
            let Some(at) = at.filter(|at| self.born(*at)) else {
                continue;
            };
            told.note_least(word.source, at);
            // Of births at one time the first that is told.
            if oldest.is_none_or(|(oldest, _)| at < oldest) {
                oldest = Some((at, word));
            }
        }
        let (at, word) = oldest?;
        let mut from = word.origin();
        from.others = told.others(from.source, Timestamp::to_string);
        Some((at, from))
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
        (change, origin.map(Word::origin))
    }

    fn change_in(&self, window: Window) -> Option<(f64, Word<'_>)> {
        let by_pool = || {
            let pool = self.pool.filter(|pool| !pool.inverted)?;
            let told = [Source::Dexscreener, Source::Geckoterminal].into_iter().filter_map(|source| pool.by(source));
            let told = told.filter(|said| said.change_pct.at(window).is_some());
            // Of two as good the first.
            let said = told.min_by_key(|said| is_stale(said.source, said.as_of, self.heard))?;
            Some((said.change_pct.at(window)?, Word::of_pool(said)))
        };
        let from = |said: &TokenObservation| Some((said.change_pct.at(window)?, Word::of_token(said)));
        let jupiter = || self.facts(Source::Jupiter).and_then(from).or_else(|| self.shown.jupiter.and_then(from));
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
            let from = Word::of_token(facts);
            let mut told = Told::default();
            let gecko = self.current(Source::Geckoterminal).and_then(|said| said.volume_usd.h24);
            if let Some(usd) = gecko.filter(|usd| usd.is_finite()) {
                told.note(Source::Geckoterminal, usd);
            }
            return Activity {
                volume_usd: PerWindow::from_fn(|window| facts.volume_usd.at(window).map(to_cents)),
                txns: facts.txns,
                scope: VolumeScope::Token,
                txns_origin: (!facts.txns.is_empty()).then(|| from.origin()),
                volume_origin: facts.volume_usd.h24.map(|day| compare::figures(from, day, &told)),
                partial: false,
            };
        }
        let mut partial = false;
        let volume_usd = PerWindow::from_fn(|window| {
            let told = self.by_id.iter().filter_map(|pool| pool.flow.volume_usd.at(window));
            let (known, sum) = told.fold((0, 0.0), |(known, sum), usd| (known + 1, sum + usd));
            partial |= known > 0 && known < self.by_id.len();
            (known > 0).then(|| to_cents(sum))
        });
        let txns = PerWindow::from_fn(|window| {
            let told = self.by_id.iter().filter_map(|pool| pool.txns(window));
            let (known, sum) = told.fold((0, Txns::default()), |(known, sum), txns| {
                let buys = sum.buys.saturating_add(txns.buys);
                (known + 1, Txns { buys, sells: sum.sells.saturating_add(txns.sells) })
            });
            partial |= known > 0 && known < self.by_id.len();
            (known > 0).then_some(sum)
        });
        // Of a sum the canonical pool's origin is told: it is the largest part as a rule.
        let origin = self.eligible.first().map(|pool| of_sum(pool.flow, self.eligible.len()));
        let compared = |shown: Option<f64>, figure: fn(&PoolObservation) -> Option<f64>| {
            let origin = origin?;
            Some(match shown {
                Some(shown) => compare::figures(origin, shown, &compare::sums(self.by_id, self.now, figure)),
                None => origin.origin(),
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
            origin = Some(Word { pool: Some(pool.id), ..Word::of_pool(said) });
            Some(traders)
        });
        if traders.is_empty() {
            let whole =
                Source::ALL.into_iter().filter_map(|source| self.facts(source)).find(|facts| !facts.traders.is_empty());
            if let Some(facts) = whole {
                traders = *facts.traders;
                origin = Some(Word::of_token(facts));
            }
        }
        (traders, origin.map(Word::origin))
    }

    /// The sum over the eligible pools whose quote side is known, else Jupiter's figure; none on a bonding curve.
    pub(super) fn liquidity(&self, world: &World, token: &TokenId) -> Option<(f64, FieldProvenance)> {
        if self.stage == Stage::Curve {
            return None;
        }
        let first = self.eligible.iter().find(|pool| pool.liquidity().is_some());
        if let Some(main) = first {
            let backed: Vec<&Market> = self.by_id.iter().copied().filter(|pool| pool.liquidity().is_some()).collect();
            let from = of_sum(main.liquidity_by(), backed.len());
            let sum = backed.iter().filter_map(|pool| pool.liquidity()).sum();
            let told = compare::sums(&backed, self.now, |said| said.liquidity_usd);
            return Some((to_cents(sum), compare::figures(from, sum, &told)));
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
        let supplied = |said: Option<&'m TokenObservation>, supply: fn(&TokenObservation) -> Option<f64>| {
            let said = said?;
            let supply = supply(said).filter(|supply| *supply > 0.0)?;
            Some((supply * price, Word::of_token(said)))
        };
        // What a source said at its own price, at ours.
        let scaled = |said: Option<&'m TokenObservation>, cap: fn(&TokenObservation) -> Option<f64>| {
            let said = said?;
            let usd = cap(said)? * (price / said.price_usd?.to_f64());
            Some((usd, Word::of_token(said)))
        };
        let by_pool = |figure: fn(&PoolObservation) -> Option<f64>| {
            let pool = self.pool.or_else(|| self.eligible.first().copied()).filter(|pool| !pool.inverted);
            let said = pool.into_iter().flat_map(|pool| [pool.main, pool.flow].into_iter().chain(pool.all()));
            said.filter_map(move |said| {
                let usd = figure(said)? * (price / said.price_usd?.to_f64());
                Some((usd, Word::of_pool(said)))
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
    fn first<'w>(&self, words: impl Iterator<Item = (f64, Word<'w>)>) -> Option<(f64, FieldProvenance)> {
        let (mut first, mut told) = (None, Told::default());
        for (usd, word) in words.filter(|(usd, _)| usd.is_finite()) {
            first = first.or(Some((usd, word)));
            if compare::counts(word.source, word.as_of, self.now) {
                told.note(word.source, usd);
            }
        }
        let (usd, word) = first?;
        Some((to_cents(usd), compare::figures(word, usd, &told)))
    }

    /// A source's facts that may be compared with.
    fn current(&self, source: Source) -> Option<&'m TokenObservation> {
        self.facts(source).filter(|said| compare::counts(source, said.as_of, self.now))
    }
}
