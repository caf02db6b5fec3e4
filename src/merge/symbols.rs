//! Which symbols belong to whom, and what looks like them.
//!
//! A symbol proves nothing, but a reader takes `ЅОL` in Cyrillic letters for SOL, and `B0NK` for BONK. Symbols are
//! therefore compared by what they look like: by the confusable skeleton of Unicode's technical standard 39.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::anchor::RESERVED_SYMBOLS;
use super::names::plain;
use crate::fnv::Fnv;
use crate::{Chain, TokenId};

/// What a symbol looks like in one of its spellings.
type Shape = String;

/// The anchors' symbols by their shapes.
static RESERVED: LazyLock<BTreeMap<Shape, &'static str>> = LazyLock::new(|| {
    let all = RESERVED_SYMBOLS.into_iter();
    all.flat_map(|symbol| shapes(symbol).into_iter().map(move |shape| (shape, symbol))).collect()
});

/// The hashes of these shapes.
static RESERVED_HASHES: LazyLock<BTreeSet<u64>> = LazyLock::new(|| RESERVED.keys().map(|shape| hash(shape)).collect());

/// What the symbol looks like as it is written, in capitals and in small letters.
///
/// All three, for the letters of one case have other doubles than those of the other: `I` is taken for `l` and `1`, `i`
/// is not. Two symbols look alike when any of their shapes is the same.
fn shapes(symbol: &str) -> BTreeSet<Shape> {
    let written = plain(symbol);
    let cases = BTreeSet::from([written.to_uppercase(), written.to_lowercase(), written]);
    cases.iter().map(|text| skeleton(text)).filter(|shape| !shape.is_empty()).collect()
}

#[cfg(not(target_arch = "wasm32"))]
fn skeleton(text: &str) -> Shape {
    unicode_security::skeleton(text).collect()
}

/// The browser makes no rows: it is spared the table.
#[cfg(target_arch = "wasm32")]
fn skeleton(text: &str) -> Shape {
    text.to_owned()
}

/// A shape in eight bytes.
fn hash(shape: &str) -> u64 {
    let mut fnv = Fnv::default();
    fnv.write(shape.as_bytes());
    fnv.finish()
}

/// A symbol with what it looks like, worked out once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worn {
    pub(crate) symbol: Arc<str>,
    /// Its shapes, each in eight bytes; one of fewer than three is there more than once. None of a symbol that shows
    /// nothing.
    shapes: Option<[u64; 3]>,
}

impl Worn {
    /// The symbol, as it was worn before if it is the same.
    pub(crate) fn of(symbol: &Arc<str>, before: Option<Self>) -> Self {
        if let Some(before) = before.filter(|before| before.symbol == *symbol) {
            return before;
        }
        let mut all = shapes(symbol).into_iter().map(|shape| hash(&shape));
        let shapes = all.next().map(|first| [first, all.next().unwrap_or(first), all.next().unwrap_or(first)]);
        Self { symbol: symbol.clone(), shapes }
    }

    /// The hashes of its shapes. Two shapes of one hash cost a merge that changes nothing.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.shapes.into_iter().flatten()
    }
}

/// Whom a symbol imitates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Imitated<'a> {
    /// One of the anchors and majors, by its symbol.
    Anchor(&'static str),
    /// A verified token and its symbol.
    Verified(&'a TokenId, &'a str),
}

/// The symbols of verified tokens, and who may carry them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    /// What each verified token is called.
    claims: BTreeMap<TokenId, Arc<str>>,
    /// Who may carry what looks like this.
    owners: BTreeMap<(Chain, Shape), BTreeSet<TokenId>>,
    /// How many of these shapes, on any chain, have the hash.
    hashes: BTreeMap<u64, usize>,
}

impl Symbols {
    /// Notes which symbol a verified token carries, `None` when it is verified no longer or has none. The hashes of the
    /// shapes that are judged differently from now on.
    pub(crate) fn claim(&mut self, token: &TokenId, symbol: Option<&Arc<str>>) -> BTreeSet<u64> {
        if self.claims.get(token) == symbol {
            return BTreeSet::new();
        }
        let before = match symbol {
            Some(symbol) => self.claims.insert(token.clone(), symbol.clone()),
            None => self.claims.remove(token),
        };
        let before = before.map(|symbol| shapes(&symbol)).unwrap_or_default();
        let after = symbol.map(|symbol| shapes(symbol)).unwrap_or_default();
        for shape in &before {
            let key = (token.chain().clone(), shape.clone());
            if let Some(owners) = self.owners.get_mut(&key) {
                owners.remove(token);
                if owners.is_empty() {
                    self.owners.remove(&key);
                    if let Entry::Occupied(mut count) = self.hashes.entry(hash(shape)) {
                        *count.get_mut() -= 1;
                        if *count.get() == 0 {
                            count.remove();
                        }
                    }
                }
            }
        }
        for shape in &after {
            let owners = self.owners.entry((token.chain().clone(), shape.clone())).or_default();
            if owners.is_empty() {
                *self.hashes.entry(hash(shape)).or_default() += 1;
            }
            owners.insert(token.clone());
        }
        before.symmetric_difference(&after).map(|shape| hash(shape)).collect()
    }

    /// Whom the token imitates with this symbol: an anchor, or a verified token of its chain that it is not itself.
    pub(crate) fn imitated(&self, token: &TokenId, worn: &Worn) -> Option<Imitated<'_>> {
        let is_known = |hash: &u64| RESERVED_HASHES.contains(hash) || self.hashes.contains_key(hash);
        if !worn.hashes().any(|hash| is_known(&hash)) || self.claims.contains_key(token) {
            return None;
        }
        let shapes = shapes(&worn.symbol);
        if let Some(anchor) = shapes.iter().find_map(|shape| RESERVED.get(shape)) {
            return Some(Imitated::Anchor(anchor));
        }
        let owners = shapes.into_iter().filter_map(|shape| self.owners.get(&(token.chain().clone(), shape)));
        // The smallest id, so that the words do not depend on who was verified first.
        let owner = owners.flatten().min()?;
        Some(Imitated::Verified(owner, self.claims.get(owner)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token_id;

    fn worn(symbol: &str) -> Worn {
        Worn::of(&Arc::from(symbol), None)
    }

    fn claim(symbols: &mut Symbols, number: u8, symbol: Option<&str>) -> usize {
        symbols.claim(&token_id(number), symbol.map(Arc::from).as_ref()).len()
    }

    #[test]
    fn what_looks_like_an_anchor_is_told_from_what_does_not() {
        let symbols = Symbols::default();
        for (symbol, imitated) in [
            ("SOL", Some("SOL")),
            ("sol", Some("SOL")),
            ("$SOL", Some("SOL")),
            // Cyrillic.
            ("\u{405}\u{41E}L", Some("SOL")),
            ("\u{455}\u{43E}l", Some("SOL")),
            ("USD\u{421}", Some("USDC")),
            // Armenian.
            ("\u{54D}SDT", Some("USDT")),
            // Greek.
            ("\u{392}\u{3A4}C", Some("BTC")),
            // Fullwidth, circled, bold.
            ("\u{FF33}\u{FF2F}\u{FF2C}", Some("SOL")),
            ("\u{24C8}\u{24C4}\u{24C1}", Some("SOL")),
            ("\u{1D412}\u{1D40E}\u{1D40B}", Some("SOL")),
            // A digit for a letter, a letter for a digit.
            ("S0L", Some("SOL")),
            ("s0l", Some("SOL")),
            ("USDl", Some("USD1")),
            ("SOLX", None),
            ("SO", None),
            ("SQL", None),
            ("$", None),
            ("", None),
            ("\u{1F438}", None),
        ] {
            let found = symbols.imitated(&token_id(1), &worn(symbol));
            assert_eq!(found, imitated.map(Imitated::Anchor), "{symbol}");
        }
    }

    #[test]
    fn a_verified_symbol_belongs_to_its_owners_and_to_nobody_who_looks_like_them() {
        let mut symbols = Symbols::default();
        assert!(claim(&mut symbols, 1, Some("Bonk")) > 0 && claim(&mut symbols, 2, Some("WIF")) > 0);
        assert_eq!(claim(&mut symbols, 1, Some("Bonk")), 0, "that is no news");
        let (bonk, wif) = (token_id(1), token_id(2));
        for (symbol, owner) in [
            ("Bonk", Some((&bonk, "Bonk"))),
            ("BONK", Some((&bonk, "Bonk"))),
            ("B0NK", Some((&bonk, "Bonk"))),
            ("b0nk", Some((&bonk, "Bonk"))),
            ("\u{412}ONK", Some((&bonk, "Bonk"))),
            ("$wif", Some((&wif, "WIF"))),
            ("W1F", Some((&wif, "WIF"))),
            ("WlF", Some((&wif, "WIF"))),
            // What nobody takes for it.
            ("WLF", None),
            ("wlf", None),
            ("BONKS", None),
        ] {
            let found = symbols.imitated(&token_id(9), &worn(symbol));
            assert_eq!(found, owner.map(|(token, symbol)| Imitated::Verified(token, symbol)), "{symbol}");
        }
        assert_eq!(symbols.imitated(&bonk, &worn("Bonk")), None);
        assert_eq!(symbols.imitated(&bonk, &worn("WIF")), None, "the verified are believed");
        let elsewhere = "bsc:0xdac17f958d2ee523a2206206994597c13d831ec7".parse().expect("an id");
        assert_eq!(symbols.imitated(&elsewhere, &worn("BONK")), None, "another chain");
    }

    #[test]
    fn a_claim_can_change_and_end() {
        let mut symbols = Symbols::default();
        claim(&mut symbols, 1, Some("OLD"));
        claim(&mut symbols, 3, Some("OLD"));
        assert!(claim(&mut symbols, 1, Some("NEW")) > 0);
        assert_eq!(symbols.imitated(&token_id(9), &worn("OLD")), Some(Imitated::Verified(&token_id(3), "OLD")));
        assert_eq!(symbols.imitated(&token_id(9), &worn("NEW")), Some(Imitated::Verified(&token_id(1), "NEW")));
        claim(&mut symbols, 1, None);
        claim(&mut symbols, 3, None);
        assert_eq!(symbols.imitated(&token_id(9), &worn("OLD")), None);
        assert!(symbols.claims.is_empty() && symbols.owners.is_empty() && symbols.hashes.is_empty());
    }
}
