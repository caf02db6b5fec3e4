//! The engine: sources, poller, journal, store and feed, put together and kept going.
//!
//! ```text
//!  open:  journal ─▶ board ─▶ history ─▶ store ─▶ hub         serves the last board before anything is asked
//!              └──▶ book, read meanwhile ─▶ poller
//!  run:   poller ─▶ bus ─▶ store ─▶ hub                       journal and history write behind them
//!  stop:  poller ─▶ last state ─▶ hub says bye ─▶ history, journal ─▶ mark of a clean stop
//! ```

mod origin;
mod settings;
mod supervise;

use std::sync::Arc;

use memescope::{Board, Book, BookSettings, Epoch, Seq, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::origin::Origin;
pub use self::settings::{EngineSettings, SettingsError};
use self::supervise::{Parts, supervise};
use crate::bus::{Bus, MemoryBus};
use crate::clock::Clock;
use crate::feed::Hub;
use crate::history::{History, HistorySettings, Inbox, Keeper, Note};
use crate::journal::{Journal, JournalError, StoredBook};
use crate::logos::Album;
use crate::lookup::{Lookups, Tray};
use crate::poller::{Former, Legacy, Poller};
use crate::sources::{ClientError, Ledger, Sources, SourcesMemory};
use crate::store::{Details, Store};

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
    /// What was.
    pub history: History,
    /// What is known of tokens beside their rows.
    pub details: Details,
    /// Looks up tokens that are not on the board.
    pub lookups: Lookups,
    /// Which token has which picture; `None` where none are shown.
    pub album: Option<Album>,
    /// Whether a board was found on disk.
    pub is_restored: bool,
    journal: Arc<Journal>,
    ledger: Ledger,
    parts: Parts,
    poller: Poller<MemoryBus>,
    following: JoinHandle<()>,
    keeper: Keeper,
    notes: mpsc::Receiver<Note>,
    noting: JoinHandle<()>,
}

impl Engine {
    /// Reads what the last run left and publishes it, marked as old. Nothing is merged yet, nor asked of any source.
    ///
    /// `epoch` is a random one, for the case that the stored history cannot be continued.
    pub async fn open(mut settings: EngineSettings, clock: Clock, epoch: Epoch) -> Result<Self, EngineError> {
        let market = settings.poller.market.clone();
        let (journal, restored) = Journal::open::<SourcesMemory>(&settings.folder, &market, clock.now())?;
        let is_restored = restored.is_some();
        let Origin { book, board, heard, learnt } = Origin::of(restored, epoch);
        // The book is read while the board is served: it is the larger part, and the first merge is who needs it.
        let book_settings = settings.book.clone();
        let reading = book.map(|stored| tokio::task::spawn_blocking(move || read_book(stored, book_settings)));
        let ledger = Ledger::new(&settings.folder);
        ledger.recall(&mut settings.sources, learnt, clock.now());
        let sources = Sources::new(&settings.sources, &clock)?;
        ledger.begin(&sources);

        let past = HistorySettings { folder: settings.folder, market, max_tokens: settings.book.max_tokens };
        let (history, keeper) = open_history(past, board.clone(), clock.now()).await;
        let (inbox, notes) = Inbox::new();

        let store = Arc::new(Store::new(board.clone()));
        let bus = Arc::new(MemoryBus::default());
        let hub = Hub::new(store.clone(), clock.clone(), settings.is_demo, settings.feed);
        let watching = {
            let hub = Arc::downgrade(&hub);
            Arc::new(move || hub.upgrade().map(|hub| hub.watched()).unwrap_or_default())
        };
        let follower = bus.follow();
        let following = tokio::spawn({
            let store = store.clone();
            async move { store.follow(follower).await }
        });
        let noting = tokio::spawn(inbox.clone().follow(bus.follow()));
        let (details, finds) = (Details::default(), Tray::default());
        let lookups = {
            let chains = settings.book.chains.clone();
            Lookups::new(sources.clone(), chains, store.clone(), finds.clone(), clock.clone())
        };
        let album = settings.logos.then(Album::default);
        let parts = Parts {
            settings: settings.poller,
            book: settings.book,
            sources,
            bus,
            watching,
            clock,
            history: history.clone(),
            inbox,
            legacy: Legacy::default(),
            details: details.clone(),
            finds,
            album: album.clone(),
        };
        let mut poller = parts.poller(Book::new(parts.book.clone()), board);
        if let Some(book) = reading {
            // Time has passed while nobody looked: readers are told before the first of them comes.
            let mut bell = store.bell();
            poller.publish_old(Former { heard, book }).await;
            // Rings for each entry of the log; the store outlives this.
            let _ = bell.changed().await;
        }
        hub.advance();
        let journal = Arc::new(journal);
        Ok(Self {
            store,
            hub,
            history,
            details,
            lookups,
            album,
            is_restored,
            journal,
            ledger,
            parts,
            poller,
            following,
            keeper,
            notes,
            noting,
        })
    }

    /// Whether the journal reaches the disk.
    pub fn journal_health(&self) -> watch::Receiver<bool> {
        self.journal.health()
    }

    /// Polls, stores and feeds until `stop`, then comes to rest with everything on disk.
    pub async fn run(self, stop: CancellationToken) {
        let Self { store, hub, journal, ledger, parts, poller, following, keeper, notes, noting, .. } = self;
        let at_rest = CancellationToken::new();
        let counting = tokio::spawn({
            let (sources, at_rest) = (parts.sources.clone(), at_rest.clone());
            async move { ledger.keep(&sources, at_rest.cancelled()).await }
        });
        let keeping = tokio::task::spawn_blocking(move || keeper.run(notes));
        let written = CancellationToken::new();
        let writing = tokio::spawn({
            let (journal, written) = (journal.clone(), written.clone());
            async move { journal.write_until(written.cancelled()).await }
        });
        let feeding = tokio::spawn(hub.run(stop.clone()));
        let last = supervise(poller, &parts, &journal, &store, &stop).await;
        at_rest.cancel();
        log_panic("budgets", counting.await);
        drop(parts);
        // The bus is gone with the poller, so the store comes to the end of the log.
        log_panic("store", following.await);
        log_panic("feed", feeding.await);
        log_panic("history", noting.await);
        log_panic("history", keeping.await);
        written.cancel();
        log_panic("journal", writing.await);
        if let Some((epoch, seq)) = last
            && journal.is_settled()
        {
            mark_clean(&journal, epoch, seq);
        }
    }
}

/// What was observed. Where no book can be read, though the files passed their checksums, the board's rows are found anew.
fn read_book(stored: StoredBook, settings: BookSettings) -> Book {
    let mut book = stored.read::<SourcesMemory>().unwrap_or_else(|| {
        tracing::error!("What was observed before cannot be read; it is asked for anew");
        Book::default()
    });
    book.configure(settings);
    book
}

/// Reads the disk away from the threads that serve.
async fn open_history(settings: HistorySettings, board: Board, now: Timestamp) -> (History, Keeper) {
    match tokio::task::spawn_blocking(move || History::open(&settings, &board, now)).await {
        Ok(opened) => opened,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
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
