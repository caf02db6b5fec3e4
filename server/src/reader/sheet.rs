//! All that is known of one token, put together from board, details and history.

use std::sync::Arc;

use app::reader::{SheetError, TokenPage, TokenSheet};
use memescope::{Candle, Interval, Timestamp, Token, TokenDetails, TokenId};

use super::BoardReader;
use crate::history::Range;
use crate::lookup::LookupError;

/// How many candles a chart shows.
const CANDLES: usize = 120;

/// From how many candles on a longer interval is worth more than a shorter one.
const ENOUGH: usize = 40;

/// What is tried when nobody chose an interval, longest first.
const INTERVALS: [Interval; 4] = [Interval::H1, Interval::M15, Interval::M5, Interval::M1];

impl BoardReader {
    pub(super) async fn read_sheet(&self, id: &TokenId, interval: Option<Interval>) -> Result<TokenSheet, SheetError> {
        let snapshot = self.store.snapshot();
        let (token, details, is_on_board) = match snapshot.rows.get(id) {
            Some(row) => (Token::clone(&row.token), self.details.snapshot().get(id).cloned(), true),
            None => self.look_up(id).await?,
        };
        let board = &snapshot.board;
        let (interval, candles) = self.candles(id, interval, board.as_of).await;
        let TokenDetails { pools, aliases } = details.map(Arc::unwrap_or_clone).unwrap_or_default();
        let page = TokenPage {
            rows: vec![token],
            first: 0,
            total: 1,
            next_cursor: None,
            rebased: false,
            epoch: board.epoch,
            seq: board.seq,
            as_of: board.as_of,
            server_time: self.clock.now(),
            sol_usd: board.sol_usd,
            stale: board.stale,
            demo: self.demo,
            sources: self.store.reports().to_vec(),
        };
        Ok(TokenSheet { page, is_on_board, pools, aliases, candles, interval })
    }

    async fn look_up(&self, id: &TokenId) -> Result<(Token, Option<Arc<TokenDetails>>, bool), SheetError> {
        let lookups = self.lookups.as_ref().ok_or(SheetError::Unknown)?;
        let finding = lookups.find(id).await.map_err(|error| match error {
            LookupError::Absent => SheetError::Unknown,
            LookupError::Overloaded { .. } | LookupError::Unavailable { .. } | LookupError::TimedOut => {
                SheetError::Unavailable
            }
        })?;
        let token = finding.token.as_deref().cloned().ok_or(SheetError::Unknown)?;
        Ok((token, finding.details.clone(), false))
    }

    /// Candles of an interval, or of the longest one that has enough of them, else of the one that has most.
    async fn candles(&self, id: &TokenId, interval: Option<Interval>, now: Timestamp) -> (Interval, Vec<Candle>) {
        let Some(history) = self.history.clone() else { return (interval.unwrap_or(Interval::M1), Vec::new()) };
        let intervals = interval.map_or_else(|| INTERVALS.to_vec(), |interval| vec![interval]);
        let id = id.clone();
        let read = move || {
            let mut best = (intervals.last().copied().unwrap_or(Interval::M1), Vec::new());
            for interval in intervals {
                // The candle that is forming is part of it.
                let to = now.plus(Interval::D1.duration());
                let range = Range { interval, from: Timestamp::EARLIEST, to, limit: CANDLES };
                let candles = history.candles(&id, range).unwrap_or_else(|error| {
                    tracing::error!(%error, "Candles cannot be read");
                    Vec::new()
                });
                let is_enough = candles.len() >= ENOUGH;
                if candles.len() > best.1.len() {
                    best = (interval, candles);
                }
                if is_enough {
                    break;
                }
            }
            best
        };
        let failed = interval.unwrap_or(Interval::M1);
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| (failed, Vec::new()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use app::reader::TokenReader as _;

    use super::*;
    use crate::clock::Clock;
    use crate::pages::testing::{Market, id};

    #[tokio::test]
    async fn a_token_on_the_board_is_told_with_its_board() {
        let market = Market::with_tokens(3);
        let reader = BoardReader::new(market.store.clone(), market.pages.clone(), Clock::system(), true);
        let sheet = reader.sheet(&id(2), None).await.unwrap();
        let board = &market.store.snapshot().board;
        assert_eq!(sheet.token().map(|token| &token.id), Some(&id(2)));
        assert_eq!((sheet.is_on_board, sheet.page.seq, sheet.page.demo), (true, board.seq, true));
        assert_eq!((sheet.candles.len(), sheet.pools.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_token_that_nobody_can_be_asked_about_is_unknown() {
        let market = Market::with_tokens(3);
        let reader = BoardReader::new(market.store.clone(), market.pages.clone(), Clock::system(), true);
        assert_eq!(reader.sheet(&id(9), Some(Interval::H1)).await.err(), Some(SheetError::Unknown));
    }
}
