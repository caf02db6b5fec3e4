//! What the other sources say of a figure that is shown, and how far all of them lie apart.
//!
//! Like is compared with like only. A sum over pools is compared with what each other source says of the very same
//! pools, if it describes all of them; a figure of the whole token with other sources' figures of the whole token. Of
//! caps the supplies are compared: each at the price that is shown. What has expired is not compared.

use std::collections::BTreeMap;

use super::pool::Market;
use super::{to_cents, to_hundredths};
use crate::{FieldProvenance, Freshness, PoolObservation, Source, Timestamp};

/// Whether a word still counts in a comparison.
pub(super) fn counts(source: Source, as_of: Timestamp, now: Timestamp) -> bool {
    source.freshness(now.since(as_of)) < Freshness::Expired
}

/// The origin of a figure with what the others say; `told` may name a source more than once, its first word counts.
pub(super) fn figures(
    origin: FieldProvenance,
    shown: f64,
    told: impl IntoIterator<Item = (Source, f64)>,
) -> FieldProvenance {
    let mut others: BTreeMap<Source, f64> = BTreeMap::new();
    for (source, figure) in told {
        if origin.source != source && figure.is_finite() {
            others.entry(source).or_insert(figure);
        }
    }
    let (low, high) = others.values().fold((shown, shown), |(low, high), other| (low.min(*other), high.max(*other)));
    let spread = (!others.is_empty() && shown > 0.0).then(|| to_hundredths((high - low) / shown * 100.0));
    let others = others.into_iter().map(|(source, figure)| (source, to_cents(figure).to_string().into()));
    FieldProvenance { others: others.collect(), spread_pct: spread.filter(|spread| spread.is_finite()), ..origin }
}

/// The origin of a text with what the others say, each by its first word.
pub(super) fn texts(origin: FieldProvenance, told: impl IntoIterator<Item = (Source, String)>) -> FieldProvenance {
    let mut others: BTreeMap<Source, Box<str>> = BTreeMap::new();
    for (source, text) in told {
        if origin.source != source {
            others.entry(source).or_insert_with(|| text.into());
        }
    }
    FieldProvenance { others: others.into_iter().collect(), ..origin }
}

/// What each source says of all these pools together; nothing of a source that leaves one out.
pub(super) fn sums(
    pools: &[&Market],
    now: Timestamp,
    figure: impl Fn(&PoolObservation) -> Option<f64>,
) -> Vec<(Source, f64)> {
    let mut pools = pools.to_vec();
    pools.sort_by(|a, b| a.id.cmp(b.id));
    let sum = |source: Source| -> Option<f64> {
        let told = pools.iter().map(|pool| {
            let said = pool.by(source).filter(|said| counts(said.source, said.as_of, now))?;
            figure(said)
        });
        told.sum()
    };
    if pools.is_empty() {
        return Vec::new();
    }
    Source::ALL.into_iter().filter_map(|source| Some((source, sum(source)?))).collect()
}
