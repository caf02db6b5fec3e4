//! What the other sources say of a figure that is shown, and how far all of them lie apart.
//!
//! Like is compared with like only. A sum over pools is compared with what each other source says of the very same
//! pools, if it describes all of them; a figure of the whole token with other sources' figures of the whole token. Of
//! caps the supplies are compared: each at the price that is shown. What has expired is not compared.

use super::pool::Market;
use super::{to_cents, to_hundredths};
use crate::{
    FieldProvenance, FieldSource, Freshness, PoolId, PoolObservation, SortedMap, Source, Timestamp, TokenObservation,
};

/// Whether a word still counts in a comparison.
pub(super) fn counts(source: Source, as_of: Timestamp, now: Timestamp) -> bool {
    source.freshness(now.since(as_of)) < Freshness::Expired
}

/// What the sources say of one thing, at most a word each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<T>([Option<T>; Source::ALL.len()]);

impl<T> Told<T> {
    /// Notes a word; the first one of a source counts.
    pub(super) fn note(&mut self, source: Source, word: T) {
        self.0[source as usize].get_or_insert(word);
    }

    /// Puts a word in the place of another.
    pub(super) fn put(&mut self, source: Source, word: T) {
        self.0[source as usize] = Some(word);
    }

    /// Notes a word; the least one of a source counts.
    pub(super) fn note_least(&mut self, source: Source, word: T)
    where
        T: PartialOrd,
    {
        let slot = &mut self.0[source as usize];
        if slot.as_ref().is_none_or(|before| word < *before) {
            *slot = Some(word);
        }
    }

    /// The words in the order of the sources.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Source, &T)> {
        Source::ALL.into_iter().zip(&self.0).filter_map(|(source, word)| Some((source, word.as_ref()?)))
    }

    /// The words of others than the one that is shown, as texts.
    pub(super) fn others(&self, shown: FieldSource, print: impl Fn(&T) -> String) -> SortedMap<Source, Box<str>> {
        let others = || self.iter().filter(|(source, _)| shown != *source);
        let mut texts = Vec::with_capacity(others().count());
        texts.extend(others().map(|(source, word)| (source, print(word).into())));
        SortedMap::from_sorted(texts)
    }
}

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self([const { None }; Source::ALL.len()])
    }
}

/// A word that may be shown: who says it, of which pool if it is of one, and when that was true.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) source: Source,
    pub(super) as_of: Timestamp,
    pub(super) pool: Option<&'a PoolId>,
}

impl<'a> Word<'a> {
    pub(super) fn of_pool(said: &'a PoolObservation) -> Self {
        Self { source: said.source, as_of: said.as_of, pool: Some(&said.pool) }
    }

    pub(super) fn of_token(said: &TokenObservation) -> Self {
        Self { source: said.source, as_of: said.as_of, pool: None }
    }

    /// It as an origin that has no rivals.
    pub(super) fn origin(self) -> FieldProvenance {
        let Self { source, as_of, pool } = self;
        pool.map_or_else(|| FieldProvenance::plain(source, as_of), |pool| FieldProvenance::of_pool(source, pool, as_of))
    }
}

/// The origin of a figure with what the others say.
pub(super) fn figures(word: Word, shown: f64, told: &Told<f64>) -> FieldProvenance {
    let mut origin = word.origin();
    let (mut low, mut high, mut is_alone) = (shown, shown, true);
    for (_, figure) in told.iter().filter(|(source, _)| *source != word.source) {
        (low, high, is_alone) = (low.min(*figure), high.max(*figure), false);
    }
    if !is_alone {
        origin.others = told.others(origin.source, |figure| to_cents(*figure).to_string());
        let spread = (shown > 0.0).then(|| to_hundredths((high - low) / shown * 100.0));
        origin.spread_pct = spread.filter(|spread| spread.is_finite());
    }
    origin
}

/// What each source says of all these pools together; nothing of a source that leaves one out. `pools` are in the order
/// of their ids, so that the sums do not depend on who was heard first.
pub(super) fn sums(pools: &[&Market], now: Timestamp, figure: impl Fn(&PoolObservation) -> Option<f64>) -> Told<f64> {
    let sum = |source: Source| -> Option<f64> {
        let told = pools.iter().map(|pool| {
            let said = pool.by(source).filter(|said| counts(said.source, said.as_of, now))?;
            figure(said)
        });
        told.sum()
    };
    let mut all = Told::default();
    for source in Source::ALL.into_iter().filter(|_| !pools.is_empty()) {
        if let Some(sum) = sum(source).filter(|sum| sum.is_finite()) {
            all.note(source, sum);
        }
    }
    all
}
