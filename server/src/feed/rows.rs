//! A `rows` subscription of one connection: some ids, or a range of a list.
//!
//! The only thing kept is which ids the client holds, and by which number it knows each: there may be ten thousand such
//! clients. What one is sent is put together from rows and patches that were printed once for everybody.

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
    held: Held,
    /// The seq of the last frame.
    have: Seq,
}

/// The rows that a client holds.
#[derive(Debug, Default)]
struct Held {
    /// In the order in which they are wanted.
    ids: Box<[TokenId]>,
    /// In the compact form, the number of each row; none at all when the client knows none of them. A number that is free
    /// is given again, so that the client needs no more of them than it holds rows.
    handles: Box<[Handle]>,
}

impl Held {
    /// The numbers of other rows that are to be held: those which have one keep it. Tells which ones are new, too.
    fn handles_of<'a>(&self, ids: &'a [TokenId]) -> (Box<[Handle]>, HashSet<&'a TokenId>) {
        let known: HashMap<&TokenId, Handle> = self.ids.iter().zip(self.handles.iter().copied()).collect();
        let taken: HashSet<Handle> = ids.iter().filter_map(|id| known.get(id)).copied().collect();
        let mut free = (0..).filter(|number| !taken.contains(number));
        let mut new = HashSet::new();
        let mut handle = |id: &'a TokenId| {
            known.get(id).copied().or_else(|| {
                new.insert(id);
                free.next()
            })
        };
        let handles = ids.iter().filter_map(&mut handle).collect();
        (handles, new)
    }

    /// The number of the row at a place; where there is none, in other forms, none is written.
    fn handle(&self, place: usize) -> Handle {
        self.handles.get(place).copied().unwrap_or_default()
    }
}

impl OwnRows {
    /// A subscription that nothing has been sent for.
    pub(super) fn new(name: String, wanted: Wanted, form: RowForm) -> Self {
        Self { name, wanted, form, held: Held::default(), have: 0 }
    }

    pub(super) fn form(&self) -> RowForm {
        self.form
    }

    pub(super) fn have(&self) -> Seq {
        self.have
    }

    pub(super) fn digest(&self, stage: &Stage) -> u64 {
        let rows = self.held.ids.iter().filter_map(|id| stage.snapshot.rows.get(id));
        digest_rows(rows.map(|row| &*row.token))
    }

    /// All rows at the stage.
    pub(super) fn snapshot(&mut self, stage: &Stage, reason: Option<&str>) -> Frames {
        let rows = &stage.snapshot.rows;
        let ids: Box<[TokenId]> = self.wanted.at(stage).iter().filter(|id| rows.contains_key(*id)).cloned().collect();
        let handles = if self.is_compact() { Held::default().handles_of(&ids).0 } else { Box::default() };
        self.held = Held { ids, handles };
        self.have = stage.seq();
        let held = self.held.ids.iter().enumerate();
        let held = held.filter_map(|(place, id)| Some((self.held.handle(place), rows.get(id)?)));
        rows_snapshot(&self.name, self.form, &stage.snapshot, reason, held)
    }

    /// Goes on from what the client held at `seq` of this epoch. `None` when that is no longer known; else the frame
    /// that leads here, without parts if none is needed.
    pub(super) fn resume(&mut self, stage: &Stage, seq: Seq, hub: &Hub) -> Option<Frames> {
        self.held = Held { ids: self.wanted.held_at(stage, seq, hub)?.into(), handles: Box::default() };
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
        let all_named = !self.is_compact() || self.held.handles.len() == self.held.ids.len();
        let same = &*self.held.ids == wanted && !wanted.iter().any(|id| stage.step.removes(id));
        if one_behind && all_named && same {
            // By far the most common case: the same rows, some of them changed.
            for (place, id) in wanted.iter().enumerate() {
                let handle = self.held.handle(place);
                match stage.step.to_tell(id, self.form) {
                    Some(ToTell::Patch(patch)) => delta.patches.push((handle, patch)),
                    Some(ToTell::Whole) => delta.rows.extend(rows.get(id).map(|row| (handle, row))),
                    Some(ToTell::Nothing) | None => {}
                }
            }
        } else {
            let before: HashSet<&TokenId> = self.held.ids.iter().collect();
            let ids: Box<[TokenId]> = wanted.iter().filter(|id| rows.contains_key(*id)).cloned().collect();
            let (handles, unnamed) = if self.is_compact() { self.held.handles_of(&ids) } else { Default::default() };
            let now = Held { handles, ..Held::default() };
            let mut stayed = 0;
            for (place, id) in ids.iter().enumerate() {
                let Some(row) = rows.get(id) else { continue };
                let handle = now.handle(place);
                let is_known = before.contains(id);
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
            delta.gone = self.held.ids.iter().filter(|id| !rows.contains_key(*id)).cloned().collect();
            // Nothing is said of a row that left the range; the frame only moves the client to the seq of the new range.
            some_left = stayed < self.held.ids.len();
            self.held = Held { ids, ..now };
        }
        (some_left || !delta.is_empty()).then(|| self.send(&delta, stage))
    }

    fn is_compact(&self) -> bool {
        self.form == RowForm::Compact
    }

    fn send(&mut self, delta: &RowsDelta<'_>, stage: &Stage) -> Frames {
        let frames = delta.frame(&self.name, self.have, &stage.snapshot);
        self.have = stage.seq();
        frames
    }
}
