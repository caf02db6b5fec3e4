//! Whether the process lives, and whether it should be sent requests.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::store::Snapshot;

/// What the parts of the server tell about themselves.
#[derive(Debug)]
pub struct Readiness {
    /// Whether a board from disk alone is enough.
    ready_on_stale: bool,
    draining: AtomicBool,
    journal_ok: AtomicBool,
}

/// The body of `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReadinessReport {
    /// Whether requests should be sent here.
    pub ready: bool,
    /// What it follows from, and what else an operator should know.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// `board`, `serving`, `fresh` or `journal`.
    pub name: &'static str,
    /// Whether all is well.
    pub ok: bool,
    /// In words.
    pub detail: &'static str,
}

/// Whether there was ever a board, from disk or from sources.
pub(super) fn has_board(snapshot: &Snapshot) -> bool {
    snapshot.board.seq > 0 || !snapshot.rows.is_empty()
}

impl Readiness {
    /// All is well, but for a board. `ready_on_stale`: old numbers are enough.
    pub fn new(ready_on_stale: bool) -> Self {
        Self { ready_on_stale, draining: AtomicBool::new(false), journal_ok: AtomicBool::new(true) }
    }

    /// The server is about to stop: no new requests, please.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the journal can be written. A disk that is full takes nobody out of service.
    pub fn set_journal_ok(&self, ok: bool) {
        self.journal_ok.store(ok, Ordering::Relaxed);
    }

    /// How it stands with a snapshot.
    pub fn report(&self, snapshot: &Snapshot) -> ReadinessReport {
        let check = |name, ok, [good, bad]: [&'static str; 2]| Check { name, ok, detail: if ok { good } else { bad } };
        let board = has_board(snapshot);
        let serving = !self.draining.load(Ordering::Relaxed);
        let fresh = board && !snapshot.board.stale;
        let journal = self.journal_ok.load(Ordering::Relaxed);
        ReadinessReport {
            ready: board && serving && (fresh || self.ready_on_stale),
            checks: vec![
                check("board", board, ["A board is loaded.", "There is no board yet."]),
                check("serving", serving, ["Requests are served.", "The server is about to stop."]),
                check("fresh", fresh, ["Sources answer.", "No source has answered lately."]),
                check("journal", journal, ["State is written.", "State cannot be written to disk."]),
            ],
        }
    }
}
