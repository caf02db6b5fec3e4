//! One published board with its rows as bytes.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use imbl::OrdMap;
use memescope::feed::compact;
use memescope::{Board, Delta, GapError, Seq, Timestamp, Token, TokenId, TokenPatch};

use serde::Serialize;

use super::provenance::{self, RowForm};

/// A row and its JSON, printed once, when somebody first asks for it, and shared by pages, the feed and exports.
#[derive(Debug)]
pub struct Row {
    /// The row.
    pub token: Arc<Token>,
    /// Its JSON object, without rank, once somebody has asked for it.
    json: OnceLock<Bytes>,
    /// The seq at which it last changed.
    pub changed_at: Seq,
    /// The time of the board with which it last changed. What it tells may be older: a source was heard before.
    pub published_at: Timestamp,
    /// The same with the origins of its fields, once somebody has asked for it.
    with_provenance: OnceLock<Bytes>,
    /// The row as the compact subprotocol writes it, once somebody has asked for it.
    compact: OnceLock<Bytes>,
}

/// Bytes that are kept by the thousand take no more room than they need.
fn print(value: &impl Serialize) -> Bytes {
    thread_local! {
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        serde_json::to_writer(&mut *scratch, value).expect("rows and patches have text keys and finite numbers");
        Bytes::copy_from_slice(scratch)
    })
}

impl Row {
    /// A row that nobody has asked for yet.
    pub(crate) fn new(token: Arc<Token>, changed_at: Seq, published_at: Timestamp) -> Self {
        let (json, with_provenance, compact) = Default::default();
        Self { token, json, changed_at, published_at, with_provenance, compact }
    }

    /// Its JSON object, without rank.
    pub fn json(&self) -> &Bytes {
        self.json.get_or_init(|| print(&*self.token))
    }

    /// Its bytes in a form, without rank.
    pub fn printed(&self, form: RowForm) -> &Bytes {
        match form {
            RowForm::Plain => self.json(),
            RowForm::WithProvenance => self.with_provenance.get_or_init(|| provenance::row(self.json(), &self.token)),
            RowForm::Compact => self.compact.get_or_init(|| compact::encode_row(&self.token).into()),
        }
    }
}

/// What a reader of rows is to be told of a change.
#[derive(Clone, Copy, Debug)]
pub enum ToTell<'a> {
    /// The row is new.
    Whole,
    /// This patch.
    Patch(&'a Bytes),
    /// Nothing: what changed is not part of its form.
    Nothing,
}

/// What a commit did to one row.
#[derive(Debug)]
pub struct RowChange {
    /// The row after.
    pub row: Arc<Row>,
    /// The row before; `None` when it is new.
    pub before: Option<Arc<Row>>,
    /// Whether a published field changed, and not only the origins of some; not where the row is new.
    is_told: bool,
    /// The JSON merge patch between them, once somebody has asked for it.
    patch: OnceLock<Bytes>,
    /// When the board was made.
    as_of: Timestamp,
    /// The same with the origins of its fields, once somebody has asked for it.
    with_provenance: OnceLock<Bytes>,
    /// The same as the compact subprotocol writes it, once somebody has asked for it.
    compact: OnceLock<Bytes>,
}

impl RowChange {
    /// The JSON merge patch between the two rows; `None` when it is new, or nothing but the origins of its fields changed.
    fn patch(&self) -> Option<&Bytes> {
        let before = self.before.as_ref().filter(|_| self.is_told)?;
        let patch =
            || TokenPatch::between(&before.token, &self.row.token).map_or_else(Bytes::new, |patch| print(&patch));
        Some(self.patch.get_or_init(patch))
    }

    /// What a reader of a form is to be told, once it has the row before.
    pub fn to_tell(&self, form: RowForm) -> ToTell<'_> {
        let Some(before) = &self.before else { return ToTell::Whole };
        match form {
            RowForm::Plain => self.patch().map_or(ToTell::Nothing, ToTell::Patch),
            RowForm::WithProvenance => ToTell::Patch(
                self.with_provenance.get_or_init(|| provenance::patch(self.patch(), &before.token, &self.row.token)),
            ),
            RowForm::Compact if !self.is_told => ToTell::Nothing,
            RowForm::Compact => ToTell::Patch(self.compact.get_or_init(|| {
                let patch = TokenPatch::between(&before.token, &self.row.token);
                patch.map(|patch| compact::encode_patch(&patch, self.as_of)).unwrap_or_default().into()
            })),
        }
    }
}

/// One published board. Never altered.
#[derive(Debug)]
pub struct Snapshot {
    /// The board.
    pub board: Board,
    /// The rows by id, the same ids as on the board.
    pub rows: OrdMap<TokenId, Arc<Row>>,
    /// How many rows came or changed up to here, and were or will be printed: two snapshots differ in at most the difference.
    pub printed: u64,
}

impl Snapshot {
    /// The snapshot of a board that a process starts with.
    pub fn new(board: Board) -> Self {
        let row = |token: &Arc<Token>| Arc::new(Row::new(token.clone(), board.seq, board.as_of));
        let rows: OrdMap<_, _> = board.tokens.iter().map(|(id, token)| (id.clone(), row(token))).collect();
        let printed = rows.len() as u64;
        Self { board, rows, printed }
    }

    /// The next snapshot and what changed; rows that did not change stay with what was printed of them.
    pub(super) fn advance(&self, delta: &Delta) -> Result<(Self, Vec<RowChange>), GapError> {
        let board = self.board.apply(delta)?;
        let mut rows = self.rows.clone();
        for id in &delta.removed {
            rows.remove(id);
        }
        let mut changes = Vec::with_capacity(delta.upserts.len());
        for token in &delta.upserts {
            let row = Arc::new(Row::new(token.clone(), delta.seq, delta.as_of));
            let before = rows.insert(token.id.clone(), row.clone());
            let is_told = before.as_ref().is_some_and(|before| !before.token.reads_like(token));
            let is_same = before.as_ref().is_some_and(|before| !is_told && before.token.provenance == token.provenance);
            if is_same {
                continue;
            }
            let (patch, with_provenance, compact) = Default::default();
            changes.push(RowChange { row, before, is_told, patch, as_of: board.as_of, with_provenance, compact });
        }
        let printed = self.printed + delta.upserts.len() as u64;
        Ok((Self { board, rows, printed }, changes))
    }
}
