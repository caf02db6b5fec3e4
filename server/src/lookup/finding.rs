//! What a look-up found: the row that the token would have.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use memescope::{
    Board, Book, BookSettings, Harvest, Source, Stage, Statement, Tick, Timestamp, Token, TokenDetails, TokenId,
    TokenObservation, wrapped_sol,
};

use super::tray::Tray;

/// A pool with this much money makes its token worth a row at once, USD.
const ENOUGH_USD: f64 = 1_000.0;

/// What a look-up found.
#[derive(Debug)]
pub struct Finding {
    /// The row; `None` when nothing vouches for a price.
    pub token: Option<Arc<Token>>,
    /// What is known beside it.
    pub details: Option<Arc<TokenDetails>>,
    /// Whether it trades in a pool with some money.
    pub(super) has_money: bool,
    harvest: Harvest,
    is_left: AtomicBool,
}

impl Finding {
    /// Merges what was found, as the board would: by its price of SOL, and wary of whoever looks like a token that is
    /// verified there.
    pub(super) fn of(token: &TokenId, harvest: Harvest, board: &Board, now: Timestamp) -> Self {
        let chains = vec![token.chain().clone()];
        let mut book = Book::new(BookSettings { chains, max_tokens: usize::MAX });
        book.absorb(Source::Jupiter, Harvest { tokens: known(board, now), ..Harvest::default() }, now);
        book.absorb(Source::Dexscreener, harvest.clone(), now);
        let watched = HashSet::from([token.clone()]);
        let tick = Tick { now, poll_interval: Duration::from_secs(10), watched: &watched };
        let published = book.publish(&Board::default(), &tick);
        let row = published.tokens.get(token).cloned();
        let details = published.details.into_iter().find(|(about, _)| about == token).and_then(|(_, details)| details);
        let is_pooled = row.as_ref().is_some_and(|row| row.stage == Stage::Amm);
        let has_money = is_pooled
            && details
                .iter()
                .flat_map(|details| &details.pools)
                .any(|pool| pool.eligible && pool.liquidity_usd.is_some_and(|usd| usd >= ENOUGH_USD));
        Self { token: row, details, has_money, harvest, is_left: AtomicBool::new(false) }
    }

    /// Leaves what was found for the poller, once.
    pub(super) fn leave(&self, tray: &Tray) {
        if !self.is_left.swap(true, Ordering::Relaxed) && !tray.leave(self.harvest.clone()) {
            self.is_left.store(false, Ordering::Relaxed);
        }
    }
}

/// What the board knows that a merge of one token needs: the price of SOL, and the symbols that are taken.
fn known(board: &Board, now: Timestamp) -> Vec<TokenObservation> {
    let mut known = Vec::new();
    if let Some(usd) = board.sol_usd {
        let mut said = TokenObservation::new(Source::Jupiter, Statement::Price, wrapped_sol(), now);
        said.price_usd = Some(usd);
        known.push(said);
    }
    let verified = board.tokens.values().filter(|row| row.verified == Some(true));
    known.extend(verified.map(|row| {
        let mut said = TokenObservation::new(Source::Jupiter, Statement::Facts, row.id.clone(), now);
        (said.symbol, said.verified) = (row.symbol.clone(), Some(true));
        said
    }));
    known
}
