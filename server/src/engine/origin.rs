//! Where a start goes on from.

use std::collections::BTreeMap;

use memescope::{Board, Epoch, Source, Timestamp};

use crate::journal::{Restored, StoredBook};
use crate::sources::SourcesMemory;

/// What the first board is made of.
#[derive(Debug)]
pub(super) struct Origin {
    /// `None` at the very first start.
    pub(super) book: Option<StoredBook>,
    pub(super) board: Board,
    /// When each source last answered.
    pub(super) heard: BTreeMap<Source, Timestamp>,
    pub(super) learnt: SourcesMemory,
}

impl Origin {
    /// Goes on with what was stored, else from nothing.
    ///
    /// Epoch and seq are taken over after a clean stop alone. After a crash clients may have seen boards that never
    /// reached the disk; a fresh epoch tells them that their history ends, and the seq goes on so that it never falls.
    pub(super) fn of(restored: Option<Restored<SourcesMemory>>, fresh: Epoch) -> Self {
        let Some(Restored { mut state, book, clean }) = restored else {
            let board = Board { epoch: fresh, ..Board::default() };
            return Self { book: None, board, heard: BTreeMap::new(), learnt: SourcesMemory::new() };
        };
        let (heard, learnt) = (std::mem::take(&mut state.heard), std::mem::take(&mut state.learnt));
        let mut board = state.into_board();
        if !clean {
            board.epoch = fresh;
            board.seq += 1;
        }
        Self { book: Some(book), board, heard, learnt }
    }
}
