//! The one door from server functions to the data: the page says what it needs, the server says where it comes from.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use memescope::{
    Candle, Epoch, Interval, PoolView, Price, Seq, SourceReport, SparkView, Timestamp, Token, TokenId, TokenQuery,
};
use serde::{Deserialize, Serialize};

/// Which part of the board a page asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageRequest {
    /// Filters and order.
    pub query: TokenQuery,
    /// How many rows, 1–200.
    pub limit: usize,
    /// Where the last page ended; the first page when `None`.
    pub cursor: Option<String>,
}

/// A page of rows and what a reader needs to follow them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenPage {
    /// The rows in their order.
    pub rows: Vec<Token>,
    /// The place of the first row in the whole list, from 0.
    pub first: u64,
    /// How many rows pass the filters in the snapshot of this page.
    pub total: u64,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
    /// Whether the snapshot of the cursor was gone, so that the list went on in the current one.
    pub rebased: bool,
    /// The epoch of the snapshot.
    pub epoch: Epoch,
    /// The seq of the snapshot.
    pub seq: Seq,
    /// When the snapshot was made.
    pub as_of: Timestamp,
    /// The server's clock.
    pub server_time: Timestamp,
    /// USD per SOL.
    pub sol_usd: Option<Price>,
    /// Whether no source has answered for too long.
    pub stale: bool,
    /// Whether the numbers are those of the demo market.
    pub demo: bool,
    /// How the sources are doing.
    pub sources: Vec<SourceReport>,
}

/// How the board and its sources do, without the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardStatus {
    /// The seq of the board.
    pub seq: Seq,
    /// How many tokens are on it.
    pub tokens: u64,
    /// When it was made.
    pub as_of: Timestamp,
    /// The server's clock.
    pub server_time: Timestamp,
    /// USD per SOL.
    pub sol_usd: Option<Price>,
    /// Whether no source has answered for too long.
    pub stale: bool,
    /// Whether the numbers are those of the demo market.
    pub demo: bool,
    /// How the sources are doing.
    pub sources: Vec<SourceReport>,
}

/// All that is known of one token.
///
/// It does not travel: what a browser sees of it is rendered by the server.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSheet {
    /// The token, alone on a page: its row carries where each number comes from.
    pub page: TokenPage,
    /// Whether the board follows it; one that was looked up has no place there and does not move.
    pub is_on_board: bool,
    /// Its pools, best first.
    pub pools: Vec<PoolView>,
    /// Other symbols and names that sources give it.
    pub aliases: Vec<Arc<str>>,
    /// What its price did, oldest first.
    pub candles: Vec<Candle>,
    /// How long each of them is.
    pub interval: Interval,
}

impl TokenSheet {
    /// The token.
    pub fn token(&self) -> Option<&Token> {
        self.page.rows.first()
    }
}

/// What a row shows of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPast {
    /// Whose.
    pub id: TokenId,
    /// By how many places it has risen in the list in the last five minutes; `None` where that is not known, or says
    /// nothing of such a list.
    pub risen: Option<i64>,
    /// Its price over the last day.
    pub spark: Option<SparkView>,
}

/// What of the past is worth a look in a row, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowExtras {
    /// Whose.
    pub id: TokenId,
    /// Places risen; negative ones fallen.
    pub risen: Option<i64>,
    /// The inside of a small picture of its price over the last day.
    pub trend: Option<String>,
}

/// Why nothing is told of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Nobody knows it.
    #[error("no source knows this token")]
    Unknown,
    /// It is not on the board, and who could tell of it does not answer now.
    #[error("this token is not on the board, and its source cannot be asked now")]
    Unavailable,
}

/// A sheet that is being put together.
pub type SheetFuture<'a> = Pin<Box<dyn Future<Output = Result<TokenSheet, SheetError>> + Send + 'a>>;

/// Why a page cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ReadError {
    /// The cursor is not one of ours, or belongs to another query.
    #[error("this place in the list is not valid any more")]
    InvalidCursor,
}

/// What the server lends to the page.
pub trait TokenReader: Send + Sync + 'static {
    /// A page of the board.
    fn page(&self, request: &PageRequest) -> Result<TokenPage, ReadError>;

    /// How the board and its sources do.
    fn status(&self) -> BoardStatus;

    /// What rows show of the past, in a view: for each id that is on the board.
    fn past(&self, query: &TokenQuery, ids: &[TokenId]) -> Vec<RowPast>;

    /// A row with where its numbers come from; `None` where it is not on the board.
    fn row(&self, token: &TokenId) -> Option<(Token, Timestamp)>;

    /// All that is known of a token, with candles of an interval, or of one that shows most of its life. A token that is
    /// not on the board may be looked up, which takes seconds at most.
    fn sheet<'a>(&'a self, token: &'a TokenId, interval: Option<Interval>) -> SheetFuture<'a>;
}
