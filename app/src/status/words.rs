//! What the status page says, as texts: the same on the server and in the browser.

use leptos::prelude::*;
use memescope::format::{self, UNKNOWN};
use memescope::{SourceReport, SourceState, Timestamp};

use crate::board_state::BoardState;

/// The lines about a source, below its state.
pub(super) const LABELS: [&str; 7] =
    ["Last answer", "Latency", "Requests", "Failures", "Budget", "Rows given", "Fields"];

/// Which of them is the budget.
pub(super) const BUDGET: usize = 4;

/// The lines about the board.
pub(super) const BOARD_LABELS: [&str; 6] = ["Market", "Tokens", "Changes so far", "Last change", "Freshness", "SOL"];

/// Whether a source gives what it should.
pub(super) fn is_well(report: &SourceReport) -> bool {
    matches!(report.state, SourceState::Ok | SourceState::Off)
}

/// The state of a source, then a text for each of [`LABELS`].
pub(super) fn source(report: Option<&SourceReport>, now: Timestamp) -> [String; LABELS.len() + 1] {
    let Some(report) = report else {
        let mut cells = [const { String::new() }; LABELS.len() + 1].map(|_| UNKNOWN.to_owned());
        "not asked yet".clone_into(&mut cells[0]);
        return cells;
    };
    [
        state(report).to_owned(),
        report.last_ok_at.map_or_else(|| "never".to_owned(), |at| moment(at, now)),
        latency(report),
        format!("{} answered, {} failed", format::count(report.requests.ok), format::count(report.requests.failed)),
        failures(report),
        budget(report),
        rows(report, now),
        if report.fields.is_empty() { UNKNOWN.to_owned() } else { fields(&report.fields) },
    ]
}

/// The fields in the words of the page: `price in USD, holders`.
fn fields(names: &[String]) -> String {
    names.iter().map(|name| field(name)).collect::<Vec<_>>().join(", ")
}

/// A field in words: its name without the joints, and units as they are written.
pub(super) fn field(name: &str) -> String {
    let words = name.split('_').map(|word| match word {
        "usd" => "in USD",
        "sol" => "in SOL",
        "pct" => "in percent",
        "txns" => "transactions",
        "fdv" => "fully diluted value",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn state(report: &SourceReport) -> &'static str {
    match report.state {
        SourceState::Ok => "answers",
        SourceState::Slow => "answers late",
        SourceState::Throttled => "told us to wait",
        SourceState::Down if report.rows.empty_in_a_row > 0 => "answers with nothing",
        SourceState::Down => "does not answer",
        SourceState::Off => "not asked yet",
    }
}

/// `21:55:03 UTC, 1.4 s ago`
fn moment(at: Timestamp, now: Timestamp) -> String {
    format!("{} UTC, {} ago", format::clock(at, 0), format::lag(now.since(at)))
}

fn latency(report: &SourceReport) -> String {
    match (report.latency_ms.p50, report.latency_ms.p95) {
        (Some(p50), Some(p95)) => {
            format!("half within {} ms, 19 of 20 within {} ms", format::count(p50), format::count(p95))
        }
        _ => UNKNOWN.to_owned(),
    }
}

fn failures(report: &SourceReport) -> String {
    if report.errors.is_empty() {
        return "none".to_owned();
    }
    let kinds =
        report.errors.iter().map(|(kind, times)| format!("{} {}×", kind.replace('_', " "), format::count(*times)));
    kinds.collect::<Vec<_>>().join(", ")
}

/// `2 of 4 used, 2 left; 24 a minute`
fn budget(report: &SourceReport) -> String {
    let budget = report.budget;
    let used = budget.burst.saturating_sub(budget.left);
    format!("{used} of {} used, {} left; {} a minute", budget.burst, budget.left, tenths(budget.per_minute))
}

/// A small number with one decimal at most: `24`, `4.5`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and a rate is positive")]
fn tenths(number: f64) -> String {
    let tenths = (number * 10.0).round() as u64;
    match tenths % 10 {
        0 => format::count(tenths / 10),
        rest => format!("{}.{rest}", format::count(tenths / 10)),
    }
}

/// How much of the budget is left, percent.
pub(super) fn budget_left(report: Option<&SourceReport>) -> u32 {
    let Some(budget) = report.map(|report| report.budget).filter(|budget| budget.burst > 0) else { return 0 };
    u32::try_from(u64::from(budget.left) * 100 / u64::from(budget.burst)).unwrap_or(100).min(100)
}

fn rows(report: &SourceReport, now: Timestamp) -> String {
    let rows = report.rows;
    let count = format::count;
    let told = match rows.last_at {
        Some(at) => format!("{} in all, the last {} ago", count(rows.told), format::lag(now.since(at))),
        None => format!("{} in all", count(rows.told)),
    };
    let empty = match (rows.empty_answers, rows.empty_in_a_row) {
        (0, _) => String::new(),
        (empty, 0 | 1) => format!("; {} empty answers", count(empty)),
        (empty, last) => format!("; {} empty answers, the last {} in a row", count(empty), count(last)),
    };
    told + &empty
}

/// A text for each of [`BOARD_LABELS`].
pub(super) fn board(state: BoardState) -> [String; BOARD_LABELS.len()] {
    let (now, facts) = (state.now.get(), state.board.get());
    let freshness = if state.stale.get() {
        format!("no source has answered for {}", format::span_words(state.sources_silent_for()))
    } else {
        "sources answer".to_owned()
    };
    [
        if state.demo.get() { "demo: every number is simulated" } else { "live" }.to_owned(),
        format::count(facts.tokens),
        format::count(facts.seq),
        moment(state.as_of.get(), now),
        freshness,
        state.sol_usd.get().map_or_else(|| UNKNOWN.to_owned(), |usd| format::price(usd).plain()),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use memescope::{BudgetReport, Latency, Requests, RowsReport, Source};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_384_505_401);

    fn report() -> SourceReport {
        SourceReport {
            source: Source::Jupiter,
            state: SourceState::Throttled,
            last_ok_at: Some(NOW.minus(Duration::from_millis(1_400))),
            latency_ms: Latency { p50: Some(120), p95: Some(1_410) },
            requests: Requests { ok: 1_204, failed: 3 },
            errors: BTreeMap::from([("status_5xx".to_owned(), 1), ("timeout".to_owned(), 2)]),
            budget: BudgetReport { per_minute: 22.48, left: 1, burst: 4 },
            rows: RowsReport {
                told: 48_120,
                last_at: Some(NOW.minus(Duration::from_secs(2))),
                empty_answers: 3,
                empty_in_a_row: 0,
            },
            fields: vec!["price_usd".to_owned(), "holders".to_owned()],
            rejects: Vec::new(),
        }
    }

    #[test]
    fn a_source_is_told_in_words() {
        let expected = [
            "told us to wait",
            "21:55:04 UTC, 1.4 s ago",
            "half within 120 ms, 19 of 20 within 1,410 ms",
            "1,204 answered, 3 failed",
            "status 5xx 1×, timeout 2×",
            "3 of 4 used, 1 left; 22.5 a minute",
            "48,120 in all, the last 2.0 s ago; 3 empty answers",
            "price in USD, holders",
        ];
        assert_eq!(source(Some(&report()), NOW), expected);
        assert_eq!(budget_left(Some(&report())), 25);
    }

    #[test]
    fn what_is_not_known_is_never_a_zero() {
        let mut new = SourceReport { last_ok_at: None, latency_ms: Latency::default(), fields: Vec::new(), ..report() };
        new.rows = RowsReport::default();
        new.errors.clear();
        let cells = source(Some(&new), NOW);
        assert_eq!([&cells[1], &cells[2], &cells[4], &cells[6], &cells[7]], ["never", "—", "none", "0 in all", "—"]);
        let nobody = source(None, NOW);
        assert_eq!((nobody[0].as_str(), nobody[1..].iter().all(|cell| cell == "—")), ("not asked yet", true));
        assert_eq!(budget_left(None), 0);
    }

    #[test]
    fn a_source_without_anything_to_tell_is_no_source_that_is_silent() {
        for (state, empty_in_a_row, words, well) in [
            (SourceState::Ok, 0, "answers", true),
            (SourceState::Slow, 0, "answers late", false),
            (SourceState::Down, 0, "does not answer", false),
            (SourceState::Down, 12, "answers with nothing", false),
            (SourceState::Off, 0, "not asked yet", true),
        ] {
            let mut report = SourceReport { state, ..report() };
            report.rows.empty_in_a_row = empty_in_a_row;
            assert_eq!((source(Some(&report), NOW)[0].as_str(), is_well(&report)), (words, well));
        }
    }
}
