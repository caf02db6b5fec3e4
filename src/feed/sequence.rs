//! The rule of `prev` and `seq`: what a receiver does with a frame.

use crate::Seq;

/// What a receiver does with a delta frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is already applied.
    Ignore,
    /// Apply it; the state is then that of the frame's `seq`.
    Apply,
    /// Something between is missing: drop the state and ask for a `resync`.
    Gap,
}

/// Judges a frame `prev→seq` for a subscription whose state is that of `have`.
///
/// A frame with `prev = seq` changes nothing in time: it brings rows that came in with an `update`, and belongs to
/// exactly that state.
pub fn judge(have: Seq, prev: Seq, seq: Seq) -> Verdict {
    if prev > have {
        Verdict::Gap
    } else if have < seq || (prev == seq && have == seq) {
        Verdict::Apply
    } else {
        Verdict::Ignore
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_applied_ignored_or_shows_a_gap() {
        for (have, prev, seq, verdict) in [
            (5, 5, 6, Verdict::Apply),
            (5, 3, 6, Verdict::Apply),
            (5, 4, 5, Verdict::Ignore),
            (5, 3, 4, Verdict::Ignore),
            (5, 6, 7, Verdict::Gap),
            (5, 5, 5, Verdict::Apply),
            (6, 5, 5, Verdict::Ignore),
            (4, 5, 5, Verdict::Gap),
        ] {
            assert_eq!(judge(have, prev, seq), verdict, "have {have}, frame {prev}→{seq}");
        }
    }
}
