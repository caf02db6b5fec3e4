//! The order of a view as a receiver holds it.

use super::Applied;
use super::parts::Parts;
use crate::feed::{DeltaFrame, Resume, SnapshotFrame, Verdict, apply_splices, judge};
use crate::{Epoch, Seq, TokenId};

/// The head of a view: ids in their order, and how many rows pass its filters.
#[derive(Clone, Debug, Default)]
pub struct ListState {
    have: Option<Resume>,
    ids: Vec<TokenId>,
    total: u64,
    snapshots: Parts<SnapshotFrame>,
    deltas: Parts<DeltaFrame>,
}

impl ListState {
    /// The state that a page was made from.
    pub fn seeded(epoch: Epoch, seq: Seq, ids: Vec<TokenId>, total: u64) -> Self {
        Self { have: Some(Resume { epoch, seq }), ids, total, ..Self::default() }
    }

    /// From where a new subscription can go on.
    pub fn resume(&self) -> Option<Resume> {
        self.have
    }

    /// The ids in their order.
    pub fn ids(&self) -> &[TokenId] {
        &self.ids
    }

    /// How many rows pass the view's filters.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Takes a snapshot in.
    pub fn snapshot(&mut self, frame: SnapshotFrame) -> Applied {
        let Some(frames) = self.snapshots.take(frame.part, frame) else { return Applied::Nothing };
        self.ids.clear();
        for frame in frames {
            self.have = Some(Resume { epoch: frame.epoch, seq: frame.seq });
            self.total = frame.total.unwrap_or(self.total);
            self.ids.extend(frame.ids.unwrap_or_default());
        }
        Applied::Changed
    }

    /// Takes a delta in.
    pub fn delta(&mut self, frame: DeltaFrame) -> Applied {
        let Some(have) = self.have else { return Applied::Nothing };
        match judge(have.seq, frame.prev, frame.seq) {
            Verdict::Ignore => return Applied::Nothing,
            Verdict::Gap => return self.drop_state(),
            Verdict::Apply => {}
        }
        let Some(frames) = self.deltas.take(frame.part, frame) else { return Applied::Nothing };
        for frame in frames {
            if apply_splices(&mut self.ids, &frame.splices.unwrap_or_default()).is_err() {
                return self.drop_state();
            }
            self.total = frame.total.unwrap_or(self.total);
            self.have = Some(Resume { seq: frame.seq, ..have });
        }
        Applied::Changed
    }

    fn drop_state(&mut self) -> Applied {
        // The ids stay: they are what is on the screen until the new snapshot.
        self.have = None;
        Applied::Gap
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Timestamp;
    use crate::feed::splices;
    use crate::testing::token_id;

    fn ids(numbers: &[u8]) -> Vec<TokenId> {
        numbers.iter().copied().map(token_id).collect()
    }

    fn delta(prev: Seq, seq: Seq, old: &[u8], new: &[u8]) -> DeltaFrame {
        DeltaFrame {
            sub: "s1".to_owned(),
            prev,
            seq,
            as_of: Timestamp::default(),
            splices: Some(splices(&ids(old), &ids(new))),
            total: Some(new.len() as u64),
            rows: vec![],
            patches: vec![],
            gone: vec![],
            part: None,
        }
    }

    fn snapshot(seq: Seq, list: &[u8]) -> SnapshotFrame {
        SnapshotFrame {
            sub: "s1".to_owned(),
            epoch: Epoch::from_bits(1),
            seq,
            as_of: Timestamp::default(),
            ids: Some(ids(list)),
            total: Some(list.len() as u64),
            prev_ranks: None,
            rows: None,
            reason: None,
            part: None,
        }
    }

    #[test]
    fn a_seeded_list_goes_on_from_its_page() {
        let mut list = ListState::seeded(Epoch::from_bits(1), 4, ids(&[1, 2, 3]), 9);
        assert_eq!(list.delta(delta(4, 5, &[1, 2, 3], &[2, 1, 3])), Applied::Changed);
        assert_eq!((list.ids(), list.total()), (&*ids(&[2, 1, 3]), 3));
        assert_eq!(list.resume(), Some(Resume { epoch: Epoch::from_bits(1), seq: 5 }));
    }

    #[test]
    fn a_splice_that_does_not_fit_drops_the_state() {
        let mut list = ListState::seeded(Epoch::from_bits(1), 4, ids(&[1]), 1);
        let mut frame = delta(4, 5, &[], &[]);
        frame.splices = Some(vec![(7, 1, vec![])]);
        assert_eq!(list.delta(frame), Applied::Gap);
        assert_eq!(list.resume(), None);
        assert_eq!(list.delta(delta(5, 6, &[1], &[2])), Applied::Nothing, "until the new snapshot");
        assert_eq!(list.snapshot(snapshot(6, &[2])), Applied::Changed);
        assert_eq!(list.ids(), ids(&[2]));
    }

    proptest! {
        /// Frames are lost, doubled and delayed; a receiver that asks for a resync at every gap ends with the server's
        /// list.
        #[test]
        fn whatever_happens_on_the_way_the_list_is_the_servers(
            states in proptest::collection::vec(proptest::sample::subsequence((1u8..20).collect::<Vec<_>>(), 0..19), 2..20),
            fates in proptest::collection::vec(0u8..6, 20),
        ) {
            let seq_of = |index: usize| index as Seq;
            let mut list = ListState::default();
            list.snapshot(snapshot(0, &states[0]));
            let mut late: Option<DeltaFrame> = None;
            for (index, pair) in states.windows(2).enumerate() {
                let frame = delta(seq_of(index), seq_of(index + 1), &pair[0], &pair[1]);
                let last = index + 2 == states.len();
                let sent: Vec<DeltaFrame> = match fates[index] {
                    0 if !last => vec![],
                    1 => vec![frame.clone(), frame],
                    2 if !last => { late = Some(frame); vec![] }
                    _ => late.take().into_iter().chain([frame]).collect(),
                };
                for frame in sent {
                    let seq = frame.seq;
                    if list.delta(frame) == Applied::Gap {
                        let at = usize::try_from(seq).unwrap_or(0);
                        list.snapshot(snapshot(seq, &states[at]));
                    }
                }
            }
            prop_assert_eq!(list.ids(), ids(&states[states.len() - 1]));
        }
    }
}
