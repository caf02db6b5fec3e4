//! How many requests we may still send to a source.
//!
//! A token bucket smooths requests out, and a log of the latest ones keeps the promise that a bucket alone breaks: a
//! full bucket plus what flows in meanwhile is more than the rate. Here no rolling span holds more requests than the
//! rate says, whatever the burst. A refusal halves the rate, and time gives it back slowly, never beyond what was
//! configured. What was learnt and spent is kept over restarts, so that a crash loop asks no more than a calm process.
//!
//! The budget asks no clock: every question brings its moment.

mod rate;

use std::collections::VecDeque;
use std::time::Duration;

use memescope::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use self::rate::{Rate, RateError};

/// The least part of the configured rate that refusals can leave.
const LEAST_SHARE: f64 = 1.0 / 16.0;

/// How much of the configured rate a minute without refusal gives back.
const RECOVERY_PER_MINUTE: f64 = 0.05;

/// The most requests whose moments are kept over a restart.
const MOST_SAVED: usize = 1_000;

/// A process that lives writes its memory down several times in this span; what it does after it is not overlooked.
pub(super) const UNSEEN: Duration = Duration::from_secs(30);

/// A budget for one source.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    rate: Rate,
    /// Part of the configured rate that is in force, in `LEAST_SHARE` to 1.
    share: f64,
    /// Requests in the bucket at `counted_at`.
    tokens: f64,
    counted_at: Instant,
    /// When the requests of the rolling window were sent, oldest first.
    sent: VecDeque<Instant>,
}

/// What a budget remembers over a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetMemory {
    /// When this was written.
    pub saved_at: Timestamp,
    /// Requests left in the bucket.
    pub tokens: f64,
    /// Part of the configured rate that is in force.
    pub share: f64,
    /// When the latest requests were sent.
    pub sent: Vec<Timestamp>,
}

impl BudgetMemory {
    /// The same, as if whoever wrote it had gone on and spent all that it was allowed, as late as possible: for a process
    /// that died without a last word.
    #[must_use]
    pub(super) fn all_spent(self, rate: Rate, wall: Timestamp) -> Self {
        let until = wall.min(self.saved_at.plus(UNSEEN));
        let inflow = until.since(self.saved_at).as_secs_f64() * rate.per_second();
        let most = f64::from(rate.window_requests());
        let saved = if self.tokens.is_finite() { self.tokens.clamp(0.0, most) } else { most };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a u32")]
        let could = (saved + inflow + ROUNDING).min(most) as usize;
        let mut sent = self.sent;
        sent.extend(std::iter::repeat_n(until, could));
        Self { saved_at: until, tokens: 0.0, share: self.share, sent }
    }
}

impl Budget {
    /// A full budget.
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, share: 1.0, tokens: f64::from(rate.burst()), counted_at: now, sent: VecDeque::new() }
    }

    /// A budget as it was left, plus what the time since then gave back. A clock that went back gives nothing.
    pub(super) fn restored(rate: Rate, memory: &BudgetMemory, now: Instant, wall: Timestamp) -> Self {
        let mut budget = Self::new(rate, now);
        let within = |value: f64, low: f64, high: f64| {
            if value.is_finite() { value.clamp(low, high) } else { low }
        };
        budget.share = within(memory.share, LEAST_SHARE, 1.0);
        budget.tokens = within(memory.tokens, 0.0, f64::from(rate.burst()));
        let away = wall.since(memory.saved_at);
        budget.refill(away);
        budget.sent = memory
            .sent
            .iter()
            .rev()
            .take(rate.window_requests() as usize)
            .rev()
            .map(|sent| now.checked_sub(wall.since(*sent)).unwrap_or(now))
            .collect();
        budget
    }

    /// What to keep for the next start.
    pub(super) fn memory(&mut self, now: Instant, wall: Timestamp) -> BudgetMemory {
        self.catch_up(now);
        let skip = self.sent.len().saturating_sub(MOST_SAVED);
        BudgetMemory {
            saved_at: wall,
            tokens: self.tokens,
            share: self.share,
            sent: self.sent.iter().skip(skip).map(|sent| wall.minus(now.saturating_duration_since(*sent))).collect(),
        }
    }

    /// Takes one request, if there is one.
    pub(super) fn try_take(&mut self, now: Instant) -> bool {
        self.catch_up(now);
        if self.ready_in_now(now) > Duration::ZERO {
            return false;
        }
        self.tokens -= 1.0;
        if self.sent.len() >= self.rate.window_requests() as usize {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
        true
    }

    /// Requests that could be made at this moment.
    pub(super) fn left(&mut self, now: Instant) -> u32 {
        self.catch_up(now);
        let window = self.window();
        let within = self.sent.iter().filter(|sent| now.saturating_duration_since(**sent) < window).count();
        let room = (self.rate.window_requests() as usize).saturating_sub(within);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the burst")]
        let whole = (self.tokens + ROUNDING) as u64;
        u32::try_from(whole.min(room as u64)).unwrap_or(u32::MAX)
    }

    /// The most requests that could be made at one moment.
    pub(super) fn burst(&self) -> u32 {
        self.rate.burst()
    }

    /// When the next request will be possible; `now` if one is.
    pub(super) fn next_at(&mut self, now: Instant) -> Instant {
        self.catch_up(now);
        now + self.ready_in_now(now)
    }

    /// Counts everything as spent just now.
    pub(super) fn spend_all(&mut self, now: Instant) {
        self.catch_up(now);
        self.tokens = 0.0;
        self.sent = std::iter::repeat_n(now, self.rate.window_requests() as usize).collect();
    }

    /// The source refused a request: ask half as often.
    pub(super) fn refused(&mut self, now: Instant) {
        self.catch_up(now);
        self.share = (self.share / 2.0).max(LEAST_SHARE);
        self.tokens = 0.0;
    }

    /// Requests a minute, at present.
    pub(super) fn per_minute(&mut self, now: Instant) -> f64 {
        self.catch_up(now);
        self.per_second() * 60.0
    }

    fn per_second(&self) -> f64 {
        self.rate.per_second() * self.share
    }

    /// The rolling span, longer while the rate is reduced.
    fn window(&self) -> Duration {
        self.rate.window().div_f64(self.share)
    }

    /// How long until a request is possible, with the bucket counted at `now`.
    fn ready_in_now(&self, now: Instant) -> Duration {
        let missing = 1.0 - self.tokens;
        let bucket =
            if missing <= ROUNDING { Duration::ZERO } else { Duration::from_secs_f64(missing / self.per_second()) };
        let full = self.sent.len() >= self.rate.window_requests() as usize;
        let log = match self.sent.front() {
            Some(oldest) if full => self.window().saturating_sub(now.saturating_duration_since(*oldest)),
            _ => Duration::ZERO,
        };
        bucket.max(log)
    }

    fn catch_up(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.counted_at);
        self.counted_at = self.counted_at.max(now);
        self.refill(passed);
    }

    fn refill(&mut self, passed: Duration) {
        let seconds = passed.as_secs_f64();
        self.tokens = (self.tokens + seconds * self.per_second()).min(f64::from(self.rate.burst()));
        self.share = (self.share + RECOVERY_PER_MINUTE * seconds / 60.0).min(1.0);
    }
}

/// What sums of many small refills may lack of a whole request.
const ROUNDING: f64 = 1e-6;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Asks at every step and gives the seconds at which a request was granted.
    fn granted(budget: &mut Budget, start: Instant, step: f64, until: f64) -> Vec<f64> {
        (0u32..100_000)
            .map(|n| f64::from(n) * step)
            .take_while(|at| *at <= until)
            .filter(|at| budget.try_take(start + secs(*at)))
            .collect()
    }

    #[test]
    fn bursts_are_paid_back() {
        let start = Instant::now();
        let mut gecko = Budget::new(rate("5/1m:3"), start);
        assert_eq!(granted(&mut gecko, start, 1.0, 75.0), [0.0, 1.0, 2.0, 12.0, 24.0, 60.0, 61.0, 62.0, 72.0]);
        let mut jupiter = Budget::new(rate("1/2500ms:4"), start);
        assert_eq!(granted(&mut jupiter, start, 0.5, 12.0), [0.0, 0.5, 1.0, 1.5, 10.0, 10.5, 11.0, 11.5]);
    }

    #[test]
    fn left_and_next_say_what_taking_will_do() {
        let start = Instant::now();
        let mut budget = Budget::new(rate("2/10s:2"), start);
        assert_eq!((budget.left(start), budget.next_at(start)), (2, start));
        assert!(budget.try_take(start) && budget.try_take(start) && !budget.try_take(start));
        assert_eq!(budget.left(start), 0);
        let next = budget.next_at(start);
        assert_eq!(next, start + secs(10.0));
        assert!(!budget.try_take(next - Duration::from_millis(1)));
        assert!(budget.try_take(next));
    }

    #[test]
    fn a_refusal_halves_the_rate_and_time_gives_it_back() {
        let start = Instant::now();
        let mut budget = Budget::new(rate("60/1m"), start);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        budget.refused(start);
        assert!(near(budget.per_minute(start), 30.0));
        assert_eq!(budget.left(start), 0);
        assert!(near(budget.per_minute(start + secs(60.0)), 33.0));
        assert!(near(budget.per_minute(start + secs(86_400.0)), 60.0));
        for _ in 0..20 {
            budget.refused(start + secs(86_400.0));
        }
        assert!(near(budget.per_minute(start + secs(86_400.0)), 3.75));
    }

    #[test]
    fn a_crash_loop_asks_no_more_than_a_calm_process() {
        let (start, wall) = (Instant::now(), Timestamp::from_secs(1_790_000_000));
        let mut memory = None;
        let mut sent = 0;
        for crash in 0..150u32 {
            let at = Duration::from_secs(2) * crash;
            let (now, wall) = (start + at, wall.plus(at));
            let mut budget = match &memory {
                Some(memory) => Budget::restored(rate("5/1m:3"), memory, now, wall),
                None => Budget::new(rate("5/1m:3"), now),
            };
            while budget.try_take(now) {
                sent += 1;
            }
            let json = serde_json::to_string(&budget.memory(now, wall)).unwrap();
            memory = Some(serde_json::from_str(&json).unwrap());
        }
        assert_eq!(sent, 25, "five minutes at five a minute");
    }

    #[test]
    fn what_a_dead_process_could_have_spent_counts_as_spent() {
        let wall = Timestamp::from_secs(1_790_000_000);
        let memory = BudgetMemory { saved_at: wall, tokens: 3.0, share: 1.0, sent: vec![wall; 2] };
        //  seconds later, requests that count, seconds after which the last of them was
        for (later, sent, last) in [(0, 5, 0), (11, 5, 11), (12, 6, 12), (30, 7, 30), (90, 7, 30), (90_000, 7, 30)] {
            let at = wall.plus(secs(f64::from(later)));
            let spent = memory.clone().all_spent(rate("5/1m:3"), at);
            assert_eq!((spent.sent.len(), spent.tokens), (sent, 0.0), "{later} s later");
            assert_eq!(spent.sent.last(), Some(&wall.plus(secs(f64::from(last)))), "{later} s later");
        }
        let back = memory.clone().all_spent(rate("5/1m:3"), wall.minus(secs(50.0)));
        assert_eq!(back.saved_at, wall.minus(secs(50.0)), "the clock went back");
        let spoilt = BudgetMemory { tokens: f64::NAN, ..memory };
        assert_eq!(spoilt.all_spent(rate("5/1m:3"), wall).sent.len(), 7);
    }

    #[test]
    fn a_spoilt_memory_is_bounded() {
        let (now, wall) = (Instant::now(), Timestamp::from_secs(1_790_000_000));
        let memory = BudgetMemory {
            saved_at: wall.plus(secs(9_999.0)),
            tokens: f64::NAN,
            share: f64::INFINITY,
            sent: vec![wall.plus(secs(5.0)); 10_000],
        };
        let mut budget = Budget::restored(rate("5/1m:3"), &memory, now, wall);
        assert_eq!(budget.left(now), 0);
        assert!(budget.next_at(now) <= now + secs(60.0 * 16.0));
    }

    proptest! {
        /// Lives of any length, each writing its memory when it begins and now and then, none with a last word.
        #[test]
        fn a_crash_loop_keeps_every_rolling_window(
            budget in prop::sample::select(vec!["5/1m:3", "1/2500ms:4", "60/1m", "60/1m:60", "3/1m:20"]),
            lives in prop::collection::vec((0u32..9_000, 1u32..1_500), 1..100),
        ) {
            let rate = rate(budget);
            let (start, wall) = (Instant::now(), Timestamp::from_secs(1_790_000_000));
            let (mut memory, mut at, mut sent) = (None::<BudgetMemory>, Duration::ZERO, Vec::new());
            for (life, step) in lives {
                let mut budget = match memory.take() {
                    Some(memory) => {
                        let memory = memory.all_spent(rate, wall.plus(at));
                        Budget::restored(rate, &memory, start + at, wall.plus(at))
                    }
                    None => Budget::new(rate, start),
                };
                memory = Some(budget.memory(start + at, wall.plus(at)));
                let (end, mut written) = (at + Duration::from_millis(life.into()), at);
                while at <= end {
                    while budget.try_take(start + at) {
                        sent.push(at);
                    }
                    if at.saturating_sub(written) >= secs(1.0) {
                        written = at;
                        // What is sent later in this second is never written down by this life.
                        memory = Some(budget.memory(start + at, wall.plus(at)));
                    }
                    at += Duration::from_millis(step.into());
                }
            }
            let most = rate.window_requests() as usize;
            for group in sent.windows(most + 1) {
                prop_assert!(group[most].saturating_sub(group[0]) >= rate.window(), "{:?}", group);
            }
        }

        #[test]
        fn no_rolling_window_holds_more_than_the_rate(
            requests in 1u32..20, seconds in 1u32..90, burst in 1u32..20,
            steps in prop::collection::vec((0u32..9_000, any::<bool>()), 1..300),
        ) {
            let rate = Rate::new(requests, Duration::from_secs(seconds.into()), burst).unwrap();
            let start = Instant::now();
            let mut budget = Budget::new(rate, start);
            let (mut at, mut sent) = (start, Vec::new());
            for (millis, refused) in steps {
                at += Duration::from_millis(millis.into());
                let (left, next) = (budget.left(at), budget.next_at(at));
                let taken = budget.try_take(at);
                prop_assert_eq!(taken, left > 0);
                prop_assert_eq!(taken, next == at);
                if taken {
                    sent.push(at);
                    if refused {
                        budget.refused(at);
                    }
                }
                prop_assert!(budget.left(at) <= burst);
            }
            let most = rate.window_requests() as usize;
            for group in sent.windows(most + 1) {
                prop_assert!(group[most] - group[0] >= rate.window());
            }
        }
    }
}
