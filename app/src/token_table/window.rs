//! Which rows are in the document: those in view and a few around them. Lengths are CSS pixels.

use std::iter::once;
use std::ops::Range;

/// How many rows beyond those in view are mounted on each side.
const AROUND: usize = 8;

/// From how few loaded rows below the view on the next page is asked for.
const AHEAD: usize = 40;

/// The rows to mount: `top` is how far the list's first row lies above the view's upper edge (negative: below it),
/// `view` how high the view is, `row` how high a row is, `rows` how many are loaded. They are as many wherever the view
/// is, so that none has to be made for scrolling.
pub(crate) fn mounted(top: f64, view: f64, row: f64, rows: usize) -> Range<usize> {
    let row = if row >= 1.0 { row } else { 44.0 };
    // Of two more there is a part in view.
    let count = whole(view / row).saturating_add(2 + 2 * AROUND).min(rows);
    let first = whole(top / row).saturating_sub(AROUND).min(rows - count);
    first..first + count
}

/// The places of the mounted rows. The one with the focus stays in the document wherever it is: outside of the range it
/// takes the place of the row that is the furthest from where it left.
pub(crate) fn places(range: &Range<usize>, focused: Option<usize>) -> Vec<usize> {
    match focused {
        Some(place) if place < range.start => once(place).chain(range.start..range.end - 1).collect(),
        Some(place) if place >= range.end => (range.start + 1..range.end).chain(once(place)).collect(),
        _ => range.clone().collect(),
    }
}

/// How many of `rows` rows are not in the document above and below those that are.
pub(crate) fn gaps(range: &Range<usize>, focused: Option<usize>, rows: usize) -> (usize, usize) {
    let above = match focused {
        Some(place) if place < range.start => range.start - 1,
        Some(place) if place >= range.end => range.end.min(range.start + 1),
        _ => range.start,
    };
    (above, rows.saturating_sub(above + places(range, focused).len()))
}

/// Whether the next page should be asked for when these rows of the loaded ones are mounted.
pub(crate) fn wants_more(mounted: &Range<usize>, rows: usize) -> bool {
    mounted.end + AHEAD >= rows
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float stays in range")]
fn whole(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_what_is_in_view_and_some_around() {
        for (top, view, rows, expected) in [
            (0.0, 440.0, 100, 0..28),
            (-200.0, 440.0, 100, 0..28),
            (440.0, 440.0, 100, 2..30),
            (4_400.0, 440.0, 105, 77..105),
            (99_999.0, 440.0, 100, 72..100),
            (0.0, 440.0, 0, 0..0),
            (0.0, 440.0, 5, 0..5),
            (f64::NAN, 440.0, 50, 0..28),
        ] {
            assert_eq!(mounted(top, view, 44.0, rows), expected, "top {top}, {rows} rows");
        }
    }

    #[test]
    fn a_tall_view_mounts_few_enough_rows() {
        let range = mounted(10_000.0, 1_700.0, 44.0, 1_000);
        assert!(range.len() <= 60, "{}", range.len());
    }

    #[test]
    fn the_row_with_the_focus_stays_and_no_row_is_added_for_it() {
        for (focused, expected, around) in [
            (None, &[10, 11, 12, 13][..], (10, 6)),
            (Some(12), &[10, 11, 12, 13], (10, 6)),
            (Some(3), &[3, 10, 11, 12], (9, 7)),
            (Some(17), &[11, 12, 13, 17], (11, 5)),
        ] {
            assert_eq!(places(&(10..14), focused), expected, "{focused:?}");
            assert_eq!(gaps(&(10..14), focused, 20), around, "{focused:?}");
        }
        // The list became shorter than what was in view.
        assert_eq!((places(&(20..20), Some(3)), gaps(&(20..20), Some(3), 20)), (vec![3], (19, 0)));
    }

    #[test]
    fn the_next_page_is_asked_for_before_it_is_needed() {
        assert!(wants_more(&(0..27), 50));
        assert!(!wants_more(&(0..27), 100));
        assert!(wants_more(&(40..67), 100));
    }

    proptest::proptest! {
        #[test]
        fn rows_in_view_are_mounted(top in 0.0f64..1e6, view in 1.0f64..2e3, row in 20.0f64..80.0, rows in 0usize..5_000) {
            let range = mounted(top, view, row, rows);
            assert!(range.start <= range.end && range.end <= rows);
            assert_eq!(range.len(), mounted(0.0, view, row, rows).len(), "as many as at the top");
            for index in 0..rows {
                let (upper, lower) = (index as f64 * row, (index + 1) as f64 * row);
                let visible = lower > top && upper < top + view;
                assert!(!visible || range.contains(&index), "row {index} of {rows}, {range:?}");
            }
        }
    }
}
