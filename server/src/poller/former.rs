//! The board of a former process.

use std::collections::BTreeMap;
use std::sync::Arc;

use memescope::{Board, Book, Source, Timestamp, Token};
use tokio::task::JoinHandle;

/// What a former process left besides its board.
#[derive(Debug)]
pub struct Former {
    /// When each source last answered it.
    pub heard: BTreeMap<Source, Timestamp>,
    /// Its book, which is being read.
    pub book: JoinHandle<Book>,
}

/// The next board of a process that begins with the board of a former one, none of whose sources has answered yet.
///
/// A row tells when it was last confirmed, not by whom: it counts as stale when the least patient source would say so.
pub(super) fn outdated(board: &Board, now: Timestamp) -> Board {
    let patience = Source::ALL.map(|source| source.limits()[1]).into_iter().min().unwrap_or_default();
    let mut tokens = board.tokens.clone();
    for (id, row) in board.tokens.iter().filter(|(_, row)| !row.stale && now.since(row.updated_at) >= patience) {
        tokens.insert(id.clone(), Arc::new(Token { stale: true, ..(**row).clone() }));
    }
    board.advance(board.as_of, board.sol_usd, true, tokens)
}
