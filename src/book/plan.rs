//! What the planner asks the book: whose price is doubtful, and how old what we know is.

use std::cmp::Reverse;
use std::time::Duration;

use super::Book;
use crate::merge::limits::ASK_AFTER;
use crate::merge::{Doubt, Known, Said};
use crate::{Chain, Freshness, PoolId, PoolObservation, SortedMap, Source, Timestamp, TokenId};

/// How old what is known about a token is, and how much it is worth asking again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenAge<'a> {
    /// The token.
    pub token: &'a TokenId,
    /// How much moves in it; `None` while it has no row.
    pub interest: Option<f64>,
    /// How far its price moved in five minutes, percent; 0 while that is unknown.
    pub moved_pct: f64,
    /// Whether its price is disputed, rejected or missing.
    pub disputed: bool,
    /// When the price that it shows was true.
    pub priced_at: Option<Timestamp>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// The pool that stands for it.
    pub main_pool: Option<&'a PoolId>,
    /// When DexScreener last spoke of that pool; of any pool while none stands for it.
    pub dexscreener_at: Option<Timestamp>,
    /// When GeckoTerminal last spoke of it.
    pub geckoterminal_at: Option<Timestamp>,
    /// Pools that could count if somebody said what lies on their quote side.
    pub unverified: &'a [PoolId],
}

/// How long to wait before asking Jupiter about the same mint again: its answers hold 30 s, and one that it does not
/// price is asked about ever more seldom, up to a quarter of an hour.
fn pause(silent: u8) -> Duration {
    Duration::from_secs(30 << u32::from(silent.min(5)))
}

impl Book {
    /// The mints whose price Jupiter should be asked for, most urgent first: tokens without a price, with a rejected,
    /// disputed or old one, and quote tokens whose price would make a pool count. Wrapped SOL is not among them: it is
    /// part of every batch.
    pub fn needs_price(&self, now: Timestamp) -> Vec<TokenId> {
        let ready = |token: &TokenId| {
            *token.chain() == Chain::solana()
                && self.live.asked.get(token).is_none_or(|asked| now.since(asked.at) >= pause(asked.silent))
        };
        // What was never on the board is asked about last: most of it is dust.
        let class = |doubt: Doubt, listed: bool| match doubt {
            Doubt::Missing if listed => 0,
            Doubt::Rejected => 1,
            Doubt::Disputed => 2,
            Doubt::Missing => 5,
        };
        let mut wanted: Vec<(u8, Reverse<u64>, &TokenId)> = Vec::new();
        for (token, entry) in &self.entries {
            let age = entry.pulse.priced_at.map(|at| now.since(at));
            let old = age.is_some_and(|age| age > ASK_AFTER);
            let class = match entry.pulse.doubt {
                Some(doubt) => class(doubt, entry.memory.listed),
                None if old => 4,
                None => continue,
            };
            if ready(token) {
                let weight = entry.pulse.interest.unwrap_or(0.0).max(0.0) * 1_000.0;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a small positive number, for the order only"
                )]
                wanted.push((class, Reverse(weight as u64), token));
            }
        }
        for quote in self.live.wanting.keys() {
            let known = self
                .prices
                .get(quote)
                .is_some_and(|said| Source::Jupiter.freshness(now.since(said.what.as_of)) == Freshness::Fresh);
            if !known && ready(quote) && !self.entries.contains_key(quote) {
                wanted.push((3, Reverse(0), quote));
            }
        }
        wanted.sort_unstable();
        wanted.into_iter().map(|(_, _, id)| id.clone()).collect()
    }

    /// The ages of all tracked tokens, in the order of their ids.
    pub fn ages(&self) -> impl Iterator<Item = TokenAge<'_>> {
        self.entries.iter().map(|(token, entry)| {
            let main_pool = entry.memory.canonical.as_ref().map(|incumbent| &incumbent.pool);
            TokenAge {
                token,
                interest: entry.pulse.interest,
                moved_pct: entry.pulse.moved_pct,
                disputed: entry.pulse.doubt.is_some(),
                priced_at: entry.pulse.priced_at,
                first_seen: entry.first_seen,
                main_pool,
                dexscreener_at: entry.known.told_at(Source::Dexscreener, main_pool),
                geckoterminal_at: entry.known.told_at(Source::Geckoterminal, None),
                unverified: &entry.pulse.unverified,
            }
        })
    }
}

impl Known {
    /// When a source last spoke of one pool, or of any.
    fn told_at(&self, source: Source, pool: Option<&PoolId>) -> Option<Timestamp> {
        let at = |by_source: &SortedMap<Source, Said<PoolObservation>>| Some(by_source.get(&source)?.what.as_of);
        match pool {
            Some(pool) => at(self.pools.get(pool)?),
            None => self.pools.values().filter_map(at).max(),
        }
    }
}
