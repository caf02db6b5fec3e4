//! Where the poller, the store and the feed meet: an ordered log of deltas.
//!
//! The poller appends, every follower reads each entry once and in order. [`MemoryBus`] is the log inside one process;
//! a log shared by several machines can take its place without the others knowing. It carries domain deltas, never
//! frames of clients: each process encodes its own views.

use std::sync::{Arc, Mutex, PoisonError};

use memescope::{Delta, Event, SourceReport};
use tokio::sync::mpsc;

/// How many entries a follower may be behind before the poller waits for it.
const BACKLOG: usize = 16;

/// One step of the log.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// What leads from the last board to the next; `None` when only the sources' states are new.
    pub delta: Option<Arc<Delta>>,
    /// What was worth telling, of the delta and of the sources.
    pub events: Arc<[Event]>,
    /// How the sources are doing.
    pub reports: Arc<[SourceReport]>,
}

/// The log.
pub trait Bus: Send + Sync + 'static {
    /// Appends an entry. Returns when every follower has room for it.
    fn publish(&self, entry: LogEntry) -> impl Future<Output = ()> + Send;

    /// Follows the log from its next entry on.
    fn follow(&self) -> Follower;
}

/// A reader of the log.
#[derive(Debug)]
pub struct Follower(mpsc::Receiver<LogEntry>);

impl Follower {
    /// The next entry; `None` when the log has ended.
    pub async fn next(&mut self) -> Option<LogEntry> {
        self.0.recv().await
    }
}

/// The log of one process.
#[derive(Debug, Default)]
pub struct MemoryBus {
    followers: Mutex<Vec<mpsc::Sender<LogEntry>>>,
}

impl Bus for MemoryBus {
    async fn publish(&self, entry: LogEntry) {
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for follower in &followers {
            // A follower that is gone is forgotten below.
            let _ = follower.send(entry.clone()).await;
        }
        self.followers.lock().unwrap_or_else(PoisonError::into_inner).retain(|follower| !follower.is_closed());
    }

    fn follow(&self) -> Follower {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        self.followers.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        Follower(receiver)
    }
}
