//! When a source's state is worth an event.

use std::collections::BTreeMap;

use memescope::{Event, EventKind, Source, SourceReport, SourceState, Timestamp};

/// What was last told of each source.
#[derive(Debug, Default)]
pub(super) struct States(BTreeMap<Source, Told>);

#[derive(Clone, Copy, Debug)]
struct Told {
    state: SourceState,
    /// When it was told as an event.
    at: Option<Timestamp>,
}

impl States {
    /// Takes the states for known: before and at the first commit after a start.
    pub(super) fn begin(&mut self, reports: &[SourceReport]) {
        for report in reports {
            self.0.insert(report.source, Told { state: report.state, at: None });
        }
    }

    /// The events that new reports raise.
    ///
    /// A source that was told less than a minute ago is told at the end of the minute, with the state that it then has,
    /// if that is another one. The first state of a source that was not asked before is no change.
    pub(super) fn events(&mut self, reports: &[SourceReport], now: Timestamp) -> Vec<EventKind> {
        reports.iter().filter_map(|report| self.event(report, now)).collect()
    }

    fn event(&mut self, report: &SourceReport, now: Timestamp) -> Option<EventKind> {
        let SourceReport { source, state, .. } = *report;
        let told = self.0.entry(source).or_insert(Told { state, at: None });
        if told.state == SourceState::Off {
            told.state = state;
        }
        let waits = told.at.is_some_and(|at| now.since(at) < Event::PAUSE);
        if told.state == state || waits {
            return None;
        }
        let prev_state = std::mem::replace(told, Told { state, at: Some(now) }).state;
        Some(EventKind::SourceState { source, state, prev_state })
    }
}

#[cfg(test)]
mod tests {
    use memescope::SourceState::{Down, Off, Ok, Slow, Throttled};
    use memescope::{BudgetReport, Latency, Requests, RowsReport};

    use super::*;

    fn report(source: Source, state: SourceState) -> SourceReport {
        SourceReport {
            source,
            state,
            last_ok_at: None,
            latency_ms: Latency::default(),
            requests: Requests::default(),
            errors: BTreeMap::new(),
            budget: BudgetReport::default(),
            rows: RowsReport::default(),
            fields: Vec::new(),
            rejects: Vec::new(),
        }
    }

    /// What is told while Jupiter goes through these states, ten seconds each: when, from what, to what.
    fn told(course: &[SourceState]) -> Vec<(usize, SourceState, SourceState)> {
        let mut states = States::default();
        let mut told = Vec::new();
        for (step, state) in course.iter().enumerate() {
            let now = Timestamp::from_secs(1_000 + 10 * i64::try_from(step).unwrap_or_default());
            let reports = [report(Source::Dexscreener, Ok), report(Source::Jupiter, *state)];
            if step == 0 {
                states.begin(&reports);
                continue;
            }
            for event in states.events(&reports, now) {
                let EventKind::SourceState { source: Source::Jupiter, state, prev_state } = event else {
                    unreachable!("only Jupiter changes: {event:?}")
                };
                told.push((step * 10, prev_state, state));
            }
        }
        told
    }

    #[test]
    fn a_change_is_told_at_once_and_a_flapping_source_once_a_minute() {
        for (course, expected) in [
            (vec![Ok, Ok, Ok], vec![]),
            (vec![Ok, Down, Down], vec![(10, Ok, Down)]),
            (vec![Down, Down, Ok], vec![(20, Down, Ok)]),
            // Six changes in the minute after the first; at its end the last state is told.
            (vec![Ok, Down, Ok, Down, Ok, Slow, Throttled, Slow, Slow], vec![(10, Ok, Down), (70, Down, Slow)]),
            // At its end all is as it was told.
            (vec![Ok, Down, Ok, Down, Ok, Ok, Ok, Down, Down], vec![(10, Ok, Down)]),
            // Recovered within the minute, and still well at its end.
            (vec![Ok, Down, Ok, Ok, Ok, Ok, Ok, Ok], vec![(10, Ok, Down), (70, Down, Ok)]),
            // Nobody had asked it.
            (vec![Off, Off, Ok, Slow], vec![(30, Ok, Slow)]),
            (vec![Off, Down, Ok], vec![(20, Down, Ok)]),
        ] {
            assert_eq!(told(&course), expected, "{course:?}");
        }
    }

    #[test]
    fn each_source_has_a_minute_of_its_own() {
        let mut states = States::default();
        states.begin(&Source::ALL.map(|source| report(source, Ok)));
        let now = Timestamp::from_secs(1_000);
        assert_eq!(states.events(&[report(Source::Jupiter, Down)], now).len(), 1);
        let both = [report(Source::Jupiter, Ok), report(Source::Dexscreener, Slow)];
        let expected = EventKind::SourceState { source: Source::Dexscreener, state: Slow, prev_state: Ok };
        assert_eq!(states.events(&both, now), [expected]);
    }
}
