//! The whole order of a query, kept up to date by moving only the rows that changed.

use std::cmp::Ordering;

use memescope::TokenId;
use memescope::query::{Filter, Order, OrderKey, TokenQuery};

use crate::observe;
use crate::store::{Commit, Snapshot};

/// All rows that pass a query, in its order.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    query: TokenQuery,
    order: Order,
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    key: OrderKey,
    id: TokenId,
}

impl Standing {
    /// The order of a query on a board.
    pub(super) fn of(query: TokenQuery, snapshot: &Snapshot) -> Self {
        let order = Order::of(&query);
        let filter = Filter::new(&query, snapshot.board.as_of);
        let place = |token: &memescope::Token| Place { key: order.key(token), id: token.id.clone() };
        let places = if Order::is_as_given(&query) {
            let rows = query.ids.iter().filter_map(|id| snapshot.board.tokens.get(id));
            rows.filter(|token| filter.passes(token)).map(|token| place(token)).collect()
        } else {
            let rows = snapshot.board.tokens.values();
            let mut places: Vec<Place> = rows.filter(|token| filter.passes(token)).map(|token| place(token)).collect();
            places.sort_unstable_by(|a, b| compare(order, a, b));
            places
        };
        Self { query, order, places }
    }

    /// Goes on to the snapshot of a commit; `before` is the one that it started from.
    pub(super) fn step(&mut self, before: &Snapshot, commit: &Commit) {
        let after = &commit.snapshot;
        if self.depends_on_time() || Order::is_as_given(&self.query) {
            *self = Self::of(std::mem::take(&mut self.query), after);
            return;
        }
        let order = self.order;
        let filter = Filter::new(&self.query, after.board.as_of);
        let changed = commit.changes.iter().filter_map(|change| change.before.as_ref());
        let removed = commit.removed.iter().filter_map(|id| before.rows.get(id));
        let mut left: Vec<usize> = changed
            .chain(removed)
            .filter_map(|row| {
                let place = Place { key: order.key(&row.token), id: row.token.id.clone() };
                self.places.binary_search_by(|other| compare(order, other, &place)).ok()
            })
            .collect();
        left.sort_unstable();
        let mut came: Vec<Place> = commit
            .changes
            .iter()
            .filter(|change| filter.passes(&change.row.token))
            .map(|change| Place { key: order.key(&change.row.token), id: change.row.token.id.clone() })
            .collect();
        came.sort_unstable_by(|a, b| compare(order, a, b));
        observe::order_moved(came.len());
        self.places = merged(order, std::mem::take(&mut self.places), &left, came);
    }

    /// Whether it can change while no row does.
    pub(super) fn depends_on_time(&self) -> bool {
        self.query.min_age.is_some() || self.query.max_age.is_some()
    }

    /// How many rows pass.
    pub(super) fn total(&self) -> usize {
        self.places.len()
    }

    /// The first ids.
    pub(super) fn head(&self, count: usize) -> Vec<TokenId> {
        self.places.iter().take(count).map(|place| place.id.clone()).collect()
    }
}

fn compare(order: Order, a: &Place, b: &Place) -> Ordering {
    order.compare((&a.key, &a.id), (&b.key, &b.id))
}

/// `places` without those at `left` and with those in `came`; all sorted.
fn merged(order: Order, places: Vec<Place>, left: &[usize], came: Vec<Place>) -> Vec<Place> {
    let mut all = Vec::with_capacity(places.len() - left.len() + came.len());
    let mut left = left.iter().copied().peekable();
    let mut came = came.into_iter().peekable();
    for (number, place) in places.into_iter().enumerate() {
        if left.next_if_eq(&number).is_some() {
            continue;
        }
        while let Some(earlier) = came.next_if(|next| compare(order, next, &place).is_lt()) {
            all.push(earlier);
        }
        all.push(place);
    }
    all.extend(came);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feed::testing::{Market, Step, any_steps};

    fn orders(query: &str, steps: &[Step]) {
        let query = crate::feed::testing::query(query);
        let market = Market::new();
        let mut before = market.store.snapshot();
        let mut standing = Standing::of(query.clone(), &before);
        for step in steps {
            let commit = market.commit(step);
            standing.step(&before, &commit);
            before = market.store.snapshot();
            let anew = Standing::of(query.clone(), &before);
            assert_eq!(standing.head(usize::MAX), anew.head(usize::MAX));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn moving_rows_is_the_same_as_sorting_anew(steps in any_steps(8)) {
            for query in ["", "rank=losers&min_liquidity_usd=10000", "sort=-symbol", "sort=price_usd&max_age=5s"] {
                orders(query, &steps);
            }
        }
    }
}
