//! Where a start goes on from.

use memescope::{Board, Book, Epoch};

use crate::journal::Restored;
use crate::sources::SourcesMemory;

/// What the first board is made of.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) book: Book,
    pub(super) board: Board,
    pub(super) learnt: SourcesMemory,
}

impl Origin {
    /// Goes on with what was stored, else from nothing.
    ///
    /// Epoch and seq are taken over after a clean stop alone. After a crash clients may have seen boards that never
    /// reached the disk; a fresh epoch tells them that their history ends, and the seq goes on so that it never falls.
    pub(super) fn of(restored: Option<Restored<SourcesMemory>>, fresh: Epoch) -> Self {
        let Some(Restored { state, clean }) = restored else {
            let board = Board { epoch: fresh, ..Board::default() };
            return Self { book: Book::default(), board, learnt: SourcesMemory::new() };
        };
        let (mut board, book, learnt) = state.into_parts();
        if !clean {
            board.epoch = fresh;
            board.seq += 1;
        }
        Self { book, board, learnt }
    }
}
