//! The rows of one snapshot that pass a selection, in its order.
//!
//! A list is made from the snapshot once. The next snapshot's list is made from it by moving what changed: the work
//! follows the changes, and no key of an unchanged row is computed.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering as Memory};

use memescope::fnv::Fnv;
use memescope::query::{Filter, Metric, Order, OrderKey};
use memescope::{Timestamp, Token, TokenId, TokenQuery};

use crate::store::{Commit, Row, Snapshot};

/// What a reader asks for: a query, and perhaps only what changed lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    query: TokenQuery,
    updated_since: Option<Timestamp>,
    fingerprint: u64,
}

impl Selection {
    /// The rows of a query.
    pub fn new(query: TokenQuery, updated_since: Option<Timestamp>) -> Self {
        let mut hash = Fnv::default();
        hash.write(&query.fingerprint().to_le_bytes());
        if let Some(since) = updated_since {
            hash.write(&since.millis().to_le_bytes());
        }
        Self { query, updated_since, fingerprint: hash.finish() }
    }

    /// The query.
    pub fn query(&self) -> &TokenQuery {
        &self.query
    }

    /// Only rows updated after this moment.
    pub fn updated_since(&self) -> Option<Timestamp> {
        self.updated_since
    }

    /// A name for the selection: equal selections, equal names. Anybody can find two selections of one name, so
    /// whoever relies on it compares the selections too.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Whether the places in its list mean something in the named rank: nothing but a liquidity floor narrows it.
    pub fn is_ranking(&self) -> bool {
        let query = &self.query;
        let floor = query.bound(Metric::LiquidityUsd, None).filter(|bound| bound.max.is_none());
        let mut plain = TokenQuery { rank: query.rank, window: query.window, ..TokenQuery::default() };
        if let Some(floor) = floor {
            plain.set_bound(floor.metric, None, floor.min, None);
        }
        self.updated_since.is_none() && plain == *query
    }

    /// Whether time alone lets rows in and out.
    fn depends_on_time(&self) -> bool {
        self.query.min_age.is_some() || self.query.max_age.is_some()
    }
}

/// The rows of one snapshot that pass a selection, in its order.
#[derive(Debug)]
pub struct List {
    /// A number that no other list of this process has.
    pub serial: u64,
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// The selection.
    pub selection: Arc<Selection>,
    /// The rows.
    pub rows: Vec<Arc<Row>>,
}

impl List {
    fn new(snapshot: Arc<Snapshot>, selection: Arc<Selection>, rows: Vec<Arc<Row>>) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        Self { serial: SERIAL.fetch_add(1, Memory::Relaxed), snapshot, selection, rows }
    }

    /// Filters and sorts the rows of a snapshot.
    pub fn build(snapshot: Arc<Snapshot>, selection: Arc<Selection>) -> Self {
        let query = selection.query();
        let judge = Judge::new(&selection, snapshot.board.as_of);
        let rows = if query.ids.is_empty() {
            sorted(Order::of(query), snapshot.rows.values().filter(|row| judge.passes(&row.token)))
        } else {
            let named = query.ids.iter().filter_map(|id| snapshot.rows.get(id));
            let named = named.filter(|row| judge.passes(&row.token));
            if Order::is_as_given(query) { named.cloned().collect() } else { sorted(Order::of(query), named) }
        };
        Self::new(snapshot, selection, rows)
    }

    /// The list of a later snapshot, from the commits that lead to it; `None` when it is better built afresh.
    pub fn advance(&self, commits: &[Arc<Commit>], snapshot: Arc<Snapshot>) -> Option<Self> {
        let selection = &self.selection;
        if selection.depends_on_time() || !selection.query().ids.is_empty() {
            return None;
        }
        let mut touched = BTreeSet::new();
        for commit in commits {
            touched.extend(commit.changes.iter().map(|change| &change.row.token.id));
            touched.extend(&commit.removed);
            // Each touched row costs a few searches, each other row a copy of its handle.
            if touched.len() > 64 + self.snapshot.rows.len() / 8 {
                return None;
            }
        }
        let judge = Judge::new(selection, snapshot.board.as_of);
        let order = Order::of(selection.query());
        let mut leaves: Vec<usize> = touched.iter().filter_map(|id| self.place_of(id)).collect();
        leaves.sort_unstable();
        let enters = touched.iter().filter_map(|id| snapshot.rows.get(*id)).filter(|row| judge.passes(&row.token));
        let enters = sorted(order, enters).into_iter().map(|row| {
            let key = order.key(&row.token);
            (self.first_after(|key_of, id| order.compare((key_of, id), (&key, &row.token.id)).is_lt()), row)
        });
        let mut rows = Vec::with_capacity(self.rows.len() + 16);
        let mut copied = 0;
        let mut leaves = leaves.into_iter().peekable();
        let mut copy_until = |rows: &mut Vec<Arc<Row>>, place: usize| {
            while let Some(left) = leaves.next_if(|left| *left < place) {
                rows.extend_from_slice(&self.rows[copied..left]);
                copied = left + 1;
            }
            rows.extend_from_slice(&self.rows[copied..place]);
            copied = place;
        };
        for (place, row) in enters {
            copy_until(&mut rows, place);
            rows.push(row);
        }
        copy_until(&mut rows, self.rows.len());
        Some(Self::new(snapshot, selection.clone(), rows))
    }

    /// The place of a token, from 0.
    pub fn place_of(&self, id: &TokenId) -> Option<usize> {
        let query = self.selection.query();
        if Order::is_as_given(query) {
            return self.rows.iter().position(|row| row.token.id == *id);
        }
        let order = Order::of(query);
        let key = order.key(&self.snapshot.rows.get(id)?.token);
        let place = self.first_after(|other, other_id| order.compare((other, other_id), (&key, id)).is_lt());
        self.rows.get(place).filter(|row| row.token.id == *id).map(|_| place)
    }

    /// The place after a row that stood in an earlier list of the selection: where a walk goes on.
    pub fn place_after(&self, key: &OrderKey, id: &TokenId) -> usize {
        let query = self.selection.query();
        if Order::is_as_given(query) {
            let done: HashSet<_> = match query.ids.iter().position(|named| named == id) {
                Some(place) => query.ids[..=place].iter().collect(),
                None => return 0,
            };
            return self.rows.iter().take_while(|row| done.contains(&row.token.id)).count();
        }
        let order = Order::of(query);
        self.first_after(|other, other_id| order.compare((other, other_id), (key, id)).is_le())
    }

    /// The order key of the row at a place, with its id.
    pub fn key_at(&self, place: usize) -> Option<(OrderKey, TokenId)> {
        let token = &self.rows.get(place)?.token;
        Some((Order::of(self.selection.query()).key(token), token.id.clone()))
    }

    /// About how many bytes the list itself takes.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Arc<Row>>() + size_of::<Self>()
    }

    /// The first place at which `is_before` no longer holds.
    fn first_after(&self, is_before: impl Fn(&OrderKey, &TokenId) -> bool) -> usize {
        let order = Order::of(self.selection.query());
        self.rows.partition_point(|row| is_before(&order.key(&row.token), &row.token.id))
    }
}

/// A selection made ready to judge many rows.
struct Judge<'a> {
    filter: Filter<'a>,
    updated_since: Option<Timestamp>,
}

impl<'a> Judge<'a> {
    fn new(selection: &'a Selection, as_of: Timestamp) -> Self {
        Self { filter: Filter::new(selection.query(), as_of), updated_since: selection.updated_since() }
    }

    fn passes(&self, token: &Token) -> bool {
        self.updated_since.is_none_or(|since| token.updated_at > since) && self.filter.passes(token)
    }
}

fn sorted<'a>(order: Order, rows: impl Iterator<Item = &'a Arc<Row>>) -> Vec<Arc<Row>> {
    let mut keyed: Vec<(OrderKey, &Arc<Row>)> = rows.map(|row| (order.key(&row.token), row)).collect();
    keyed.sort_unstable_by(|a, b| order.compare((&a.0, &a.1.token.id), (&b.0, &b.1.token.id)));
    keyed.into_iter().map(|(_, row)| row.clone()).collect()
}
