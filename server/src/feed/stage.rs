//! What every connection reads at one seq: the snapshot and all watched views at it, made together and never altered.
//!
//! That lists and rows come from one stage is what lets a row travel no later than the list that names it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use imbl::{OrdMap, Vector};
use memescope::feed::ServerMessage;
use memescope::{Epoch, Event, EventKind, Price, Seq, SourceReport, TokenId};

use super::frame;
use super::view::ViewState;
use crate::store::{Commit, Snapshot};

/// How many events are kept for connections that are behind.
const KEPT_EVENTS: usize = 1000;

/// Everything at one seq.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) step: Arc<StepChanges>,
    /// The watched views by name.
    pub(super) views: OrdMap<Arc<str>, Arc<ViewState>>,
    /// Oldest first.
    pub(super) events: Vector<EventFrame>,
    pub(super) status: Arc<StatusFrame>,
}

/// What the last step did to single rows.
#[derive(Debug, Default)]
pub(super) struct StepChanges {
    /// From which seq it led here; patches are of use only to those who stand there.
    pub(super) prev: Option<Seq>,
    changes: HashMap<TokenId, StepChange>,
    removed: HashSet<TokenId>,
}

/// What a step did to a row that is still there.
#[derive(Debug)]
pub(super) enum StepChange {
    /// It is new.
    New,
    /// It changed by this printed patch.
    Patched(Bytes),
}

/// A printed event.
#[derive(Clone, Debug)]
pub(super) struct EventFrame {
    pub(super) seq: Seq,
    pub(super) kind: &'static str,
    pub(super) frame: Utf8Bytes,
}

/// The printed state of the sources.
#[derive(Debug)]
pub(super) struct StatusFrame {
    pub(super) frame: Utf8Bytes,
    reports: Arc<Vec<SourceReport>>,
    sol_usd: Option<Price>,
    stale: bool,
}

impl Stage {
    pub(super) fn new(snapshot: Arc<Snapshot>, status: StatusFrame) -> Self {
        Self { snapshot, step: Arc::default(), views: OrdMap::new(), events: Vector::new(), status: Arc::new(status) }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.snapshot.board.epoch
    }

    pub(super) fn seq(&self) -> Seq {
        self.snapshot.board.seq
    }

    /// Adds the events of a commit and forgets the oldest.
    pub(super) fn add_events(&mut self, commit: &Commit) {
        let seq = commit.snapshot.board.seq;
        for event in commit.events.iter() {
            self.events.push_back(EventFrame { seq, kind: kind_name(event), frame: event_frame(event) });
        }
        while self.events.len() > KEPT_EVENTS {
            self.events.pop_front();
        }
    }
}

impl StepChanges {
    /// Of a step over one commit; a step over several leaves no patches.
    pub(super) fn of(commits: &[Arc<Commit>]) -> Self {
        let [commit] = commits else { return Self::default() };
        let change_of = |patch: &Option<Bytes>| patch.clone().map_or(StepChange::New, StepChange::Patched);
        let changes = commit.changes.iter();
        let changes = changes.map(|change| (change.row.token.id.clone(), change_of(&change.patch))).collect();
        Self { prev: Some(commit.prev), changes, removed: commit.removed.iter().cloned().collect() }
    }

    /// What it did to a row; `None` when the row did not change.
    pub(super) fn change(&self, id: &TokenId) -> Option<&StepChange> {
        self.changes.get(id)
    }

    pub(super) fn removes(&self, id: &TokenId) -> bool {
        self.removed.contains(id)
    }
}

impl StatusFrame {
    pub(super) fn new(reports: Arc<Vec<SourceReport>>, snapshot: &Snapshot) -> Self {
        let sources = reports
            .iter()
            .map(|report| serde_json::to_value(report).expect("a report has text keys and finite numbers"))
            .collect();
        let (sol_usd, stale) = (snapshot.board.sol_usd, snapshot.board.stale);
        let frame = frame::message(&ServerMessage::Status { sources, sol_usd, stale });
        Self { frame, reports, sol_usd, stale }
    }

    /// Whether it still says what is so.
    pub(super) fn holds(&self, reports: &[SourceReport], snapshot: &Snapshot) -> bool {
        self.sol_usd == snapshot.board.sol_usd && self.stale == snapshot.board.stale && **self.reports == *reports
    }
}

/// The kinds of events that can be asked for.
pub(super) const EVENT_KINDS: [&str; 2] = ["price:update", "volume:spike"];

fn kind_name(event: &Event) -> &'static str {
    match event.kind {
        EventKind::PriceUpdate { .. } => EVENT_KINDS[0],
        EventKind::VolumeSpike { .. } => EVENT_KINDS[1],
    }
}

fn event_frame(event: &Event) -> Utf8Bytes {
    let body = serde_json::to_string(event).expect("an event has text keys and finite numbers");
    format!(r#"{{"type":"event",{}"#, &body[1..]).into()
}
