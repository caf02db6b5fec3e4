//! The difference of two orders as splices.
//!
//! A splice is `[index, delete_count, [insert …]]`; splices are applied one after the other, each to the result of those
//! before it. They are made from left to right around the longest run of items that keep their order, so that a row that
//! overtakes three others costs one deletion and one insertion.

use std::collections::HashMap;
use std::hash::Hash;

/// A splice does not fit the list that it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("splice at {index} deletes {delete} of a list of {length}")]
pub struct SpliceError {
    /// Where it begins.
    pub index: u32,
    /// How many items it deletes.
    pub delete: u32,
    /// How many items there are.
    pub length: usize,
}

/// What turns `old` into `new`.
pub fn splices<T: Clone + Eq + Hash>(old: &[T], new: &[T]) -> Vec<(u32, u32, Vec<T>)> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let suffix = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - suffix], &new[..new.len() - suffix]);

    let mut found = Vec::new();
    let mut done = (0, 0);
    let end = (old.len(), new.len());
    for anchor in anchors(old, new).into_iter().chain([end]) {
        let (delete, insert) = (anchor.0 - done.0, &new[done.1..anchor.1]);
        if delete > 0 || !insert.is_empty() {
            found.push((place(prefix + done.1), place(delete), insert.to_vec()));
        }
        done = (anchor.0 + 1, anchor.1 + 1);
    }
    found
}

/// Applies splices to a list. On an error the list is no longer of use.
pub fn apply_splices<T: Clone>(list: &mut Vec<T>, splices: &[(u32, u32, Vec<T>)]) -> Result<(), SpliceError> {
    for (index, delete, insert) in splices {
        let length = list.len();
        let bounds = usize::try_from(*index).ok().zip(usize::try_from(*delete).ok());
        let (from, to) = bounds
            .and_then(|(index, delete)| Some((index, index.checked_add(delete)?)))
            .filter(|(_, to)| *to <= length)
            .ok_or(SpliceError { index: *index, delete: *delete, length })?;
        list.splice(from..to, insert.iter().cloned());
    }
    Ok(())
}

fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Pairs of places at which the same item stands, rising on both sides, as many as possible.
fn anchors<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let places: HashMap<&T, usize> = new.iter().enumerate().map(|(place, item)| (item, place)).collect();
    let pairs: Vec<(usize, usize)> =
        old.iter().enumerate().filter_map(|(from, item)| places.get(item).map(|to| (from, *to))).collect();
    // Patience: `tails[n]` ends the best chain of n + 1 pairs, `before` leads back along a chain.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (number, (_, to)) in pairs.iter().enumerate() {
        let length = tails.partition_point(|tail| pairs[*tail].1 < *to);
        before.push(length.checked_sub(1).map(|last| tails[last]));
        if length == tails.len() {
            tails.push(number);
        } else {
            tails[length] = number;
        }
    }
    let mut chain = Vec::with_capacity(tails.len());
    let mut next = tails.last().copied();
    while let Some(number) = next {
        chain.push(pairs[number]);
        next = before[number];
    }
    chain.reverse();
    chain
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, subsequence};

    use super::*;

    #[test]
    fn a_small_move_is_a_small_difference() {
        let list = |text: &str| text.chars().collect::<Vec<_>>();
        for (old, new, expected) in [
            ("abc", "abc", vec![]),
            ("", "ab", vec![(0, 0, list("ab"))]),
            ("ab", "", vec![(0, 2, vec![])]),
            ("abcde", "dabce", vec![(0, 0, list("d")), (4, 1, vec![])]),
            ("abcde", "bcdea", vec![(0, 1, vec![]), (4, 0, list("a"))]),
            ("abcd", "axcd", vec![(1, 1, list("x"))]),
            ("abcdef", "xbcdey", vec![(0, 1, list("x")), (5, 1, list("y"))]),
        ] {
            assert_eq!(splices(&list(old), &list(new)), expected, "{old} → {new}");
        }
    }

    #[test]
    fn a_splice_that_does_not_fit_is_refused() {
        let mut list = vec![1, 2];
        let error = apply_splices(&mut list, &[(1, 2, vec![])]).unwrap_err();
        assert_eq!(error, SpliceError { index: 1, delete: 2, length: 2 });
        assert!(apply_splices(&mut list, &[(u32::MAX, u32::MAX, vec![])]).is_err());
    }

    fn any_order() -> impl Strategy<Value = Vec<u8>> {
        subsequence((0u8..60).collect::<Vec<_>>(), 0..60).prop_shuffle()
    }

    proptest! {
        #[test]
        fn applying_the_difference_gives_the_other_order(old in any_order(), new in any_order()) {
            let mut list = old.clone();
            apply_splices(&mut list, &splices(&old, &new)).unwrap();
            prop_assert_eq!(list, new);
        }

        #[test]
        fn lists_with_repeated_items_are_no_exception(old: Vec<bool>, new: Vec<bool>) {
            let mut list = old.clone();
            apply_splices(&mut list, &splices(&old, &new)).unwrap();
            prop_assert_eq!(list, new);
        }

        #[test]
        fn one_moved_item_costs_two_splices(old in any_order(), from: Index, to: Index) {
            prop_assume!(!old.is_empty());
            let mut new = old.clone();
            let item = new.remove(from.index(old.len()));
            new.insert(to.index(old.len()), item);
            let found = splices(&old, &new);
            prop_assert!(found.len() <= 2);
            prop_assert!(found.iter().map(|(_, delete, insert)| *delete as usize + insert.len()).sum::<usize>() <= 2);
        }
    }
}
