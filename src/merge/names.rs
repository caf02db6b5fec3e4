//! What a token is called: by whoever verified it first. Names are hostile text and prove nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use super::compare::Told;
use super::pool::Market;
use super::{Known, compare};
use crate::{FieldProvenance, PoolObservation, PoolSide, Source, Statement, Timestamp, TokenId, TokenObservation};

/// A name as it is compared: composed, without a leading `$` and blanks, in small letters.
pub(crate) fn fold(name: &str) -> String {
    plain(name).to_lowercase().nfc().collect()
}

/// A name in compatible characters only (no fullwidth, circled or bold letters), without a leading `$` and blanks.
pub(super) fn plain(name: &str) -> String {
    let composed: String = name.nfkc().collect();
    composed.trim().trim_start_matches('$').to_owned()
}

/// A name and who gave it.
#[derive(Default)]
pub(super) struct Names {
    pub(super) symbol: Option<Arc<str>>,
    pub(super) name: Option<Arc<str>>,
    pub(super) origin: Option<FieldProvenance>,
}

impl Known {
    /// The sides on which pools name the token, in the order of the pools.
    fn sides<'a>(&'a self, token: &'a TokenId) -> impl Iterator<Item = (&'a PoolObservation, &'a PoolSide)> {
        let pools = self.pools.values().flat_map(crate::SortedMap::values).map(|said| &said.what);
        pools.flat_map(move |said| {
            let sides = [&said.base, &said.quote].into_iter().filter(move |side| side.token == *token);
            sides.map(move |side| (said, side))
        })
    }

    /// Whether Jupiter verified the token or CoinGecko lists it: then it is nobody's look-alike.
    pub(super) fn is_vouched_for(&self, token: &TokenId) -> bool {
        let verified = self.statements.values().any(|said| said.what.verified == Some(true));
        verified || self.sides(token).any(|(_, side)| side.listed == Some(true))
    }
}

/// Symbol and name in one text, as far as both are known.
fn whole(symbol: Option<&str>, name: Option<&str>) -> String {
    match (symbol, name) {
        (Some(symbol), Some(name)) => format!("{symbol} ({name})"),
        (one, other) => one.or(other).unwrap_or_default().to_owned(),
    }
}

impl Names {
    fn of_facts(said: &TokenObservation) -> Self {
        let origin = Some(FieldProvenance::plain(said.source, said.as_of));
        Self { symbol: said.symbol.clone(), name: said.name.clone(), origin }
    }

    fn of_side(said: &PoolObservation, side: &PoolSide) -> Self {
        let origin = Some(FieldProvenance::of_pool(said.source, &said.pool, said.as_of));
        Self { symbol: side.symbol.clone(), name: side.name.clone(), origin }
    }
}

/// The name, and what the other sources call the token: `SYMBOL (name)`.
pub(super) fn name(token: &TokenId, known: &Known, pool: Option<&Market>, now: Timestamp) -> Names {
    let mut names = best_name(token, known, pool);
    let Some(origin) = &mut names.origin else {
        return names;
    };
    let facts = known.statements.values().map(|said| &said.what);
    let facts = facts.map(|said| (said.source, said.as_of, (said.symbol.as_deref(), said.name.as_deref())));
    // The pool that stands for the token speaks first.
    let first = pool
        .into_iter()
        .flat_map(|pool| pool.all().map(|said| (said, if pool.inverted { &said.quote } else { &said.base })));
    let sides = first.chain(known.sides(token));
    let sides = sides.map(|(said, side)| (said.source, said.as_of, (side.symbol.as_deref(), side.name.as_deref())));
    let mut told = Told::default();
    for (source, as_of, words) in facts.chain(sides) {
        if words != (None, None) && compare::counts(source, as_of, now) {
            told.note(source, words);
        }
    }
    origin.others = told.others(origin.source, |(symbol, name)| whole(*symbol, *name));
    names
}

/// The name: Jupiter's if it verified the token, GeckoTerminal's if CoinGecko lists it, Jupiter's, the canonical pool's.
fn best_name(token: &TokenId, known: &Known, pool: Option<&Market>) -> Names {
    let facts =
        |source| known.statement(source, Statement::Facts).filter(|said| said.symbol.is_some() || said.name.is_some());
    let verified = |said: &&TokenObservation| said.verified == Some(true);
    let (jupiter, gecko) = (facts(Source::Jupiter), facts(Source::Geckoterminal));
    let named = |side: &PoolSide| side.symbol.is_some() || side.name.is_some();
    let listed = || {
        let listed = known.sides(token).filter(|(_, side)| side.listed == Some(true) && named(side));
        listed.max_by_key(|(said, _)| (said.as_of, &said.pool)).map(|(said, side)| Names::of_side(said, side))
    };
    let by_pool = || {
        let pool = pool?;
        let mut sides = [pool.main].into_iter().chain(pool.all());
        sides.find_map(|said| {
            let side = if pool.inverted { &said.quote } else { &said.base };
            named(side).then(|| Names::of_side(said, side))
        })
    };
    jupiter
        .filter(verified)
        .or(gecko.filter(verified))
        .map(Names::of_facts)
        .or_else(listed)
        .or_else(|| jupiter.map(Names::of_facts))
        .or_else(by_pool)
        .or_else(|| gecko.map(Names::of_facts))
        .unwrap_or_default()
}

/// Every other symbol and name that a source gives the token, sorted.
pub(crate) fn aliases(token: &TokenId, known: &Known, shown: &[Option<&str>]) -> Vec<Arc<str>> {
    let sides = known.sides(token).flat_map(|(_, side)| [&side.symbol, &side.name]);
    let told = known.statements.values();
    let told = told.flat_map(|said| [&said.what.symbol, &said.what.name]);
    let is_shown = |name: &str| shown.iter().flatten().any(|shown| *shown == name);
    let mut folded_shown = None;
    let mut seen: BTreeMap<String, Arc<str>> = BTreeMap::new();
    let mut last: Option<&Arc<str>> = None;
    // Most say what is shown, letter by letter.
    for name in sides.chain(told).flatten().filter(|name| !is_shown(name)) {
        if last == Some(name) {
            continue;
        }
        last = Some(name);
        let folded = fold(name);
        let shown: &BTreeSet<String> =
            folded_shown.get_or_insert_with(|| shown.iter().flatten().map(|name| fold(name)).collect());
        if !shown.contains(&folded) {
            seen.entry(folded).or_insert_with(|| name.clone());
        }
    }
    seen.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_compared_folded() {
        for (a, b) in [("WIF", "$wif"), ("Fartcoin ", "FARTCOIN"), ("Ｓ\u{ff2f}L", "sol"), ("e\u{301}", "É")] {
            assert_eq!(fold(a), fold(b));
        }
        assert_ne!(fold("SOLX"), fold("SOL"));
    }
}
