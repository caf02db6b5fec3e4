//! The rows of a subscription as a receiver knows them.
//!
//! The rows themselves live where they are shown; this state knows which ones there are, so that a patch for a row that
//! nobody has is seen as the gap that it is.

use std::collections::{BTreeMap, HashSet};

use super::Applied;
use super::parts::Parts;
use crate::feed::compact::{Kind, Names, RowsFrame};
use crate::feed::{DeltaFrame, Resume, SnapshotFrame, Verdict, judge};
use crate::{Epoch, Seq, Token, TokenId, TokenPatch};

/// What happens to one row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowChange {
    /// Only the rows that are put after this are part of the subscription.
    Anew,
    /// The whole row.
    Put(Token),
    /// Some of its fields.
    Patch(TokenPatch),
    /// It left the board.
    Gone(TokenId),
}

impl RowChange {
    /// The row that it happens to.
    pub fn id(&self) -> Option<&TokenId> {
        match self {
            Self::Anew => None,
            Self::Put(row) => Some(&row.id),
            Self::Patch(patch) => Some(&patch.id),
            Self::Gone(id) => Some(id),
        }
    }

    /// Does to kept rows what happened.
    pub fn apply_to(self, rows: &mut BTreeMap<TokenId, Token>) {
        match self {
            Self::Anew => rows.clear(),
            Self::Put(row) => drop(rows.insert(row.id.clone(), row)),
            Self::Patch(patch) => {
                if let Some(row) = rows.get_mut(&patch.id) {
                    row.apply(patch);
                }
            }
            Self::Gone(id) => drop(rows.remove(&id)),
        }
    }
}

/// The rows of a subscription: which ones are known, and at which seq.
#[derive(Clone, Debug, Default)]
pub struct RowsState {
    have: Option<Resume>,
    known: HashSet<TokenId>,
    snapshots: Parts<SnapshotFrame>,
    deltas: Parts<DeltaFrame>,
    /// Whose numbers stand in compact frames.
    names: Names,
    compact: Parts<RowsFrame>,
}

impl RowsState {
    /// The state that a page was made from.
    pub fn seeded(epoch: Epoch, seq: Seq, ids: impl IntoIterator<Item = TokenId>) -> Self {
        Self { have: Some(Resume { epoch, seq }), known: ids.into_iter().collect(), ..Self::default() }
    }

    /// From where a new subscription to `ids` can go on; `None` when not all of these rows are known.
    pub fn resume(&self, ids: &[TokenId]) -> Option<Resume> {
        self.have.filter(|_| ids.iter().all(|id| self.known.contains(id)))
    }

    /// The state that is known; `None` while there is none.
    pub fn have(&self) -> Option<Resume> {
        self.have
    }

    /// The subscription is about these rows from now on.
    pub fn keep_only(&mut self, ids: &[TokenId]) {
        let ids: HashSet<&TokenId> = ids.iter().collect();
        self.known.retain(|id| ids.contains(id));
        self.names.keep(|id| ids.contains(id));
    }

    /// Whether a row is known.
    pub fn knows(&self, id: &TokenId) -> bool {
        self.known.contains(id)
    }

    /// How many rows are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes a snapshot in; what it means for the rows is added to `changes`.
    pub fn snapshot(&mut self, frame: SnapshotFrame, changes: &mut Vec<RowChange>) -> Applied {
        let Some(frames) = self.snapshots.take(frame.part, frame) else { return Applied::Nothing };
        self.put_all(frames, changes)
    }

    fn put_all(&mut self, frames: Vec<SnapshotFrame>, changes: &mut Vec<RowChange>) -> Applied {
        self.known.clear();
        changes.push(RowChange::Anew);
        for frame in frames {
            self.have = Some(Resume { epoch: frame.epoch, seq: frame.seq });
            for row in frame.rows.unwrap_or_default() {
                self.known.insert(row.id.clone());
                changes.push(RowChange::Put(row));
            }
        }
        Applied::Changed
    }

    /// Takes a frame of the compact subprotocol in; what it means for the rows is added to `changes`.
    pub fn compact(&mut self, frame: RowsFrame, changes: &mut Vec<RowChange>) -> Applied {
        let is_snapshot = matches!(frame.head.kind, Kind::Snapshot { .. });
        if let Kind::Delta { prev } = frame.head.kind {
            let Some(have) = self.have else { return Applied::Nothing };
            match judge(have.seq, prev, frame.head.seq) {
                Verdict::Ignore => return Applied::Nothing,
                Verdict::Gap => return self.drop_state(),
                Verdict::Apply => {}
            }
        }
        // Handles hold for what comes after them, so nothing is read before all of it is here.
        let Some(frames) = self.compact.take(frame.part, frame) else { return Applied::Nothing };
        if is_snapshot {
            self.names.clear();
            match frames.into_iter().map(|frame| frame.snapshot(&mut self.names)).collect() {
                Some(frames) => self.put_all(frames, changes),
                None => self.drop_state(),
            }
        } else {
            match frames.into_iter().map(|frame| frame.delta(&mut self.names)).collect() {
                Some(frames) => self.apply_all(frames, changes),
                None => self.drop_state(),
            }
        }
    }

    /// Takes a delta in; what it means for the rows is added to `changes`, nothing of it unless all of it fits.
    pub fn delta(&mut self, frame: DeltaFrame, changes: &mut Vec<RowChange>) -> Applied {
        let Some(have) = self.have else { return Applied::Nothing };
        match judge(have.seq, frame.prev, frame.seq) {
            Verdict::Ignore => return Applied::Nothing,
            Verdict::Gap => return self.drop_state(),
            Verdict::Apply => {}
        }
        let Some(frames) = self.deltas.take(frame.part, frame) else { return Applied::Nothing };
        self.apply_all(frames, changes)
    }

    fn apply_all(&mut self, frames: Vec<DeltaFrame>, changes: &mut Vec<RowChange>) -> Applied {
        let Some(have) = self.have else { return Applied::Nothing };
        let before = changes.len();
        for frame in frames {
            self.have = Some(Resume { seq: frame.seq, ..have });
            for row in frame.rows {
                self.known.insert(row.id.clone());
                changes.push(RowChange::Put(row));
            }
            for patch in frame.patches {
                if !self.known.contains(&patch.id) {
                    changes.truncate(before);
                    return self.drop_state();
                }
                changes.push(RowChange::Patch(patch));
            }
            for id in frame.gone {
                self.known.remove(&id);
                changes.push(RowChange::Gone(id));
            }
        }
        Applied::Changed
    }

    fn drop_state(&mut self) -> Applied {
        self.have = None;
        self.known.clear();
        self.names.clear();
        Applied::Gap
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Timestamp;
    use crate::testing::{any_token, token_id};

    type Rows = BTreeMap<TokenId, Token>;

    fn apply(rows: &mut Rows, changes: Vec<RowChange>) {
        for change in changes {
            if let RowChange::Patch(patch) = &change {
                assert!(rows.contains_key(&patch.id));
            }
            change.apply_to(rows);
        }
    }

    fn frame(prev: Seq, seq: Seq) -> DeltaFrame {
        DeltaFrame {
            sub: "r".to_owned(),
            prev,
            seq,
            as_of: Timestamp::default(),
            splices: None,
            total: None,
            rows: vec![],
            patches: vec![],
            gone: vec![],
            part: None,
        }
    }

    fn delta(prev: Seq, old: &Rows, new: &Rows) -> DeltaFrame {
        let mut frame = frame(prev, prev + 1);
        for (id, row) in new {
            match old.get(id) {
                None => frame.rows.push(row.clone()),
                Some(old) => frame.patches.extend(TokenPatch::between(old, row)),
            }
        }
        frame.gone = old.keys().filter(|id| !new.contains_key(*id)).cloned().collect();
        frame
    }

    fn snapshot(seq: Seq, rows: &Rows) -> SnapshotFrame {
        SnapshotFrame {
            sub: "r".to_owned(),
            epoch: Epoch::from_bits(1),
            seq,
            as_of: Timestamp::default(),
            ids: None,
            total: None,
            prev_ranks: None,
            rows: Some(rows.values().cloned().collect()),
            reason: None,
            part: None,
        }
    }

    fn any_rows() -> impl Strategy<Value = Rows> {
        proptest::collection::btree_map(1u8..9, any_token(), 0..8).prop_map(|rows| {
            rows.into_iter()
                .map(|(number, mut token)| {
                    token.id = token_id(number);
                    token.address = token.id.shared_address();
                    (token.id.clone(), token)
                })
                .collect()
        })
    }

    #[test]
    fn an_update_brings_rows_of_the_seq_that_is_there() {
        let mut state = RowsState::seeded(Epoch::from_bits(1), 5, [token_id(1)]);
        let mut changes = vec![];
        let mut answer = frame(5, 5);
        answer.rows = vec![Token::new(token_id(2), Timestamp::default())];
        assert_eq!(state.delta(answer, &mut changes), Applied::Changed);
        assert_eq!(changes.len(), 1);
        assert!(state.resume(&[token_id(1), token_id(2)]).is_some());
        state.keep_only(&[token_id(2)]);
        assert!(state.resume(&[token_id(1)]).is_none(), "the row is no longer followed");
    }

    #[test]
    fn a_patch_for_a_row_that_nobody_has_is_a_gap() {
        let mut state = RowsState::seeded(Epoch::from_bits(1), 5, [token_id(1)]);
        let old = Token::new(token_id(2), Timestamp::default());
        let new = Token { stale: true, ..old.clone() };
        let mut unexpected = frame(5, 6);
        unexpected.patches.extend(TokenPatch::between(&old, &new));
        let mut changes = vec![];
        assert_eq!(state.delta(unexpected, &mut changes), Applied::Gap);
        assert_eq!(changes, vec![]);
        assert_eq!(state.resume(&[]), None);
    }

    proptest! {
        #[test]
        fn rows_are_the_servers_after_lost_and_doubled_frames(
            states in proptest::collection::vec(any_rows(), 2..6), fates in proptest::collection::vec(0u8..4, 6),
        ) {
            let (mut state, mut rows) = (RowsState::default(), Rows::new());
            let mut changes = vec![];
            state.snapshot(snapshot(0, &states[0]), &mut changes);
            apply(&mut rows, changes);
            for (index, pair) in states.windows(2).enumerate() {
                let frame = delta(index as Seq, &pair[0], &pair[1]);
                let last = index + 2 == states.len();
                let times = match fates[index] { 0 if !last => 0, 1 => 2, _ => 1 };
                for _ in 0..times {
                    let mut changes = vec![];
                    if state.delta(frame.clone(), &mut changes) == Applied::Gap {
                        rows.clear();
                        state.snapshot(snapshot(frame.seq, &pair[1]), &mut changes);
                    }
                    apply(&mut rows, changes);
                }
            }
            prop_assert_eq!(&rows, &states[states.len() - 1]);
        }
    }
}
