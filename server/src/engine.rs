//! The engine: sources, poller, journal, store and feed, put together and kept going.
//!
//! ```text
//!  open:  journal ─▶ book, board ─▶ store ─▶ hub          serves the last board before anything is asked
//!  run:   poller ─▶ bus ─▶ store ─▶ hub                   journal writes behind them
//!  stop:  poller ─▶ last state ─▶ hub says bye ─▶ journal ─▶ mark of a clean stop
//! ```

mod origin;
mod settings;
mod supervise;

use std::sync::Arc;

use memescope::{Board, Epoch, Seq};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::origin::Origin;
pub use self::settings::{EngineSettings, SettingsError};
use self::supervise::{Parts, supervise};
use crate::bus::{Bus, MemoryBus};
use crate::clock::Clock;
use crate::feed::Hub;
use crate::journal::{Journal, JournalError};
use crate::poller::{Legacy, Poller};
use crate::sources::{ClientError, Sources, SourcesMemory};
use crate::store::Store;

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The data folder.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A source's address or key.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Everything behind the routes.
#[derive(Debug)]
pub struct Engine {
    /// The published boards.
    pub store: Arc<Store>,
    /// The feed.
    pub hub: Arc<Hub>,
    /// Whether a board was found on disk.
    pub is_restored: bool,
    journal: Arc<Journal>,
    parts: Parts,
    poller: Poller<MemoryBus>,
    following: JoinHandle<()>,
}

impl Engine {
    /// Reads what the last run left and publishes it. Nothing is asked of any source yet.
    ///
    /// `epoch` is a random one, for the case that the stored history cannot be continued.
    pub async fn open(mut settings: EngineSettings, clock: Clock, epoch: Epoch) -> Result<Self, EngineError> {
        let market = settings.poller.market.clone();
        let (journal, restored) = Journal::open::<SourcesMemory>(&settings.folder, &market, clock.now())?;
        let is_restored = restored.is_some();
        let Origin { mut book, board, learnt } = Origin::of(restored, epoch);
        book.configure(settings.book.clone());
        settings.sources.memory = learnt;
        let sources = Sources::new(&settings.sources, &clock)?;

        let store = Arc::new(Store::new(board.clone()));
        let bus = Arc::new(MemoryBus::default());
        let hub = Hub::new(store.clone(), clock.clone(), settings.is_demo, settings.feed);
        let watched = {
            let hub = Arc::downgrade(&hub);
            Arc::new(move || hub.upgrade().map(|hub| hub.watched()).unwrap_or_default())
        };
        let follower = bus.follow();
        let following = tokio::spawn({
            let store = store.clone();
            async move { store.follow(follower).await }
        });
        let legacy = Legacy::default();
        let parts = Parts { settings: settings.poller, book: settings.book, sources, bus, watched, clock, legacy };
        let mut poller = parts.poller(book, board);
        if is_restored {
            // Rows have aged while nobody looked: readers are told before the first of them comes.
            let mut bell = store.bell();
            poller.publish_known().await;
            // Rings for each entry of the log; the store outlives this.
            let _ = bell.changed().await;
        }
        hub.advance();
        Ok(Self { store, hub, is_restored, journal: Arc::new(journal), parts, poller, following })
    }

    /// Whether the journal reaches the disk.
    pub fn journal_health(&self) -> watch::Receiver<bool> {
        self.journal.health()
    }

    /// Polls, stores and feeds until `stop`, then comes to rest with everything on disk.
    pub async fn run(self, stop: CancellationToken) {
        let Self { store, hub, journal, parts, poller, following, .. } = self;
        let written = CancellationToken::new();
        let writing = tokio::spawn({
            let (journal, written) = (journal.clone(), written.clone());
            async move { journal.write_until(written.cancelled()).await }
        });
        let feeding = tokio::spawn(hub.run(stop.clone()));
        let last = supervise(poller, &parts, &journal, &store, &stop).await;
        drop(parts);
        // The bus is gone with the poller, so the store comes to the end of the log.
        log_panic("store", following.await);
        log_panic("feed", feeding.await);
        written.cancel();
        log_panic("journal", writing.await);
        if let Some((epoch, seq)) = last
            && journal.is_settled()
        {
            mark_clean(&journal, epoch, seq);
        }
    }
}

fn mark_clean(journal: &Journal, epoch: Epoch, seq: Seq) {
    match journal.mark_clean(epoch, seq) {
        Ok(()) => tracing::info!(board.seq = seq, "Stored the last board"),
        Err(error) => tracing::warn!(%error, "The mark of a clean stop could not be written"),
    }
}

fn log_panic(task: &'static str, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(task, %error, "A task ended in a panic");
    }
}

/// Epoch and seq of a board, as a clean stop marks them.
fn place(board: &Board) -> (Epoch, Seq) {
    (board.epoch, board.seq)
}
