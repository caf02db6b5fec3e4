//! Leaves a source alone that keeps failing, and feels its way back.
//!
//! ```text
//!             5 failures in a row, or half of the last 20
//!   ┌────────┐ ─────────────────────────────────────────▶ ┌──────┐
//!   │ closed │                                            │ open │◀────────┐
//!   └────────┘ ◀───────────┐                              └──────┘         │
//!                          │ the probe is answered            │ the pause   │ the probe fails:
//!                          │                                  ▼ is over     │ a longer pause
//!                          │                            ┌───────────┐       │
//!                          └─────────────────────────── │ half-open │ ──────┘
//!                                                       └───────────┘
//!                                                       one probe at a time; a probe that
//!                                                       was given up leaves room for another
//! ```
//!
//! The pause starts at five seconds and doubles to a minute, the later half of it by chance. A refusal for asking too
//! much is no failure: the budget deals with it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff;

/// Failures in a row that open it.
const IN_A_ROW: u32 = 5;

/// How many outcomes are remembered; half of them failed opens it.
const REMEMBERED: usize = 20;

/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// A breaker for one source.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    state: State,
    /// Openings since the source last answered a probe.
    openings: u32,
}

#[derive(Clone, Debug)]
enum State {
    Closed { failures: u32, failed: VecDeque<bool> },
    Open { until: Instant },
    HalfOpen { probing: bool },
}

impl State {
    const CLOSED: Self = Self::Closed { failures: 0, failed: VecDeque::new() };
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::CLOSED, openings: 0 }
    }
}

impl Breaker {
    /// How long a request still has to wait; zero when it may go. Asks without taking anything.
    pub(super) fn ready_in(&self, now: Instant) -> Duration {
        match &self.state {
            State::Closed { .. } | State::HalfOpen { probing: false } => Duration::ZERO,
            State::HalfOpen { probing: true } => FIRST_PAUSE,
            State::Open { until } => until.saturating_duration_since(now),
        }
    }

    /// Lets a request go, as the probe if it is half-open. Every request let go ends with one of [`Self::answered`],
    /// [`Self::failed`], [`Self::given_up`].
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        let wait = self.ready_in(now);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        if !matches!(self.state, State::Closed { .. }) {
            self.state = State::HalfOpen { probing: true };
        }
        Ok(())
    }

    /// The source answered.
    pub(super) fn answered(&mut self) {
        match &mut self.state {
            State::Closed { failures, failed } => {
                *failures = 0;
                remember(failed, false);
            }
            State::HalfOpen { .. } => *self = Self::default(),
            // An answer to a request that left before it opened: the pause stays.
            State::Open { .. } => {}
        }
    }

    /// The source failed. `roll` in `0..1` chooses the pause, should it open.
    pub(super) fn failed(&mut self, now: Instant, roll: f64) {
        let opens = match &mut self.state {
            State::Closed { failures, failed } => {
                *failures += 1;
                remember(failed, true);
                let bad = failed.iter().filter(|failed| **failed).count();
                *failures >= IN_A_ROW || (failed.len() == REMEMBERED && bad * 2 >= REMEMBERED)
            }
            State::HalfOpen { .. } => true,
            State::Open { .. } => false,
        };
        if opens {
            let longest = backoff::ceiling(FIRST_PAUSE, self.openings);
            self.openings = self.openings.saturating_add(1);
            let pause = longest / 2 + (longest / 2).mul_f64(roll.clamp(0.0, 1.0));
            self.state = State::Open { until: now + pause };
        }
    }

    /// The request ended without telling anything about the source.
    pub(super) fn given_up(&mut self) {
        if let State::HalfOpen { probing } = &mut self.state {
            *probing = false;
        }
    }

    /// Whether requests go freely.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }
}

fn remember(outcomes: &mut VecDeque<bool>, failed: bool) {
    if outcomes.len() == REMEMBERED {
        outcomes.pop_front();
    }
    outcomes.push_back(failed);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plays `.` for an answer and `x` for a failure, each after the longest pause.
    fn play(outcomes: &str) -> (Breaker, Instant) {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        for outcome in outcomes.chars() {
            now += breaker.ready_in(now);
            assert_eq!(breaker.admit(now), Ok(()));
            match outcome {
                '.' => breaker.answered(),
                'x' => breaker.failed(now, 1.0),
                _ => breaker.given_up(),
            }
        }
        (breaker, now)
    }

    #[test]
    fn opens_after_five_in_a_row_or_half_of_twenty() {
        for (outcomes, closed) in [
            ("", true),
            ("xxxx", true),
            ("xxxxx", false),
            ("xxxx.xxxx.", true),
            (".x.x.x.x.x.x.x.x.x.x", false),
            (".x.x.x.x.x.x.x.x.x..", true),
            (".x.x.x.x.x.x.x.x.x..x", false),
            (".x.x.x.x.x.x.x.x.x.", true),
            ("xxxxx.", true),
            ("xxxxxx", false),
        ] {
            assert_eq!(play(outcomes).0.is_closed(), closed, "{outcomes}");
        }
    }

    #[test]
    fn pauses_double_to_a_minute_and_start_anew_after_an_answer() {
        let pause = |outcomes: &str| {
            let (breaker, now) = play(outcomes);
            breaker.ready_in(now).as_secs()
        };
        for (failures, seconds) in [(5, 5), (6, 10), (7, 20), (8, 40), (9, 60), (40, 60)] {
            assert_eq!(pause(&"x".repeat(failures)), seconds, "{failures}");
        }
        assert_eq!(pause("xxxxxxxx.xxxxx"), 5);
    }

    #[test]
    fn half_open_lets_one_probe_go() {
        let (mut breaker, now) = play("xxxxx");
        assert_eq!(breaker.admit(now), Err(Duration::from_secs(5)));
        let later = now + Duration::from_secs(5);
        assert_eq!(breaker.admit(later), Ok(()));
        assert!(breaker.admit(later).is_err(), "the probe is under way");
        breaker.given_up();
        assert_eq!(breaker.admit(later), Ok(()));
        breaker.answered();
        assert_eq!((breaker.admit(later), breaker.admit(later)), (Ok(()), Ok(())));
    }

    proptest! {
        #[test]
        fn it_never_stays_open(outcomes in "[x.?]{0,80}", roll in 0.0f64..1.0) {
            let (mut breaker, now) = play(&outcomes);
            prop_assert!(breaker.ready_in(now) <= Duration::from_secs(60));
            breaker.failed(now, roll);
            let later = now + Duration::from_secs(60);
            prop_assert_eq!(breaker.admit(later), Ok(()));
        }
    }
}
