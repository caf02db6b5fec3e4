//! A `rows` subscription of one connection: some ids, or a range of a list.
//!
//! The only thing kept is which ids the client holds, and by which number it knows each. What it is sent is put together from rows and patches that were
//! printed once for everybody.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use memescope::feed::compact::Handle;
use memescope::feed::digest_rows;
use memescope::{Seq, TokenId};

use super::content::{RowsDelta, rows_snapshot};
use super::frame::Frames;
use super::hub::{Hub, InSight, WatchedRows, slice};
use super::stage::Stage;
use super::view::View;
use crate::store::{RowForm, ToTell};

/// Which rows.
#[derive(Debug)]
pub(super) enum Wanted {
    /// These.
    Ids {
        ids: Arc<[TokenId]>,
        /// The planner keeps them fresh.
        _watched: WatchedRows,
    },
    /// From a place of a list up to, not including, another.
    Range { list: Arc<View>, from: usize, to: usize, _watched: WatchedRows },
}

impl Wanted {
    pub(super) fn ids(hub: &Arc<Hub>, mut ids: Vec<TokenId>) -> Self {
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        let ids: Arc<[TokenId]> = ids.into();
        let watched = hub.watch_rows(InSight::Ids(ids.clone()));
        Self::Ids { ids, _watched: watched }
    }

    pub(super) fn range(hub: &Arc<Hub>, list: Arc<View>, from: usize, to: usize) -> Self {
        let watched = hub.watch_rows(InSight::Range(list.name().clone(), from, to));
        Self::Range { list, from, to, _watched: watched }
    }

    fn at<'a>(&'a self, stage: &'a Stage) -> &'a [TokenId] {
        match self {
            Self::Ids { ids, .. } => ids,
            Self::Range { list, from, to, .. } => {
                stage.views.get(list.name()).map_or(&[], |state| slice(state.ids(), *from, *to))
            }
        }
    }

    /// What a client that was at `seq` of this epoch holds; `None` when that is no longer known.
    fn held_at(&self, stage: &Stage, seq: Seq, hub: &Hub) -> Option<Vec<TokenId>> {
        match self {
            Self::Ids { ids, .. } => {
                let steps = hub.store.steps_between(seq, &stage.snapshot.board)?;
                Some(steps.held_before(ids, &stage.snapshot).into_iter().cloned().collect())
            }
            Self::Range { list, from, to, .. } => {
                let state = stage.views.get(list.name())?;
                list.ids_at(state, seq, &hub.store).map(|ids| slice(&ids, *from, *to).to_vec())
            }
        }
    }
}

/// The subscription.
#[derive(Debug)]
pub(super) struct OwnRows {
    pub(super) name: String,
    wanted: Wanted,
    form: RowForm,
    /// The ids whose rows the client holds, in the order in which they are wanted.
    held: Vec<TokenId>,
    handles: Handles,
    /// The seq of the last frame.
    have: Seq,
}

/// The numbers of the rows that the client holds, in the compact form. A number that is free is given again, so that
/// the client needs no more of them than it holds rows.
#[derive(Debug, Default)]
struct Handles(HashMap<TokenId, Handle>);

impl Handles {
    /// Gives numbers to those of `held` that have none, and takes them from all others. Tells which ones are new.
    fn follow(&mut self, held: &[TokenId]) -> HashSet<TokenId> {
        let ids: HashSet<&TokenId> = held.iter().collect();
        self.0.retain(|id, _| ids.contains(id));
        let taken: HashSet<Handle> = self.0.values().copied().collect();
        let new: Vec<&TokenId> = held.iter().filter(|id| !self.0.contains_key(*id)).collect();
        self.0.extend(new.iter().map(|id| (*id).clone()).zip((0..).filter(|free| !taken.contains(free))));
        new.into_iter().cloned().collect()
    }

    /// The number of a row; in other forms than the compact one there is none, and none is written.
    fn of(&self, id: &TokenId) -> Handle {
        self.0.get(id).copied().unwrap_or_default()
    }
}

impl OwnRows {
    /// A subscription that nothing has been sent for.
    pub(super) fn new(name: String, wanted: Wanted, form: RowForm) -> Self {
        Self { name, wanted, form, held: Vec::new(), handles: Handles::default(), have: 0 }
    }

    pub(super) fn form(&self) -> RowForm {
        self.form
    }

    pub(super) fn have(&self) -> Seq {
        self.have
    }

    pub(super) fn digest(&self, stage: &Stage) -> u64 {
        let rows = self.held.iter().filter_map(|id| stage.snapshot.rows.get(id));
        digest_rows(rows.map(|row| &*row.token))
    }

    /// All rows at the stage.
    pub(super) fn snapshot(&mut self, stage: &Stage, reason: Option<&str>) -> Frames {
        let rows = &stage.snapshot.rows;
        self.held = self.wanted.at(stage).iter().filter(|id| rows.contains_key(*id)).cloned().collect();
        self.have = stage.seq();
        self.handles = Handles::default();
        if self.form == RowForm::Compact {
            self.handles.follow(&self.held);
        }
        let held = self.held.iter().filter_map(|id| Some((self.handles.of(id), rows.get(id)?)));
        rows_snapshot(&self.name, self.form, &stage.snapshot, reason, held)
    }

    /// Goes on from what the client held at `seq` of this epoch. `None` when that is no longer known; else the frame
    /// that leads here, without parts if none is needed.
    pub(super) fn resume(&mut self, stage: &Stage, seq: Seq, hub: &Hub) -> Option<Frames> {
        self.held = self.wanted.held_at(stage, seq, hub)?;
        self.handles = Handles::default();
        self.have = seq;
        Some(self.step(stage, seq).unwrap_or_default())
    }

    /// Asks for other rows; the frame holds those that are new. Everything up to the stage must have been sent.
    pub(super) fn update(&mut self, wanted: Wanted, stage: &Stage) -> Option<Frames> {
        self.wanted = wanted;
        match self.step(stage, stage.seq()) {
            // Even if no row is new: a client that resumes must name a seq at which these were its parameters.
            None if self.have < stage.seq() => Some(self.send(&RowsDelta::of(self.form), stage)),
            frames => frames,
        }
    }

    /// What changed since `position`, up to which this subscription was judged.
    pub(super) fn step(&mut self, stage: &Stage, position: Seq) -> Option<Frames> {
        let rows = &stage.snapshot.rows;
        let one_behind = stage.step.prev == Some(position);
        let wanted = self.wanted.at(stage);
        let mut delta = RowsDelta::of(self.form);
        let mut some_left = false;
        let all_named = self.form != RowForm::Compact || self.handles.0.len() == self.held.len();
        if one_behind && all_named && self.held == wanted && !self.held.iter().any(|id| stage.step.removes(id)) {
            // By far the most common case: the same rows, some of them changed.
            for id in wanted {
                match stage.step.to_tell(id, self.form) {
                    Some(ToTell::Patch(patch)) => delta.patches.push((self.handles.of(id), patch)),
                    Some(ToTell::Whole) => delta.rows.extend(rows.get(id).map(|row| (self.handles.of(id), row))),
                    Some(ToTell::Nothing) | None => {}
                }
            }
        } else {
            let held: HashSet<&TokenId> = self.held.iter().collect();
            let now: Vec<TokenId> = wanted.iter().filter(|id| rows.contains_key(*id)).cloned().collect();
            let is_compact = self.form == RowForm::Compact;
            let unnamed = if is_compact { self.handles.follow(&now) } else { HashSet::new() };
            let mut stayed = 0;
            for (id, row) in wanted.iter().filter_map(|id| Some((id, rows.get(id)?))) {
                let handle = self.handles.of(id);
                let is_known = held.contains(id);
                stayed += usize::from(is_known);
                if !is_known {
                    delta.rows.push((handle, row));
                    continue;
                }
                let told = (row.changed_at > position).then(|| stage.step.to_tell(id, self.form));
                match told {
                    Some(Some(ToTell::Patch(patch))) if one_behind => delta.patches.push((handle, patch)),
                    Some(Some(ToTell::Nothing)) if one_behind => {}
                    Some(_) => {
                        delta.rows.push((handle, row));
                        continue;
                    }
                    None => {}
                }
                if unnamed.contains(id) {
                    delta.names.push((handle, id.clone()));
                }
            }
            delta.gone = self.held.iter().filter(|id| !rows.contains_key(*id)).cloned().collect();
            // Nothing is said of a row that left the range; the frame only moves the client to the seq of the new range.
            some_left = stayed < self.held.len();
            self.held = now;
        }
        (some_left || !delta.is_empty()).then(|| self.send(&delta, stage))
    }

    fn send(&mut self, delta: &RowsDelta<'_>, stage: &Stage) -> Frames {
        let frames = delta.frame(&self.name, self.have, &stage.snapshot);
        self.have = stage.seq();
        frames
    }
}
