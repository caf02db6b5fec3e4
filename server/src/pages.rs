//! Pages out of snapshots: what REST, server functions and the first page of the browser are cut from.
//!
//! ```text
//!  Selection ──▶ List (rows of one snapshot, in order) ──▶ Page ──▶ Cursor ──▶ next Page of the same List
//! ```
//!
//! A page is a seek into an order that is made once for each snapshot and query, and moved on from one snapshot to the
//! next by what changed. A cursor names the list that its first page came from: all pages of one walk are cut from that
//! list, no row twice and none skipped, however the ranks move meanwhile. A list keeps the rows of its snapshot; old rows
//! are bounded in number, bytes and age, and those of the list used least lately go first. A walk whose list is gone
//! continues, by the key of its last row, in the current snapshot and says so.

mod cursor;
mod former;
mod index;
mod list;
mod lru;
mod standing;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use memescope::query::Filter;
use memescope::{Epoch, Seq, Token, TokenQuery};

pub use self::cursor::{Cursor, CursorKey, InvalidCursor};
use self::former::Former;
pub use self::former::Places;
pub(crate) use self::index::Found;
use self::index::Index;
pub use self::list::{List, Selection};
pub(crate) use self::lru::Lru;
pub(crate) use self::standing::Standing;
use crate::store::{Row, Snapshot, Store};
use crate::turn::away;

/// What all lists may take together, bytes.
const LISTS_BYTES: usize = 64 << 20;

/// How many rows lists may keep that the board has replaced since: this many more than the board has, of about 4 KB each.
const OLD_ROWS: u64 = 4_000;

/// So many rows are sorted in no time.
const FEW_ROWS: usize = 64;

/// Cuts pages out of the snapshots of a store.
#[derive(Debug)]
pub struct Pages {
    store: Arc<Store>,
    key: CursorKey,
    lists: Mutex<Lists>,
    former: Mutex<Former>,
    index: RwLock<Index>,
}

type ListKey = (Epoch, Seq, u64);

/// A list, or the promise of one that somebody is making.
type Slot = Arc<OnceLock<Arc<List>>>;

#[derive(Debug)]
struct Lists {
    kept: Lru<ListKey, Slot>,
    /// By selection: the list of the newest snapshot.
    newest: HashMap<u64, ListKey>,
    /// Up to which snapshot lists were swept.
    swept: (Epoch, Seq),
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The list.
    pub list: Arc<List>,
    /// The places of its rows, from 0.
    pub places: Range<usize>,
    /// Whether the list of the cursor was gone, so that the walk went on in the current one.
    pub rebased: bool,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
    /// Where the page before begins; `None` at the start.
    pub prev_cursor: Option<String>,
    past: Option<Arc<Places>>,
}

impl Page {
    /// The rows.
    pub fn rows(&self) -> &[Arc<Row>] {
        &self.list.rows[self.places.clone()]
    }

    /// The snapshot that the rows are of.
    pub fn snapshot(&self) -> &Snapshot {
        &self.list.snapshot
    }

    /// The place of a row about five minutes ago, from 1; `None` when that is not known.
    pub fn rank_prev(&self, row: &Row) -> Option<usize> {
        self.past.as_ref()?.place_of(&row.token.id)
    }

    /// The seq of the snapshot that former places are read from.
    pub fn past_seq(&self) -> Option<Seq> {
        self.past.as_ref().map(|places| places.seq)
    }
}

impl Pages {
    /// Pages out of a store, with cursors sealed by a key.
    pub fn new(store: Arc<Store>, key: CursorKey) -> Self {
        let lists = Lists { kept: Lru::new(LISTS_BYTES), newest: HashMap::new(), swept: (Epoch::default(), Seq::MAX) };
        let pages = Self { store, key, lists: Mutex::new(lists), former: Mutex::default(), index: RwLock::default() };
        // Somebody will ask for it.
        pages.past(&Arc::new(Selection::new(TokenQuery::default(), None)));
        pages
    }

    /// Writes down the places of the rankings in use after each commit of the store, as long as it is there.
    pub async fn follow(self: Arc<Self>) {
        let mut bell = self.store.bell();
        bell.mark_changed();
        while bell.changed().await.is_ok() {
            away(|| self.remember());
        }
    }

    /// Writes down the places of the rankings in use, unless that was done lately; and brings the index up to date, so that
    /// nobody who searches waits for it.
    pub fn remember(&self) {
        self.with_index(&self.store.snapshot(), &TokenQuery::default(), |_| ());
        let due = self.former().due(self.store.snapshot().board.as_of);
        for selection in due {
            let list = self.current(&selection);
            self.former().note(&list);
        }
    }

    /// The page at a cursor, or the first page. The cursor must be one of this selection.
    pub fn page(&self, selection: &Arc<Selection>, limit: usize, cursor: Option<&str>) -> Result<Page, InvalidCursor> {
        let (list, start, rebased) = match cursor {
            None => (self.current(selection), 0, false),
            Some(text) => self.resume(selection, &self.key.open(text)?)?,
        };
        let start = start.min(list.rows.len());
        let end = start.saturating_add(limit).min(list.rows.len());
        let seal = |place: usize| {
            let board = &list.snapshot.board;
            let after = place.checked_sub(1).and_then(|last| list.key_at(last));
            let place = u64::try_from(place).unwrap_or(u64::MAX);
            self.key.seal(&Cursor::new(board.epoch, board.seq, selection.fingerprint(), place, after))
        };
        let next_cursor = (end < list.rows.len()).then(|| seal(end));
        let prev_cursor = (start > 0).then(|| seal(start.saturating_sub(limit)));
        let past = self.past(selection);
        Ok(Page { places: start..end, rebased, next_cursor, prev_cursor, past, list })
    }

    /// The list of the current snapshot.
    pub fn current(&self, selection: &Arc<Selection>) -> Arc<List> {
        self.list(&self.store.snapshot(), selection)
    }

    /// The places of about five minutes ago; `None` when they are not known, or say nothing of such a list.
    pub fn past(&self, selection: &Arc<Selection>) -> Option<Arc<Places>> {
        if !selection.is_ranking() {
            return None;
        }
        let board = &self.store.snapshot().board;
        self.former().ask(selection, (board.epoch, board.as_of))
    }

    /// The list that a cursor walks, and the place that it has reached; and whether the list is another one than that
    /// in which the walk began.
    fn resume(&self, selection: &Arc<Selection>, cursor: &Cursor) -> Result<(Arc<List>, usize, bool), InvalidCursor> {
        if cursor.fingerprint != selection.fingerprint() {
            return Err(InvalidCursor);
        }
        let list = self.current(selection);
        let board = &list.snapshot.board;
        let pinned = if (cursor.epoch(), cursor.seq) == (board.epoch, board.seq) {
            Some(list.clone())
        } else {
            let kept = self.lock().kept.get(&(cursor.epoch(), cursor.seq, cursor.fingerprint));
            kept.and_then(|slot| slot.get().cloned()).filter(|list| list.selection == *selection)
        };
        if let Some(list) = pinned {
            let start = usize::try_from(cursor.offset).unwrap_or(usize::MAX);
            return Ok((list, start, false));
        }
        let start = cursor.after.as_ref().map_or(0, |(key, id)| list.place_after(key, id));
        Ok((list, start, true))
    }

    /// The list of a snapshot, made when it is first asked for; whoever asks meanwhile waits for it.
    pub(crate) fn list(&self, snapshot: &Arc<Snapshot>, selection: &Arc<Selection>) -> Arc<List> {
        let key = (snapshot.board.epoch, snapshot.board.seq, selection.fingerprint());
        let (slot, base) = {
            let mut lists = self.lock();
            lists.sweep(&self.store);
            let slot = lists.kept.get_or_insert_with(&key, Slot::default);
            let base = if slot.get().is_none() { lists.newest(selection.fingerprint()) } else { None };
            (slot, base)
        };
        let mut made = false;
        let list = slot.get_or_init(|| {
            made = true;
            let list = self.narrow(snapshot, selection, base.is_none());
            let list = list.or_else(|| self.moved(&*base?, snapshot, selection));
            Arc::new(list.unwrap_or_else(|| List::build(snapshot.clone(), selection.clone())))
        });
        if made {
            let mut lists = self.lock();
            lists.kept.weigh(&key, list.bytes());
            let newest = lists.newest.entry(key.2).or_insert(key);
            if newest.0 != key.0 || newest.1 < key.1 {
                *newest = key;
            }
        }
        if *list.selection == **selection {
            list.clone()
        } else {
            // Two selections of one name: rare, unless somebody looks for them.
            Arc::new(List::build(snapshot.clone(), selection.clone()))
        }
    }

    /// The list of a selection whose bounds few rows pass. Where the index does not tell of the snapshot yet, it is brought
    /// there only if `may_take_long`.
    fn narrow(&self, snapshot: &Arc<Snapshot>, selection: &Arc<Selection>, may_take_long: bool) -> Option<List> {
        let query = selection.query();
        if query.bounds.is_empty() || !query.ids.is_empty() {
            return None;
        }
        if !may_take_long && !self.index.read().unwrap_or_else(PoisonError::into_inner).is_at(snapshot) {
            return None;
        }
        // Few enough that to sort them costs less than to go on from an earlier list.
        let most = FEW_ROWS.max(snapshot.rows.len() / 64);
        let rows = self.with_index(snapshot, query, |index| index.within(query, snapshot, most))??;
        Some(List::of(&rows, snapshot.clone(), selection.clone()))
    }

    /// The best rows of a text in a snapshot, as [`Index::search`] finds them; `None` when a later one is indexed.
    pub(crate) fn search<F: Ord + Copy>(
        &self,
        snapshot: &Snapshot,
        (needle, filter): (&str, &Filter<'_>),
        limit: usize,
        fits: (impl Fn([&str; 2], bool) -> F, impl Fn(&Token) -> F),
    ) -> Option<Vec<Found<F>>> {
        let query = TokenQuery::default();
        self.with_index(snapshot, &query, |index| index.search(needle, filter, snapshot, limit, fits))
    }

    /// Looks into the index of a snapshot; `None` when it tells of a later one.
    fn with_index<T>(&self, snapshot: &Snapshot, query: &TokenQuery, look: impl FnOnce(&Index) -> T) -> Option<T> {
        {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            if index.is_at(snapshot) && index.knows(query) {
                return Some(look(&index));
            }
        }
        {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            if !index.follow(&self.store, snapshot) {
                return None;
            }
            index.learn(query, snapshot);
        }
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.is_at(snapshot).then(|| look(&index))
    }

    /// The list of a snapshot, from that of an earlier one.
    fn moved(&self, base: &List, snapshot: &Arc<Snapshot>, selection: &Arc<Selection>) -> Option<List> {
        let (from, to) = (&base.snapshot.board, &snapshot.board);
        if base.selection != *selection || from.epoch != to.epoch || from.seq >= to.seq {
            return None;
        }
        let steps = self.store.steps_between(from.seq, to)?;
        base.advance(&steps, snapshot.clone())
    }

    fn former(&self) -> MutexGuard<'_, Former> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lists {
    /// Drops the lists that are too old, and those used least lately while all keep too many old rows; once for each new
    /// snapshot.
    fn sweep(&mut self, store: &Store) {
        let current = store.snapshot();
        let (epoch, seq) = (current.board.epoch, current.board.seq);
        if self.swept == (epoch, seq) {
            return;
        }
        self.swept = (epoch, seq);
        let oldest = store.oldest();
        let stays = |key: &ListKey| key.0 == epoch && key.1 >= oldest;
        self.kept.retain(stays);
        self.newest.retain(|_, key| stays(key));
        let mut pins = Pins::of(&current);
        for (key, slot) in self.kept.iter() {
            pins.add(key.1, slot.get());
        }
        while pins.old_rows() > OLD_ROWS + current.rows.len() as u64 {
            let Some((key, _)) = self.kept.pop() else { break };
            pins.remove(key.1);
        }
    }

    /// The newest list of a selection that is made and kept.
    fn newest(&mut self, fingerprint: u64) -> Option<Arc<List>> {
        let key = self.newest.get(&fingerprint)?;
        let list = self.kept.get(key).and_then(|slot| slot.get().cloned());
        if list.is_none() {
            self.newest.remove(&fingerprint);
        }
        list
    }
}

/// The snapshots that lists keep.
struct Pins {
    /// By seq: how many lists, how many rows, and how many had been printed up to there.
    snapshots: BTreeMap<Seq, (usize, u64, u64)>,
    printed: u64,
}

impl Pins {
    fn of(current: &Snapshot) -> Self {
        Self { snapshots: BTreeMap::new(), printed: current.printed }
    }

    fn add(&mut self, seq: Seq, list: Option<&Arc<List>>) {
        let (rows, printed) = list.map_or((0, self.printed), |list| {
            let snapshot = &list.snapshot;
            (snapshot.rows.len() as u64, snapshot.printed)
        });
        let (lists, most, first) = self.snapshots.entry(seq).or_insert((0, rows, printed));
        *lists += 1;
        *most = rows.max(*most);
        *first = printed.min(*first);
    }

    fn remove(&mut self, seq: Seq) {
        if let Some((lists, ..)) = self.snapshots.get_mut(&seq) {
            *lists -= 1;
            if *lists == 0 {
                self.snapshots.remove(&seq);
            }
        }
    }

    /// How many rows they hold, at most, that the current snapshot does not.
    fn old_rows(&self) -> u64 {
        let after = self.snapshots.values().skip(1).map(|(.., printed)| *printed).chain([self.printed]);
        let replaced = self.snapshots.values().zip(after);
        replaced.map(|((_, rows, printed), next)| next.saturating_sub(*printed).min(*rows)).sum()
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
