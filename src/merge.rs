//! The merge: from what the sources said about one token to the one row that everybody sees.
//!
//! ```text
//!  Known (pools, statements) ─┐
//!  Memory (from tick to tick) ├─▶ merge ─▶ Merged (row, pool list, next memory)
//!  World (rates, quotes)      ┘
//! ```
//!
//! Several sources for one pool are alternatives, never added. A pool counts when what it quotes in has a known price
//! and there is real money on its quote side; the most used such pool is the canonical one and gives price and change,
//! all of them together give volume and liquidity. Jupiter is the arbiter of doubtful prices and the source of facts.
//! Nothing becomes 0 for want of knowledge, and nothing leaves because somebody was silent.

pub(crate) mod anchor;
mod canonical;
mod compare;
mod figures;
mod flags;
pub(crate) mod limits;
mod names;
mod pool;
mod price;
mod round;
mod symbols;
pub(crate) mod venue;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::anchor::Rate;
pub(crate) use self::canonical::Incumbent;
use self::canonical::{choose, reference_price};
use self::figures::Figures;
use self::flags::flags;
pub(crate) use self::names::aliases;
use self::pool::{Market, markets};
pub use self::pool::{PoolReason, PoolView};
pub(crate) use self::price::moved;
use self::price::{Shown, shown_price};
pub(crate) use self::round::{same_money, to_cents, to_hundredths};
pub(crate) use self::symbols::{Symbols, Worn};
use self::verdict::Verdict;
use crate::{
    Field, FieldProvenance, FieldSource, Freshness, PoolId, PoolObservation, Price, Provenance, SortedMap, Source,
    Stage, Statement, Timestamp, Token, TokenId, TokenObservation, Traders, Window,
};

/// Something that was said, and how many answers since then could have said it again but did not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said<T> {
    pub(crate) what: T,
    pub(crate) missed: u8,
}

/// What the sources said about one token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// Its pools, each by the sources that describe it.
    pub(crate) pools: SortedMap<PoolId, SortedMap<Source, Said<PoolObservation>>>,
    /// What was said about it as a whole.
    pub(crate) statements: SortedMap<(Source, Statement), Said<TokenObservation>>,
}

impl Known {
    /// A statement, if it was made.
    pub(crate) fn statement(&self, source: Source, kind: Statement) -> Option<&TokenObservation> {
        self.statements.get(&(source, kind)).map(|said| &said.what)
    }

    /// The moments of everything that is known.
    pub(crate) fn moments(&self) -> impl Iterator<Item = (Source, Timestamp)> {
        let pools = self.pools.values().flat_map(SortedMap::values);
        let pools = pools.map(|said| (said.what.source, said.what.as_of));
        let statements = self.statements.values();
        pools.chain(statements.map(|said| (said.what.source, said.what.as_of)))
    }
}

/// What the merge carries over from one tick to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// The canonical pool.
    pub(crate) canonical: Option<Incumbent>,
    /// Whether it left its bonding curve, once and for all.
    pub(crate) graduated: bool,
    /// The curves and their destinations that it was ever seen on, sorted.
    pub(crate) venues: Vec<Arc<str>>,
    /// By pool.
    pub(crate) pools: SortedMap<PoolId, PoolMemory>,
    /// Whether it has been eligible or priced by Jupiter.
    pub(crate) listed: bool,
    /// The last price in SOL that was computed.
    pub(crate) in_sol: Option<InSol>,
    /// The symbol on the last row.
    #[serde(skip)]
    pub(crate) worn: Option<Worn>,
    /// Since when each flag stands.
    pub(crate) flags: SortedMap<crate::Flag, Timestamp>,
}

/// What is remembered about one pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PoolMemory {
    /// The last judgement of each source's prices.
    pub(crate) verdicts: SortedMap<Source, Verdict>,
    /// Whose price was shown last.
    pub(crate) shown: Option<Source>,
}

impl Memory {
    /// Pools said the same again and the last merge was calm: whether that changes nothing at these rates. The last
    /// judgements then are those of the new observations.
    pub(crate) fn renew(&mut self, known: &Known, rates: &BTreeMap<TokenId, Rate>) -> bool {
        known.pools.iter().all(|(id, said)| {
            let mut verdicts = self.pools.get_mut(id).map(|memory| &mut memory.verdicts);
            said.iter().all(|(source, said)| {
                verdicts
                    .as_mut()
                    .and_then(|verdicts| verdicts.get_mut(source))
                    .is_some_and(|verdict| verdict.renew(&said.what, rates))
            })
        })
    }
}

/// A price in SOL that was computed, and from what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InSol {
    price_usd: Price,
    sol_usd: Price,
    price_sol: Price,
}

/// What is the same for all tokens at one tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World<'a> {
    /// The moment of the merge.
    pub(crate) now: Timestamp,
    /// When any source last answered, at most `now`. Which of several words is believed is judged by their ages at this
    /// moment: while nobody answers, what is shown does not jump from one old word to another.
    pub(crate) heard: Timestamp,
    /// USD per SOL.
    pub(crate) sol_usd: Option<Price>,
    /// What each wrapped native coin costs.
    pub(crate) rates: &'a BTreeMap<TokenId, Rate>,
    /// Jupiter's prices, of tokens and of what pools quote in.
    pub(crate) prices: &'a BTreeMap<TokenId, Said<TokenObservation>>,
    /// The symbols of verified tokens.
    pub(crate) symbols: &'a Symbols,
}

/// What the merge makes of one token.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    /// The row; `None` while nothing vouches for a price.
    pub(crate) row: Option<Token>,
    /// What to carry over.
    pub(crate) memory: Memory,
    /// Its pools, best first.
    pub(crate) pools: Vec<PoolView>,
    /// What its eligible pools together say it costs, USD.
    pub(crate) reference: Option<f64>,
    /// Quote tokens whose price would make a pool count.
    pub(crate) wants: Vec<TokenId>,
    /// Whether the price is missing, rejected, old or disputed, so that Jupiter should be asked.
    pub(crate) doubtful: Option<Doubt>,
    /// Pools that could count if somebody said what lies on their quote side.
    pub(crate) unverified: Vec<PoolId>,
    /// Whether it would be the same if DexScreener said the same of its pools again, at the same rates.
    pub(crate) is_calm: bool,
    /// When the result may change by the passing of time alone.
    pub(crate) due: Option<Timestamp>,
}

/// Why Jupiter should be asked about a price; most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doubt {
    Missing,
    Rejected,
    Disputed,
}

/// Jupiter's newest word about a token's price: from its price list or with its facts.
pub(crate) fn jupiter_price<'a>(token: &TokenId, known: &'a Known, world: &World<'a>) -> Option<&'a TokenObservation> {
    let listed = world.prices.get(token).map(|said| &said.what);
    let facts = known.statement(Source::Jupiter, Statement::Facts);
    [facts, listed].into_iter().flatten().filter(|said| said.price_usd.is_some()).max_by_key(|said| said.as_of)
}

/// Merges what is known about one token. `memory` is what the last merge left.
pub(crate) fn merge(token: &TokenId, known: &Known, mut memory: Memory, world: &World) -> Merged {
    let jupiter = jupiter_price(token, known, world);
    let arbiter = jupiter.and_then(|said| said.price_usd);
    let markets = markets(token, known, &mut memory, world, arbiter);
    let canonical = choose(&markets, memory.canonical.as_ref());
    let eligible: Vec<&Market> = markets.iter().filter(|market| market.eligible()).collect();
    let main = canonical.as_ref().and_then(|incumbent| eligible.iter().copied().find(|m| *m.id == incumbent.pool));
    let ranked = canonical::ranked(&eligible, main);
    let reference = reference_price(&eligible, world.heard);
    let shown = shown_price(&ranked, reference, jupiter, world.heard);

    memory.canonical = canonical;
    memory.pools.retain(|id, _| markets.binary_search_by(|market| market.id.cmp(id)).is_ok());
    for market in &markets {
        market.remember(memory.pools.get_or_default(market.id.clone()));
    }
    memory.listed = memory.listed || shown.is_some();
    let doubtful = match &shown {
        None => Some(Doubt::Missing),
        Some(shown) if shown.rejected => Some(Doubt::Rejected),
        Some(shown) if shown.disputed || markets.iter().any(|m| m.eligible() && m.conflict) => Some(Doubt::Disputed),
        Some(_) => None,
    };
    let gives_way_to_nobody = shown.as_ref().is_some_and(Shown::gives_way_to_nobody);
    let row = shown
        .filter(|_| !is_excluded(known))
        .map(|shown| row(token, known, &mut memory, world, &markets, &eligible, &ranked, main, &shown));
    let wants = wanted_quotes(&markets, &eligible);
    let unverified = markets.iter().filter(|market| market.is_unverified()).map(|market| market.id.clone()).collect();
    let due = due(known, jupiter, world, &ranked, row.as_ref());
    let pools = views(&markets, &ranked, main, row.as_ref());
    let is_settled = gives_way_to_nobody && row.as_ref().is_some_and(|row| !row.stale);
    let is_contested = memory.canonical.as_ref().is_some_and(Incumbent::is_challenged);
    let is_calm = is_settled && !is_contested && markets.iter().all(|market| market.is_plain(world.now));
    Merged { row, memory, pools, reference, wants, doubtful, unverified, is_calm, due }
}

/// Whether Jupiter's tags say that it is no meme coin: staked SOL or a stock.
fn is_excluded(known: &Known) -> bool {
    known
        .statement(Source::Jupiter, Statement::Facts)
        .is_some_and(|facts| facts.tags.iter().any(|tag| matches!(&**tag, "lst" | "stocks")))
}

#[expect(clippy::too_many_arguments, reason = "each is a stage of the merge that the row is put together from")]
fn row(
    token: &TokenId,
    known: &Known,
    memory: &mut Memory,
    world: &World,
    markets: &[Market],
    eligible: &[&Market],
    ranked: &[&Market],
    main: Option<&Market>,
    shown: &Shown,
) -> Token {
    let now = world.now;
    let mut origins = Origins::default();
    let mut origin = |field: Field, origin: Option<FieldProvenance>| origins.put(field, origin);
    let mut row = Token::new(token.clone(), now);
    row.price_usd = Some(shown.price);
    row.stale = shown.source.freshness(now.since(shown.as_of)) >= Freshness::Stale;
    origin(Field::PriceUsd, Some(shown.provenance(ranked, now)));

    (row.price_sol, memory.in_sol) = price::in_sol(shown, world, memory.in_sol);
    if row.price_sol.is_some() {
        origin(Field::PriceSol, Some(shown.origin()));
    }

    row.stage = match main {
        Some(pool) if pool.curve => Stage::Curve,
        Some(_) => Stage::Amm,
        None => Stage::Unpooled,
    };
    row.dex = main.map(|pool| pool.venue.clone());
    row.pool = main.map(|pool| pool.id.shared_address());
    row.pool_count = u32::try_from(ranked.len()).unwrap_or(u32::MAX);

    let figures = Figures {
        known,
        eligible: ranked,
        by_id: eligible,
        shown,
        pool: shown.pool,
        stage: row.stage,
        now,
        heard: world.heard,
    };
    let created = figures.created_at(markets);
    row.created_at = created.as_ref().map(|(at, _)| *at);
    origin(Field::CreatedAt, created.map(|(_, from)| from));

    let change = figures.change();
    row.change_pct = change.0;
    origin(Field::ChangePct, change.1);
    row.partial_windows = figures.partial_windows(&row.change_pct, row.created_at);

    let activity = figures.activity();
    row.volume_usd = activity.volume_usd;
    row.txns = activity.txns;
    row.volume_scope = activity.scope;
    origin(Field::VolumeUsd, activity.volume_origin);
    origin(Field::Txns, activity.txns_origin);

    let traders = figures.traders();
    row.traders = traders.0;
    origin(Field::Traders, traders.1);

    let liquidity = figures.liquidity(world, token);
    row.liquidity_usd = liquidity.as_ref().map(|(usd, _)| *usd);
    origin(Field::LiquidityUsd, liquidity.map(|(_, from)| from));

    let caps = figures.caps();
    row.market_cap_usd = caps.market_cap.as_ref().map(|(usd, _)| *usd);
    row.fdv_usd = caps.fdv.as_ref().map(|(usd, _)| *usd);
    origin(Field::MarketCapUsd, caps.market_cap.map(|(_, from)| from));
    origin(Field::FdvUsd, caps.fdv.map(|(_, from)| from));

    let names = names::name(token, known, main.or_else(|| markets.first()), now);
    row.symbol = names.symbol;
    row.name = names.name;
    origin(Field::Name, names.origin);
    memory.worn = row.symbol.as_ref().map(|symbol| Worn::of(symbol, memory.worn.take()));

    if let Some(facts) = known.statement(Source::Jupiter, Statement::Facts) {
        let from = FieldProvenance::plain(Source::Jupiter, facts.as_of);
        row.holders = facts.holders;
        row.verified = Some(facts.verified.unwrap_or(false));
        if facts.holders.is_some() {
            origin(Field::Holders, Some(from.clone()));
        }
        origin(Field::Verified, Some(from));
    }

    let flags = flags(&flags::Case {
        row: &row,
        known,
        markets,
        eligible: ranked,
        shown,
        origins: &origins,
        contradiction: caps.contradiction,
        partial: activity.partial,
        world,
        worn: memory.worn.as_ref(),
        since: &memory.flags,
    });
    row.flags = flags.iter().map(|detail| detail.code).collect();
    memory.flags = flags.iter().map(|detail| (detail.code, detail.since)).collect();
    let provenance = Provenance { fields: origins.into_map(), flags };
    if let Some(newest) = provenance.newest() {
        row.updated_at = newest;
    }
    row.provenance = Arc::new(provenance);
    row
}

/// The origins of a row's fields as they are found, in any order.
#[derive(Debug, Default)]
struct Origins([Option<FieldProvenance>; Field::ALL.len()]);

impl Origins {
    fn put(&mut self, field: Field, origin: Option<FieldProvenance>) {
        self.0[field as usize] = origin;
    }

    fn get(&self, field: Field) -> Option<&FieldProvenance> {
        self.0[field as usize].as_ref()
    }

    fn into_map(self) -> SortedMap<Field, FieldProvenance> {
        let mut known = Vec::with_capacity(self.0.iter().flatten().count());
        known.extend(Field::ALL.into_iter().zip(self.0).filter_map(|(field, origin)| Some((field, origin?))));
        SortedMap::from_sorted(known)
    }
}

/// The quote tokens that no table knows, while no pool quoted in money counts.
fn wanted_quotes(markets: &[Market], eligible: &[&Market]) -> Vec<TokenId> {
    if eligible.iter().any(|market| market.in_table) {
        return Vec::new();
    }
    let wanted: BTreeSet<&TokenId> =
        markets.iter().filter(|market| !market.in_table).map(|market| market.money).collect();
    wanted.into_iter().cloned().collect()
}

/// The next moment at which age alone may change the result.
///
/// Which word is believed is judged at the last answer, which may lie a little before now: a limit between the two has
/// been passed for a reader, but not for the merge, and is looked at again.
fn due(
    known: &Known,
    jupiter: Option<&TokenObservation>,
    world: &World,
    ranked: &[&Market],
    row: Option<&Token>,
) -> Option<Timestamp> {
    let now = world.now;
    // Jupiter's price may come from its list, which is not among what is known about the token alone.
    let jupiter = jupiter.map(|said| (said.source, said.as_of));
    let ages = known.moments().chain(jupiter).flat_map(|(source, as_of)| {
        let [_, stale, expired] = source.limits();
        [limits::SAME_MOMENT, stale, expired, limits::ROWLESS_HOLDS, limits::PROMOTION_HOLDS]
            .map(|limit| as_of.plus(limit))
    });
    let pools = ranked.iter().filter_map(|market| market.created_at());
    let births = pools.chain(row.and_then(|row| row.created_at));
    let births = births.flat_map(|at| Window::ALL.map(|window| at.plus(window.duration())));
    let again = now.plus(Duration::from_millis(1));
    let waits = now.since(world.heard) <= limits::ANSWER_LAG;
    let looked_at = |at: Timestamp| match at {
        at if at > now => Some(at),
        at if at > world.heard && waits => Some(again),
        _ => None,
    };
    ages.chain(births).filter_map(looked_at).min()
}

fn views(markets: &[Market], ranked: &[&Market], main: Option<&Market>, row: Option<&Token>) -> Vec<PoolView> {
    let prices = row.and_then(|row| row.provenance.fields.get(&Field::PriceUsd)).and_then(|origin| origin.pool.clone());
    let place = |market: &Market| ranked.iter().position(|other| other.id == market.id).unwrap_or(usize::MAX);
    let mut sorted: Vec<&Market> = markets.iter().collect();
    sorted.sort_by(|a, b| {
        let score = b.score.total_cmp(&a.score);
        place(a).cmp(&place(b)).then(score).then(a.id.cmp(b.id))
    });
    sorted
        .into_iter()
        .map(|market| {
            let prices_token = prices.as_deref() == Some(market.id.address());
            market.view(prices_token, main.is_some_and(|main| main.id == market.id))
        })
        .collect()
}

impl FieldProvenance {
    /// An origin that is about no pool and has no rivals.
    pub(crate) fn plain(source: Source, observed_at: Timestamp) -> Self {
        Self { source: source.into(), pool: None, observed_at, others: SortedMap::default(), spread_pct: None }
    }

    /// An origin in what was kept of earlier observations.
    pub(crate) fn from_history(observed_at: Timestamp) -> Self {
        let source = FieldSource::History;
        Self { source, pool: None, observed_at, others: SortedMap::default(), spread_pct: None }
    }

    /// An origin in one pool.
    pub(crate) fn of_pool(source: Source, pool: &PoolId, observed_at: Timestamp) -> Self {
        Self { pool: Some(pool.shared_address()), ..Self::plain(source, observed_at) }
    }
}

/// The wallets of a window with both sides exchanged.
fn swapped(traders: Traders) -> Traders {
    Traders { buyers: traders.sellers, sellers: traders.buyers }
}
