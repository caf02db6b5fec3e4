//! What leaves the book: expired observations that somebody witnessed away, surplus pools, the least interesting tokens.

use std::collections::{BTreeSet, HashSet};

use super::{Book, Entry};
use crate::merge::limits::{LOW_LIQUIDITY_USD, MAX_POOLS, MAX_QUOTE_PRICES, PROMOTION_HOLDS, ROWLESS_HOLDS, WITNESSES};
use crate::merge::{Known, PoolView, Said};
use crate::{Freshness, PoolObservation, Source, Statement, Timestamp, Token, TokenId, Window, is_anchor};

/// How much a row is worth keeping: by what moves in it; thin ones come after all others.
pub(super) fn interest(row: &Token) -> f64 {
    let volume = row.volume_usd.at(Window::H24).unwrap_or(0.0);
    let txns = row.txns.at(Window::H24).map_or(0, crate::Txns::total);
    let thin = row.liquidity_usd.is_none_or(|usd| usd < LOW_LIQUIDITY_USD);
    volume.ln_1p() + (txns as f64).ln_1p() - if thin { 1_000.0 } else { 0.0 }
}

fn freshness(source: Source, as_of: Timestamp, now: Timestamp) -> Freshness {
    source.freshness(now.since(as_of))
}

/// Whether an expired word may leave: its source was silent about it three times since.
fn witnessed<T>(said: &Said<T>) -> bool {
    said.missed >= WITNESSES
}

impl Known {
    /// Lets go of what expired and has a witness. Without one the last word stays, however old. Whether a statement left.
    pub(super) fn forget(&mut self, now: Timestamp) -> bool {
        let expired = |said: &PoolObservation| freshness(said.source, said.as_of, now) == Freshness::Expired;
        self.pools.retain(|_, by_source| {
            let renewed =
                by_source.values().any(|said| freshness(said.what.source, said.what.as_of, now) == Freshness::Fresh);
            by_source.retain(|_, said| !expired(&said.what) || !(renewed || witnessed(said)));
            !by_source.is_empty()
        });
        let before = self.statements.len();
        self.statements.retain(|(source, kind), said| match kind {
            Statement::Promotion => now.since(said.what.as_of) < PROMOTION_HOLDS,
            _ => freshness(*source, said.what.as_of, now) != Freshness::Expired || !witnessed(said),
        });
        self.statements.len() < before
    }

    /// Keeps the best pools of too many; `views` are all of them, best first.
    pub(super) fn cap_pools(&mut self, views: &[PoolView]) {
        if self.pools.len() <= MAX_POOLS {
            return;
        }
        let kept: HashSet<&str> = views[..MAX_POOLS.min(views.len())].iter().map(|view| &*view.pool).collect();
        self.pools.retain(|id, _| kept.contains(id.address()));
    }
}

impl Entry {
    /// Whether there is no row and nothing has been heard for long.
    pub(super) fn is_silent(&self, now: Timestamp) -> bool {
        let newest = self.known.moments().map(|(_, as_of)| as_of).max();
        let newest = newest.unwrap_or(self.first_seen);
        self.pulse.interest.is_none() && now.since(newest) >= ROWLESS_HOLDS
    }
}

impl Book {
    /// The tokens that have to leave for there to be no more than allowed; a watched one never does.
    pub(super) fn surplus(&self, watched: &HashSet<TokenId>) -> Vec<TokenId> {
        let limit = self.live.settings.max_tokens;
        let Some(surplus) = self.entries.len().checked_sub(limit).filter(|n| *n > 0) else {
            return Vec::new();
        };
        // A newcomer has no row until its pools were asked for: the latest few are given that time.
        let mut newcomers: Vec<(Timestamp, &TokenId)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.pulse.interest.is_none())
            .map(|(id, entry)| (entry.first_seen, id))
            .collect();
        newcomers.sort_unstable_by(|a, b| b.cmp(a));
        newcomers.truncate((limit / 10).max(1));
        let spared: HashSet<&TokenId> = newcomers.into_iter().map(|(_, id)| id).collect();

        let mut leaving: Vec<(bool, f64, &TokenId)> = self
            .entries
            .iter()
            .filter(|(id, _)| !watched.contains(*id))
            .map(|(id, entry)| {
                let interest = entry.pulse.interest.unwrap_or(f64::NEG_INFINITY);
                (spared.contains(id), interest, id)
            })
            .collect();
        leaving.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(b.2)));
        leaving.into_iter().take(surplus).map(|(_, _, id)| id.clone()).collect()
    }

    /// Lets go of prices that nobody needs and of those that Jupiter no longer gives.
    pub(super) fn forget_prices(&mut self, now: Timestamp) {
        let (entries, wanting) = (&self.entries, &self.live.wanting);
        let needed = |id: &TokenId| entries.contains_key(id) || wanting.contains_key(id) || is_anchor(id);
        self.prices.retain(|_, said| {
            !witnessed(said) || freshness(said.what.source, said.what.as_of, now) != Freshness::Expired
        });
        self.live.asked.retain(|id, _| needed(id));
        let mut loose: BTreeSet<(Timestamp, TokenId)> = BTreeSet::new();
        for (id, said) in &self.prices {
            if !needed(id) {
                loose.insert((said.what.as_of, id.clone()));
            }
        }
        while loose.len() > MAX_QUOTE_PRICES {
            if let Some((_, id)) = loose.pop_first() {
                self.prices.remove(&id);
            }
        }
    }

    /// Forgets a token altogether.
    pub(super) fn remove(&mut self, token: &TokenId) {
        self.carry(token, None);
        if let Some(entry) = self.entries.remove(token) {
            if let Some(due) = entry.pulse.due {
                self.live.due.remove(&(due, token.clone()));
            }
            for quote in entry.pulse.wants {
                self.unwant(&quote, token);
            }
        }
        self.renew_claim(token);
        self.prices.remove(token);
        self.live.dirty.remove(token);
    }

    pub(super) fn unwant(&mut self, quote: &TokenId, token: &TokenId) {
        if let Some(waiting) = self.live.wanting.get_mut(quote) {
            waiting.remove(token);
            if waiting.is_empty() {
                self.live.wanting.remove(quote);
            }
        }
    }
}
