//! What recent commits touched: ids alone, which cost little, and outlive the rows.

use std::collections::HashMap;
use std::sync::Arc;

use memescope::{Seq, Timestamp, TokenId};

use super::{Commit, Snapshot};

/// What one commit touched.
#[derive(Debug)]
pub struct Step {
    /// The seq before.
    pub prev: Seq,
    /// The seq after.
    pub seq: Seq,
    /// The board's time after.
    pub as_of: Timestamp,
    /// Rows that came.
    came: Box<[TokenId]>,
    /// Rows that changed.
    changed: Box<[TokenId]>,
    /// Rows that left.
    left: Box<[TokenId]>,
}

impl Step {
    pub(super) fn of(commit: &Commit) -> Self {
        let ids = |came: bool| {
            let changes = commit.changes.iter().filter(|change| change.before.is_none() == came);
            changes.map(|change| change.row.token.id.clone()).collect()
        };
        let board = &commit.snapshot.board;
        Self {
            prev: commit.prev,
            seq: board.seq,
            as_of: board.as_of,
            came: ids(true),
            changed: ids(false),
            left: commit.removed.clone().into(),
        }
    }

    /// How many rows it touched.
    pub(super) fn len(&self) -> usize {
        self.came.len() + self.changed.len() + self.left.len()
    }

    /// The rows that it touched.
    fn touched(&self) -> impl Iterator<Item = &TokenId> {
        self.came.iter().chain(&self.changed).chain(&self.left)
    }
}

/// What the commits from one seq to another touched.
#[derive(Clone, Debug)]
pub struct Steps {
    steps: Vec<Arc<Step>>,
}

impl Steps {
    pub(super) fn new(steps: Vec<Arc<Step>>) -> Self {
        Self { steps }
    }

    /// The rows that were touched, each with whether it had been there before.
    pub fn touched(&self) -> HashMap<&TokenId, bool> {
        let mut touched = HashMap::new();
        // The first word about a row tells what was before.
        for step in &self.steps {
            for id in &step.came {
                touched.entry(id).or_insert(false);
            }
            for id in step.changed.iter().chain(&step.left) {
                touched.entry(id).or_insert(true);
            }
        }
        touched
    }

    /// The rows that were touched; `None` when they are more than `most`.
    pub fn touched_at_most(&self, most: usize) -> Option<Vec<&TokenId>> {
        let mut touched = std::collections::HashSet::new();
        for step in &self.steps {
            touched.extend(step.touched());
            if touched.len() > most {
                return None;
            }
        }
        Some(touched.into_iter().collect())
    }

    /// Those of the ids that had a row before; `after` is the snapshot to which the steps lead.
    pub fn held_before<'a>(&self, ids: &'a [TokenId], after: &Snapshot) -> Vec<&'a TokenId> {
        let touched = self.touched();
        let was_there = |id: &&TokenId| touched.get(*id).copied().unwrap_or_else(|| after.rows.contains_key(*id));
        ids.iter().filter(was_there).collect()
    }
}
