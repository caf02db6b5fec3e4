//! A part of a budget, saved up over ticks that are too small to be divided.

/// The most requests that are saved up.
const MOST: f64 = 4.0;

/// What sums of many small parts may lack of a whole request.
const ROUNDING: f64 = 1e-9;

/// A part of a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    part: f64,
    saved: f64,
}

impl Share {
    /// This part of what is allowed, in `0..=1`.
    pub(super) fn of(part: f64) -> Self {
        Self { part, saved: 0.0 }
    }

    /// How many of the requests that are allowed now are its own. What is not spent is saved, a few at most.
    pub(super) fn grant(&mut self, allowed: usize) -> usize {
        let own = allowed as f64 * self.part;
        self.saved = (self.saved + own).min(own.max(MOST));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let whole = (self.saved + ROUNDING) as usize;
        whole.min(allowed)
    }

    /// One of them is used.
    pub(super) fn spend(&mut self) {
        self.saved = (self.saved - 1.0).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(part: f64, allowed: &[usize]) -> Vec<usize> {
        let mut share = Share::of(part);
        let tick = |allowed: &usize| {
            let granted = share.grant(*allowed);
            (0..granted).for_each(|_| share.spend());
            granted
        };
        allowed.iter().map(tick).collect()
    }

    #[test]
    fn small_ticks_are_added_up() {
        assert_eq!(spent(0.1, &[10, 10, 10]), [1, 1, 1]);
        assert_eq!(spent(0.1, &[1; 20]).iter().sum::<usize>(), 2);
        assert_eq!(spent(0.5, &[4, 1, 1, 1, 0]), [2, 0, 1, 0, 0]);
        assert_eq!(spent(0.5, &[20_000]), [10_000]);
    }

    #[test]
    fn little_is_saved_and_never_more_granted_than_allowed() {
        let mut share = Share::of(0.5);
        for _ in 0..100 {
            share.grant(4);
        }
        assert_eq!((share.grant(3), share.grant(100)), (3, 50));
    }
}
