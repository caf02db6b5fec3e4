//! What is known of the tokens beside their rows: their pools and their other names.
//!
//! The poller tells what is new with each publication, readers take the whole without a lock. Only tokens on the board
//! have details, and only changed ones are exchanged, so memory follows the board and work the changes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use imbl::OrdMap;
use memescope::{TokenDetails, TokenId};

/// The details of all tokens, shared by the poller and the readers.
#[derive(Clone, Debug, Default)]
pub struct Details(Arc<ArcSwap<DetailsSnapshot>>);

/// The details at one moment. Never altered.
#[derive(Debug, Default)]
pub struct DetailsSnapshot {
    /// Rises with each change.
    pub version: u64,
    by_token: OrdMap<TokenId, Arc<TokenDetails>>,
}

impl Details {
    /// What is known now.
    pub fn snapshot(&self) -> Arc<DetailsSnapshot> {
        self.0.load_full()
    }

    /// Takes in what a publication brought: new details, and `None` of tokens that left the board. `is_here` tells
    /// which tokens are on the board, `tokens` how many.
    ///
    /// There is one writer, the poller.
    pub fn tell(
        &self,
        news: Vec<(TokenId, Option<Arc<TokenDetails>>)>,
        tokens: usize,
        is_here: impl Fn(&TokenId) -> bool,
    ) {
        let before = self.0.load();
        if news.is_empty() && before.by_token.len() <= tokens {
            return;
        }
        let mut by_token = before.by_token.clone();
        for (token, details) in news {
            match details {
                Some(details) => by_token.insert(token, details),
                None => by_token.remove(&token),
            };
        }
        // What a poller left that ended in the middle.
        if by_token.len() > tokens {
            by_token = by_token.into_iter().filter(|(token, _)| is_here(token)).collect();
        }
        self.0.store(Arc::new(DetailsSnapshot { version: before.version + 1, by_token }));
    }
}

impl DetailsSnapshot {
    /// What is known of a token; `None` when that is nothing beside its row.
    pub fn get(&self, token: &TokenId) -> Option<&Arc<TokenDetails>> {
        self.by_token.get(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::id;

    fn named(name: &str) -> Arc<TokenDetails> {
        Arc::new(TokenDetails { aliases: vec![name.into()], ..TokenDetails::default() })
    }

    #[test]
    fn a_reader_keeps_what_it_took_and_what_left_is_gone() {
        let details = Details::default();
        details.tell(vec![(id(1), Some(named("one"))), (id(2), Some(named("two")))], 2, |_| true);
        let first = details.snapshot();
        details.tell(vec![(id(1), Some(named("uno"))), (id(2), None)], 1, |_| true);
        let second = details.snapshot();
        assert_eq!(first.get(&id(1)), Some(&named("one")));
        assert_eq!(second.get(&id(1)), Some(&named("uno")));
        assert_eq!((first.get(&id(2)).is_some(), second.get(&id(2))), (true, None));
        assert!(second.version > first.version);
        details.tell(Vec::new(), 1, |_| true);
        assert_eq!(details.snapshot().version, second.version, "nothing is new");
    }

    #[test]
    fn details_of_tokens_that_are_not_on_the_board_do_not_stay() {
        let details = Details::default();
        details.tell((1..=9).map(|number| (id(number), Some(named("x")))).collect(), 9, |_| true);
        details.tell(Vec::new(), 3, |token| [1, 2, 3].map(id).contains(token));
        let after = details.snapshot();
        assert_eq!((1..=9).filter(|number| after.get(&id(*number)).is_some()).count(), 3);
    }
}
