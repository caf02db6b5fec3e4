//! What the feed has done, for metrics and `/meta`.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the feed has done since the start, and what is open now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedStats {
    /// Open sockets.
    pub sockets: u64,
    /// Open subscriptions.
    pub subs: u64,
    /// Distinct views with subscribers.
    pub views: u64,
    /// Frames written.
    pub frames_sent: u64,
    /// Bytes of those frames.
    pub bytes_sent: u64,
    /// Frames that held more than one step because their reader was late.
    pub conflated: u64,
    /// Snapshots sent because a reader was too late for that.
    pub lagged: u64,
    /// Sockets dropped because nothing could be written for too long.
    pub dropped_slow: u64,
    /// Sockets closed for what their clients did.
    pub closed_for_cause: u64,
}

/// Counts while others count.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) subs: AtomicU64,
    pub(super) frames_sent: AtomicU64,
    pub(super) bytes_sent: AtomicU64,
    pub(super) conflated: AtomicU64,
    pub(super) lagged: AtomicU64,
    pub(super) dropped_slow: AtomicU64,
    pub(super) closed_for_cause: AtomicU64,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn read(&self, sockets: usize, views: usize) -> FeedStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FeedStats {
            sockets: sockets as u64,
            subs: get(&self.subs),
            views: views as u64,
            frames_sent: get(&self.frames_sent),
            bytes_sent: get(&self.bytes_sent),
            conflated: get(&self.conflated),
            lagged: get(&self.lagged),
            dropped_slow: get(&self.dropped_slow),
            closed_for_cause: get(&self.closed_for_cause),
        }
    }
}
