//! Which rows are in the document: those in view and a few around them. Lengths are CSS pixels.

use std::ops::Range;

/// How many rows beyond those in view are mounted on each side.
const AROUND: usize = 8;

/// From how few loaded rows below the view on the next page is asked for.
const AHEAD: usize = 40;

/// The rows to mount: `top` is how far the list's first row lies above the view's upper edge (negative: below it),
/// `view` how high the view is, `row` how high a row is, `rows` how many are loaded.
pub(crate) fn mounted(top: f64, view: f64, row: f64, rows: usize) -> Range<usize> {
    let row = if row >= 1.0 { row } else { 44.0 };
    let first = whole(top / row).min(rows);
    let end = whole((top + view) / row).saturating_add(1).min(rows);
    first.saturating_sub(AROUND)..end.max(first).saturating_add(AROUND).min(rows)
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
            (0.0, 440.0, 100, 0..19),
            (-200.0, 640.0, 100, 0..19),
            (440.0, 440.0, 100, 2..29),
            (4_400.0, 440.0, 105, 92..105),
            (99_999.0, 440.0, 100, 92..100),
            (0.0, 440.0, 0, 0..0),
            (0.0, 440.0, 5, 0..5),
            (f64::NAN, 440.0, 50, 0..9),
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
            for index in 0..rows {
                let (upper, lower) = (index as f64 * row, (index + 1) as f64 * row);
                let visible = lower > top && upper < top + view;
                assert!(!visible || range.contains(&index), "row {index} of {rows}, {range:?}");
            }
        }
    }
}
