//! The whole order of a query, kept up to date by moving only the rows that changed.

use std::cmp::Ordering;
use std::sync::Arc;

use memescope::TokenId;
use memescope::query::{Filter, Order, OrderKey, TokenQuery};

use crate::observe;
use crate::store::{Commit, Snapshot};

/// A block of an order is split when it holds twice as many places, so that to move a row is to move a few hundred places
/// at most, however many rows there are.
const BLOCK: usize = 256;

/// All rows that pass a query, in its order.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    query: Arc<TokenQuery>,
    order: Order,
    /// One after the other; none is empty.
    blocks: Vec<Vec<Place>>,
    total: usize,
}

#[derive(Clone, Debug)]
struct Place {
    key: OrderKey,
    id: TokenId,
}

impl Standing {
    /// The order of a query on a board.
    pub(crate) fn of(query: TokenQuery, snapshot: &Snapshot) -> Self {
        let order = Order::of(&query);
        let filter = Filter::new(&query, snapshot.board.as_of);
        let place = |token: &memescope::Token| Place { key: order.key(token), id: token.id.clone() };
        let places: Vec<Place> = if Order::is_as_given(&query) {
            let rows = query.ids.iter().filter_map(|id| snapshot.board.tokens.get(id));
            rows.filter(|token| filter.passes(token)).map(|token| place(token)).collect()
        } else {
            let rows = snapshot.board.tokens.values();
            let mut places: Vec<Place> = rows.filter(|token| filter.passes(token)).map(|token| place(token)).collect();
            places.sort_unstable_by(|a, b| compare(order, a, b));
            places
        };
        let total = places.len();
        let mut places = places.into_iter();
        let blocks = (0..total.div_ceil(BLOCK)).map(|_| places.by_ref().take(BLOCK).collect()).collect();
        Self { query: Arc::new(query), order, blocks, total }
    }

    /// Goes on to the snapshot of a commit; `before` is the one that it started from.
    pub(crate) fn step(&mut self, before: &Snapshot, commit: &Commit) {
        let after = &commit.snapshot;
        if self.depends_on_time() || Order::is_as_given(&self.query) {
            *self = Self::of(TokenQuery::clone(&self.query), after);
            return;
        }
        let order = self.order;
        let query = self.query.clone();
        let mut came = 0;
        let filter = Filter::new(&query, after.board.as_of);
        for id in &commit.removed {
            if let Some(row) = before.rows.get(id) {
                self.leave(&order.key(&row.token), id);
            }
        }
        for change in &commit.changes {
            let (id, key) = (&change.row.token.id, order.key(&change.row.token));
            let passes = filter.passes(&change.row.token);
            came += usize::from(passes);
            if let Some(before) = &change.before {
                let old = order.key(&before.token);
                if passes && old == key && self.holds(&old, id) {
                    continue;
                }
                self.leave(&old, id);
            }
            if passes {
                self.enter(key, id.clone());
            }
        }
        observe::order_moved(came);
    }

    /// The block in which a key and an id stand, or would, and their place in it.
    fn find(&self, key: &OrderKey, id: &TokenId) -> (usize, Result<usize, usize>) {
        let order = self.order;
        let stands = |place: &Place| order.compare((&place.key, &place.id), (key, id));
        let block = self.blocks.partition_point(|block| block.last().is_some_and(|last| stands(last).is_lt()));
        // What stands behind all others is put into the last block.
        let block = block.min(self.blocks.len().saturating_sub(1));
        (block, self.blocks.get(block).map_or(Err(0), |places| places.binary_search_by(stands)))
    }

    fn holds(&self, key: &OrderKey, id: &TokenId) -> bool {
        self.find(key, id).1.is_ok()
    }

    /// Takes a row out; nothing happens if it does not stand there.
    pub(crate) fn leave(&mut self, key: &OrderKey, id: &TokenId) {
        let (block, Ok(place)) = self.find(key, id) else { return };
        self.blocks[block].remove(place);
        self.total -= 1;
        if self.blocks[block].is_empty() {
            self.blocks.remove(block);
        }
    }

    /// Puts a row in; nothing happens if it stands there.
    pub(crate) fn enter(&mut self, key: OrderKey, id: TokenId) {
        let new = Place { key, id };
        let (block, Err(place)) = self.find(&new.key, &new.id) else { return };
        self.total += 1;
        let Some(places) = self.blocks.get_mut(block) else {
            self.blocks.push(vec![new]);
            return;
        };
        places.insert(place, new);
        if places.len() >= 2 * BLOCK {
            let rest = places.split_off(BLOCK);
            self.blocks.insert(block + 1, rest);
        }
    }

    /// How it is ordered.
    pub(crate) fn order(&self) -> Order {
        self.order
    }

    /// How many rows stand before a row; `None` if it does not stand there.
    pub(crate) fn place_of(&self, key: &OrderKey, id: &TokenId) -> Option<usize> {
        let (block, place) = self.find(key, id);
        let before: usize = self.blocks.iter().take(block).map(Vec::len).sum();
        Some(before + place.ok()?)
    }

    /// Whether it can change while no row does.
    pub(crate) fn depends_on_time(&self) -> bool {
        self.query.min_age.is_some() || self.query.max_age.is_some()
    }

    /// How many rows pass.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// The first ids.
    pub(crate) fn head(&self, count: usize) -> Vec<TokenId> {
        self.blocks.iter().flatten().take(count).map(|place| place.id.clone()).collect()
    }
}

fn compare(order: Order, a: &Place, b: &Place) -> Ordering {
    order.compare((&a.key, &a.id), (&b.key, &b.id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pages::testing::{Market, Step, any_step, selection};

    fn orders(query: &str, steps: &[Step]) {
        let query = selection(query).query().clone();
        let market = Market::new();
        let mut before = market.store.snapshot();
        let mut standing = Standing::of(query.clone(), &before);
        for step in steps {
            let commit = market.commit(1, step);
            standing.step(&before, &commit);
            before = market.store.snapshot();
            let anew = Standing::of(query.clone(), &before);
            assert_eq!(standing.head(usize::MAX), anew.head(usize::MAX));
            assert_eq!(standing.total(), anew.head(usize::MAX).len());
            assert!(standing.blocks.iter().all(|block| (1..2 * BLOCK).contains(&block.len())));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn moving_rows_is_the_same_as_sorting_anew(steps in proptest::collection::vec(any_step(), 1..8)) {
            for query in ["", "rank=losers&min_liquidity_usd=10000", "sort=-symbol", "sort=price_usd&max_age=5s"] {
                orders(query, &steps);
            }
        }
    }
}
