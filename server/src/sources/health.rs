//! What we remember of a source's behaviour, in bounded space.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use memescope::{BudgetReport, Latency, Reject, RejectCount, Requests, Source, SourceReport, SourceState, Timestamp};

use super::error::SourceError;

/// How many of the latest answers the latency is taken from.
const REMEMBERED: usize = 128;

/// The most kinds of refused values that are told apart; adapters have far fewer.
const MOST_KINDS: usize = 256;

/// The most kinds of refused values in a report.
const MOST_REPORTED: usize = 32;

/// From these latencies on a source is slow: half of its answers, or one in twenty.
const SLOW: (u64, u64) = (1_500, 4_000);

/// A source's record.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    last_ok_at: Option<Timestamp>,
    millis: VecDeque<u64>,
    requests: Requests,
    errors: BTreeMap<&'static str, u64>,
    rejects: BTreeMap<Reject, u64>,
}

impl Health {
    /// An answer came after `took` and could be read, but for some values.
    pub(super) fn answered(&mut self, at: Timestamp, took: Duration, rejects: &[Reject]) {
        self.last_ok_at = Some(at);
        self.requests.ok += 1;
        self.remember(took);
        for reject in rejects {
            if let Some(count) = self.rejects.get_mut(reject) {
                *count += 1;
            } else if self.rejects.len() < MOST_KINDS {
                self.rejects.insert(*reject, 1);
            }
        }
    }

    /// A request failed after `took`.
    pub(super) fn failed(&mut self, took: Duration, error: SourceError) {
        self.requests.failed += 1;
        self.remember(took);
        *self.errors.entry(error.kind()).or_default() += 1;
    }

    fn remember(&mut self, took: Duration) {
        if self.millis.len() == REMEMBERED {
            self.millis.pop_front();
        }
        self.millis.push_back(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    }

    /// Whether the source was ever asked.
    pub(super) fn was_asked(&self) -> bool {
        self.requests.ok + self.requests.failed > 0
    }

    /// Whether the source ever answered.
    pub(super) fn ever_answered(&self) -> bool {
        self.last_ok_at.is_some()
    }

    /// Whether the source is slower than it should be.
    pub(super) fn is_slow(&self) -> bool {
        let latency = self.latency();
        latency.p50.is_some_and(|p50| p50 >= SLOW.0) || latency.p95.is_some_and(|p95| p95 >= SLOW.1)
    }

    /// Latency of the latest answers.
    pub(super) fn latency(&self) -> Latency {
        let mut millis: Vec<u64> = self.millis.iter().copied().collect();
        millis.sort_unstable();
        let at = |percent: usize| {
            let rank = (millis.len() * percent).div_ceil(100);
            millis.get(rank.checked_sub(1)?).copied()
        };
        Latency { p50: at(50), p95: at(95) }
    }

    /// The report of a source that is in this state and has this budget. Which fields it supplies is not known here.
    pub(super) fn report(&self, source: Source, state: SourceState, budget: BudgetReport) -> SourceReport {
        let mut rejects: Vec<_> = self.rejects.iter().collect();
        rejects.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        SourceReport {
            source,
            state,
            last_ok_at: self.last_ok_at,
            latency_ms: self.latency(),
            requests: self.requests,
            errors: self.errors.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect(),
            budget,
            fields: Vec::new(),
            rejects: rejects
                .into_iter()
                .take(MOST_REPORTED)
                .map(|(reject, count)| RejectCount {
                    field: reject.field.to_owned(),
                    reason: reject.reason.to_owned(),
                    count: *count,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_latest_answers() {
        let mut health = Health::default();
        assert_eq!(health.latency(), Latency::default());
        for millis in 1..=200 {
            health.answered(Timestamp::from_secs(0), Duration::from_millis(millis), &[]);
        }
        let latency = health.latency();
        assert_eq!((latency.p50, latency.p95), (Some(136), Some(194)));
        assert!(!health.is_slow());
    }

    #[test]
    fn a_report_lists_the_most_frequent_refusals_first() {
        let mut health = Health::default();
        let reject = |field| Reject { field, reason: "not_a_number" };
        health.answered(Timestamp::from_secs(7), Duration::ZERO, &[reject("a"), reject("b")]);
        health.answered(Timestamp::from_secs(8), Duration::ZERO, &[reject("b")]);
        health.failed(Duration::from_secs(8), SourceError::Timeout);
        let report = health.report(Source::Jupiter, SourceState::Ok, BudgetReport::default());
        let counts: Vec<_> = report.rejects.iter().map(|row| (row.field.as_str(), row.count)).collect();
        assert_eq!(counts, [("b", 2), ("a", 1)]);
        assert_eq!((report.requests.ok, report.requests.failed), (2, 1));
        assert_eq!(report.errors.get("timeout"), Some(&1));
        assert_eq!(report.last_ok_at, Some(Timestamp::from_secs(8)));
        assert!(health.is_slow());
    }
}
