//! The rows of one snapshot that pass a selection, in its order.
//!
//! A list is made from the snapshot once. The next snapshot's list is made from it by moving what changed: the work
//! follows the changes, and no key of an unchanged row is computed.

use std::collections::HashSet;
use std::sync::Arc;

use memescope::fnv::Fnv;
use memescope::query::{Filter, Metric, Order, OrderKey};
use memescope::{Timestamp, TokenId, TokenQuery};

use crate::store::{Row, Snapshot, Steps};

/// What a named id takes, about, bytes.
const ID_BYTES: usize = 128;

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

    /// Only rows that changed on a board later than this moment.
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
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// The selection.
    pub selection: Arc<Selection>,
    /// The rows.
    pub rows: Vec<Arc<Row>>,
    /// Their keys, so that a search looks at no row but the last; none when rows come as they are named.
    keys: Vec<OrderKey>,
}

impl List {
    /// Filters and sorts the rows of a snapshot.
    pub fn build(snapshot: Arc<Snapshot>, selection: Arc<Selection>) -> Self {
        let query = selection.query();
        let order = Order::of(query);
        let judge = Judge::new(&selection, snapshot.board.as_of);
        let (rows, keys) = if query.ids.is_empty() {
            sorted(order, snapshot.rows.values().filter(|row| judge.passes(row)))
        } else {
            // Whoever is named need not be looked for among the names again.
            let others = Selection::new(TokenQuery { ids: Vec::new(), ..query.clone() }, selection.updated_since);
            let judge = Judge::new(&others, snapshot.board.as_of);
            let named = query.ids.iter().filter_map(|id| snapshot.rows.get(id));
            let named = named.filter(|row| judge.passes(row));
            if Order::is_as_given(query) { (named.cloned().collect(), Vec::new()) } else { sorted(order, named) }
        };
        Self { snapshot, selection, rows, keys }
    }

    /// Filters and sorts some rows of a snapshot, all others of which do not pass.
    pub(super) fn of(rows: &[Arc<Row>], snapshot: Arc<Snapshot>, selection: Arc<Selection>) -> Self {
        let judge = Judge::new(&selection, snapshot.board.as_of);
        let (rows, keys) = sorted(Order::of(selection.query()), rows.iter().filter(|row| judge.passes(row)));
        Self { snapshot, selection, rows, keys }
    }

    /// The list of a later snapshot, from what was touched on the way to it; `None` when it is better built afresh.
    pub fn advance(&self, steps: &Steps, snapshot: Arc<Snapshot>) -> Option<Self> {
        let selection = &self.selection;
        if selection.depends_on_time() || !selection.query().ids.is_empty() {
            return None;
        }
        // Each touched row costs a few searches, each other row a copy of its handle and its key.
        let touched = steps.touched_at_most(64 + self.snapshot.rows.len() / 8)?;
        let judge = Judge::new(selection, snapshot.board.as_of);
        let mut leaves: Vec<usize> = touched.iter().filter_map(|id| self.place_of(id)).collect();
        leaves.sort_unstable();
        let enters = touched.iter().filter_map(|id| snapshot.rows.get(*id)).filter(|row| judge.passes(row));
        let (enters, enter_keys) = sorted(self.order(), enters);
        let mut rows = Vec::with_capacity(self.rows.len() + enters.len());
        let mut keys = Vec::with_capacity(rows.capacity());
        let mut copied = 0;
        let mut leaves = leaves.into_iter().peekable();
        let mut copy_until = |rows: &mut Vec<Arc<Row>>, keys: &mut Vec<OrderKey>, place: usize| {
            while let Some(left) = leaves.next_if(|left| *left < place) {
                rows.extend_from_slice(&self.rows[copied..left]);
                keys.extend_from_slice(&self.keys[copied..left]);
                copied = left + 1;
            }
            rows.extend_from_slice(&self.rows[copied..place]);
            keys.extend_from_slice(&self.keys[copied..place]);
            copied = place;
        };
        for (row, key) in enters.into_iter().zip(enter_keys) {
            copy_until(&mut rows, &mut keys, self.places_before(&key, &row.token.id));
            rows.push(row);
            keys.push(key);
        }
        copy_until(&mut rows, &mut keys, self.rows.len());
        Some(Self { snapshot, selection: selection.clone(), rows, keys })
    }

    /// The place of a token, from 0.
    pub fn place_of(&self, id: &TokenId) -> Option<usize> {
        if Order::is_as_given(self.selection.query()) {
            return self.rows.iter().position(|row| row.token.id == *id);
        }
        let key = self.order().key(&self.snapshot.rows.get(id)?.token);
        let place = self.places_before(&key, id);
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
        let place = self.places_before(key, id);
        let is_there = self.rows.get(place).is_some_and(|row| row.token.id == *id && self.keys[place] == *key);
        place + usize::from(is_there)
    }

    /// The order key of the row at a place, with its id.
    pub fn key_at(&self, place: usize) -> Option<(OrderKey, TokenId)> {
        let token = &self.rows.get(place)?.token;
        Some((self.order().key(token), token.id.clone()))
    }

    /// About how many bytes the list itself takes.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Arc<Row>>()
            + self.keys.capacity() * size_of::<OrderKey>()
            + self.selection.query().ids.len() * ID_BYTES
            + size_of::<Self>()
    }

    fn order(&self) -> Order {
        Order::of(self.selection.query())
    }

    /// How many rows stand before a key and an id.
    fn places_before(&self, key: &OrderKey, id: &TokenId) -> usize {
        let order = self.order();
        let mut places = 0..self.keys.len();
        while !places.is_empty() {
            let middle = places.start + places.len() / 2;
            let is_before =
                order.compare_keys(&self.keys[middle], key).then_with(|| self.rows[middle].token.id.cmp(id)).is_lt();
            if is_before {
                places.start = middle + 1;
            } else {
                places.end = middle;
            }
        }
        places.start
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

    fn passes(&self, row: &Row) -> bool {
        // By when a change was published: whoever asks with the time of the last board misses none, though what
        // changed may have been heard before.
        self.updated_since.is_none_or(|since| row.published_at > since) && self.filter.passes(&row.token)
    }
}

fn sorted<'a>(order: Order, rows: impl Iterator<Item = &'a Arc<Row>>) -> (Vec<Arc<Row>>, Vec<OrderKey>) {
    let mut keyed: Vec<(OrderKey, &Arc<Row>)> = rows.map(|row| (order.key(&row.token), row)).collect();
    keyed.sort_unstable_by(|a, b| order.compare_keys(&a.0, &b.0).then_with(|| a.1.token.id.cmp(&b.1.token.id)));
    keyed.into_iter().map(|(key, row)| (row.clone(), key)).unzip()
}
