//! One published board with its rows as bytes.

use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use memescope::{Board, Delta, GapError, Seq, Token, TokenId, TokenPatch};

/// A row and its JSON, printed once when it changed and shared by pages, the feed and exports.
#[derive(Debug)]
pub struct Row {
    /// The row.
    pub token: Arc<Token>,
    /// Its JSON object, without rank.
    pub json: Bytes,
    /// The seq at which it last changed.
    pub changed_at: Seq,
}

impl Row {
    fn new(token: Arc<Token>, changed_at: Seq) -> Self {
        let json = serde_json::to_vec(&*token).expect("a row has text keys and finite numbers").into();
        Self { token, json, changed_at }
    }
}

/// What a commit did to one row.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The row after.
    pub row: Arc<Row>,
    /// The row before; `None` when it is new.
    pub before: Option<Arc<Row>>,
    /// The JSON merge patch between them; `None` when it is new.
    pub patch: Option<Bytes>,
}

/// One published board. Never altered.
#[derive(Debug)]
pub struct Snapshot {
    /// The board.
    pub board: Board,
    /// The rows by id, the same ids as on the board.
    pub rows: OrdMap<TokenId, Arc<Row>>,
}

impl Snapshot {
    /// Prints every row of a board.
    pub fn new(board: Board) -> Self {
        let rows =
            board.tokens.iter().map(|(id, token)| (id.clone(), Arc::new(Row::new(token.clone(), board.seq)))).collect();
        Self { board, rows }
    }

    /// The next snapshot and what changed; only changed rows are printed.
    pub(super) fn advance(&self, delta: &Delta) -> Result<(Self, Vec<RowChange>), GapError> {
        let board = self.board.apply(delta)?;
        let mut rows = self.rows.clone();
        for id in &delta.removed {
            rows.remove(id);
        }
        let mut changes = Vec::with_capacity(delta.upserts.len());
        for token in &delta.upserts {
            let row = Arc::new(Row::new(token.clone(), delta.seq));
            let before = rows.insert(token.id.clone(), row.clone());
            let patch = match &before {
                Some(before) => {
                    let Some(patch) = TokenPatch::between(&before.token, token) else { continue };
                    Some(serde_json::to_vec(&patch).expect("a patch has text keys and finite numbers").into())
                }
                None => None,
            };
            changes.push(RowChange { row, before, patch });
        }
        Ok((Self { board, rows }, changes))
    }
}
