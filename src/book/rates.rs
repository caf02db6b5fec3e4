//! What the wrapped native coins cost, and when a change of that renews rows.

use std::collections::BTreeMap;

use super::Book;
use crate::merge::anchor::{self, Rate, is_native, native_of};
use crate::merge::limits::{MAX_IMPLIED, RATE_HOLDS, SAME_MOMENT};
use crate::merge::moved;
use crate::{PoolId, PoolObservation, Price, Source, Timestamp, TokenId};

/// What young pools imply about the prices of the native coins they quote in.
///
/// Kept up as observations come in, so that a rate can be had without walking all pools; the oldest leave first.
#[derive(Clone, Debug, Default)]
pub(super) struct Implied(BTreeMap<TokenId, ByPool>);

/// What each pool implied by each source's word, and when.
type ByPool = BTreeMap<(PoolId, Source), (Timestamp, Price)>;

impl Implied {
    /// Takes in the newest observation of a pool by its source.
    pub(super) fn note(&mut self, pool: &PoolObservation) {
        if !is_native(&pool.quote.token) {
            return;
        }
        let by_pool = self.0.entry(pool.quote.token.clone()).or_default();
        let key = (pool.pool.clone(), pool.source);
        match anchor::implied(pool) {
            Some(usd) => by_pool.insert(key, (pool.as_of, usd)),
            None => by_pool.remove(&key),
        };
    }

    /// Lets go of what is too old to imply anything, and of the oldest of too many.
    fn forget(&mut self, heard: Timestamp) {
        for by_pool in self.0.values_mut() {
            by_pool.retain(|_, (as_of, _)| heard.since(*as_of) <= SAME_MOMENT);
            if let Some(surplus) = by_pool.len().checked_sub(MAX_IMPLIED).filter(|surplus| *surplus > 0) {
                let mut ages: Vec<_> = by_pool.iter().map(|(key, (as_of, _))| (*as_of, key.clone())).collect();
                ages.sort_unstable();
                for (_, key) in ages.into_iter().take(surplus) {
                    by_pool.remove(&key);
                }
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn rate(&self, native: &TokenId) -> Option<Rate> {
        let by_pool = self.0.get(native)?.iter();
        anchor::median_rate(by_pool.map(|((_, source), (as_of, usd))| (*usd, *as_of, *source)))
    }
}

/// What happened to the rates of the native coins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shift {
    /// Nothing to speak of.
    None,
    /// One moved by more than noise.
    Moved,
    /// One is known that was not.
    New,
}

impl Book {
    /// What each chain's wrapped native coin costs: by Jupiter, else by what its pools imply, else as it was a few
    /// minutes ago, else nobody knows. While no source answers at all the last rate holds, as everything else does.
    pub(super) fn renew_rates(&mut self, now: Timestamp) {
        let heard = self.heard(now);
        self.live.implied.forget(heard);
        let natives: Vec<TokenId> = self.live.settings.chains.iter().filter_map(native_of).collect();
        let mut rates: BTreeMap<TokenId, Rate> = BTreeMap::new();
        for native in natives {
            let jupiter = self.prices.get(&native).and_then(|said| {
                Some(Rate { usd: said.what.price_usd?, as_of: said.what.as_of, source: said.what.source })
            });
            let implied = || self.live.implied.rate(&native);
            let rate = jupiter.filter(|rate| heard.since(rate.as_of) <= SAME_MOMENT).or_else(implied).or_else(|| {
                let last = [jupiter, self.rates.get(&native).copied()];
                let last = last.into_iter().flatten().max_by_key(|rate| rate.as_of);
                last.filter(|rate| heard.since(rate.as_of) <= RATE_HOLDS)
            });
            if let Some(rate) = rate {
                rates.insert(native, rate);
            }
        }
        self.rates = rates;
    }

    /// How far the rates moved since what is told in them was last renewed.
    pub(super) fn shift_of_rates(&mut self) -> Shift {
        let mut shift = Shift::None;
        self.live.marked.retain(|native, _| self.rates.contains_key(native));
        for (native, rate) in &self.rates {
            let next = match self.live.marked.get(native) {
                None => Shift::New,
                Some(marked) if moved(*marked, rate.usd) => Shift::Moved,
                Some(_) => continue,
            };
            self.live.marked.insert(native.clone(), rate.usd);
            shift = shift.max(next);
        }
        shift
    }
}
