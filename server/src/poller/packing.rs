//! How often the state is packed for the journal.

use std::time::Duration;

/// The state is packed for the journal at most this often, …
const JOURNAL_PAUSE: Duration = Duration::from_secs(1);

/// … where packing takes long, so seldom that it takes one part in so many of the time, …
const JOURNAL_SHARE: u32 = 10;

/// … and at least this often: what a crash can lose.
const JOURNAL_LATEST: Duration = Duration::from_secs(5);

/// From one packing of the state to the next, when the last one took so long.
pub(super) fn journal_pause(took: Duration) -> Duration {
    took.saturating_mul(JOURNAL_SHARE).clamp(JOURNAL_PAUSE, JOURNAL_LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_packed_as_seldom_as_it_is_costly() {
        for (took_ms, pause_ms) in [(0, 1_000), (100, 1_000), (200, 2_000), (5_000, 5_000)] {
            let pause = journal_pause(Duration::from_millis(took_ms));
            assert_eq!(pause, Duration::from_millis(pause_ms), "{took_ms} ms");
        }
    }
}
