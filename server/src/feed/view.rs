//! What is shared by all subscribers of an equal view, made once per commit.
//!
//! A view is a query with a head (its order, as splices) or a query alone (its rows, as patches). Its [`ViewState`] at a
//! seq holds the frame that leads there from the change before, and makes, when the first subscriber needs it, the
//! snapshot frame and the frames that bridge from older states.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use imbl::OrdSet;
use memescope::feed::splices;
use memescope::fnv::Fnv;
use memescope::query::{Filter, TokenQuery};
use memescope::{Epoch, Seq, Timestamp, TokenId};

use super::frame::{FrameBuilder, Frames, quoted_id, spliced};
use super::standing::Standing;
use crate::store::{Commit, Row, RowChange, RowForm, Snapshot, Store, ToTell};

/// How many ids the former orders of a list may name together; whoever was away for longer gets a snapshot.
const KEPT_IDS: usize = 8_000;

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
    as_of: Timestamp,
    content: Content,
    /// The seq at which the content last changed.
    changed_at: Seq,
    /// The seq of the change before that.
    prev: Seq,
    /// What leads from `prev` to `changed_at`; `None` for a view's first state.
    delta: Option<Frames>,
    snapshot: OnceLock<Frames>,
    bridges: Mutex<HashMap<Seq, Option<Frames>>>,
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
        members: OrdSet<TokenId>,
    },
}

/// The name of a view: equal views, equal names; `attempt` tells apart different views whose names would be equal.
pub(super) fn view_name(query: &TokenQuery, kind: Kind, attempt: u32) -> String {
    let (letter, head) = match kind {
        Kind::List { head } => ('l', head),
        Kind::Rows(RowForm::Plain) => ('a', 0),
        Kind::Rows(RowForm::WithProvenance) => ('p', 0),
    };
    let mut hash = Fnv::default();
    hash.write(format!("{:x} {head} {attempt}", query.fingerprint()).as_bytes());
    format!("{letter}{:016x}", hash.finish())
}

impl View {
    /// A view and its state on a board.
    pub(super) fn open(name: Arc<str>, kind: Kind, query: TokenQuery, snapshot: &Snapshot) -> (Self, ViewState) {
        let view = Self { name, kind, query, standing: Mutex::default() };
        let state = view.anew(snapshot);
        (view, state)
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
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
            Kind::Rows(_) => Content::Rows { members: self.members(snapshot).collect() },
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
                    let delta = list_delta(&self.name, old.changed_at, snapshot, &[], &[], new_total);
                    return ViewState::new(self, snapshot, content, seq, old.changed_at, Some(delta));
                }
                let new: Arc<[TokenId]> = new.into();
                let delta = list_delta(&self.name, old.changed_at, snapshot, ids, &new, new_total);
                let kept = KEPT_IDS / head.max(1);
                let past = past[past.len().saturating_sub(kept.saturating_sub(1))..]
                    .iter()
                    .cloned()
                    .chain([(seq, new.clone())])
                    .collect();
                let content = Content::List { ids: new, total: new_total, past: Arc::new(past) };
                ViewState::new(self, snapshot, content, seq, old.changed_at, Some(delta))
            }
            (Content::Rows { members }, Kind::Rows(form)) => {
                let (members, changes) = self.step_rows(members, form, commits, snapshot);
                let content = Content::Rows { members };
                if changes.is_empty() {
                    return old.carried(self, snapshot, content);
                }
                let delta = changes.frame(&self.name, old.changed_at, snapshot);
                ViewState::new(self, snapshot, content, seq, old.changed_at, Some(delta))
            }
            _ => self.anew(snapshot),
        }
    }

    fn step_rows<'a>(
        &self,
        members: &OrdSet<TokenId>,
        form: RowForm,
        commits: &'a [Arc<Commit>],
        snapshot: &'a Snapshot,
    ) -> (OrdSet<TokenId>, RowsDelta<'a>) {
        let mut members = members.clone();
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
            match snapshot.rows.get(id).filter(|row| filter.passes(&row.token)) {
                Some(row) if members.contains(id) => match changed.get(id).map(|change| change.to_tell(form)) {
                    Some(ToTell::Patch(patch)) if commits.len() == 1 => delta.patches.push(patch),
                    Some(ToTell::Nothing) if commits.len() == 1 => {}
                    Some(_) => delta.rows.push(row),
                    None => {}
                },
                Some(row) => {
                    members.insert(id.clone());
                    delta.rows.push(row);
                }
                None => {
                    if members.remove(id).is_some() {
                        delta.gone.push(id.clone());
                    }
                }
            }
        }
        (members, delta)
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

    /// What leads from the state at `from` to this one in one step, made once for all who are as far behind. `None`
    /// when the state at `from` is no longer known.
    pub(super) fn bridge(&self, state: &ViewState, from: Seq, snapshot: &Snapshot, store: &Store) -> Option<Frames> {
        let known = state.bridges.lock().unwrap_or_else(PoisonError::into_inner).get(&from).cloned();
        if let Some(known) = known {
            return known;
        }
        let made = self.make_bridge(state, from, snapshot, store);
        state.bridges.lock().unwrap_or_else(PoisonError::into_inner).entry(from).or_insert(made).clone()
    }

    fn make_bridge(&self, state: &ViewState, from: Seq, snapshot: &Snapshot, store: &Store) -> Option<Frames> {
        match &state.content {
            Content::List { ids, total, .. } => {
                let old = self.ids_at(state, from, store)?;
                Some(list_delta(&self.name, from, snapshot, &old, ids, *total))
            }
            Content::Rows { .. } if self.depends_on_time() => None,
            Content::Rows { members } => {
                let steps = store.steps_between(from, &snapshot.board)?;
                let mut delta = RowsDelta::of(self.form());
                for (id, was_there) in steps.touched() {
                    match snapshot.rows.get(id).filter(|_| members.contains(id)) {
                        Some(row) => delta.rows.push(row),
                        // Whether it passed then is not known; a client lets go only of what it holds.
                        None if was_there => delta.gone.push(id.clone()),
                        None => {}
                    }
                }
                if delta.gone.len() > members.len() + 64 {
                    // All that is left says less.
                    return None;
                }
                delta.rows.sort_unstable_by(|a, b| a.token.id.cmp(&b.token.id));
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
        delta: Option<Frames>,
    ) -> Self {
        let memescope::Board { epoch, seq, as_of, .. } = snapshot.board;
        Self {
            view: view.name.clone(),
            form: view.form(),
            epoch,
            seq,
            as_of,
            content,
            changed_at,
            prev,
            delta,
            snapshot: OnceLock::new(),
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
    pub(super) fn delta_after(&self, have: Seq) -> Option<&Frames> {
        self.delta.as_ref().filter(|_| (self.prev..self.changed_at).contains(&have))
    }

    /// The ids of a list; of a `rows` view none.
    pub(super) fn ids(&self) -> &[TokenId] {
        match &self.content {
            Content::List { ids, .. } => ids,
            Content::Rows { .. } => &[],
        }
    }

    /// The whole state, printed when it is first asked for.
    pub(super) fn snapshot(&self, board: &Snapshot) -> &Frames {
        self.snapshot.get_or_init(|| self.snapshot_because(board, None))
    }

    /// The whole state with a reason; not shared.
    pub(super) fn snapshot_because(&self, board: &Snapshot, reason: Option<&str>) -> Frames {
        let frame = FrameBuilder::snapshot(&self.view, self.epoch, self.seq, self.as_of, reason);
        match &self.content {
            Content::List { ids, total, .. } => frame.total(*total).list("ids", ids.iter().map(quoted_id)).finish(),
            Content::Rows { members } => {
                let rows = members.iter().filter_map(|id| board.rows.get(id));
                frame.list("rows", rows.map(|row| text(row.printed(self.form)))).finish()
            }
        }
    }

    /// A short name of the state that a client can compute too.
    pub(super) fn digest(&self, board: &Snapshot) -> u64 {
        match &self.content {
            Content::List { ids, .. } => digest_ids(ids),
            Content::Rows { members } => digest_rows(members.iter(), board),
        }
    }
}

/// What a `rows` frame holds.
#[derive(Debug, Default)]
pub(super) struct RowsDelta<'a> {
    form: RowForm,
    /// Whole rows.
    pub(super) rows: Vec<&'a Arc<Row>>,
    /// Patches of known rows.
    pub(super) patches: Vec<&'a Bytes>,
    /// Rows that left.
    pub(super) gone: Vec<TokenId>,
}

impl RowsDelta<'_> {
    /// Nothing yet.
    pub(super) fn of(form: RowForm) -> Self {
        Self { form, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.patches.is_empty() && self.gone.is_empty()
    }

    pub(super) fn frame(&self, sub: &str, prev: Seq, snapshot: &Snapshot) -> Frames {
        FrameBuilder::delta(sub, prev, snapshot.board.seq, snapshot.board.as_of)
            .list_if_any("rows", self.rows.iter().map(|row| text(row.printed(self.form))))
            .list_if_any("patches", self.patches.iter().map(|patch| text(patch)))
            .list_if_any("gone", self.gone.iter().map(quoted_id))
            .finish()
    }
}

fn list_delta(name: &str, prev: Seq, snapshot: &Snapshot, old: &[TokenId], new: &[TokenId], total: usize) -> Frames {
    FrameBuilder::delta(name, prev, snapshot.board.seq, snapshot.board.as_of)
        .total(total)
        .list("splices", splices(old, new).iter().map(spliced))
        .finish()
}

/// Printed rows and patches as text.
pub(super) fn text(json: &Bytes) -> &str {
    std::str::from_utf8(json).expect("serde_json writes UTF-8")
}

fn digest_ids(ids: &[TokenId]) -> u64 {
    let mut hash = Fnv::default();
    for (place, id) in ids.iter().enumerate() {
        if place > 0 {
            hash.write(b"\n");
        }
        hash.write(id.to_string().as_bytes());
    }
    hash.finish()
}

/// Of rows in the order of their ids.
pub(super) fn digest_rows<'a>(ids: impl Iterator<Item = &'a TokenId>, board: &Snapshot) -> u64 {
    let mut lines: Vec<String> = ids
        .filter_map(|id| board.rows.get(id))
        .map(|row| {
            let token = &row.token;
            let price = token.price_usd.map(|price| price.to_string()).unwrap_or_default();
            format!("{}\t{price}\t{}\n", token.id, token.updated_at)
        })
        .collect();
    lines.sort_unstable();
    let mut hash = Fnv::default();
    for line in &lines {
        hash.write(line.as_bytes());
    }
    hash.finish()
}
