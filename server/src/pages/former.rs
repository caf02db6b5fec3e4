//! Former places: where rows stood about five minutes ago in the rankings that somebody looks at.
//!
//! Places are written down every half minute, ids alone: a ranking's past costs some kilobytes, and holds no old row.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use memescope::{Epoch, Seq, Timestamp, TokenId};

use super::{List, Selection};

/// The former place of a row is that of about five minutes ago …
const AGE: Range<Duration> = Duration::from_secs(240)..Duration::from_secs(360);

/// … as near to this as is known …
const WANTED_AGE: Duration = Duration::from_secs(300);

/// … and places are written down no more often than this.
const STEP: Duration = Duration::from_secs(30);

/// The most places of a ranking: arrows further down would tell nobody anything.
const MOST_PLACES: usize = 5_000;

/// The most rankings: who has not been asked for longest goes first.
const MOST_RANKINGS: usize = 8;

/// The places of a ranking at one moment.
#[derive(Debug)]
pub struct Places {
    epoch: Epoch,
    /// The seq of their snapshot.
    pub seq: Seq,
    as_of: Timestamp,
    /// In the order of their ids.
    by_id: Box<[(TokenId, u32)]>,
}

impl Places {
    fn of(list: &List) -> Self {
        let ids = list.rows.iter().map(|row| row.token.id.clone());
        let mut places: Vec<(TokenId, u32)> = ids.zip(1..).take(MOST_PLACES).collect();
        places.sort_unstable();
        let board = &list.snapshot.board;
        Self { epoch: board.epoch, seq: board.seq, as_of: board.as_of, by_id: places.into() }
    }

    /// The place of a token, from 1; `None` when it had none, or one too far down to be kept.
    pub fn place_of(&self, id: &TokenId) -> Option<usize> {
        let found = self.by_id.binary_search_by(|(other, _)| other.cmp(id)).ok()?;
        self.by_id.get(found).and_then(|(_, place)| usize::try_from(*place).ok())
    }
}

/// The rankings in use with their former places, that asked for last at the end.
#[derive(Debug, Default)]
pub(super) struct Former {
    rankings: Vec<Ranking>,
}

#[derive(Debug)]
struct Ranking {
    selection: Arc<Selection>,
    /// Oldest first.
    places: VecDeque<Arc<Places>>,
}

impl Former {
    /// Says that a ranking is in use, and tells its places of about five minutes before `now`.
    pub(super) fn ask(&mut self, selection: &Arc<Selection>, (epoch, now): (Epoch, Timestamp)) -> Option<Arc<Places>> {
        let known = self.rankings.iter().position(|ranking| ranking.selection == *selection);
        let ranking = match known {
            Some(known) => self.rankings.remove(known),
            None => Ranking { selection: selection.clone(), places: VecDeque::new() },
        };
        let aged =
            ranking.places.iter().filter(|places| places.epoch == epoch && AGE.contains(&now.since(places.as_of)));
        let found = aged.min_by_key(|places| now.since(places.as_of).abs_diff(WANTED_AGE)).cloned();
        if self.rankings.len() >= MOST_RANKINGS {
            self.rankings.remove(0);
        }
        self.rankings.push(ranking);
        found
    }

    /// The rankings whose places should be written down.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Arc<Selection>> {
        let is_due = |ranking: &&Ranking| ranking.places.back().is_none_or(|newest| now.since(newest.as_of) >= STEP);
        self.rankings.iter().filter(is_due).map(|ranking| ranking.selection.clone()).collect()
    }

    /// Writes places down, and forgets those that are too old.
    pub(super) fn note(&mut self, list: &List) {
        let now = list.snapshot.board.as_of;
        let Some(ranking) = self.rankings.iter_mut().find(|ranking| *ranking.selection == *list.selection) else {
            return;
        };
        ranking.places.push_back(Arc::new(Places::of(list)));
        while ranking.places.front().is_some_and(|oldest| now.since(oldest.as_of) >= AGE.end) {
            ranking.places.pop_front();
        }
    }
}
