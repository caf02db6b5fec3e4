//! What every connection reads at one seq: the snapshot and all watched views at it, made together and never altered.
//!
//! That lists and rows come from one stage is what lets a row travel no later than the list that names it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use imbl::{OrdMap, Vector};
use memescope::feed::ServerMessage;
use memescope::{Epoch, Event, Price, Seq, SourceReport, TokenId};

use super::frame::{self, Frame};
use super::view::ViewState;
use crate::store::{Commit, EventRing, RowForm, Snapshot, ToTell};

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
    /// The number of the next event.
    pub(super) next_event: u64,
    pub(super) status: Arc<StatusFrame>,
}

/// What the last step did to single rows.
#[derive(Debug, Default)]
pub(super) struct StepChanges {
    /// From which seq it led here; patches are of use only to those who stand there.
    pub(super) prev: Option<Seq>,
    commit: Option<Arc<Commit>>,
    /// Where the change of a row stands in the commit.
    places: HashMap<TokenId, usize>,
    removed: HashSet<TokenId>,
}

/// A printed event.
#[derive(Clone, Debug)]
pub(super) struct EventFrame {
    pub(super) number: u64,
    pub(super) kind: &'static str,
    pub(super) token: Option<TokenId>,
    pub(super) frame: Frame,
}

/// The printed state of the sources.
#[derive(Debug)]
pub(super) struct StatusFrame {
    pub(super) frame: Frame,
    reports: Arc<Vec<SourceReport>>,
    sol_usd: Option<Price>,
    stale: bool,
    tokens: u64,
}

impl Stage {
    /// `next_event` is the number of the first event that will be told.
    pub(super) fn new(snapshot: Arc<Snapshot>, status: StatusFrame, next_event: u64) -> Self {
        Self {
            snapshot,
            step: Arc::default(),
            views: OrdMap::new(),
            events: Vector::new(),
            next_event,
            status: Arc::new(status),
        }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.snapshot.board.epoch
    }

    pub(super) fn seq(&self) -> Seq {
        self.snapshot.board.seq
    }

    /// Adds what is new in the ring and forgets the oldest.
    pub(super) fn add_events(&mut self, ring: &EventRing) {
        for (number, event) in ring.from(self.next_event) {
            let (kind, token) = (event.kind.name(), event.token.clone());
            self.events.push_back(EventFrame { number, kind, token, frame: event_frame(event) });
        }
        self.next_event = ring.next_number();
        while self.events.len() > KEPT_EVENTS {
            self.events.pop_front();
        }
    }
}

impl StepChanges {
    /// Of a step over one commit; a step over several leaves no patches.
    pub(super) fn of(commits: &[Arc<Commit>]) -> Self {
        let [commit] = commits else { return Self::default() };
        let ids = commit.changes.iter().map(|change| change.row.token.id.clone());
        Self {
            prev: Some(commit.prev),
            places: ids.zip(0..).collect(),
            removed: commit.removed.iter().cloned().collect(),
            commit: Some(commit.clone()),
        }
    }

    /// What a reader of a form is to be told of a row; `None` when the row did not change.
    pub(super) fn to_tell(&self, id: &TokenId, form: RowForm) -> Option<ToTell<'_>> {
        let place = *self.places.get(id)?;
        Some(self.commit.as_ref()?.changes.get(place)?.to_tell(form))
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
        let (seq, as_of, tokens) = (snapshot.board.seq, snapshot.board.as_of, snapshot.rows.len() as u64);
        let frame = frame::message(&ServerMessage::Status { sources, sol_usd, stale, seq, as_of, tokens });
        Self { frame, reports, sol_usd, stale, tokens }
    }

    /// Whether it still says what is so.
    pub(super) fn holds(&self, reports: &[SourceReport], snapshot: &Snapshot) -> bool {
        self.sol_usd == snapshot.board.sol_usd
            && self.stale == snapshot.board.stale
            && self.tokens == snapshot.rows.len() as u64
            && **self.reports == *reports
    }
}

fn event_frame(event: &Event) -> Frame {
    let body = serde_json::to_string(event).expect("an event has text keys and finite numbers");
    Frame::text(&format!(r#"{{"type":"event",{}"#, &body[1..]))
}
