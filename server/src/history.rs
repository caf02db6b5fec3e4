//! What was: candles of every token on the board, on disk, and what is read out of them.
//!
//! ```text
//!  bus ─▶ follower ─▶ inbox ─▶ keeper ─▶ shelf (redb)      candles: 1m 48 h · 15m 14 d · 1h 90 d · 1d 2 y
//!  GeckoTerminal's candles ──┘    │
//!                                 ├─▶ sparks ─▶ rows of the API
//!                                 └─▶ weeks ─▶ poller ─▶ book
//! ```
//!
//! Nothing here can slow a tick: the follower never waits, and what finds the inbox full is dropped and counted. Readers
//! of sparklines take a published map; readers of candles go to the disk, so they belong on a thread that may wait.

mod block;
mod keeper;
mod note;
mod read;
mod shelf;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use imbl::OrdMap;
use memescope::{Board, DayVolume, Forming, Spark, SparkView, Timestamp, TokenId, Week};
use tokio::sync::mpsc;

pub use self::keeper::Keeper;
pub use self::note::{Note, Past, Reading, Seen};
pub use self::read::{Range, ReadError};
pub use self::shelf::MOST_BYTES_PER_TOKEN;
use self::shelf::{Record, Shelf};
use crate::bus::Follower;

/// The name of the file in the data folder.
const FILE: &str = "history.redb";

/// Notes that may wait for the keeper: the work of an hour's end takes a few ticks at the most.
const INBOX: usize = 64;

/// Where the history is kept, and how much of it.
#[derive(Clone, Debug)]
pub struct HistorySettings {
    /// The data folder of the market.
    pub folder: PathBuf,
    /// `live` or `demo:<seed>`.
    pub market: String,
    /// Tokens on the board, and as many that left it.
    pub max_tokens: usize,
}

/// A handle for readers.
#[derive(Clone, Debug)]
pub struct History(Arc<Shared>);

/// What keeper and readers share.
#[derive(Debug)]
struct Shared {
    shelf: Shelf,
    recent: Mutex<Recent>,
    sparks: ArcSwap<OrdMap<TokenId, Arc<Spark>>>,
    weeks: ArcSwap<OrdMap<TokenId, Week>>,
}

/// What is not put away yet.
#[derive(Debug, Default)]
struct Recent {
    tokens: HashMap<TokenId, Kept>,
}

/// What is kept of a token in memory.
#[derive(Clone, Debug)]
struct Kept {
    record: Record,
    /// Whether the record is on disk as it is.
    is_saved: bool,
    /// Minutes that are not settled.
    forming: Vec<Forming>,
    /// Settled minutes that are not put away, packed.
    minutes: Vec<u8>,
    seen_at: Option<Timestamp>,
    metered_at: Option<Timestamp>,
    day: Option<DayVolume>,
}

impl Shared {
    fn of(shelf: Shelf) -> Arc<Self> {
        Arc::new(Self { shelf, recent: Mutex::default(), sparks: ArcSwap::default(), weeks: ArcSwap::default() })
    }
}

impl Kept {
    fn new(record: Record) -> Self {
        Self {
            record,
            is_saved: true,
            forming: Vec::new(),
            minutes: Vec::new(),
            seen_at: None,
            metered_at: None,
            day: None,
        }
    }
}

impl History {
    /// Opens the history of a market, or begins one. Never fails: a file that cannot be read is set aside, and where no
    /// file can be had the history lives in memory.
    ///
    /// Blocks: it reads the disk. `board` tells which tokens are still there.
    pub fn open(settings: &HistorySettings, board: &Board, now: Timestamp) -> (Self, Keeper) {
        let path = settings.folder.join(FILE);
        let is_here = |id: &TokenId| board.tokens.contains_key(id);
        // A file that opens well and cannot be read is exchanged for a new one.
        for _ in 0..2 {
            let shared = Shared::of(Shelf::open(&path, &settings.market, settings.max_tokens, now));
            // The library stops hard at some kinds of damage.
            let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                Keeper::new(shared.clone(), settings.max_tokens, is_here, now)
            }));
            match taken {
                Ok(Ok(keeper)) => return (Self(shared), keeper),
                Ok(Err(error)) => tracing::error!(%error, "The history cannot be read"),
                Err(_) => tracing::error!("The history is damaged"),
            }
            drop(shared);
            shelf::set_aside(&path, now);
        }
        let shared = Shared::of(Shelf::in_memory(&settings.market));
        (Self(shared.clone()), Keeper::empty(shared, settings.max_tokens, now))
    }

    /// The course of a token's last day; `None` when too little of it is known.
    pub fn spark(&self, token: &TokenId, now: Timestamp) -> Option<SparkView> {
        self.0.sparks.load().get(token)?.view(now)
    }

    /// What is known of each token's last seven days. Another value only after an hour's end, or when a past was learnt.
    pub fn weeks(&self) -> Arc<OrdMap<TokenId, Week>> {
        self.0.weeks.load_full()
    }
}

/// Where notes are left. The keeper ends when all of these are gone.
#[derive(Clone, Debug)]
pub struct Inbox {
    sender: mpsc::Sender<Note>,
    dropped: Arc<AtomicU64>,
}

impl Inbox {
    /// An inbox, and its other end.
    pub fn new() -> (Self, mpsc::Receiver<Note>) {
        let (sender, receiver) = mpsc::channel(INBOX);
        (Self { sender, dropped: Arc::default() }, receiver)
    }

    /// Leaves a note, unless there is no room. Never waits.
    pub fn leave(&self, note: Note) {
        if self.sender.try_send(note).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            // Once for each power of two: a history that hangs shall not fill the log.
            if dropped.is_power_of_two() {
                tracing::warn!(dropped, "The history does not keep up; notes are dropped");
            }
        }
    }

    /// How many notes found no room.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Leaves a note of each entry of the log until it ends.
    pub async fn follow(self, mut follower: Follower) {
        while let Some(entry) = follower.next().await {
            if let Some(delta) = &entry.delta {
                self.leave(Note::Seen(Seen::of(delta)));
            }
        }
    }
}
