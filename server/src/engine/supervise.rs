//! Keeps the poller going: one that panics starts again from the newest state that is known.

use std::sync::Arc;
use std::time::Duration;

use memescope::{Board, Book, BookSettings, Epoch, Seq, Token};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bus::MemoryBus;
use crate::clock::Clock;
use crate::history::{History, Inbox};
use crate::journal::Journal;
use crate::logos::Album;
use crate::lookup::Tray;
use crate::poller::{Legacy, Poller, PollerSettings, Watching};
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
    pub(super) album: Option<Album>,
    /// Where a poller that panicked left its book.
    pub(super) legacy: Legacy,
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
        .with_album(self.album.clone())
        .with_legacy(self.legacy.clone())
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
    let mut failures = 0u32;
    loop {
        let began = Instant::now();
        match tokio::spawn(poller.run(journal.clone(), stop.clone())).await {
            Ok(poller) => return Some(super::place(poller.board())),
            Err(error) => tracing::error!(%error, pause_ms = pause.as_millis(), "The poller failed; it starts again"),
        }
        if began.elapsed() > LONGEST_PAUSE {
            (pause, failures) = (FIRST_PAUSE, 0);
        }
        failures += 1;
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        let board = store.snapshot().board.clone();
        let stored = journal.last_state::<SourcesMemory>().map(|(_, book)| book);
        let Some(mut book) = heir(&board, stored, parts.legacy.take(), failures) else {
            tracing::error!("Nothing is known any more about the rows of the board: they stay as they are");
            stop.cancelled().await;
            return None;
        };
        book.configure(parts.book.clone());
        // What readers see goes on: the new poller's first delta leads on from the published board.
        poller = parts.poller(book, without_pictures(&board));
    }
}

/// The board as the poller that published it had it: the pictures were written into its deltas.
fn without_pictures(board: &Board) -> Board {
    let plain = board.tokens.iter().map(|(id, row)| {
        let row = if row.logo.is_none() { row.clone() } else { Arc::new(Token { logo: None, ..(**row).clone() }) };
        (id.clone(), row)
    });
    Board { tokens: plain.collect(), ..board.clone() }
}

/// The book to go on with after so many failures in a row; `None` when none explains the rows that are shown, which
/// would take them away.
///
/// The stored one has been written and read, so it is sound; the one that was left behind is newer, and may be what
/// the poller failed at. It is taken while the stored one lacks rows, but not twice in a row.
fn heir(board: &Board, stored: Option<Book>, left: Option<Book>, failures: u32) -> Option<Book> {
    let rows_of = |book: &Book| board.tokens.keys().filter(|id| book.contains(id)).count();
    let book = match (stored, left) {
        (Some(stored), Some(left)) if rows_of(&left) <= rows_of(&stored) => stored,
        (Some(stored), Some(_)) if failures.is_multiple_of(2) && 2 * rows_of(&stored) >= board.tokens.len() => stored,
        (stored, left) => left.or(stored).unwrap_or_default(),
    };
    (board.tokens.is_empty() || rows_of(&book) > 0).then_some(book)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::{Chain, Harvest, Source, Statement, Timestamp, TokenId, TokenObservation};

    use super::*;

    fn id(number: u8) -> TokenId {
        TokenId::new(&Chain::solana(), &bs58::encode([number; 32]).into_string()).unwrap()
    }

    fn board(rows: u8) -> Board {
        let tokens = (1..=rows).map(|number| (id(number), Arc::new(Token::new(id(number), Timestamp::from_secs(1)))));
        Board { tokens: tokens.collect(), ..Board::default() }
    }

    /// A book of so many tokens.
    fn book(tokens: u8) -> Book {
        let mut book = Book::new(BookSettings::default());
        let at = Timestamp::from_secs(1);
        let told = (1..=tokens).map(|number| TokenObservation::new(Source::Jupiter, Statement::Facts, id(number), at));
        book.absorb(Source::Jupiter, Harvest { tokens: told.collect(), ..Harvest::default() }, at);
        book
    }

    #[test]
    fn the_heir_explains_the_rows_that_are_shown() {
        for (what, rows, stored, left, failures, tokens) in [
            ("the sound one", 8, Some(8), Some(8), 1, Some(8)),
            ("the one with more", 8, Some(7), Some(8), 1, Some(8)),
            ("not what it may have failed at", 8, Some(7), Some(8), 2, Some(7)),
            ("even if it is tried again", 8, Some(7), Some(8), 3, Some(8)),
            ("never half of the rows", 8, Some(3), Some(8), 2, Some(8)),
            ("the only one", 8, None, Some(8), 2, Some(8)),
            ("the other only one", 8, Some(8), None, 1, Some(8)),
            ("what was lost while it was lent", 8, Some(8), Some(0), 1, Some(8)),
            ("none for a full board", 8, None, None, 1, None),
            ("no empty one for a full board", 8, None, Some(0), 1, None),
            ("an empty one for an empty board", 0, None, None, 1, Some(0)),
        ] {
            let heir = heir(&board(rows), stored.map(book), left.map(book), failures);
            assert_eq!(heir.map(|book| book.len()), tokens, "{what}");
        }
    }
}
