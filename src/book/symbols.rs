//! Who carries which symbol: a verification reaches the rows that look alike, whichever of the two came first.

use super::{Book, Live};
use crate::merge::{Known, Worn};
use crate::{Source, Statement, TokenId};

impl Book {
    /// Notes the symbol of the token as far as Jupiter verified it; rows that look alike are merged again.
    pub(super) fn renew_claim(&mut self, token: &TokenId) {
        self.live.claim(token, self.entries.get(token).map(|entry| &entry.known));
    }
}

impl Live {
    /// The same of what is known about the token.
    pub(super) fn claim(&mut self, token: &TokenId, known: Option<&Known>) {
        let facts = known.and_then(|known| known.statement(Source::Jupiter, Statement::Facts));
        let symbol = facts.filter(|facts| facts.verified == Some(true)).and_then(|facts| facts.symbol.as_ref());
        for hash in self.symbols.claim(token, symbol) {
            let from = self.carriers.range((hash, token.clone())..).take_while(|(other, _)| *other == hash);
            let before = self.carriers.range(..(hash, token.clone())).rev().take_while(|(other, _)| *other == hash);
            for (_, alike) in from.chain(before).filter(|(_, alike)| alike.chain() == token.chain()) {
                self.dirty.mark(alike);
            }
        }
    }

    /// Notes the symbol on the row of a token, `before` until now; `None` when it has none.
    pub(super) fn carry(&mut self, token: &TokenId, before: &mut Option<Worn>, worn: Option<&Worn>) {
        if before.as_ref() == worn {
            return;
        }
        for hash in before.iter().flat_map(Worn::hashes) {
            self.carriers.remove(&(hash, token.clone()));
        }
        for hash in worn.into_iter().flat_map(Worn::hashes) {
            self.carriers.insert((hash, token.clone()));
        }
        *before = worn.cloned();
    }
}
