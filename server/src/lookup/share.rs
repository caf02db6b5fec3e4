//! The share of a source's budget that look-ups may spend.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// One request in so many.
const ONE_IN: f64 = 10.0;

/// The most requests that are counted.
const MOST: usize = 1_000;

/// Counts the requests of look-ups.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// When requests were sent, oldest first.
    sent: VecDeque<Instant>,
}

impl Share {
    /// Takes one request out of a tenth of a budget; how long to wait if there is none.
    pub(super) fn take(&mut self, per_minute: f64, now: Instant) -> Result<(), Duration> {
        let Some((requests, window)) = window(per_minute) else { return Err(Duration::from_secs(60)) };
        while self.sent.front().is_some_and(|sent| now.saturating_duration_since(*sent) >= window) {
            self.sent.pop_front();
        }
        if let Some(nth) = self.sent.len().checked_sub(requests).and_then(|surplus| self.sent.get(surplus)) {
            return Err(window.saturating_sub(now.saturating_duration_since(*nth)));
        }
        self.spend(now);
        Ok(())
    }

    /// Counts a request that was sent without asking.
    pub(super) fn spend(&mut self, now: Instant) {
        if self.sent.len() >= MOST {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }
}

/// How many requests in which time: whole ones in about a minute, or one in a longer time.
fn window(per_minute: f64) -> Option<(usize, Duration)> {
    if !(per_minute.is_finite() && per_minute > 0.0) {
        return None;
    }
    let share = per_minute / ONE_IN;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and MOST")]
    let requests = share.clamp(1.0, MOST as f64) as usize;
    // So slow a budget is none.
    let seconds = (requests as f64 / share * 60.0).min(86_400.0);
    Some((requests, Duration::from_secs_f64(seconds)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tenth_of_sixty_a_minute_is_six() {
        let mut share = Share::default();
        let start = Instant::now();
        let second = Duration::from_secs(1);
        for step in 0..6 {
            assert_eq!(share.take(60.0, start + second * step), Ok(()));
        }
        assert_eq!(share.take(60.0, start + second * 10), Err(second * 50));
        assert_eq!(share.take(60.0, start + second * 60), Ok(()));
        assert_eq!(share.take(60.0, start + second * 60), Err(second));
        // The source wants to be asked less: now there are three a minute.
        assert_eq!(share.take(30.0, start + second * 61), Err(second * 3));
    }

    #[test]
    fn a_small_budget_is_shared_too() {
        let mut share = Share::default();
        let start = Instant::now();
        assert_eq!(share.take(2.0, start), Ok(()));
        assert_eq!(share.take(2.0, start + Duration::from_secs(60)), Err(Duration::from_secs(240)));
        assert!(share.take(0.0, start).is_err() && share.take(f64::NAN, start).is_err());
    }

    proptest! {
        #[test]
        fn no_span_holds_more_than_a_tenth(per_minute in 1.0..600.0f64, steps in prop::collection::vec(0u64..20_000, 1..300)) {
            let mut share = Share::default();
            let start = Instant::now();
            let mut millis = 0;
            let mut sent: Vec<u64> = Vec::new();
            for step in steps {
                millis += step;
                if share.take(per_minute, start + Duration::from_millis(millis)).is_ok() {
                    sent.push(millis);
                }
            }
            let (requests, window) = window(per_minute).unwrap_or_default();
            for begin in &sent {
                let within = sent.iter().filter(|at| *at >= begin && u128::from(*at - begin) < window.as_millis()).count();
                prop_assert!(within <= requests, "{within} of {requests}");
            }
            prop_assert!(requests as f64 / window.as_secs_f64() <= per_minute / 600.0 + 1e-9);
        }
    }
}
