//! The book: everything that the sources said about the tracked tokens, and what the merge remembers of them.
//!
//! ```text
//!  Harvest ─▶ absorb ─▶ Book ─▶ publish(previous board) ─▶ rows, rates, events
//! ```
//!
//! Rows are never stored: a book that was written down and read again publishes the same rows without asking anybody,
//! as old as they are. A publication costs what changed since the last one: tokens that somebody spoke about, tokens
//! whose age passed a limit, tokens that look like one that was just verified, and when the price of SOL moved those
//! whose price in SOL is computed.

mod absorb;
mod details;
mod dirty;
mod events;
mod evict;
mod plan;
mod publish;
mod rates;
mod settle;
mod symbols;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::details::TokenDetails;
use self::dirty::Dirty;
use self::events::{Seen, Told};
pub use self::plan::TokenAge;
pub use self::publish::{Published, Tick};
use self::rates::Implied;
use crate::merge::anchor::Rate;
use crate::merge::{Doubt, Known, Memory, PoolView, Said, Symbols, World, Worn, aliases, merge};
use crate::{Chain, PoolId, Price, Source, Timestamp, TokenId, TokenObservation, Week, wrapped_sol};

/// What the operator decides about the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookSettings {
    /// Tokens of other chains are not tracked.
    pub chains: Vec<Chain>,
    /// The most tokens to track; the least interesting leave first.
    pub max_tokens: usize,
}

impl Default for BookSettings {
    fn default() -> Self {
        Self { chains: vec![Chain::solana()], max_tokens: 5_000 }
    }
}

/// What is known about every tracked token.
///
/// Serialisable in any format; what is left out (settings, indexes) is made again at the first publication.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Book {
    /// Boxed: ids that lie side by side are searched quickly.
    entries: BTreeMap<TokenId, Box<Entry>>,
    /// Jupiter's prices, of tracked tokens and of what pools quote in.
    prices: BTreeMap<TokenId, Said<TokenObservation>>,
    /// What the wrapped native coins cost.
    rates: BTreeMap<TokenId, Rate>,
    /// When each source last answered.
    answered: BTreeMap<Source, Timestamp>,
    /// Which tokens were on the board before.
    seen: Seen,
    /// When the last publication was made.
    published_at: Timestamp,
    #[serde(skip)]
    live: Live,
}

/// One tracked token.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    known: Known,
    memory: Memory,
    first_seen: Timestamp,
    told: Told,
    /// What the history knows of its last seven days.
    #[serde(skip)]
    week: Option<Week>,
    /// What was last published of it beside its row.
    #[serde(skip)]
    details: Option<Arc<TokenDetails>>,
    #[serde(skip)]
    pulse: Pulse,
}

/// What the last publication found out about a token, for the planner.
#[derive(Clone, Debug, Default)]
struct Pulse {
    /// How much the token is worth watching; `None` without a row.
    interest: Option<f64>,
    doubt: Option<Doubt>,
    priced_at: Option<Timestamp>,
    /// How far the price moved in five minutes, percent.
    moved_pct: f64,
    wants: Vec<TokenId>,
    unverified: Vec<PoolId>,
    /// When age alone may change the row.
    due: Option<Timestamp>,
    /// Where it stands among those that are due: then, or earlier.
    queued: Option<Timestamp>,
    /// Its row would be the same if its pools said the same again, up to this time of theirs.
    calm_until: Option<Timestamp>,
    /// The symbol on its row.
    symbol: Option<Worn>,
}

/// What is made again after a restart.
#[derive(Clone, Debug, Default)]
struct Live {
    settings: BookSettings,
    /// Whether a publication was made since the start.
    began: bool,
    /// Whether a source answered since the start.
    answered: bool,
    /// Tokens that somebody spoke about since the last publication.
    dirty: Dirty,
    /// Tokens whose pools said the same again.
    renewed: Dirty,
    /// When which token is looked at, no later than its age passes a limit.
    due: BTreeSet<(Timestamp, TokenId)>,
    /// Who waits for the price of a quote token.
    wanting: BTreeMap<TokenId, BTreeSet<TokenId>>,
    symbols: Symbols,
    /// Which rows carry a symbol that looks so, by the hash of the shape.
    carriers: BTreeSet<(u64, TokenId)>,
    /// The rates at which all tokens were last merged.
    marked: BTreeMap<TokenId, Price>,
    /// What young pools imply about the prices of the native coins.
    implied: Implied,
    /// Tokens with a row, the least interesting first.
    rows: BTreeSet<(i32, TokenId)>,
    /// Tokens without one, the longest known first.
    rowless: BTreeSet<(Timestamp, TokenId)>,
    /// Mints about whose price Jupiter may have been silent too often.
    doubted: BTreeSet<TokenId>,
    /// When Jupiter was last asked about a price, and how often it was silent since.
    asked: BTreeMap<TokenId, Asked>,
}

/// A question to Jupiter.
#[derive(Clone, Copy, Debug)]
struct Asked {
    at: Timestamp,
    silent: u8,
}

impl Book {
    /// An empty book.
    pub fn new(settings: BookSettings) -> Self {
        let mut book = Self::default();
        book.configure(settings);
        book
    }

    /// Applies settings, also to a book that was read from disk: tokens of other chains are forgotten.
    pub fn configure(&mut self, settings: BookSettings) {
        self.entries.retain(|id, _| settings.chains.contains(id.chain()));
        self.live.settings = settings;
        self.live.began = false;
    }

    /// How many tokens are tracked, with or without a row.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is tracked.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the token is tracked.
    pub fn contains(&self, token: &TokenId) -> bool {
        self.entries.contains_key(token)
    }

    /// USD per SOL at the last publication.
    pub fn sol_usd(&self) -> Option<Price> {
        self.rates.get(&wrapped_sol()).map(|rate| rate.usd)
    }

    /// When each source last answered.
    pub fn answered(&self) -> &BTreeMap<Source, Timestamp> {
        &self.answered
    }

    /// When the token was first seen.
    pub fn first_seen(&self, token: &TokenId) -> Option<Timestamp> {
        self.entries.get(token).map(|entry| entry.first_seen)
    }

    /// The token's pools as of the last publication, best first; empty for a token that is not tracked.
    pub fn pools(&self, token: &TokenId) -> Vec<PoolView> {
        self.entries.get(token).map_or_else(Vec::new, |entry| {
            merge(token, &entry.known, entry.memory.clone(), &self.world(self.published_at)).pools
        })
    }

    /// What the eligible pools together say the token costs, USD: the median by which outliers are told.
    pub fn reference_price(&self, token: &TokenId) -> Option<f64> {
        let entry = self.entries.get(token)?;
        merge(token, &entry.known, entry.memory.clone(), &self.world(self.published_at)).reference
    }

    /// Other symbols and names that sources give the token, sorted.
    pub fn aliases(&self, token: &TokenId) -> Vec<Arc<str>> {
        self.entries.get(token).map_or_else(Vec::new, |entry| {
            let world = self.world(self.published_at);
            let row = merge(token, &entry.known, entry.memory.clone(), &world).row;
            let shown = row.map(|row| (row.symbol, row.name)).unwrap_or_default();
            aliases(token, &entry.known, &[shown.0.as_deref(), shown.1.as_deref()])
        })
    }

    fn world(&self, now: Timestamp) -> World<'_> {
        World {
            now,
            heard: self.heard(now),
            sol_usd: self.sol_usd(),
            rates: &self.rates,
            prices: &self.prices,
            symbols: &self.live.symbols,
        }
    }

    /// When any source last answered; `now` if none ever did.
    fn heard(&self, now: Timestamp) -> Timestamp {
        self.answered.values().copied().max().unwrap_or(now).min(now)
    }

    /// The token's entry, a new one if there was none. The id becomes that of the entry: equal ids that are shared are
    /// told alike at a glance.
    fn entry(&mut self, token: &mut TokenId, now: Timestamp) -> &mut Entry {
        let slot = self.entries.entry(token.clone());
        token.clone_from(slot.key());
        let rowless = &mut self.live.rowless;
        slot.or_insert_with(|| {
            rowless.insert((now, token.clone()));
            Box::new(Entry {
                known: Known::default(),
                memory: Memory::default(),
                first_seen: now,
                told: Told::default(),
                week: None,
                details: None,
                pulse: Pulse::default(),
            })
        })
    }

    fn tracks_chain(&self, chain: &Chain) -> bool {
        self.live.settings.chains.contains(chain)
    }
}
