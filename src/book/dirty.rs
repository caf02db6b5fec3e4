//! Which tokens have to be merged at the next publication.

use crate::TokenId;

/// Tokens in any order and more than once: marking is much more common than asking.
#[derive(Clone, Debug, Default)]
pub(super) struct Dirty {
    marked: Vec<TokenId>,
    /// How many there were when they were last sorted.
    sorted: usize,
}

impl Dirty {
    /// Marks a token.
    pub(super) fn mark(&mut self, token: &TokenId) {
        if self.marked.last() == Some(token) {
            return;
        }
        // Between two publications no token takes more than two places, however often it is marked.
        if self.marked.len() > 2 * self.sorted + 1_000 {
            self.sort();
        }
        self.marked.push(token.clone());
    }

    /// All of them, each once and in order; none is marked any more.
    pub(super) fn take(&mut self) -> Vec<TokenId> {
        self.sort();
        self.sorted = 0;
        std::mem::take(&mut self.marked)
    }

    fn sort(&mut self) {
        self.marked.sort_unstable();
        self.marked.dedup();
        self.sorted = self.marked.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token_id;

    #[test]
    fn each_comes_once_and_in_order_however_often_it_was_marked() {
        let mut dirty = Dirty::default();
        for round in 0..10_000u32 {
            dirty.mark(&token_id(3 - (round % 3) as u8));
            assert!(dirty.marked.len() <= 1_010);
        }
        let mut expected = [1, 2, 3].map(token_id);
        expected.sort();
        assert_eq!(dirty.take(), expected);
        assert_eq!(dirty.take(), []);
    }
}
