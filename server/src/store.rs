//! The published boards: what everything that serves reads.
//!
//! [`Store::commit`] is the only writer. It applies a delta and swaps in the next [`Snapshot`]; readers take the current
//! one without a lock, and keep it as long as they need. Recent commits stay reachable, so that a page can go on in the
//! snapshot in which it began and a subscriber can be told what it missed.

mod details;
mod provenance;
mod ring;
mod snapshot;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use memescope::{Board, Epoch, Event, GapError, Seq, SourceReport, Timestamp};
use tokio::sync::watch;

pub use self::details::{Details, DetailsSnapshot};
pub use self::provenance::RowForm;
pub use self::ring::EventRing;
pub use self::snapshot::{Row, RowChange, Snapshot, ToTell};
use crate::bus::{Follower, LogEntry};

/// Commits stay reachable for this long …
const KEEP_FOR: Duration = Duration::from_secs(300);

/// … no more than this many …
const KEEP_COUNT: usize = 720;

/// … and no more changed rows in them than this, of about 4 KB each; the newest commit stays however large it is.
const KEEP_ROWS: usize = 60_000;

/// One step from a snapshot to the next, with what subscribers need of it made once.
#[derive(Debug)]
pub struct Commit {
    /// The seq before.
    pub prev: Seq,
    /// The snapshot after.
    pub snapshot: Arc<Snapshot>,
    /// New and changed rows, in the order of their ids.
    pub changes: Vec<RowChange>,
    /// Rows that left.
    pub removed: Vec<memescope::TokenId>,
}

/// The commits that are still reachable.
#[derive(Debug, Default)]
struct Recent {
    /// Newest last.
    commits: VecDeque<Arc<Commit>>,
    /// Changed rows in all of them.
    rows: usize,
}

impl Recent {
    fn push(&mut self, commit: Arc<Commit>) {
        let now = commit.snapshot.board.as_of;
        self.rows += commit.changes.len();
        self.commits.push_back(commit);
        while self.commits.len() > 1
            && (self.commits.len() > KEEP_COUNT
                || self.rows > KEEP_ROWS
                || self.commits.front().is_some_and(|oldest| now.since(oldest.snapshot.board.as_of) > KEEP_FOR))
        {
            self.rows -= self.commits.pop_front().map_or(0, |oldest| oldest.changes.len());
        }
    }
}

/// The published boards.
#[derive(Debug)]
pub struct Store {
    current: ArcSwap<Snapshot>,
    recent: Mutex<Recent>,
    reports: ArcSwap<Vec<SourceReport>>,
    events: ArcSwap<EventRing>,
    bell: watch::Sender<Seq>,
}

impl Store {
    /// A store that starts from a board: an empty one, or the last one of the journal.
    pub fn new(board: Board) -> Self {
        let seq = board.seq;
        let events = EventRing::after(&board);
        Self {
            current: ArcSwap::from_pointee(Snapshot::new(board)),
            recent: Mutex::default(),
            reports: ArcSwap::default(),
            events: ArcSwap::from_pointee(events),
            bell: watch::Sender::new(seq),
        }
    }

    /// The current snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// How the sources are doing.
    pub fn reports(&self) -> Arc<Vec<SourceReport>> {
        self.reports.load_full()
    }

    /// What was worth telling lately.
    pub fn events(&self) -> Arc<EventRing> {
        self.events.load_full()
    }

    /// Tells the seq of each new commit; a slow reader sees only the newest.
    pub fn bell(&self) -> watch::Receiver<Seq> {
        self.bell.subscribe()
    }

    /// The commits after `seq`, oldest first; `None` when some of them are no longer reachable.
    pub fn commits_after(&self, epoch: Epoch, seq: Seq) -> Option<Vec<Arc<Commit>>> {
        let current = self.snapshot();
        if current.board.epoch != epoch || seq > current.board.seq {
            return None;
        }
        if seq == current.board.seq {
            return Some(Vec::new());
        }
        let commits = &self.lock().commits;
        let from = commits.iter().position(|commit| commit.prev == seq)?;
        Some(commits.range(from..).cloned().collect())
    }

    /// The snapshot of a seq, while it is kept.
    pub fn snapshot_at(&self, epoch: Epoch, seq: Seq) -> Option<Arc<Snapshot>> {
        let current = self.snapshot();
        if current.board.epoch != epoch {
            return None;
        }
        if current.board.seq == seq {
            return Some(current);
        }
        let commits = &self.lock().commits;
        commits.iter().find(|commit| commit.snapshot.board.seq == seq).map(|commit| commit.snapshot.clone())
    }

    /// The oldest snapshot that is still reachable.
    pub fn oldest(&self) -> Arc<Snapshot> {
        let commits = &self.lock().commits;
        commits.front().map_or_else(|| self.snapshot(), |commit| commit.snapshot.clone())
    }

    /// Applies an entry of the log and publishes the snapshot that it leads to; `None` when no row changed.
    ///
    /// The bell rings in either case: the sources' states are new, and events may be.
    pub fn commit(&self, entry: &LogEntry) -> Result<Option<Arc<Commit>>, GapError> {
        let before = self.snapshot();
        self.reports.store(Arc::new(entry.reports.to_vec()));
        let Some(delta) = &entry.delta else {
            self.tell(&entry.events, before.board.as_of);
            self.bell.send_replace(before.board.seq);
            return Ok(None);
        };
        let (snapshot, changes) = before.advance(delta)?;
        let commit = Arc::new(Commit {
            prev: before.board.seq,
            snapshot: Arc::new(snapshot),
            changes,
            removed: delta.removed.clone(),
        });
        self.lock().push(commit.clone());
        self.current.store(commit.snapshot.clone());
        self.tell(&entry.events, delta.as_of);
        self.bell.send_replace(commit.snapshot.board.seq);
        Ok(Some(commit))
    }

    /// Adds events to the ring; `as_of` is the board's time. The newest event may be later than its board.
    fn tell(&self, events: &[Event], as_of: Timestamp) {
        let now = events.last().map_or(as_of, |event| event.at.max(as_of));
        let before = self.events.load();
        if !events.is_empty() || before.holds_older_than_it_should(now) {
            self.events.store(Arc::new(before.with(events, now)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits every entry of the log until it ends.
    pub async fn follow(&self, mut follower: Follower) {
        while let Some(entry) = follower.next().await {
            if let Err(gap) = self.commit(&entry) {
                tracing::error!(%gap, "The log has a gap; the entry is left out");
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::{Chain, Timestamp, Token, TokenId};

    use super::*;

    fn token(number: u8, symbol: &str) -> Arc<Token> {
        let id = TokenId::new(&Chain::solana(), &bs58::encode([number; 32]).into_string()).unwrap();
        let mut token = Token::new(id, Timestamp::from_secs(1));
        token.symbol = Some(symbol.into());
        Arc::new(token)
    }

    fn entry(before: &Board, as_of: i64, rows: &[Arc<Token>]) -> LogEntry {
        let tokens = rows.iter().map(|row| (row.id.clone(), row.clone())).collect();
        let after = before.advance(Timestamp::from_secs(as_of), None, false, tokens);
        LogEntry { delta: Some(Arc::new(before.diff(&after))), events: Arc::default(), reports: Arc::default() }
    }

    #[test]
    fn a_row_is_printed_once_and_shared_until_it_changes() {
        let store = Store::new(Board::default());
        let (a, b) = (token(1, "A"), token(2, "B"));
        store.commit(&entry(&store.snapshot().board, 1, &[a.clone(), b.clone()])).unwrap();
        let first = store.snapshot();
        let commit = store.commit(&entry(&first.board, 2, &[a, token(2, "B2")])).unwrap().unwrap();
        let second = store.snapshot();
        let ids: Vec<_> = first.rows.keys().cloned().collect();
        assert!(Arc::ptr_eq(&first.rows[&ids[0]], &second.rows[&ids[0]]));
        assert_eq!(second.rows[&ids[1]].changed_at, 2);
        assert_eq!(commit.changes.len(), 1);
        let patch = std::str::from_utf8(commit.changes[0].patch.as_ref().unwrap()).unwrap();
        assert_eq!(patch, format!(r#"{{"id":"{}","symbol":"B2"}}"#, ids[1]));
    }

    #[test]
    fn recent_snapshots_stay_and_old_ones_go() {
        let store = Store::new(Board::default());
        for second in [1, 100, 200, 350] {
            let before = store.snapshot().board.clone();
            store.commit(&entry(&before, second, &[])).unwrap();
        }
        let epoch = Epoch::default();
        assert!(store.snapshot_at(epoch, 1).is_none());
        assert_eq!(store.snapshot_at(epoch, 2).unwrap().board.seq, 2);
        assert_eq!(store.commits_after(epoch, 2).unwrap().len(), 2);
        assert!(store.commits_after(epoch, 0).is_none());
        assert!(store.commits_after(Epoch::from_bits(1), 2).is_none());
    }

    #[test]
    fn commits_that_change_much_stay_for_less_long() {
        let rows = |version: u8| -> Vec<_> { (0..200).map(|number| token(number, &version.to_string())).collect() };
        let store = Store::new(Board::default());
        let mut recent = Recent::default();
        for version in 0..5 {
            let before = store.snapshot().board.clone();
            let commit = store.commit(&entry(&before, 1, &rows(version))).unwrap().unwrap();
            for _ in 0..100 {
                recent.push(commit.clone());
                assert!(recent.rows <= KEEP_ROWS);
            }
        }
        assert_eq!(recent.commits.len(), KEEP_ROWS / 200);
        assert_eq!(recent.rows, recent.commits.iter().map(|commit| commit.changes.len()).sum::<usize>());
    }

    #[test]
    fn an_entry_that_does_not_follow_changes_nothing() {
        let store = Store::new(Board::default());
        let stray = entry(&Board { seq: 7, ..Board::default() }, 1, &[token(1, "A")]);
        assert!(store.commit(&stray).is_err());
        assert_eq!(store.snapshot().board.seq, 0);
    }
}
