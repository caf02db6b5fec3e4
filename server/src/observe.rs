//! Named events of the log: their wording and fields stand here, beside each other.

pub mod logging;

use std::time::Duration;

use memescope::{Seq, Source};

use crate::poller::TickSummary;
use crate::sources::SourceError;

/// A tick came to its end.
pub fn tick_finished(seq: Seq, took: Duration, summary: &TickSummary) {
    tracing::debug!(
        board.seq = seq,
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        requests = summary.requests,
        answers = summary.answers,
        failures = summary.failures,
        changed = summary.changed,
        removed = summary.removed,
        "Finished a tick"
    );
}

/// A request to a source failed; the tick goes on without it.
pub fn source_failed(source: Source, error: &SourceError) {
    tracing::warn!(source.name = source.name(), error.kind = error.kind(), %error, "A source gave no answer");
}
