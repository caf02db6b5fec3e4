//! The board: all merged tokens at one sequence number, and what changes from one to the next.
//!
//! A board is never altered. The poller makes the next one with [`Board::advance`]; [`Board::diff`] says what changed,
//! [`Board::apply`] brings any holder of the old board to the new one: `a.apply(&a.diff(&b)) == b`. Rows and the map are
//! shared, so a new board costs what changed, not what is there.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Price, Timestamp, Token, TokenId};

/// A number that rises by one with each commit.
pub type Seq = u64;

/// The lifetime within which sequence numbers continue. Opaque: 64 random bits in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// From random bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The text is no epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an epoch")]
pub struct EpochError;

impl FromStr for Epoch {
    type Err = EpochError;

    fn from_str(text: &str) -> Result<Self, EpochError> {
        if text.len() == 16 { u64::from_str_radix(text, 16).map(Self).map_err(|_| EpochError) } else { Err(EpochError) }
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// All tokens at one sequence number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// The lifetime that `seq` belongs to.
    pub epoch: Epoch,
    /// This board's number.
    pub seq: Seq,
    /// When it was made.
    pub as_of: Timestamp,
    /// USD per SOL, if a source says so.
    pub sol_usd: Option<Price>,
    /// Whether no source has answered for too long.
    pub stale: bool,
    /// The rows by id.
    pub tokens: OrdMap<TokenId, Arc<Token>>,
}

/// What leads from one board to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// The epoch of the new board.
    pub epoch: Epoch,
    /// The board that this applies to.
    pub prev: Seq,
    /// The board that it leads to.
    pub seq: Seq,
    /// When the new board was made.
    pub as_of: Timestamp,
    /// USD per SOL on the new board.
    pub sol_usd: Option<Price>,
    /// Whether the new board is stale as a whole.
    pub stale: bool,
    /// New and changed rows, in the order of their ids.
    pub upserts: Vec<Arc<Token>>,
    /// Rows that left, in the order of their ids.
    pub removed: Vec<TokenId>,
    ends: Ends,
}

/// The rows that a publication changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// New and changed rows, in the order of their ids.
    pub(crate) upserts: Vec<Arc<Token>>,
    /// Rows that left, in the order of their ids.
    pub(crate) removed: Vec<TokenId>,
}

/// All rows by id.
type Rows = OrdMap<TokenId, Arc<Token>>;

/// The rows before and after a step. No part of what a delta says.
#[derive(Clone, Default)]
struct Ends(Option<(Rows, Rows)>);

impl PartialEq for Ends {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "known" } else { "unknown" })
    }
}

impl Delta {
    /// Whether a reader could tell the two boards apart by anything but their number and time.
    pub fn changes_rows(&self) -> bool {
        !self.upserts.is_empty() || !self.removed.is_empty()
    }
}

/// A delta was applied to a board that it does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("delta {prev}→{seq} does not follow board {have}")]
pub struct GapError {
    /// The board's number.
    pub have: Seq,
    /// The number that the delta starts from.
    pub prev: Seq,
    /// The number that it leads to.
    pub seq: Seq,
}

impl Board {
    /// The next board: `tokens` published at `as_of`, numbered one higher.
    #[must_use]
    pub fn advance(
        &self,
        as_of: Timestamp,
        sol_usd: Option<Price>,
        stale: bool,
        tokens: OrdMap<TokenId, Arc<Token>>,
    ) -> Self {
        Self { epoch: self.epoch, seq: self.seq + 1, as_of, sol_usd, stale, tokens }
    }

    /// What leads from this board to `next`. Shared rows are not looked into.
    pub fn diff(&self, next: &Self) -> Delta {
        let mut upserts = Vec::new();
        let mut removed = Vec::new();
        for item in self.tokens.diff(&next.tokens) {
            match item {
                DiffItem::Add(_, token) => upserts.push(token.clone()),
                DiffItem::Update { old: (_, old), new: (_, new) } => {
                    if !Arc::ptr_eq(old, new) && old != new {
                        upserts.push(new.clone());
                    }
                }
                DiffItem::Remove(id, _) => removed.push(id.clone()),
            }
        }
        next.reached(self.seq, upserts, removed)
    }

    /// The same for a delta that nobody alters: who applies it to this very board shares the rows of `next`, where else
    /// they are put in one by one. `changes` are those of `next`, if they are known; they need not be looked for then.
    pub fn step(&self, next: &Self, changes: Option<Changes>) -> Delta {
        let ends = Ends(Some((self.tokens.clone(), next.tokens.clone())));
        let Some(Changes { upserts, removed }) = changes else {
            return Delta { ends, ..self.diff(next) };
        };
        let delta = next.reached(self.seq, upserts, removed);
        debug_assert_eq!(delta, self.diff(next), "the changes are those between the boards");
        Delta { ends, ..delta }
    }

    /// What leads here.
    fn reached(&self, prev: Seq, upserts: Vec<Arc<Token>>, removed: Vec<TokenId>) -> Delta {
        Delta {
            epoch: self.epoch,
            prev,
            seq: self.seq,
            as_of: self.as_of,
            sol_usd: self.sol_usd,
            stale: self.stale,
            upserts,
            removed,
            ends: Ends::default(),
        }
    }

    /// The board that a delta leads to, or the gap between them.
    pub fn apply(&self, delta: &Delta) -> Result<Self, GapError> {
        if delta.prev != self.seq {
            return Err(GapError { have: self.seq, prev: delta.prev, seq: delta.seq });
        }
        let tokens = match &delta.ends.0 {
            Some((before, after)) if before.ptr_eq(&self.tokens) => after.clone(),
            _ => self.rows_after(delta),
        };
        Ok(Self {
            epoch: delta.epoch,
            seq: delta.seq,
            as_of: delta.as_of,
            sol_usd: delta.sol_usd,
            stale: delta.stale,
            tokens,
        })
    }

    fn rows_after(&self, delta: &Delta) -> Rows {
        let mut tokens = self.tokens.clone();
        for id in &delta.removed {
            tokens.remove(id);
        }
        for token in &delta.upserts {
            tokens.insert(token.id.clone(), token.clone());
        }
        tokens
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::*;
    use crate::TokenPatch;
    use crate::testing::{any_token, token_id};

    fn any_board(seq: Seq) -> impl Strategy<Value = Board> {
        btree_map(0u8..40, any_token(), 0..30).prop_map(move |rows| Board {
            epoch: Epoch::from_bits(7),
            seq,
            as_of: Timestamp::from_secs(i64::try_from(seq).unwrap()),
            sol_usd: Price::new(150 + seq, 0),
            stale: seq.is_multiple_of(2),
            tokens: rows
                .into_iter()
                .map(|(number, mut token)| {
                    token.id = token_id(number);
                    token.address = token.id.shared_address();
                    (token.id.clone(), Arc::new(token))
                })
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn applying_the_difference_gives_the_other_board(a in any_board(4), b in any_board(5)) {
            prop_assert_eq!(a.apply(&a.diff(&b)).unwrap(), b);
        }

        #[test]
        fn a_step_is_shared_by_who_holds_its_board_and_applied_by_others(a in any_board(4), b in any_board(5)) {
            let step = a.step(&b, None);
            prop_assert!(a.clone().apply(&step).unwrap().tokens.ptr_eq(&b.tokens));
            let alike = Board { tokens: a.tokens.iter().map(|(id, row)| (id.clone(), row.clone())).collect(), ..a.clone() };
            prop_assert_eq!(&alike.apply(&step).unwrap(), &b);
            prop_assert_eq!(step, a.diff(&b));
        }

        #[test]
        fn a_board_does_not_differ_from_itself(a in any_board(4)) {
            prop_assert!(!a.diff(&a.clone()).changes_rows());
        }

        #[test]
        fn a_patch_leads_from_one_row_to_the_other(a in any_token(), b in any_token()) {
            let mut b = b;
            b.id = a.id.clone();
            b.address = a.address.clone();
            let mut patched = a.clone();
            if let Some(patch) = TokenPatch::between(&a, &b) {
                let wire = serde_json::to_string(&patch).unwrap();
                patched.apply(serde_json::from_str(&wire).unwrap());
            }
            prop_assert_eq!(patched, b);
        }
    }

    #[test]
    fn a_delta_that_does_not_follow_is_refused() {
        let board = Board { seq: 3, ..Board::default() };
        let delta = Board { seq: 4, ..Board::default() }.diff(&Board { seq: 5, ..Board::default() });
        assert_eq!(board.apply(&delta), Err(GapError { have: 3, prev: 4, seq: 5 }));
    }

    #[test]
    fn an_unknown_figure_is_null_in_row_and_patch() {
        let mut old = Token::new(token_id(1), Timestamp::from_secs(0));
        old.change_pct.m5 = Some(1.5);
        old.price_usd = "0.5".parse().ok();
        let new = Token::new(token_id(1), Timestamp::from_secs(0));
        let patch = serde_json::to_value(TokenPatch::between(&old, &new).unwrap()).unwrap();
        assert_eq!(patch, serde_json::json!({"id": token_id(1), "price_usd": null, "change_pct": {"m5": null}}));
        let row = serde_json::to_value(&new).unwrap();
        assert_eq!(row["txns"], serde_json::json!({"m5": null, "h1": null, "h6": null, "h24": null, "d7": null}));
        assert_eq!(row["chain"], "solana");
    }
}
