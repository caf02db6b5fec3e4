//! What we remember of a source's behaviour, in bounded space.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use memescope::{
    BudgetReport, Harvest, Latency, Reject, RejectCount, Requests, RowsReport, Source, SourceReport, SourceState,
    Timestamp,
};

use super::error::SourceError;

/// How many of the latest answers the latency is taken from.
const REMEMBERED: usize = 128;

/// The most kinds of refused values that are told apart; adapters have far fewer.
const MOST_KINDS: usize = 256;

/// The most kinds of refused values in a report.
const MOST_REPORTED: usize = 32;

/// From these latencies on a source is slow: half of its answers, or one in twenty.
const SLOW: (u64, u64) = (1_500, 4_000);

/// So many answers in a row without a row …
const BARREN_ANSWERS: u64 = 10;

/// … over this time say that the source has nothing for us any more. Some questions have honest empty answers, but the
/// lists that are read in between have none.
const BARREN_FOR: Duration = Duration::from_secs(300);

/// A source's record.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    last_ok_at: Option<Timestamp>,
    millis: VecDeque<u64>,
    requests: Requests,
    errors: BTreeMap<&'static str, u64>,
    rows: RowsReport,
    /// When the answers in a row without a row began: with the last row, or with the first of them.
    barren_since: Option<Timestamp>,
    rejects: BTreeMap<Reject, u64>,
}

impl Health {
    /// An answer came after `took` and could be read, but for some values.
    pub(super) fn answered(&mut self, at: Timestamp, took: Duration, harvest: &Harvest) {
        self.last_ok_at = Some(at);
        self.requests.ok += 1;
        self.remember(took);
        self.count_rows(at, harvest.rows());
        for reject in &harvest.rejects {
            if let Some(count) = self.rejects.get_mut(reject) {
                *count += 1;
            } else if self.rejects.len() < MOST_KINDS {
                self.rejects.insert(*reject, 1);
            }
        }
    }

    fn count_rows(&mut self, at: Timestamp, rows: usize) {
        if rows > 0 {
            self.rows.told += rows as u64;
            self.rows.last_at = Some(at);
            self.rows.empty_in_a_row = 0;
            self.barren_since = Some(at);
        } else {
            self.rows.empty_answers += 1;
            self.rows.empty_in_a_row += 1;
            self.barren_since.get_or_insert(at);
        }
    }

    /// Whether the source has answered for long, and never with a row.
    pub(super) fn is_barren(&self) -> bool {
        let lasted = self.last_ok_at.zip(self.barren_since).map(|(last, since)| last.since(since));
        self.rows.empty_in_a_row >= BARREN_ANSWERS && lasted.is_some_and(|lasted| lasted >= BARREN_FOR)
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
            rows: self.rows,
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
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::{Statement, TokenObservation};

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_latest_answers() {
        let mut health = Health::default();
        assert_eq!(health.latency(), Latency::default());
        for millis in 1..=200 {
            health.answered(Timestamp::from_secs(0), Duration::from_millis(millis), &Harvest::default());
        }
        let latency = health.latency();
        assert_eq!((latency.p50, latency.p95), (Some(136), Some(194)));
        assert!(!health.is_slow());
    }

    #[test]
    fn a_report_lists_the_most_frequent_refusals_first() {
        let mut health = Health::default();
        let refusing = |fields: &[&'static str]| {
            let rejects = fields.iter().map(|field| Reject { field, reason: "not_a_number" });
            Harvest { rejects: rejects.collect(), ..Harvest::default() }
        };
        health.answered(Timestamp::from_secs(7), Duration::ZERO, &refusing(&["a", "b"]));
        health.answered(Timestamp::from_secs(8), Duration::ZERO, &refusing(&["b"]));
        health.failed(Duration::from_secs(8), SourceError::Timeout);
        let report = health.report(Source::Jupiter, SourceState::Ok, BudgetReport::default());
        let counts: Vec<_> = report.rejects.iter().map(|row| (row.field.as_str(), row.count)).collect();
        assert_eq!(counts, [("b", 2), ("a", 1)]);
        assert_eq!((report.requests.ok, report.requests.failed), (2, 1));
        assert_eq!(report.errors.get("timeout"), Some(&1));
        assert_eq!(report.last_ok_at, Some(Timestamp::from_secs(8)));
        assert!(health.is_slow());
    }

    #[test]
    fn a_source_that_tells_nothing_for_long_is_barren_until_it_tells_something() {
        let token = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
        let said = TokenObservation::new(Source::Jupiter, Statement::Price, token, Timestamp::from_secs(0));
        let full = Harvest { tokens: vec![said], ..Harvest::default() };
        let empty = Harvest::default();
        for (every, answers, barren) in
            [(60, 5, false), (1, 200, false), (30, 9, false), (30, 10, true), (30, 50, true)]
        {
            for begins_full in [true, false] {
                let mut health = Health::default();
                let mut at = 1_000;
                let mut answer = |health: &mut Health, harvest: &Harvest| {
                    health.answered(Timestamp::from_secs(at), Duration::ZERO, harvest);
                    at += every;
                };
                if begins_full {
                    answer(&mut health, &full);
                }
                // The time counts from the last row, else from the first answer.
                for _ in 0..answers + i64::from(!begins_full) {
                    answer(&mut health, &empty);
                }
                assert_eq!(health.is_barren(), barren, "{every} {answers} {begins_full}");
                answer(&mut health, &full);
                assert!(!health.is_barren());
                let rows = health.report(Source::Jupiter, SourceState::Ok, BudgetReport::default()).rows;
                let empty_answers = u64::try_from(answers).unwrap() + u64::from(!begins_full);
                assert_eq!(
                    (rows.told, rows.empty_answers, rows.empty_in_a_row),
                    (1 + u64::from(begins_full), empty_answers, 0)
                );
                assert!(rows.last_at.is_some());
            }
        }
    }
}
