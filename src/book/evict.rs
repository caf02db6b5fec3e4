//! What leaves the book: expired observations that somebody witnessed away, surplus pools, the least interesting tokens.

use std::collections::HashSet;

use super::{Book, Entry, Live};
use crate::merge::limits::{LOW_LIQUIDITY_USD, MAX_POOLS, MAX_QUOTE_PRICES, PROMOTION_HOLDS, ROWLESS_HOLDS, WITNESSES};
use crate::merge::{Known, PoolView, Said};
use crate::{Freshness, PoolObservation, SortedMap, Source, Statement, Timestamp, Token, TokenId, Window, is_anchor};

/// How much a row is worth keeping: by what moves in it; thin ones come after all others.
pub(super) fn interest(row: &Token) -> f64 {
    let volume = row.volume_usd.at(Window::H24).unwrap_or(0.0);
    let txns = row.txns.at(Window::H24).map_or(0, crate::Txns::total);
    let thin = row.liquidity_usd.is_none_or(|usd| usd < LOW_LIQUIDITY_USD);
    volume.ln_1p() + (txns as f64).ln_1p() - if thin { 1_000.0 } else { 0.0 }
}

/// Where a row of that interest stands among all, the least interesting first.
///
/// In steps of an eighth, which is a volume of 13 %: who leaves first is not worth a new place for every trade.
#[expect(clippy::cast_possible_truncation, reason = "interest is within a few thousands")]
pub(super) fn place(interest: f64) -> i32 {
    (interest * 8.0).floor() as i32
}

fn freshness(source: Source, as_of: Timestamp, now: Timestamp) -> Freshness {
    source.freshness(now.since(as_of))
}

/// Whether an observation tells what lies in the pool.
fn tells_reserve(said: &PoolObservation) -> bool {
    said.quote_reserve.is_some() || said.base_reserve.is_some()
}

/// Whether an expired word may leave: its source was silent about it three times since.
fn witnessed<T>(said: &Said<T>) -> bool {
    said.missed >= WITNESSES
}

impl Known {
    /// Lets go of what expired and has a witness. Without one the last word stays, however old. Whether a statement left.
    pub(super) fn forget(&mut self, now: Timestamp) -> bool {
        let expired = |said: &PoolObservation| freshness(said.source, said.as_of, now) == Freshness::Expired;
        if self.pools.values().flat_map(SortedMap::values).any(|said| expired(&said.what)) {
            self.forget_pools(now);
        }
        let before = self.statements.len();
        self.statements.retain(|(source, kind), said| match kind {
            Statement::Promotion => now.since(said.what.as_of) < PROMOTION_HOLDS,
            _ => freshness(*source, said.what.as_of, now) != Freshness::Expired || !witnessed(said),
        });
        self.statements.len() < before
    }

    fn forget_pools(&mut self, now: Timestamp) {
        let expired = |said: &PoolObservation| freshness(said.source, said.as_of, now) == Freshness::Expired;
        self.pools.retain(|_, by_source| {
            let fresh = by_source
                .values()
                .map(|said| &said.what)
                .filter(|said| freshness(said.source, said.as_of, now) == Freshness::Fresh);
            let (renewed, recounted) =
                fresh.fold((false, false), |(_, counted), said| (true, counted || tells_reserve(said)));
            // What lies in the pool is a word of its own: who does not count it does not take it back.
            let replaced = |said: &PoolObservation| renewed && (recounted || !tells_reserve(said));
            by_source.retain(|_, said| !expired(&said.what) || !(replaced(&said.what) || witnessed(said)));
            !by_source.is_empty()
        });
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
    ///
    /// First those that never had a row or lost it, the longest known first, then rows by how little moves in them. A
    /// newcomer has no row until its pools were asked for: the latest few are given that time.
    pub(super) fn surplus(&self, watched: &HashSet<TokenId>) -> Vec<TokenId> {
        let limit = self.live.settings.max_tokens;
        let Some(surplus) = self.entries.len().checked_sub(limit).filter(|n| *n > 0) else {
            return Vec::new();
        };
        let rowless = || self.live.rowless.iter().map(|(_, id)| id);
        let given_up = self.live.rowless.len().saturating_sub((limit / 10).max(1));
        let leaving = rowless().take(given_up);
        let leaving = leaving.chain(self.live.rows.iter().map(|(_, id)| id)).chain(rowless().skip(given_up));
        leaving.filter(|id| !watched.contains(*id)).take(surplus).cloned().collect()
    }

    /// Lets go of prices that Jupiter no longer gives, and of those that nobody needs once there are many.
    pub(super) fn forget_prices(&mut self, now: Timestamp) {
        let prices = &mut self.prices;
        let mut gone: Vec<TokenId> = Vec::new();
        self.live.doubted.retain(|id| {
            let Some(said) = prices.get(id).filter(|said| said.missed > 0) else {
                return false;
            };
            let leaves = witnessed(said) && freshness(said.what.source, said.what.as_of, now) == Freshness::Expired;
            if leaves {
                gone.push(id.clone());
            }
            !leaves
        });
        for id in gone {
            self.prices.remove(&id);
            self.live.dirty.mark(&id);
        }

        let (entries, wanting) = (&self.entries, &self.live.wanting);
        let needed = |id: &TokenId| entries.contains_key(id) || wanting.contains_key(id) || is_anchor(id);
        let most = entries.len() + wanting.len() + MAX_QUOTE_PRICES;
        if self.live.asked.len() > most {
            self.live.asked.retain(|id, _| needed(id));
        }
        if self.prices.len() > most {
            let loose = self.prices.iter().filter(|(id, _)| !needed(id));
            let mut loose: Vec<(Timestamp, TokenId)> = loose.map(|(id, said)| (said.what.as_of, id.clone())).collect();
            loose.sort_unstable();
            let surplus = loose.len().saturating_sub(MAX_QUOTE_PRICES);
            for (_, id) in loose.into_iter().take(surplus) {
                self.prices.remove(&id);
            }
        }
    }

    /// Forgets a token, but that it was on the board.
    pub(super) fn remove(&mut self, token: &TokenId, now: Timestamp) {
        if let Some(mut entry) = self.entries.remove(token) {
            if entry.memory.listed {
                self.seen.note_left(token, now);
            }
            if let Some(queued) = entry.pulse.queued {
                self.live.due.remove(&(queued, token.clone()));
            }
            self.live.leave(token, entry.first_seen, entry.pulse.interest);
            self.live.wait_for(token, &entry.pulse.wants, &[]);
            self.live.carry(token, &mut entry.pulse.symbol, None);
        }
        self.renew_claim(token);
        if !self.live.wanting.contains_key(token) {
            self.prices.remove(token);
            self.live.asked.remove(token);
        }
    }
}

impl Live {
    /// Puts a token where it belongs among all, after its interest was another.
    pub(super) fn place(&mut self, token: &TokenId, seen: Timestamp, before: Option<f64>, after: Option<f64>) {
        if before.map(place) == after.map(place) {
            return;
        }
        self.leave(token, seen, before);
        match after {
            Some(interest) => self.rows.insert((place(interest), token.clone())),
            None => self.rowless.insert((seen, token.clone())),
        };
    }

    fn leave(&mut self, token: &TokenId, seen: Timestamp, interest: Option<f64>) {
        match interest {
            Some(interest) => self.rows.remove(&(place(interest), token.clone())),
            None => self.rowless.remove(&(seen, token.clone())),
        };
    }

    pub(super) fn unwant(&mut self, quote: &TokenId, token: &TokenId) {
        if let Some(waiting) = self.wanting.get_mut(quote) {
            waiting.remove(token);
            if waiting.is_empty() {
                self.wanting.remove(quote);
            }
        }
    }
}
