//! Whose turn it is when more tokens wait than can be asked about.

use std::cmp::Ordering;
use std::time::Duration;

/// The part of the places, one in so many, that goes to those who waited longest, however little they matter. It bounds
/// every token's wait: with `n` tokens and `s` places a tick nobody waits longer than `n / (s / 4)` ticks.
const RESERVED: usize = 4;

/// A token that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    /// Its number among the candidates.
    pub(super) number: usize,
    /// Since when nothing new was heard of it.
    pub(super) waited: Duration,
    /// Whether it is in somebody's sight.
    pub(super) on_screen: bool,
    /// Seconds of waiting, weighed.
    pub(super) urgency: f64,
}

impl Turn {
    fn by_wait(&self, other: &Self) -> Ordering {
        other.waited.cmp(&self.waited).then(self.number.cmp(&other.number))
    }

    fn by_urgency(&self, other: &Self) -> Ordering {
        let screens = other.on_screen.cmp(&self.on_screen);
        screens.then(other.urgency.total_cmp(&self.urgency)).then(self.number.cmp(&other.number))
    }
}

/// Those whose turn it is, at most `places`: first the ones that waited longest, then what is on screens, then the most
/// urgent. Nothing is sorted but what is chosen.
pub(super) fn choose(waiting: &mut [Turn], places: usize) -> &[Turn] {
    let places = places.min(waiting.len());
    let reserved = places.div_ceil(RESERVED);
    if places < waiting.len() && places > 0 {
        waiting.select_nth_unstable_by(reserved - 1, Turn::by_wait);
        let (rest, wanted) = (&mut waiting[reserved..], places - reserved);
        if wanted > 0 {
            rest.select_nth_unstable_by(wanted - 1, Turn::by_urgency);
        }
        waiting[..reserved].sort_unstable_by(Turn::by_wait);
        waiting[reserved..places].sort_unstable_by(Turn::by_urgency);
    } else {
        waiting.sort_unstable_by(Turn::by_urgency);
    }
    &waiting[..places]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turns(figures: &[(u16, u16, bool)]) -> Vec<Turn> {
        let turn = |(number, (waited, weight, on_screen)): (usize, &(u16, u16, bool))| Turn {
            number,
            waited: Duration::from_secs((*waited).into()),
            on_screen: *on_screen,
            urgency: f64::from(*waited) * f64::from(*weight),
        };
        figures.iter().enumerate().map(turn).collect()
    }

    #[test]
    fn the_longest_wait_then_screens_then_urgency() {
        //             waited, weight, on a screen
        let mut waiting = turns(&[(10, 1, false), (90, 1, false), (20, 9, false), (5, 1, true), (80, 1, false)]);
        let numbers = |places, waiting: &mut Vec<Turn>| -> Vec<usize> {
            choose(waiting, places).iter().map(|turn| turn.number).collect()
        };
        assert_eq!(numbers(0, &mut waiting), [0; 0]);
        assert_eq!(numbers(1, &mut waiting), [1], "one place goes to the one that waited longest");
        assert_eq!(numbers(2, &mut waiting), [1, 3]);
        assert_eq!(numbers(3, &mut waiting), [1, 3, 2]);
        assert_eq!(numbers(9, &mut waiting), [3, 2, 1, 4, 0], "there is room for all");
    }

    proptest! {
        #[test]
        fn it_is_what_sorting_everything_would_give(
            figures in prop::collection::vec((0u16..50, 1u16..9, any::<bool>()), 0..120), places in 0usize..140,
        ) {
            let all = turns(&figures);
            let mut waiting = all.clone();
            let chosen: Vec<usize> = choose(&mut waiting, places).iter().map(|turn| turn.number).collect();

            let mut left = all;
            let places = places.min(left.len());
            let mut expected = Vec::new();
            if places < left.len() {
                left.sort_by(Turn::by_wait);
                expected.extend(left.drain(..places.div_ceil(RESERVED)).map(|turn| turn.number));
            }
            left.sort_by(Turn::by_urgency);
            expected.extend(left.iter().take(places - expected.len()).map(|turn| turn.number));
            prop_assert_eq!(chosen, expected);
        }
    }
}
