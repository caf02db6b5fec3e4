//! The first pages of the common lists, kept as rows change.
//!
//! Somebody may open any of them at any moment, so what stands there is kept nearly as fresh as what is in sight. Each
//! list keeps twice a page; a row that changes is moved by itself, and the board is looked through again only when
//! rows have left so often that less than a page is known.

use std::collections::HashMap;

use memescope::query::{Order, OrderKey, Rank, TokenQuery};
use memescope::{Board, Delta, Token, TokenId, Window};

/// Rows of a page.
const PAGE: usize = 50;

/// Rows that are kept of a list.
const KEPT: usize = 2 * PAGE;

/// The lists that a reader reaches with one click: each rank, in each window in which it differs.
fn common_lists() -> impl Iterator<Item = (Rank, Window)> {
    const WINDOWS: [Window; 4] = [Window::M5, Window::H1, Window::H6, Window::H24];
    Rank::ALL.into_iter().flat_map(|rank| {
        let windows: &[Window] = match rank {
            Rank::Trending | Rank::Gainers | Rank::Losers => &WINDOWS,
            // Their order is the same in every window.
            Rank::Top | Rank::New => &[Window::H24],
        };
        windows.iter().map(move |window| (rank, *window))
    })
}

/// The first pages of the common lists.
#[derive(Clone, Debug)]
pub struct Heads {
    lists: Vec<Head>,
    /// On how many first pages a token stands.
    pages: HashMap<TokenId, u32>,
}

impl Default for Heads {
    fn default() -> Self {
        let query = |(rank, window)| TokenQuery { rank, window, ..TokenQuery::default() };
        let lists = common_lists().map(|list| Head { order: Order::of(&query(list)), rows: Vec::new(), whole: true });
        Self { lists: lists.collect(), pages: HashMap::new() }
    }
}

impl Heads {
    /// Goes on to the board that a delta led to.
    pub fn follow(&mut self, delta: &Delta, next: &Board) {
        if !delta.changes_rows() {
            return;
        }
        self.pages.clear();
        for list in &mut self.lists {
            list.follow(delta, next);
            for (_, token) in list.rows.iter().take(PAGE) {
                *self.pages.entry(token.clone()).or_default() += 1;
            }
        }
    }

    /// Takes a board whose past is not known.
    pub fn restart(&mut self, board: &Board) {
        self.follow(&Board::default().diff(board), board);
    }

    /// Whether the token stands on a first page.
    pub fn contains(&self, token: &TokenId) -> bool {
        self.pages.contains_key(token)
    }
}

/// The first rows of one list, best first.
#[derive(Clone, Debug)]
struct Head {
    order: Order,
    rows: Vec<(OrderKey, TokenId)>,
    /// Whether `rows` are all rows that there are.
    whole: bool,
}

impl Head {
    fn follow(&mut self, delta: &Delta, next: &Board) {
        let changed = |id: &TokenId| {
            delta.upserts.binary_search_by(|row| row.id.cmp(id)).is_ok() || delta.removed.binary_search(id).is_ok()
        };
        self.rows.retain(|(_, id)| !changed(id));
        for row in &delta.upserts {
            self.offer(row);
        }
        if self.rows.len() < PAGE && !self.whole {
            self.rows.clear();
            self.whole = true;
            for row in next.tokens.values() {
                self.offer(row);
            }
        }
    }

    /// Puts a row in its place, if that is among those that are kept.
    fn offer(&mut self, row: &Token) {
        let key = self.order.key(row);
        let order = self.order;
        // What lies behind the last kept row is not known, unless they are all.
        let behind = self.rows.last().is_none_or(|(last, id)| order.compare((&key, &row.id), (last, id)).is_gt());
        if behind && (!self.whole || self.rows.len() == KEPT) {
            self.whole = false;
            return;
        }
        let place = self.rows.partition_point(|(other, id)| order.compare((other, id), (&key, &row.id)).is_lt());
        self.rows.insert(place, (key, row.id.clone()));
        if self.rows.len() > KEPT {
            self.rows.pop();
            self.whole = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use memescope::Timestamp;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::planner::tests::id;

    fn row(number: u16, figure: u32) -> Arc<Token> {
        let mut row = Token::new(id(number), Timestamp::default());
        row.liquidity_usd = Some(50_000.0);
        row.market_cap_usd = Some(f64::from(figure));
        row.volume_usd.h1 = Some(f64::from(figure % 1_000));
        row.change_pct.m5 = (!figure.is_multiple_of(7)).then(|| f64::from(figure % 100) - 50.0);
        row.created_at = Some(Timestamp::from_secs(i64::from(figure % 10_007)));
        Arc::new(row)
    }

    /// The first pages, sorted anew.
    fn sorted(board: &Board) -> HashSet<TokenId> {
        let mut heads = HashSet::new();
        for (rank, window) in common_lists() {
            let order = Order::of(&TokenQuery { rank, window, ..TokenQuery::default() });
            let mut rows: Vec<_> = board.tokens.values().map(|row| (order.key(row), row.id.clone())).collect();
            rows.sort_by(|a, b| order.compare((&a.0, &a.1), (&b.0, &b.1)));
            heads.extend(rows.into_iter().take(PAGE).map(|(_, id)| id));
        }
        heads
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn moving_changed_rows_gives_the_same_pages_as_sorting_anew(
            steps in vec(vec((0u16..300, prop::option::of(any::<u32>())), 0..120), 1..12),
        ) {
            let (mut heads, mut board) = (Heads::default(), Board::default());
            for step in steps {
                let mut tokens = board.tokens.clone();
                for (number, figure) in step {
                    match figure {
                        Some(figure) => drop(tokens.insert(id(number), row(number, figure))),
                        None => drop(tokens.remove(&id(number))),
                    }
                }
                let next = board.advance(Timestamp::default(), None, false, tokens);
                heads.follow(&board.diff(&next), &next);
                board = next;
                let shown: HashSet<TokenId> = heads.pages.keys().cloned().collect();
                prop_assert_eq!(shown, sorted(&board));
            }
            let mut anew = Heads::default();
            anew.restart(&board);
            prop_assert_eq!(anew.pages, heads.pages);
        }
    }
}
