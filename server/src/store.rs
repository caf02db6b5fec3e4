//! The published boards: what everything that serves reads.
//!
//! [`Store::commit`] is the only writer. It applies a delta and swaps in the next [`Snapshot`]; readers take the current
//! one without a lock, and keep it as long as they need. What recent commits touched stays known, so that a subscriber
//! can be told what it missed; the rows that they replaced stay only while somebody holds them.

mod details;
mod provenance;
mod ring;
mod snapshot;
mod steps;

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
pub use self::steps::{Step, Steps};
use crate::bus::{Follower, LogEntry};
use crate::turn::away;

/// What commits touched stays known for this long …
const KEEP_FOR: Duration = Duration::from_secs(300);

/// … and of no more commits than this …
const KEEP_COUNT: usize = 720;

/// … which touched no more rows than this, of some 40 bytes each.
const KEEP_TOUCHED: usize = 200_000;

/// Whole commits, with the rows before them, are for those who follow closely: this many stay …
const KEEP_WHOLE: usize = 16;

/// … with no more changed rows than this, of about 4 KB each; the newest stays however large it is.
const KEEP_WHOLE_ROWS: usize = 2_000;

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

/// What is still known of the way to the current snapshot.
#[derive(Debug, Default)]
struct Recent {
    /// Newest last.
    commits: VecDeque<Arc<Commit>>,
    /// Changed rows in all of them.
    rows: usize,
    /// What they and commits before them touched, newest last.
    steps: VecDeque<Arc<Step>>,
    /// Rows in all of these.
    touched: usize,
}

impl Recent {
    fn push(&mut self, commit: Arc<Commit>) {
        let step = Arc::new(Step::of(&commit));
        let now = step.as_of;
        self.rows += commit.changes.len();
        self.commits.push_back(commit);
        while self.commits.len() > 1 && (self.commits.len() > KEEP_WHOLE || self.rows > KEEP_WHOLE_ROWS) {
            self.rows -= self.commits.pop_front().map_or(0, |oldest| oldest.changes.len());
        }
        self.touched += step.len();
        self.steps.push_back(step);
        while self.steps.len() > 1
            && (self.steps.len() > KEEP_COUNT
                || self.touched > KEEP_TOUCHED
                || self.steps.front().is_some_and(|oldest| now.since(oldest.as_of) > KEEP_FOR))
        {
            self.touched -= self.steps.pop_front().map_or(0, |oldest| oldest.len());
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

    /// The commits after `seq`, oldest first; `None` when some of them are no longer kept whole.
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

    /// The snapshot of a seq, while its commit is kept whole.
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

    /// What the commits after `seq` touched, up to that of a snapshot; `None` when it is no longer known.
    pub fn steps_between(&self, seq: Seq, to: &Board) -> Option<Steps> {
        if self.snapshot().board.epoch != to.epoch || seq > to.seq {
            return None;
        }
        let recent = self.lock();
        let from = recent.steps.partition_point(|step| step.prev < seq);
        let steps: Vec<_> = recent.steps.range(from..).take_while(|step| step.seq <= to.seq).cloned().collect();
        let (first, last) = (steps.first().map_or(to.seq, |step| step.prev), steps.last().map_or(seq, |step| step.seq));
        (first == seq && last == to.seq).then_some(Steps::new(steps))
    }

    /// The oldest seq that is no older than what is kept: walks may be in its lists.
    pub fn oldest(&self) -> Seq {
        let oldest = self.lock().steps.front().map(|step| step.seq);
        oldest.unwrap_or_else(|| self.snapshot().board.seq)
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
            if let Err(gap) = away(|| self.commit(&entry)) {
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
        let ToTell::Patch(patch) = commit.changes[0].to_tell(RowForm::Plain) else { unreachable!("a field changed") };
        let patch = std::str::from_utf8(patch).unwrap();
        assert_eq!(patch, format!(r#"{{"id":"{}","symbol":"B2"}}"#, ids[1]));
    }

    #[test]
    fn what_was_touched_stays_known_for_five_minutes() {
        let store = Store::new(Board::default());
        for second in [1, 100, 200, 350] {
            let before = store.snapshot().board.clone();
            store.commit(&entry(&before, second, &[token(1, &second.to_string())])).unwrap();
        }
        let board = store.snapshot().board.clone();
        assert_eq!(store.oldest(), 2);
        assert!(store.steps_between(0, &board).is_none());
        assert_eq!([1, 2, 4].map(|seq| store.steps_between(seq, &board).unwrap().touched().len()), [1, 1, 0]);
        assert!(store.steps_between(5, &board).is_none());
        assert!(store.steps_between(1, &Board { epoch: Epoch::from_bits(1), ..board }).is_none());
        assert!(store.commits_after(Epoch::from_bits(1), 2).is_none());
    }

    #[test]
    fn rows_that_were_replaced_are_let_go() {
        let store = Store::new(Board::default());
        let mut replaced = Vec::new();
        for version in 0..40 {
            let before = store.snapshot().board.clone();
            let rows: Vec<_> = (0..200).map(|number| token(number, &version.to_string())).collect();
            store.commit(&entry(&before, version, &rows)).unwrap();
            replaced.push(Arc::downgrade(store.snapshot().rows.values().next().unwrap()));
            let recent = store.lock();
            assert!(recent.rows <= KEEP_WHOLE_ROWS && recent.commits.len() <= KEEP_WHOLE);
            assert_eq!(recent.rows, recent.commits.iter().map(|commit| commit.changes.len()).sum::<usize>());
            assert_eq!(recent.touched, recent.steps.iter().map(|step| step.len()).sum::<usize>());
        }
        // As many as whole commits hold, and the one before the oldest of them.
        assert_eq!(replaced.iter().filter(|row| row.upgrade().is_some()).count(), KEEP_WHOLE_ROWS / 200 + 1);
        assert_eq!(store.oldest(), 1, "the way is known all the same");
    }

    #[test]
    fn an_entry_that_does_not_follow_changes_nothing() {
        let store = Store::new(Board::default());
        let stray = entry(&Board { seq: 7, ..Board::default() }, 1, &[token(1, "A")]);
        assert!(store.commit(&stray).is_err());
        assert_eq!(store.snapshot().board.seq, 0);
    }
}
