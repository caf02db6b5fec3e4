//! One pool seen from its token: which source is believed, what backs it, and whether it counts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::anchor;
use super::limits::{
    COARSE_USD_FROM, DERIVED_DIGITS, FAKE_FACTOR, MIN_DEPTH_USD, POOL_CONFLICT, PUMPFUN_COMPLETE_SOL, REPORTED_CAP,
    SAME_MOMENT,
};
use super::price::is_stale;
use super::venue::{is_curve, is_destination, is_telling, venue};
use super::verdict::{Verdict, verdict};
use super::{Known, Memory, PoolMemory, Said, World, swapped, to_cents};
use crate::{
    Freshness, PerWindow, PoolId, PoolObservation, Price, SortedMap, Source, Timestamp, TokenId, Traders, Txns, Window,
};

/// Why a pool counts or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PoolReason {
    /// It counts, and gives price and change.
    Canonical,
    /// It counts.
    Eligible,
    /// It is not priced.
    NoPrice,
    /// What it quotes in has no known worth, or its prices contradict it.
    Unanchored,
    /// It reports over a thousand times what its quote side can back.
    FakeLiquidity,
    /// What is on its quote side is not known.
    Unverified,
    /// Too little money on its quote side.
    Thin,
    /// No trade in a day.
    NoTrades,
    /// A bonding curve that the token has left.
    CurveLeft,
}

/// One pool of a token, as the merge sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolView {
    /// The pool's address.
    pub pool: Arc<str>,
    /// The venue, by one spelling for all sources.
    pub dex: Arc<str>,
    /// The symbol of what it quotes in.
    pub quote: Option<Arc<str>>,
    /// USD per token.
    pub price_usd: Option<Price>,
    /// What counts as its liquidity, USD; for a pool that does not count, what is reported.
    pub liquidity_usd: Option<f64>,
    /// USD.
    pub volume_usd: PerWindow<f64>,
    /// Buys and sells of the token.
    pub txns: PerWindow<Txns>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Whether the token's price is this pool's.
    pub prices_token: bool,
    /// Whether it counts.
    pub eligible: bool,
    /// Why, or why not.
    pub reason: PoolReason,
    /// How much it speaks for the token: the mean of volume and depth, USD. Not part of its JSON.
    #[serde(skip)]
    pub score: f64,
}

/// What the sources say of one pool.
type BySource = SortedMap<Source, Said<PoolObservation>>;

/// A pool from the token's side.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about a pool")]
pub(super) struct Market<'a> {
    pub(super) id: &'a PoolId,
    /// The observation whose price is believed.
    pub(super) main: &'a PoolObservation,
    /// The one whose volume and trades are believed.
    pub(super) flow: &'a PoolObservation,
    /// All of them, by source.
    said: &'a BySource,
    /// Whether the token is on the quote side.
    pub(super) inverted: bool,
    pub(super) venue: Arc<str>,
    pub(super) curve: bool,
    /// What it quotes in.
    pub(super) money: &'a TokenId,
    /// Whether that is an anchor.
    pub(super) in_table: bool,
    /// USD per token.
    pub(super) price: Option<Price>,
    /// USD, twice the quote side.
    pub(super) depth: Option<f64>,
    /// The observation that tells what is on the quote side.
    backer: Option<&'a PoolObservation>,
    /// USD, what a source reports.
    pub(super) reported: Option<f64>,
    /// The observation that reports it.
    reporter: Option<&'a PoolObservation>,
    pub(super) score: f64,
    pub(super) conflict: bool,
    pub(super) reason: PoolReason,
    verdicts: Verdicts,
}

/// The judgement of each source's prices of a pool, in the order of [`Source::ALL`].
type Verdicts = [Option<Verdict>; Source::ALL.len()];

impl<'a> Market<'a> {
    pub(super) fn eligible(&self) -> bool {
        matches!(self.reason, PoolReason::Eligible | PoolReason::Canonical)
    }

    /// All observations of it, by source.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a PoolObservation> + Clone + use<'a> {
        all(self.said)
    }

    /// Whether it would count, or does, and nobody has said what lies on its quote side.
    pub(super) fn is_unverified(&self) -> bool {
        let may_count = self.eligible() || self.reason == PoolReason::Unverified;
        may_count && !self.curve && self.all().all(|said| reserve(said, self.inverted).is_none())
    }

    /// The price as a float; only eligible pools are sure to have one.
    pub(super) fn price_f64(&self) -> f64 {
        self.price.map_or(0.0, Price::to_f64)
    }

    /// Whether nothing about it depends on the very time of what is said: DexScreener alone describes it, in an anchor.
    pub(super) fn is_plain(&self, now: Timestamp) -> bool {
        let is_alone = self.said.len() == 1 && self.main.source == Source::Dexscreener;
        is_alone && self.in_table && !self.inverted && self.verdict().is_some() && !self.is_stale(now)
    }

    /// Whether its price is so old that any fresher one wins.
    pub(super) fn is_stale(&self, heard: Timestamp) -> bool {
        is_stale(self.main.source, self.main.as_of, heard)
    }

    /// What a source says about it.
    pub(super) fn by(&self, source: Source) -> Option<&'a PoolObservation> {
        self.said.get(&source).map(|said| &said.what)
    }

    pub(super) fn created_at(&self) -> Option<Timestamp> {
        self.all().filter_map(|said| said.created_at).min()
    }

    /// The money that counts as its liquidity, USD.
    pub(super) fn liquidity(&self) -> Option<f64> {
        let depth = self.depth.filter(|_| !self.curve)?;
        Some(self.reported.map_or(depth, |usd| usd.min(REPORTED_CAP * depth)))
    }

    /// Whose word the money that counts is: the reporter's, unless more was reported than counts, or nothing.
    pub(super) fn liquidity_by(&self) -> &'a PoolObservation {
        let counts = self.reported.zip(self.depth).is_some_and(|(usd, depth)| usd <= REPORTED_CAP * depth);
        let by = if counts { self.reporter } else { self.backer };
        by.unwrap_or(self.main)
    }

    /// Buys and sells of the token in a window.
    pub(super) fn txns(&self, window: Window) -> Option<Txns> {
        let txns = self.flow.txns.at(window)?;
        Some(if self.inverted { Txns { buys: txns.sells, sells: txns.buys } } else { txns })
    }

    /// The distinct wallets of a window, and who counted them.
    pub(super) fn traders(&self, window: Window) -> Option<(Traders, &'a PoolObservation)> {
        let from = self.all().filter(|said| said.traders.at(window).is_some()).max_by_key(|said| said.as_of)?;
        let traders = from.traders.at(window)?;
        Some((if self.inverted { swapped(traders) } else { traders }, from))
    }

    /// SOL per token, where the pool itself says so.
    pub(super) fn price_sol(&self) -> Option<Price> {
        if !anchor::is_wrapped_sol(self.money) {
            return None;
        }
        if self.inverted {
            let per_sol = self.main.price_quote?.to_f64();
            return Price::from_f64(1.0 / per_sol, DERIVED_DIGITS);
        }
        self.main.price_quote.or(self.main.price_sol)
    }

    /// The judgement of the prices that are believed.
    fn verdict(&self) -> Option<Verdict> {
        self.verdicts[self.main.source as usize]
    }

    /// Notes what the merge must remember of the pool.
    pub(super) fn remember(&self, memory: &mut PoolMemory) {
        memory.verdicts.retain(|source, _| self.said.get(source).is_some());
        for (source, verdict) in Source::ALL.into_iter().zip(self.verdicts) {
            if let Some(verdict) = verdict {
                memory.verdicts.insert(source, verdict);
            }
        }
        memory.shown = Some(self.main.source);
    }

    pub(super) fn view(&self, prices_token: bool, canonical: bool) -> PoolView {
        let side = if self.inverted { &self.main.base } else { &self.main.quote };
        PoolView {
            pool: self.id.shared_address(),
            dex: self.venue.clone(),
            quote: side.symbol.clone(),
            price_usd: self.price,
            liquidity_usd: if self.eligible() {
                self.liquidity().map(to_cents)
            } else {
                self.reported.filter(|_| !self.curve)
            },
            volume_usd: self.flow.volume_usd,
            txns: PerWindow::from_fn(|window| self.txns(window)),
            created_at: self.created_at(),
            prices_token,
            eligible: self.eligible(),
            reason: if canonical { PoolReason::Canonical } else { self.reason },
            score: self.score,
        }
    }
}

/// All pools of a token in the order of their ids, judged together. Remembers whether it has left its bonding curve, and
/// the curves and their destinations that it was seen on.
pub(super) fn markets<'a>(
    token: &TokenId,
    known: &'a Known,
    memory: &mut Memory,
    world: &World,
    arbiter: Option<Price>,
) -> Vec<Market<'a>> {
    let mut markets = Vec::with_capacity(known.pools.len());
    // Both are in the order of their ids.
    let mut remembered = memory.pools.iter().peekable();
    for (id, said) in known.pools.iter() {
        while remembered.next_if(|(other, _)| *other < id).is_some() {}
        let memory = remembered.peek().filter(|(other, _)| *other == id).map(|(_, memory)| *memory);
        markets.extend(read(token, id, said, memory, world, arbiter));
    }
    for market in &markets {
        if is_telling(&market.venue)
            && let Err(place) = memory.venues.binary_search(&market.venue)
        {
            memory.venues.insert(place, market.venue.clone());
        }
    }
    memory.graduated = memory.graduated || has_graduated(known, &markets, &memory.venues);

    judge_all(&mut markets, memory.graduated, |market| market.in_table);
    if !markets.iter().any(Market::eligible) {
        judge_all(&mut markets, memory.graduated, |_| true);
    }
    markets
}

fn has_graduated(known: &Known, markets: &[Market], venues: &[Arc<str>]) -> bool {
    let said = known.statements.values().any(|said| said.what.graduated == Some(true));
    let moved = venues.iter().any(|curve| is_curve(curve) && venues.iter().any(|venue| is_destination(curve, venue)));
    said || moved
        || markets.iter().any(|market| {
            let completed = market.all().any(|said| said.graduated == Some(true));
            let full = &*market.venue == "pumpfun"
                && market.price_sol().is_some_and(|price| price.to_f64() >= PUMPFUN_COMPLETE_SOL);
            completed || full
        })
}

/// Gives every pool its reason; `money` says which quotes count as money.
fn judge_all(markets: &mut [Market], graduated: bool, money: impl Fn(&Market) -> bool) {
    for market in &mut *markets {
        market.reason = if money(market) { market.judge() } else { PoolReason::Unanchored };
    }
    // A pool whose quote side is not known counts only where no other can vouch for the token.
    let verified = markets.iter().any(|m| !m.curve && m.depth.is_some() && m.eligible());
    for market in &mut *markets {
        if !market.curve && market.eligible() && market.depth.is_none() && verified {
            market.reason = PoolReason::Unverified;
        }
    }
    let pooled = markets.iter().any(|market| !market.curve && market.eligible());
    for market in markets {
        if market.curve && market.eligible() && (pooled || graduated) {
            market.reason = PoolReason::CurveLeft;
        }
    }
}

impl Market<'_> {
    /// Whether the pool counts by itself.
    fn judge(&self) -> PoolReason {
        if self.price.is_none() {
            return PoolReason::NoPrice;
        }
        if !self.verdict().is_some_and(|verdict| verdict.anchored) {
            return PoolReason::Unanchored;
        }
        if !self.curve {
            match (self.depth, self.reported) {
                (Some(depth), Some(reported)) if reported > FAKE_FACTOR * depth => {
                    return PoolReason::FakeLiquidity;
                }
                (Some(depth), _) if depth < MIN_DEPTH_USD => return PoolReason::Thin,
                (None, None) => return PoolReason::Unverified,
                (None, Some(reported)) if reported < MIN_DEPTH_USD => return PoolReason::Thin,
                _ => {}
            }
        }
        if self.txns(Window::H24).is_none_or(|txns| txns.total() == 0) {
            return PoolReason::NoTrades;
        }
        PoolReason::Eligible
    }
}

fn all(said: &BySource) -> impl Iterator<Item = &PoolObservation> + Clone {
    said.as_slice().iter().map(|(_, said)| &said.what)
}

/// Reads one pool from what its sources say: alternatives, never added.
///
/// Which of them is believed about what follows from their times, not from their ages: a pool that counts does not stop to
/// because a word grew old that nobody took back. Only the price goes over to a fresher word by age, and only to one
/// that lets the pool count.
fn read<'a>(
    token: &TokenId,
    id: &'a PoolId,
    said: &'a BySource,
    memory: Option<&PoolMemory>,
    world: &World,
    arbiter: Option<Price>,
) -> Option<Market<'a>> {
    let newest = all(said).max_by(|a, b| (a.as_of, b.source).cmp(&(b.as_of, a.source)))?;
    let inverted = newest.base.token != *token;
    let money = if inverted { &newest.base.token } else { &newest.quote.token };
    let mut verdicts = Verdicts::default();
    let reference = anchor::reference(money, world.rates);
    for said in all(said) {
        verdicts[said.source as usize] = verdict(said, inverted, money, reference, memory, world);
    }
    let judged = |said: &PoolObservation| verdicts[said.source as usize];
    let priced = |said: &PoolObservation| {
        price(said, inverted, judged(said).filter(|verdict| verdict.anchored).map(|verdict| verdict.money_usd))
    };
    let sound = |said: &PoolObservation| judged(said).is_some_and(|verdict| verdict.anchored) && priced(said).is_some();
    let young = all(said).filter(|said| newest.as_of.since(said.as_of) < SAME_MOMENT);
    let (main, conflict) = believed(all(said), young.clone(), newest, sound, memory, world, arbiter);
    let together = young.clone().nth(1).is_some();
    let preferred = |source: Source| young.clone().find(|said| said.source == source).filter(|_| together);

    let flow = [preferred(Source::Dexscreener), Some(main), Some(newest)]
        .into_iter()
        .flatten()
        .chain(all(said))
        .find(|said| said.txns.h24.is_some())
        .unwrap_or(main);
    let reporter = [preferred(Source::Geckoterminal), Some(main), Some(newest)];
    let reporter = reporter.into_iter().flatten().chain(young).find(|said| said.liquidity_usd.is_some());
    let reported = reporter.and_then(|said| said.liquidity_usd);

    let in_table = anchor::is_anchor(money);
    let backer = all(said).filter(|said| reserve(said, inverted).is_some()).max_by_key(|said| said.as_of);
    let venue = venue(main);
    let curve = is_curve(&venue);
    // At what the money cost when it was counted.
    let depth = backer
        .filter(|_| !curve)
        .and_then(|said| Some(2.0 * reserve(said, inverted)? * judged(said).or(judged(main))?.money_usd));
    let volume = flow.volume_usd.h24.unwrap_or(0.0);
    let score = if curve { volume } else { (volume * depth.or(reported).unwrap_or(0.0)).sqrt() };
    Some(Market {
        id,
        main,
        flow,
        inverted,
        curve,
        venue,
        money,
        in_table,
        price: priced(main),
        depth,
        backer,
        reported,
        reporter,
        score,
        conflict,
        reason: PoolReason::Unanchored,
        verdicts,
        said,
    })
}

/// What an observation says of the money in the pool, in whole units.
fn reserve(said: &PoolObservation, inverted: bool) -> Option<f64> {
    if inverted { said.base_reserve } else { said.quote_reserve }
}

/// The observation whose price is believed, and whether another contradicts it. One that is not `sound`, by whose price the
/// pool cannot count, is believed only where none is.
fn believed<'a>(
    all: impl Iterator<Item = &'a PoolObservation>,
    young: impl Iterator<Item = &'a PoolObservation> + Clone,
    newest: &'a PoolObservation,
    sound: impl Fn(&PoolObservation) -> bool,
    memory: Option<&PoolMemory>,
    world: &World,
    arbiter: Option<Price>,
) -> (&'a PoolObservation, bool) {
    let priced = |said: &&PoolObservation| said.price_usd.is_some();
    let rivals = young.filter(priced);
    let usd = |said: &PoolObservation| said.price_usd.map_or(0.0, Price::to_f64);
    let conflict = match (rivals.clone().next(), rivals.clone().last()) {
        (Some(first), Some(last)) => ratio(usd(first), usd(last)) > POOL_CONFLICT,
        _ => false,
    };
    let any_sound = rivals.clone().any(&sound);
    let rivals = rivals.filter(|said| !any_sound || sound(said));
    let Some(first) = rivals.clone().next() else {
        let fallback = || all.filter(priced).max_by_key(|said| said.as_of);
        let main = if newest.price_usd.is_some() { newest } else { fallback().unwrap_or(newest) };
        return (main, false);
    };
    let last = rivals.clone().last().unwrap_or(first);
    let newer = rivals.clone().find(|said| said.source == newest.source).unwrap_or(first);
    let main = match arbiter {
        Some(arbiter) if conflict => {
            let far = |said: &PoolObservation| ratio(usd(said), arbiter.to_f64());
            if far(last) < far(first) { last } else { first }
        }
        _ if conflict => newer,
        // The last tick's source is kept while it is fresh, so that two do not alternate. GeckoTerminal gives way to a
        // newer word of DexScreener's all the same: it is asked more seldom, so whoever kept it would show old prices
        // for as long as it lists the pool.
        _ => rivals
            .clone()
            .find(|said| {
                let age = world.heard.since(said.as_of);
                memory.and_then(|memory| memory.shown) == Some(said.source)
                    && said.source.freshness(age) == Freshness::Fresh
                    && (said.source, newer.source) != (Source::Geckoterminal, Source::Dexscreener)
            })
            .unwrap_or(newer),
    };
    (main, conflict)
}

/// How far two positive numbers lie apart, as the larger over the smaller.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if a > b { a / b } else { b / a }
}

/// USD per token: what the source says, unless it cut the digits or tells the price of the other side.
fn price(main: &PoolObservation, inverted: bool, money_usd: Option<f64>) -> Option<Price> {
    if inverted {
        let per_money = main.price_quote?.to_f64();
        return Price::from_f64(money_usd? / per_money, DERIVED_DIGITS);
    }
    let told = main.price_usd?;
    let coarse = main.source == Source::Dexscreener && told.to_f64() >= COARSE_USD_FROM;
    main.price_quote
        .zip(money_usd)
        .filter(|_| coarse)
        .and_then(|(quote, usd)| Price::from_f64(quote.to_f64() * usd, DERIVED_DIGITS))
        .or(Some(told))
}
