//! What the wrapped native coins cost, and when a change of that renews rows.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use super::Book;
use crate::merge::anchor::{self, Quotient, Rate, is_native, native_of};
use crate::merge::limits::{MAX_IMPLIED, RATE_HOLDS, SAME_MOMENT};
use crate::merge::moved;
use crate::{Chain, PoolId, PoolObservation, Source, Timestamp, TokenId};

/// What young pools imply about the prices of the native coins they quote in.
///
/// Words are only noted as they come in: the rate is worked out of them where Jupiter does not tell it, and then
/// without walking all pools.
#[derive(Clone, Debug, Default)]
pub(super) struct Implied(Vec<Word>);

/// What one source's word about a pool implies.
#[derive(Clone, Debug)]
pub(super) struct Word {
    as_of: Timestamp,
    /// It quotes in the native coin of its chain.
    pool: PoolId,
    source: Source,
    /// Nothing, but it takes the place of an older word.
    usd: Option<Quotient>,
}

impl Word {
    fn is_young(&self, heard: Timestamp) -> bool {
        heard.since(self.as_of) <= SAME_MOMENT
    }

    /// Ties are broken by what it is about.
    fn newest_first(&self, other: &Self) -> Ordering {
        other.as_of.cmp(&self.as_of).then_with(|| (&self.pool, self.source).cmp(&(&other.pool, other.source)))
    }
}

impl Implied {
    /// What an observation of a pool says; `None` of one that quotes in no native coin.
    pub(super) fn of(said: &PoolObservation) -> Option<Word> {
        is_native(&said.quote.token).then(|| Word {
            as_of: said.as_of,
            pool: said.pool.clone(),
            source: said.source,
            usd: anchor::implied(said),
        })
    }

    /// Takes in the newest word about a pool by its source.
    pub(super) fn note(&mut self, word: Option<Word>) {
        self.0.extend(word);
    }

    /// Lets go of what is too old to imply anything, and of the oldest of too many, once there are many.
    fn forget(&mut self, heard: Timestamp) {
        if self.0.len() <= 2 * MAX_IMPLIED {
            return;
        }
        self.0.retain(|word| word.is_young(heard));
        if self.0.len() > MAX_IMPLIED {
            self.0.select_nth_unstable_by(MAX_IMPLIED, Word::newest_first);
            self.0.truncate(MAX_IMPLIED);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What a chain's native coin costs by the newest young word of each source about each pool.
    fn rate(&self, chain: &Chain, heard: Timestamp) -> Option<Rate> {
        let mut young: Vec<&Word> =
            self.0.iter().filter(|word| word.pool.chain() == chain && word.is_young(heard)).collect();
        young.sort_unstable_by(|a, b| a.newest_first(b));
        let mut seen: HashSet<(&PoolId, Source)> = HashSet::new();
        young.retain(|word| seen.insert((&word.pool, word.source)));
        anchor::median_rate(young.iter().filter_map(|word| Some((word.usd?.price()?, word.as_of, word.source))))
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
            let implied = || self.live.implied.rate(native.chain(), heard);
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
