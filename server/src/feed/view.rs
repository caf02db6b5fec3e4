//! What is shared by all subscribers of an equal view, made once per commit.
//!
//! A view is a query with a head (its order, as splices) or a query alone (its rows, as patches). Its [`ViewState`] at a
//! seq holds the frame that leads there from the change before, and makes, when the first subscriber needs it, the
//! snapshot frame and the frames that bridge from older states.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use imbl::OrdMap;
use memescope::feed::compact::Handle;
use memescope::feed::{digest_list, digest_rows, splices};
use memescope::fnv::Fnv;
use memescope::query::{Filter, TokenQuery};
use memescope::{Epoch, Seq, TokenId};

use super::content::{Encoded, ListDelta, RowsDelta, list_snapshot, rows_snapshot};
use super::frame::{Encoding, Frames};
use crate::pages::{Places, Selection, Standing};
use crate::store::{Commit, RowChange, RowForm, Snapshot, Store, ToTell};

/// How many ids the former orders of a list may name together; whoever was away for longer gets a snapshot.
const KEPT_IDS: usize = 8_000;

/// How many bridges a state keeps: clients name the seqs at which they begin.
const KEPT_BRIDGES: usize = 64;

/// What of the rows of a query a view follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The order of the first rows.
    List {
        /// How many.
        head: usize,
    },
    /// The values of all of them.
    Rows(RowForm),
}

/// A watched view. Lives as long as somebody holds it.
#[derive(Debug)]
pub(super) struct View {
    name: Arc<str>,
    kind: Kind,
    query: TokenQuery,
    /// Of a list whose former places mean something.
    ranking: Option<Arc<Selection>>,
    /// The order at the newest state; `Rows` views need none.
    standing: Mutex<Option<Standing>>,
}

/// A view at one seq. Never altered.
#[derive(Debug)]
pub(super) struct ViewState {
    view: Arc<str>,
    form: RowForm,
    epoch: Epoch,
    seq: Seq,
    content: Content,
    /// The seq at which the content last changed.
    changed_at: Seq,
    /// The seq of the change before that.
    prev: Seq,
    /// What leads from `prev` to `changed_at`; `None` for a view's first state.
    delta: Option<Delta>,
    snapshot: Encoded,
    bridges: Mutex<HashMap<Bridge, Option<Frames>>>,
}

/// What leads from one state to the next.
#[derive(Clone, Debug)]
enum Delta {
    List(Arc<(ListDelta, Encoded)>),
    Rows(Frames),
}

/// From where, and for whom, a frame leads to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bridge {
    /// The seq at which it begins.
    pub(super) from: Seq,
    /// How it is written; rows have the form of their view.
    pub(super) encoding: Encoding,
    /// Whether it is for a client that knows no handles.
    pub(super) is_new: bool,
}

#[derive(Clone, Debug)]
enum Content {
    List {
        ids: Arc<[TokenId]>,
        total: usize,
        /// Former orders with the seq from which each one stood, oldest first; the present one is the last.
        past: Arc<Vec<(Seq, Arc<[TokenId]>)>>,
    },
    Rows {
        /// With their handles, none of which is ever given to another row.
        members: OrdMap<TokenId, Handle>,
        next: Handle,
    },
}

/// The name of a view: equal views, equal names; `attempt` tells apart different views whose names would be equal.
pub(super) fn view_name(query: &TokenQuery, kind: Kind, attempt: u32) -> String {
    let (letter, head) = match kind {
        Kind::List { head } => ('l', head),
        Kind::Rows(RowForm::Plain) => ('a', 0),
        Kind::Rows(RowForm::WithProvenance) => ('p', 0),
        Kind::Rows(RowForm::Compact) => ('c', 0),
    };
    let mut hash = Fnv::default();
    hash.write(format!("{:x} {head} {attempt}", query.fingerprint()).as_bytes());
    format!("{letter}{:016x}", hash.finish())
}

impl View {
    /// A view and its state on a board.
    pub(super) fn open(name: Arc<str>, kind: Kind, query: TokenQuery, snapshot: &Snapshot) -> (Self, ViewState) {
        let is_list = matches!(kind, Kind::List { .. });
        let ranking = is_list.then(|| Arc::new(Selection::new(query.clone(), None))).filter(|list| list.is_ranking());
        let view = Self { name, kind, query, ranking, standing: Mutex::default() };
        let state = view.anew(snapshot);
        (view, state)
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Of a list whose former places mean something.
    pub(super) fn ranking(&self) -> Option<&Arc<Selection>> {
        self.ranking.as_ref()
    }

    fn form(&self) -> RowForm {
        match self.kind {
            Kind::List { .. } => RowForm::Plain,
            Kind::Rows(form) => form,
        }
    }

    pub(super) fn is_of(&self, query: &TokenQuery, kind: Kind) -> bool {
        self.kind == kind && self.query == *query
    }

    /// The state on a board, without a past.
    pub(super) fn anew(&self, snapshot: &Snapshot) -> ViewState {
        let seq = snapshot.board.seq;
        let content = match self.kind {
            Kind::List { head } => {
                let standing = Standing::of(self.query.clone(), snapshot);
                let ids: Arc<[TokenId]> = standing.head(head).into();
                let total = standing.total();
                *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = Some(standing);
                Content::List { past: Arc::new(vec![(seq, ids.clone())]), ids, total }
            }
            Kind::Rows(_) => {
                let members: OrdMap<TokenId, Handle> = self.members(snapshot).zip(0u64..).collect();
                Content::Rows { next: members.len() as Handle, members }
            }
        };
        ViewState::new(self, snapshot, content, seq, seq, None)
    }

    /// The next state. `commits` lead from the snapshot `before`, at which `old` stands, to the next one.
    pub(super) fn step(&self, old: &ViewState, before: &Snapshot, commits: &[Arc<Commit>]) -> ViewState {
        let Some(last) = commits.last() else { return self.anew(before) };
        let snapshot = &*last.snapshot;
        let seq = snapshot.board.seq;
        match (&old.content, self.kind) {
            (Content::List { ids, total, past }, Kind::List { head }) => {
                let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(standing) = standing.as_mut() else { return self.anew(snapshot) };
                let mut start = before;
                for commit in commits {
                    standing.step(start, commit);
                    start = &commit.snapshot;
                }
                let new = standing.head(head);
                let new_total = standing.total();
                if *new == **ids {
                    let content = Content::List { ids: ids.clone(), total: new_total, past: past.clone() };
                    if new_total == *total {
                        return old.carried(self, snapshot, content);
                    }
                    let delta = list_delta(old.changed_at, snapshot, (&[], &[]), new_total);
                    return ViewState::new(self, snapshot, content, seq, old.changed_at, Some(delta.into()));
                }
                let new: Arc<[TokenId]> = new.into();
                let delta = list_delta(old.changed_at, snapshot, (ids, &new), new_total);
                let kept = KEPT_IDS / head.max(1);
                let past = past[past.len().saturating_sub(kept.saturating_sub(1))..]
                    .iter()
                    .cloned()
                    .chain([(seq, new.clone())])
                    .collect();
                let content = Content::List { ids: new, total: new_total, past: Arc::new(past) };
                ViewState::new(self, snapshot, content, seq, old.changed_at, Some(delta.into()))
            }
            (Content::Rows { members, next }, Kind::Rows(form)) => {
                let (mut members, mut next) = (members.clone(), *next);
                let changes = self.step_rows(&mut members, &mut next, form, commits, snapshot);
                let content = Content::Rows { members, next };
                if changes.is_empty() {
                    return old.carried(self, snapshot, content);
                }
                let delta = Delta::Rows(changes.frame(&self.name, old.changed_at, snapshot));
                ViewState::new(self, snapshot, content, seq, old.changed_at, Some(delta))
            }
            _ => self.anew(snapshot),
        }
    }

    fn step_rows<'a>(
        &self,
        members: &mut OrdMap<TokenId, Handle>,
        next: &mut Handle,
        form: RowForm,
        commits: &'a [Arc<Commit>],
        snapshot: &'a Snapshot,
    ) -> RowsDelta<'a> {
        let changed: BTreeMap<&TokenId, &RowChange> =
            commits.iter().flat_map(|commit| &commit.changes).map(|change| (&change.row.token.id, change)).collect();
        let removed = commits.iter().flat_map(|commit| &commit.removed);
        let candidates: Vec<&TokenId> = if self.depends_on_time() {
            snapshot.rows.keys().chain(removed).collect()
        } else {
            changed.keys().copied().chain(removed).collect()
        };
        let filter = Filter::new(&self.query, snapshot.board.as_of);
        let mut delta = RowsDelta::of(form);
        for id in candidates {
            let row = snapshot.rows.get(id).filter(|row| filter.passes(&row.token));
            match (row, members.get(id).copied()) {
                (Some(row), Some(handle)) => match changed.get(id).map(|change| change.to_tell(form)) {
                    Some(ToTell::Patch(patch)) if commits.len() == 1 => delta.patches.push((handle, patch)),
                    Some(ToTell::Nothing) if commits.len() == 1 => {}
                    Some(_) => delta.rows.push((handle, row)),
                    None => {}
                },
                (Some(row), None) => {
                    members.insert(id.clone(), *next);
                    delta.rows.push((*next, row));
                    *next += 1;
                }
                (None, Some(_)) => {
                    members.remove(id);
                    delta.gone.push(id.clone());
                }
                (None, None) => {}
            }
        }
        delta
    }

    fn members(&self, snapshot: &Snapshot) -> impl Iterator<Item = TokenId> {
        let filter = Filter::new(&self.query, snapshot.board.as_of);
        snapshot.board.tokens.values().filter(move |token| filter.passes(token)).map(|token| token.id.clone())
    }

    /// The ids of a list as they stood at a seq of this epoch; `None` when that is no longer known.
    ///
    /// A reader whose page was made a moment ago may be the first to open the view: its snapshot is still kept.
    pub(super) fn ids_at(&self, state: &ViewState, seq: Seq, store: &Store) -> Option<Arc<[TokenId]>> {
        let (Content::List { past, .. }, Kind::List { head }) = (&state.content, self.kind) else { return None };
        if let Some((_, ids)) = past.iter().rev().find(|(from, _)| *from <= seq) {
            return Some(ids.clone());
        }
        let snapshot = store.snapshot_at(state.epoch, seq)?;
        Some(Standing::of(self.query.clone(), &snapshot).head(head).into())
    }

    /// What leads from the state at a seq to this one in one step, made once for all who are as far behind. `None` when
    /// that state is no longer known.
    pub(super) fn bridge(
        &self,
        state: &ViewState,
        bridge: Bridge,
        snapshot: &Snapshot,
        store: &Store,
    ) -> Option<Frames> {
        let bridges = || state.bridges.lock().unwrap_or_else(PoisonError::into_inner);
        let known = bridges().get(&bridge).cloned();
        if let Some(known) = known {
            return known;
        }
        let made = self.make_bridge(state, bridge, snapshot, store);
        let mut bridges = bridges();
        if bridges.len() >= KEPT_BRIDGES {
            bridges.clear();
        }
        bridges.entry(bridge).or_insert(made).clone()
    }

    fn make_bridge(
        &self,
        state: &ViewState,
        Bridge { from, encoding, is_new }: Bridge,
        snapshot: &Snapshot,
        store: &Store,
    ) -> Option<Frames> {
        match &state.content {
            Content::List { ids, total, .. } => {
                let old = self.ids_at(state, from, store)?;
                Some(list_delta(from, snapshot, (&old, ids), *total).frame(&self.name, encoding))
            }
            Content::Rows { .. } if self.depends_on_time() => None,
            Content::Rows { members, .. } => {
                let steps = store.steps_between(from, &snapshot.board)?;
                let mut delta = RowsDelta::of(self.form());
                let mut told: HashSet<&TokenId> = HashSet::new();
                for (id, was_there) in steps.touched() {
                    match snapshot.rows.get(id).zip(members.get_key_value(id)) {
                        Some((row, (id, handle))) => {
                            told.insert(id);
                            delta.rows.push((*handle, row));
                        }
                        // Whether it passed then is not known; a client lets go only of what it holds.
                        None if was_there => delta.gone.push(id.clone()),
                        None => {}
                    }
                }
                if delta.gone.len() > members.len() + 64 {
                    // All that is left says less.
                    return None;
                }
                if is_new {
                    let untold = members.iter().filter(|(id, _)| !told.contains(id));
                    delta.names.extend(untold.map(|(id, handle)| (*handle, id.clone())));
                }
                delta.rows.sort_unstable_by(|a, b| a.1.token.id.cmp(&b.1.token.id));
                delta.gone.sort_unstable();
                Some(delta.frame(&self.name, from, snapshot))
            }
        }
    }

    /// Whether time alone lets rows in and out.
    fn depends_on_time(&self) -> bool {
        self.query.min_age.is_some() || self.query.max_age.is_some()
    }
}

impl ViewState {
    fn new(
        view: &View,
        snapshot: &Snapshot,
        content: Content,
        changed_at: Seq,
        prev: Seq,
        delta: Option<Delta>,
    ) -> Self {
        let memescope::Board { epoch, seq, .. } = snapshot.board;
        Self {
            view: view.name.clone(),
            form: view.form(),
            epoch,
            seq,
            content,
            changed_at,
            prev,
            delta,
            snapshot: Encoded::default(),
            bridges: Mutex::default(),
        }
    }

    /// The same content on a later board.
    fn carried(&self, view: &View, snapshot: &Snapshot, content: Content) -> Self {
        Self::new(view, snapshot, content, self.changed_at, self.prev, self.delta.clone())
    }

    pub(super) fn seq(&self) -> Seq {
        self.seq
    }

    pub(super) fn changed_at(&self) -> Seq {
        self.changed_at
    }

    /// The shared frame for everybody whose state is that of `have`; `None` when it is not the one that they need.
    pub(super) fn delta_after(&self, have: Seq, encoding: Encoding) -> Option<&Frames> {
        match self.delta.as_ref().filter(|_| (self.prev..self.changed_at).contains(&have))? {
            Delta::List(list) => Some(list.1.get(encoding, || list.0.frame(&self.view, encoding))),
            Delta::Rows(frames) => Some(frames),
        }
    }

    /// The ids of a list; of a `rows` view none.
    pub(super) fn ids(&self) -> &[TokenId] {
        match &self.content {
            Content::List { ids, .. } => ids,
            Content::Rows { .. } => &[],
        }
    }

    /// The whole state, printed when it is first asked for; and so are the former places of its rows.
    pub(super) fn snapshot(
        &self,
        board: &Snapshot,
        encoding: Encoding,
        former: impl FnOnce() -> Option<Arc<Places>>,
    ) -> &Frames {
        self.snapshot.get(encoding, || self.snapshot_because(board, encoding, None, former))
    }

    /// The whole state with a reason; not shared.
    pub(super) fn snapshot_because(
        &self,
        board: &Snapshot,
        encoding: Encoding,
        reason: Option<&str>,
        former: impl FnOnce() -> Option<Arc<Places>>,
    ) -> Frames {
        match &self.content {
            Content::List { ids, total, .. } => {
                let former = former();
                list_snapshot(&self.view, encoding, board, reason, (ids, *total), former.as_deref())
            }
            Content::Rows { members, .. } => {
                let rows = members.iter().filter_map(|(id, handle)| Some((*handle, board.rows.get(id)?)));
                rows_snapshot(&self.view, self.form, board, reason, rows)
            }
        }
    }

    /// A short name of the state that a client can compute too.
    pub(super) fn digest(&self, board: &Snapshot) -> u64 {
        match &self.content {
            Content::List { ids, .. } => digest_list(ids),
            Content::Rows { members, .. } => {
                digest_rows(members.keys().filter_map(|id| board.rows.get(id)).map(|row| &*row.token))
            }
        }
    }
}

impl From<ListDelta> for Delta {
    fn from(delta: ListDelta) -> Self {
        Self::List(Arc::new((delta, Encoded::default())))
    }
}

fn list_delta(prev: Seq, snapshot: &Snapshot, (old, new): (&[TokenId], &[TokenId]), total: usize) -> ListDelta {
    ListDelta { splices: splices(old, new), total, prev, seq: snapshot.board.seq, as_of: snapshot.board.as_of }
}
