//! Decides whether a source may be asked now, and learns from how it went: budget, pauses and breaker in one place.
//!
//! ```text
//!  admit ──▶ resting after a refusal? ──▶ breaker open? ──▶ budget left? ──▶ request ──▶ record
//! ```

use std::time::Duration;

use memescope::{BudgetReport, Harvest, Source, SourceReport, SourceState, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::backoff;
use super::breaker::Breaker;
use super::budget::{Budget, BudgetMemory, Rate};
use super::error::SourceError;
use super::health::Health;

/// How long after a refusal a source counts as throttled.
const THROTTLED: Duration = Duration::from_secs(60);

/// What each request adds to the share of retries: one retry for ten requests.
const RETRY_SHARE: f64 = 0.1;

/// The most retries that can be saved up.
const MOST_RETRIES: f64 = 3.0;

/// The gate before one source.
#[derive(Debug)]
pub(super) struct Gate {
    source: Source,
    budget: Budget,
    breaker: Breaker,
    /// Refusals since the last answer.
    refusals: u32,
    rests_until: Option<Instant>,
    refused_at: Option<Instant>,
    retries: f64,
    health: Health,
}

/// What a gate remembers over a restart, so that a crash loop asks no more than a calm process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateMemory {
    /// What is spent, and what refusals taught.
    pub budget: BudgetMemory,
    /// Until when the source wants to be left alone.
    pub rests_until: Option<Timestamp>,
}

/// What may be asked of a source at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests that could be made now.
    pub left: u32,
    /// How long until the next one; zero if one could be made now.
    pub ready_in: Duration,
}

impl GateMemory {
    /// What to go by when it is not known what was spent until now; of an older memory only what was learnt holds.
    pub(super) fn unknown(older: Option<&Self>, now: Timestamp) -> Self {
        let share = older.map_or(1.0, |older| older.budget.share);
        let budget = BudgetMemory { saved_at: now, tokens: f64::INFINITY, share, sent: Vec::new() };
        Self { budget, rests_until: older.and_then(|older| older.rests_until) }
    }

    /// The same, as if everything allowed since had been spent.
    #[must_use]
    pub(super) fn all_spent(self, rate: Rate, wall: Timestamp) -> Self {
        Self { budget: self.budget.all_spent(rate, wall), ..self }
    }
}

impl Gate {
    /// A gate that remembers what it is given.
    pub(super) fn new(source: Source, rate: Rate, memory: Option<&GateMemory>, now: Instant, wall: Timestamp) -> Self {
        let budget = match memory {
            Some(memory) => Budget::restored(rate, &memory.budget, now, wall),
            None => Budget::new(rate, now),
        };
        let rests_until = memory
            .and_then(|memory| memory.rests_until)
            .map(|until| now + until.since(wall).min(backoff::LONGEST_PAUSE));
        Self {
            source,
            budget,
            breaker: Breaker::default(),
            refusals: 0,
            rests_until,
            refused_at: None,
            retries: 1.0,
            health: Health::default(),
        }
    }

    /// Takes one request, or says why not. What was let go must be recorded or given up.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), SourceError> {
        if let Some(ready_in) = self.rests_for(now) {
            return Err(SourceError::Resting { ready_in });
        }
        let ready_in = self.breaker.ready_in(now);
        if ready_in > Duration::ZERO {
            return Err(SourceError::CircuitOpen { ready_in });
        }
        if !self.budget.try_take(now) {
            let ready_in = self.budget.next_at(now).saturating_duration_since(now);
            return Err(SourceError::Budget { ready_in });
        }
        self.retries = (self.retries + RETRY_SHARE).min(MOST_RETRIES);
        self.breaker.admit(now).map_err(|ready_in| SourceError::CircuitOpen { ready_in })
    }

    /// Takes one retry from their share.
    pub(super) fn may_retry(&mut self) -> bool {
        let may = self.retries >= 1.0;
        if may {
            self.retries -= 1.0;
        }
        may
    }

    /// The source answered.
    pub(super) fn answered(&mut self, wall: Timestamp, took: Duration, harvest: &Harvest) {
        self.refusals = 0;
        self.breaker.answered();
        self.health.answered(wall, took, harvest);
    }

    /// The request failed. `roll` in `0..1` chooses the pause.
    pub(super) fn failed(&mut self, now: Instant, took: Duration, error: SourceError, roll: f64) {
        self.health.failed(took, error);
        if let SourceError::RateLimited { retry_after } = error {
            // Requests that left together are refused together: that is one lesson, not several.
            if self.rests_for(now).is_none() {
                self.refusals = self.refusals.saturating_add(1);
                self.budget.refused(now);
            }
            let pause = backoff::after_refusal(self.source, self.refusals.max(1), retry_after, roll);
            self.rests_until = self.rests_until.max(Some(now + pause));
            self.refused_at = Some(now);
            self.breaker.given_up();
        } else {
            self.breaker.failed(now, roll);
        }
    }

    /// The request was dropped before its end.
    pub(super) fn given_up(&mut self) {
        self.breaker.given_up();
    }

    fn rests_for(&self, now: Instant) -> Option<Duration> {
        let rest = self.rests_until?.saturating_duration_since(now);
        (rest > Duration::ZERO).then_some(rest)
    }

    /// What may be asked now.
    pub(super) fn allowance(&mut self, now: Instant) -> Allowance {
        let blocked = self.rests_for(now).unwrap_or_default().max(self.breaker.ready_in(now));
        let budget = self.budget.next_at(now).saturating_duration_since(now);
        let left = self.budget.left(now);
        Allowance {
            left: match (blocked, self.breaker.is_closed()) {
                (Duration::ZERO, true) => left,
                (Duration::ZERO, false) => left.min(1),
                _ => 0,
            },
            ready_in: blocked.max(budget),
        }
    }

    /// Counts the whole budget as spent just now.
    pub(super) fn spend_all(&mut self, now: Instant) {
        self.budget.spend_all(now);
    }

    /// What to keep for the next start.
    pub(super) fn memory(&mut self, now: Instant, wall: Timestamp) -> GateMemory {
        GateMemory {
            budget: self.budget.memory(now, wall),
            rests_until: self.rests_for(now).map(|rest| wall.plus(rest)),
        }
    }

    /// How the source is doing.
    pub(super) fn report(&mut self, now: Instant) -> SourceReport {
        let budget = BudgetReport {
            per_minute: self.budget.per_minute(now),
            left: self.allowance(now).left,
            burst: self.budget.burst(),
        };
        self.health.report(self.source, self.state(now), budget)
    }

    fn state(&self, now: Instant) -> SourceState {
        let refused_lately = self.refused_at.is_some_and(|at| now.saturating_duration_since(at) < THROTTLED);
        if refused_lately || self.rests_for(now).is_some() {
            SourceState::Throttled
        } else if !self.health.was_asked() {
            SourceState::Off
        } else if !self.breaker.is_closed() || !self.health.ever_answered() || self.health.is_barren() {
            SourceState::Down
        } else if self.health.is_slow() {
            SourceState::Slow
        } else {
            SourceState::Ok
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    const WALL: Timestamp = Timestamp::from_secs(1_790_628_375);
    const TOOK: Duration = Duration::from_millis(80);

    fn gate(rate: &str) -> (Gate, Instant) {
        let now = Instant::now();
        let gate = Gate::new(Source::Dexscreener, rate.parse().unwrap(), None, now, WALL);
        (gate, now)
    }

    fn refusal(seconds: u64) -> SourceError {
        SourceError::RateLimited { retry_after: (seconds > 0).then(|| Duration::from_secs(seconds)) }
    }

    #[test]
    fn a_refusal_is_a_rest_and_a_lesson() {
        let (mut gate, now) = gate("60/1m:10");
        assert_eq!((gate.admit(now), gate.admit(now)), (Ok(()), Ok(())));
        gate.failed(now, TOOK, refusal(7), 0.5);
        gate.failed(now, TOOK, refusal(0), 0.5);
        let rest = Duration::from_millis(7_700);
        assert_eq!(gate.admit(now), Err(SourceError::Resting { ready_in: rest }));
        assert_eq!(gate.allowance(now), Allowance { left: 0, ready_in: rest });
        let report = gate.report(now);
        assert_eq!(report.state, SourceState::Throttled);
        assert!((report.budget.per_minute - 30.0).abs() < 1e-9, "halved once, not twice");
        assert_eq!(gate.admit(now + rest), Ok(()));
        gate.answered(WALL, TOOK, &Harvest::default());
        assert_eq!(gate.report(now + Duration::from_secs(61)).state, SourceState::Ok);
    }

    #[test]
    fn rest_and_budget_are_kept_over_a_restart() {
        let (mut before, now) = gate("60/1m:10");
        before.admit(now).unwrap();
        before.failed(now, TOOK, refusal(600), 0.0);
        let json = serde_json::to_string(&before.memory(now, WALL)).unwrap();
        let memory = serde_json::from_str(&json).unwrap();
        let wall = WALL.plus(Duration::from_secs(100));
        let mut after = Gate::new(before.source, "60/1m:10".parse().unwrap(), Some(&memory), now, wall);
        let ready_in = Duration::from_secs(500);
        assert_eq!(after.admit(now), Err(SourceError::Resting { ready_in }));
        assert!(after.report(now).budget.per_minute < 40.0);
    }

    #[test]
    fn an_open_breaker_spends_no_budget() {
        let (mut gate, now) = gate("60/1m:60");
        for _ in 0..5 {
            gate.admit(now).unwrap();
            gate.failed(now, TOOK, SourceError::Status(500), 1.0);
        }
        let ready_in = Duration::from_secs(5);
        assert_eq!(gate.admit(now), Err(SourceError::CircuitOpen { ready_in }));
        assert_eq!(gate.report(now).state, SourceState::Down);
        let later = now + ready_in;
        assert_eq!(gate.allowance(later), Allowance { left: 1, ready_in: Duration::ZERO });
        gate.admit(later).unwrap();
        assert!(gate.admit(later).is_err(), "one probe at a time");
        gate.given_up();
        gate.admit(later).unwrap();
        gate.answered(WALL, TOOK, &Harvest::default());
        assert_eq!(gate.report(later).state, SourceState::Ok);
        assert_eq!(gate.allowance(later).left, 53, "seven were sent in this minute");
    }

    #[test]
    fn retries_are_a_tenth() {
        let (mut gate, now) = gate("1000/1s:1000");
        assert!(gate.may_retry() && !gate.may_retry());
        let retries = (0..100)
            .filter(|_| {
                gate.admit(now).unwrap();
                gate.may_retry()
            })
            .count();
        assert!((9..=10).contains(&retries), "{retries}");
    }

    #[test]
    fn nobody_asked_means_off() {
        let (mut gate, now) = gate("5/1m:3");
        let report = gate.report(now);
        assert_eq!((report.state, report.budget.left), (SourceState::Off, 3));
        assert_eq!(gate.admit(now), Ok(()));
        gate.failed(now, TOOK, SourceError::Connect, 0.0);
        assert_eq!(gate.report(now).state, SourceState::Down);
    }
}
