//! What the page's server functions read: pages of the board as values.

use std::sync::Arc;

use app::reader::{PageRequest, ReadError, TokenPage, TokenReader};
use memescope::Token;

use crate::clock::Clock;
use crate::pages::{Pages, Selection};
use crate::store::Store;

/// The most rows of a page.
pub const MAX_ROWS: usize = 200;

/// Reads the board for the page.
#[derive(Clone, Debug)]
pub struct BoardReader {
    store: Arc<Store>,
    pages: Arc<Pages>,
    clock: Clock,
    demo: bool,
}

impl BoardReader {
    /// Reads from a store; `demo` says that its numbers are simulated.
    pub fn new(store: Arc<Store>, pages: Arc<Pages>, clock: Clock, demo: bool) -> Self {
        Self { store, pages, clock, demo }
    }
}

impl TokenReader for BoardReader {
    fn page(&self, request: &PageRequest) -> Result<TokenPage, ReadError> {
        let selection = Arc::new(Selection::new(request.query.clone(), None));
        let limit = request.limit.clamp(1, MAX_ROWS);
        let page =
            self.pages.page(&selection, limit, request.cursor.as_deref()).map_err(|_| ReadError::InvalidCursor)?;
        let board = &page.snapshot().board;
        Ok(TokenPage {
            rows: page.rows().iter().map(|row| Token::clone(&row.token)).collect(),
            first: count(page.places.start),
            total: count(page.list.rows.len()),
            next_cursor: page.next_cursor.clone(),
            rebased: page.rebased,
            epoch: board.epoch,
            seq: board.seq,
            as_of: board.as_of,
            server_time: self.clock.now(),
            sol_usd: board.sol_usd,
            // Of now, not of the snapshot: an old page shall not hide that nobody answers any more.
            stale: self.store.snapshot().board.stale,
            demo: self.demo,
            sources: self.store.reports().to_vec(),
        })
    }
}

fn count(places: usize) -> u64 {
    u64::try_from(places).unwrap_or(u64::MAX)
}
