//! Keeps the poller going: one that panics starts again from the newest state that is known.

use std::sync::Arc;
use std::time::Duration;

use memescope::{Board, Book, BookSettings, Epoch, Seq};
use tokio_util::sync::CancellationToken;

use crate::bus::MemoryBus;
use crate::clock::Clock;
use crate::history::{History, Inbox};
use crate::journal::Journal;
use crate::lookup::Tray;
use crate::poller::{Poller, PollerSettings, Watching};
use crate::sources::{Sources, SourcesMemory};
use crate::store::{Details, Store};

/// The pause before the first new start; it doubles with each that follows …
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// … up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What pollers are made of.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) settings: PollerSettings,
    pub(super) book: BookSettings,
    pub(super) sources: Sources,
    pub(super) bus: Arc<MemoryBus>,
    pub(super) watching: Watching,
    pub(super) clock: Clock,
    pub(super) history: History,
    pub(super) inbox: Inbox,
    pub(super) details: Details,
    pub(super) finds: Tray,
}

impl Parts {
    pub(super) fn poller(&self, book: Book, board: Board) -> Poller<MemoryBus> {
        Poller::new(
            self.settings.clone(),
            (book, board),
            self.sources.clone(),
            self.bus.clone(),
            self.watching.clone(),
            self.clock.clone(),
        )
        .with_history(self.history.clone(), self.inbox.clone())
        .with_details(self.details.clone())
        .with_finds(self.finds.clone())
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Runs the poller until `stop` and tells which board was its last; `None` when that one is not known to be stored.
pub(super) async fn supervise(
    mut poller: Poller<MemoryBus>,
    parts: &Parts,
    journal: &Arc<Journal>,
    store: &Store,
    stop: &CancellationToken,
) -> Option<(Epoch, Seq)> {
    let mut pause = FIRST_PAUSE;
    loop {
        match tokio::spawn(poller.run(journal.clone(), stop.clone())).await {
            Ok(poller) => return Some(super::place(poller.board())),
            Err(error) => tracing::error!(%error, pause_ms = pause.as_millis(), "The poller failed; it starts again"),
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        let mut book = journal.last_state::<SourcesMemory>().map(|state| state.book).unwrap_or_default();
        book.configure(parts.book.clone());
        // What readers see goes on: the new poller's first delta leads on from the published board.
        poller = parts.poller(book, store.snapshot().board.clone());
    }
}
