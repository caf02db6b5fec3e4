//! Rows are not made and thrown away while the reader scrolls: each is a slot that shows one token now and another one
//! later, and what it shows is written where it differs.

use leptos::prelude::*;
use memescope::TokenId;

use crate::board_state::Row;

/// What a slot shows, and where in the list, from 0.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown<T> {
    pub(crate) of: T,
    pub(crate) place: usize,
}

/// What each slot shows when these are to be in the document: what stays does so in its slot, what comes takes one that is
/// free. There are as many slots as there is to show.
pub(crate) fn assign<T: PartialEq>(before: &[Shown<T>], mounted: Vec<Shown<T>>) -> Vec<Shown<T>> {
    let mut slots: Vec<Option<Shown<T>>> = mounted.iter().map(|_| None).collect();
    let mut new = Vec::new();
    for standing in mounted {
        let kept = before.iter().position(|before| before.of == standing.of);
        match kept.and_then(|slot| slots.get_mut(slot)).filter(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(standing),
            None => new.push(standing),
        }
    }
    let mut new = new.into_iter();
    slots.into_iter().filter_map(|slot| slot.or_else(|| new.next())).collect()
}

/// The slots from the first row to the last.
#[cfg(any(feature = "hydrate", test))]
pub(crate) fn from_the_top<T>(slots: &[Shown<T>]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..slots.len()).collect();
    numbers.sort_unstable_by_key(|number| slots.get(*number).map(|slot| slot.place));
    numbers
}

/// A row of the document: what it shows now, and at which place of the whole list, from 1. Signals of its own: derived from
/// what all slots show, whatever follows any of them would wake whenever one of them changes.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    row: RwSignal<Row>,
    place: RwSignal<u64>,
}

impl Slot {
    /// One that shows this.
    pub(super) fn new(row: Row, place: u64) -> Self {
        Self { row: RwSignal::new(row), place: RwSignal::new(place) }
    }

    #[inline(never)]
    pub(super) fn row(self) -> Row {
        self.row.get()
    }

    #[inline(never)]
    pub(super) fn id(self) -> TokenId {
        // That of a row never changes.
        self.row().with_untracked(|token| token.id.clone())
    }

    pub(super) fn place(self) -> u64 {
        self.place.get()
    }

    /// Tells what the slot shows from now on.
    #[cfg(feature = "hydrate")]
    pub(crate) fn show(self, row: &Row, place: u64) {
        // Gone with a row that a shorter list has no use for.
        if self.row.try_with_untracked(|shown| shown != row) == Some(true) {
            self.row.set(row.clone());
        }
        if self.place.try_with_untracked(|shown| *shown != place) == Some(true) {
            self.place.set(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(tokens: &[u32]) -> Vec<Shown<u32>> {
        tokens.iter().enumerate().map(|(place, of)| Shown { of: *of, place }).collect()
    }

    fn shown(slots: &[Shown<u32>]) -> Vec<u32> {
        slots.iter().map(|slot| slot.of).collect()
    }

    #[test]
    fn what_stays_keeps_its_slot_and_what_comes_takes_a_free_one() {
        for (before, mounted, expected) in [
            (&[][..], &[1, 2, 3][..], &[1, 2, 3][..]),
            // Scrolled by one, and on.
            (&[1, 2, 3], &[2, 3, 4], &[4, 2, 3]),
            (&[4, 2, 3], &[3, 4, 5], &[4, 5, 3]),
            // Another order moves none.
            (&[1, 2, 3], &[3, 1, 2], &[1, 2, 3]),
            // Fewer, then more.
            (&[1, 2, 3], &[2, 3], &[3, 2]),
            (&[3, 2], &[1, 2, 3], &[3, 2, 1]),
            (&[1, 2, 3], &[7, 8, 9], &[7, 8, 9]),
            (&[1, 2, 3], &[], &[]),
        ] {
            assert_eq!(shown(&assign(&standing(before), standing(mounted))), expected, "{before:?} → {mounted:?}");
        }
    }

    #[test]
    fn slots_are_told_from_the_top() {
        let slots = assign(&standing(&[1, 2, 3]), standing(&[2, 3, 4]));
        assert_eq!(from_the_top(&slots), [1, 2, 0]);
    }

    proptest::proptest! {
        #[test]
        fn all_are_shown_once_and_where_they_belong(before in proptest::sample::subsequence((0..40).collect::<Vec<u32>>(), 0..30),
            mounted in proptest::sample::subsequence((0..40).collect::<Vec<u32>>(), 0..30)) {
            let before = assign(&[], standing(&before));
            let slots = assign(&before, standing(&mounted));
            let order: Vec<u32> = from_the_top(&slots).into_iter().map(|slot| slots[slot].of).collect();
            assert_eq!(order, mounted);
            for (slot, was) in before.iter().enumerate().filter(|(slot, was)| *slot < slots.len() && mounted.contains(&was.of)) {
                assert_eq!(slots[slot].of, was.of, "slot {slot}");
            }
        }
    }
}
