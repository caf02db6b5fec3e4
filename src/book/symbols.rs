//! Who carries which symbol: a verification reaches the rows that look alike, whichever of the two came first.

use std::sync::Arc;

use super::Book;
use crate::fnv::Fnv;
use crate::merge::shapes;
use crate::{Chain, Source, Statement, TokenId};

/// The shape of a symbol on a chain, in eight bytes. Two shapes of one hash cost a merge that changes nothing.
fn hash(chain: &Chain, shape: &str) -> u64 {
    let mut fnv = Fnv::default();
    fnv.write(chain.as_str().as_bytes());
    fnv.write(b":");
    fnv.write(shape.as_bytes());
    fnv.finish()
}

impl Book {
    /// Notes the symbol of the token as far as Jupiter verified it; rows that look alike are merged again.
    pub(super) fn renew_claim(&mut self, token: &TokenId) {
        let facts = self.entries.get(token).and_then(|entry| entry.known.statement(Source::Jupiter, Statement::Facts));
        let symbol = facts.filter(|facts| facts.verified == Some(true)).and_then(|facts| facts.symbol.as_ref());
        for shape in self.live.symbols.claim(token, symbol) {
            let hash = hash(token.chain(), &shape);
            let alike = self.live.carriers.range((hash, token.clone())..).take_while(|(other, _)| *other == hash);
            let before =
                self.live.carriers.range(..(hash, token.clone())).rev().take_while(|(other, _)| *other == hash);
            let alike: Vec<TokenId> = alike.chain(before).map(|(_, id)| id.clone()).collect();
            self.live.dirty.extend(alike);
        }
    }

    /// Notes the symbol on the row of a token; `None` when it has none.
    pub(super) fn carry(&mut self, token: &TokenId, symbol: Option<&Arc<str>>) {
        let Some(entry) = self.entries.get_mut(token) else {
            return;
        };
        if entry.pulse.symbol.as_ref() == symbol {
            return;
        }
        let before = std::mem::replace(&mut entry.pulse.symbol, symbol.cloned());
        for shape in before.iter().flat_map(|symbol| shapes(symbol)) {
            self.live.carriers.remove(&(hash(token.chain(), &shape), token.clone()));
        }
        for shape in symbol.into_iter().flat_map(|symbol| shapes(symbol)) {
            self.live.carriers.insert((hash(token.chain(), &shape), token.clone()));
        }
    }
}
