//! What a token is called: by whoever verified it first. Names are hostile text and prove nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use super::Known;
use super::anchor::RESERVED_SYMBOLS;
use super::pool::Market;
use crate::{Chain, FieldProvenance, Source, Statement, TokenId, TokenObservation};

/// A symbol as it is compared: composed, without a leading `$` and blanks, in small letters.
pub(crate) fn fold(symbol: &str) -> String {
    let composed: String = symbol.nfkc().collect();
    composed.trim().trim_start_matches('$').to_lowercase().nfc().collect()
}

/// The symbols of verified tokens, and who may carry them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    verified: BTreeMap<(Chain, String), BTreeSet<TokenId>>,
}

impl Symbols {
    /// Notes that a verified token carries the symbol; whether that is news.
    pub(crate) fn insert(&mut self, token: &TokenId, symbol: &str) -> bool {
        let key = (token.chain().clone(), fold(symbol));
        self.verified.entry(key).or_default().insert(token.clone())
    }

    /// Whether the symbol belongs to others: an anchor, or a verified token of the same chain.
    pub(crate) fn belongs_to_others(&self, token: &TokenId, symbol: &str) -> bool {
        let folded = fold(symbol);
        RESERVED_SYMBOLS.contains(&folded.as_str())
            || self.verified.get(&(token.chain().clone(), folded)).is_some_and(|owners| !owners.contains(token))
    }
}

/// A name and who gave it.
#[derive(Default)]
pub(super) struct Names {
    pub(super) symbol: Option<Arc<str>>,
    pub(super) name: Option<Arc<str>>,
    pub(super) origin: Option<FieldProvenance>,
}

/// The name: Jupiter's if it verified the token, GeckoTerminal's if CoinGecko lists it, Jupiter's, the canonical pool's.
pub(super) fn name(known: &Known, pool: Option<&Market>) -> Names {
    let facts =
        |source| known.statement(source, Statement::Facts).filter(|said| said.symbol.is_some() || said.name.is_some());
    let verified = |said: &&TokenObservation| said.verified == Some(true);
    let (jupiter, gecko) = (facts(Source::Jupiter), facts(Source::Geckoterminal));
    let told = |said: &TokenObservation| Names {
        symbol: said.symbol.clone(),
        name: said.name.clone(),
        origin: Some(FieldProvenance::plain(said.source, said.as_of)),
    };
    let by_pool = || {
        let pool = pool?;
        let mut sides = [pool.main].into_iter().chain(pool.all.iter().copied());
        let (said, side) = sides.find_map(|said| {
            let side = if pool.inverted { &said.quote } else { &said.base };
            (side.symbol.is_some() || side.name.is_some()).then_some((said, side))
        })?;
        Some(Names {
            symbol: side.symbol.clone(),
            name: side.name.clone(),
            origin: Some(FieldProvenance::of_pool(said.source, pool.id, said.as_of)),
        })
    };
    jupiter
        .filter(verified)
        .or(gecko.filter(verified))
        .or(jupiter)
        .map(told)
        .or_else(by_pool)
        .or_else(|| gecko.map(told))
        .unwrap_or_default()
}

/// Every other symbol and name that a source gives the token, sorted.
pub(crate) fn aliases(token: &TokenId, known: &Known, shown: &[Option<&str>]) -> Vec<Arc<str>> {
    let sides = known.pools.values().flat_map(BTreeMap::values);
    let sides = sides.flat_map(|said| {
        [&said.what.base, &said.what.quote]
            .into_iter()
            .filter(|side| side.token == *token)
            .flat_map(|side| [&side.symbol, &side.name])
    });
    let told = known.statements.values();
    let told = told.flat_map(|said| [&said.what.symbol, &said.what.name]);
    let shown: BTreeSet<String> = shown.iter().flatten().map(|name| fold(name)).collect();
    let mut seen = BTreeMap::new();
    for name in sides.chain(told).flatten() {
        let folded = fold(name);
        if !shown.contains(&folded) {
            seen.entry(folded).or_insert_with(|| name.clone());
        }
    }
    seen.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token_id;

    #[test]
    fn symbols_are_compared_folded() {
        for (a, b) in [("WIF", "$wif"), ("Fartcoin ", "FARTCOIN"), ("Ｓ\u{ff2f}L", "sol"), ("e\u{301}", "É")] {
            assert_eq!(fold(a), fold(b));
        }
        assert_ne!(fold("SOLX"), fold("SOL"));
    }

    #[test]
    fn a_verified_symbol_belongs_to_its_owner() {
        let mut symbols = Symbols::default();
        assert!(symbols.insert(&token_id(1), "WIF"));
        assert!(!symbols.insert(&token_id(1), "wif"));
        assert!(!symbols.belongs_to_others(&token_id(1), "WIF"));
        assert!(symbols.belongs_to_others(&token_id(2), "$Wif"));
        assert!(symbols.belongs_to_others(&token_id(2), "usdc"));
        assert!(!symbols.belongs_to_others(&token_id(2), "BONK"));
    }
}
