//! What the page's server functions read: pages of the board as values, and all that is known of one token.

mod sheet;

use std::sync::Arc;

use app::reader::{BoardStatus, PageRequest, ReadError, RowPast, SheetFuture, TokenPage, TokenReader};
use memescope::{Interval, Timestamp, Token, TokenId, TokenQuery};

use crate::clock::Clock;
use crate::history::History;
use crate::lookup::Lookups;
use crate::pages::{Pages, Selection};
use crate::store::{Details, Store};

/// The most rows of a page.
pub const MAX_ROWS: usize = 200;

/// Reads the board for the page.
#[derive(Clone, Debug)]
pub struct BoardReader {
    store: Arc<Store>,
    pages: Arc<Pages>,
    clock: Clock,
    demo: bool,
    details: Details,
    lookups: Option<Lookups>,
    history: Option<History>,
}

impl BoardReader {
    /// Reads from a store; `demo` says that its numbers are simulated.
    pub fn new(store: Arc<Store>, pages: Arc<Pages>, clock: Clock, demo: bool) -> Self {
        Self { store, pages, clock, demo, details: Details::default(), lookups: None, history: None }
    }

    /// The same, telling of pools and other names.
    #[must_use]
    pub fn with_details(self, details: Details) -> Self {
        Self { details, ..self }
    }

    /// The same, looking up tokens that are not on the board.
    #[must_use]
    pub fn with_lookups(self, lookups: Lookups) -> Self {
        Self { lookups: Some(lookups), ..self }
    }

    /// The same, telling the past.
    #[must_use]
    pub fn with_history(self, history: History) -> Self {
        Self { history: Some(history), ..self }
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
            // No row shows its pool, and fifty addresses are more than anything else in a document.
            rows: page.rows().iter().map(|row| Token { pool: None, ..Token::clone(&row.token) }).collect(),
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

    fn status(&self) -> BoardStatus {
        let snapshot = self.store.snapshot();
        let board = &snapshot.board;
        BoardStatus {
            seq: board.seq,
            tokens: count(snapshot.rows.len()),
            as_of: board.as_of,
            server_time: self.clock.now(),
            sol_usd: board.sol_usd,
            stale: board.stale,
            demo: self.demo,
            sources: self.store.reports().to_vec(),
        }
    }

    fn past(&self, query: &TokenQuery, ids: &[TokenId]) -> Vec<RowPast> {
        let selection = Arc::new(Selection::new(query.clone(), None));
        let former = self.pages.past(&selection);
        // Without former places nobody needs the present ones.
        let current = former.as_ref().map(|_| self.pages.current(&selection));
        let snapshot = self.store.snapshot();
        let risen = |id: &TokenId| {
            let (before, now) = (former.as_ref()?.place_of(id)?, current.as_ref()?.place_of(id)?);
            Some(i64::try_from(before).ok()? - i64::try_from(now + 1).ok()?)
        };
        let spark = |id: &TokenId| self.history.as_ref()?.spark(id, snapshot.board.as_of);
        ids.iter()
            .filter(|id| snapshot.rows.contains_key(*id))
            .map(|id| RowPast { id: id.clone(), risen: risen(id), spark: spark(id) })
            .collect()
    }

    fn row(&self, token: &TokenId) -> Option<(Token, Timestamp)> {
        let snapshot = self.store.snapshot();
        let row = snapshot.rows.get(token)?;
        Some((Token::clone(&row.token), snapshot.board.as_of))
    }

    fn sheet<'a>(&'a self, token: &'a TokenId, interval: Option<Interval>) -> SheetFuture<'a> {
        Box::pin(self.read_sheet(token, interval))
    }
}

fn count(places: usize) -> u64 {
    u64::try_from(places).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::pages::testing::{Market, Step, id, selection};

    #[test]
    fn the_page_walks_one_list_and_knows_the_time() {
        let market = Market::with_tokens(30);
        let now = Timestamp::from_secs(1_800_000_000);
        let reader = BoardReader::new(market.store.clone(), market.pages.clone(), Clock::new(move || now), true);
        let query = selection("sort=price_usd").query().clone();
        let first = reader.page(&PageRequest { query: query.clone(), limit: 20, cursor: None }).unwrap();
        assert_eq!((first.rows.len(), first.first, first.total, first.seq), (20, 0, 30, 1));
        assert_eq!((first.server_time, first.demo, first.rebased), (now, true, false));
        market.commit(1, &Step::from([(30, Some(1))]));
        let rest = reader.page(&PageRequest { query, limit: 9_999, cursor: first.next_cursor }).unwrap();
        assert_eq!((rest.rows.len(), rest.first, rest.next_cursor), (10, 20, None));
        assert_eq!(rest.rows[9].id, id(30));
        let wrong = PageRequest { limit: 5, cursor: Some("x".to_owned()), ..PageRequest::default() };
        assert_eq!(reader.page(&wrong), Err(ReadError::InvalidCursor));
    }

    #[test]
    fn the_status_is_that_of_the_newest_board() {
        let market = Market::with_tokens(30);
        market.commit(5, &Step::from([(30, None)]));
        let now = Timestamp::from_secs(1_800_000_000);
        let status =
            BoardReader::new(market.store.clone(), market.pages.clone(), Clock::new(move || now), true).status();
        let board = &market.store.snapshot().board;
        assert_eq!((status.seq, status.tokens, status.as_of), (2, 29, board.as_of));
        assert_eq!((status.server_time, status.demo, status.sol_usd), (now, true, board.sol_usd));
    }

    #[test]
    fn no_page_is_larger_than_the_largest() {
        let market = Market::with_tokens(250);
        let reader = BoardReader::new(market.store.clone(), market.pages.clone(), Clock::system(), false);
        let page = reader.page(&PageRequest { limit: usize::MAX, ..PageRequest::default() }).unwrap();
        assert_eq!(page.rows.len(), MAX_ROWS);
    }
}
