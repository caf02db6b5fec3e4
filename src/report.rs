//! How a source is doing, as `GET /sources` and the page show it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Source, Timestamp};

/// Whether a source can be relied on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// Answers.
    Ok,
    /// Answers late.
    Slow,
    /// Told us to wait.
    Throttled,
    /// Does not answer, or for long with nothing.
    Down,
    /// Not asked.
    Off,
}

/// How a source is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceReport {
    /// The source.
    pub source: Source,
    /// Whether it can be relied on now.
    pub state: SourceState,
    /// When it last gave a good answer.
    pub last_ok_at: Option<Timestamp>,
    /// Of recent requests.
    pub latency_ms: Latency,
    /// Since the start.
    pub requests: Requests,
    /// Failures by kind, since the start.
    pub errors: BTreeMap<String, u64>,
    /// What may be asked.
    pub budget: BudgetReport,
    /// What its answers held.
    pub rows: RowsReport,
    /// Fields of the row that it supplies.
    pub fields: Vec<String>,
    /// Values that were refused, by field and reason.
    pub rejects: Vec<RejectCount>,
}

/// How long recent requests took, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Latency {
    /// Half were faster.
    pub p50: Option<u64>,
    /// Nineteen of twenty were faster.
    pub p95: Option<u64>,
}

/// How many requests were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Requests {
    /// With a good answer.
    pub ok: u64,
    /// Without.
    pub failed: u64,
}

/// What may be asked of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BudgetReport {
    /// Requests a minute, as configured or as learnt.
    pub per_minute: f64,
    /// Requests that could be made at once.
    pub left: u32,
    /// The most that may be made at once.
    pub burst: u32,
}

/// What a source's answers held: a source can answer well and tell nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RowsReport {
    /// Pools and statements about tokens that could be read, since the start.
    pub told: u64,
    /// When the last of them came.
    pub last_at: Option<Timestamp>,
    /// Answers without any, since the start.
    pub empty_answers: u64,
    /// Answers without any since the last one that had some.
    pub empty_in_a_row: u64,
}

/// How often a field was refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RejectCount {
    /// The field in the source's spelling.
    pub field: String,
    /// Why.
    pub reason: String,
    /// How often, since the start.
    pub count: u64,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_written_and_read_alike() {
        let report = SourceReport {
            source: Source::Jupiter,
            state: SourceState::Throttled,
            last_ok_at: Some(Timestamp::from_secs(1_795_384_503)),
            latency_ms: Latency { p50: Some(120), p95: None },
            requests: Requests { ok: 7, failed: 2 },
            errors: BTreeMap::from([("timeout".to_owned(), 2)]),
            budget: BudgetReport { per_minute: 24.0, left: 3, burst: 4 },
            rows: RowsReport { told: 140, last_at: None, empty_answers: 2, empty_in_a_row: 1 },
            fields: Vec::new(),
            rejects: vec![RejectCount { field: "usdPrice".into(), reason: "not_a_number".into(), count: 3 }],
        };
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(
            json,
            r#"{"source":"jupiter","state":"throttled","last_ok_at":"2026-11-22T21:55:03.000Z","latency_ms":{"p50":120,"p95":null},"requests":{"ok":7,"failed":2},"errors":{"timeout":2},"budget":{"per_minute":24.0,"left":3,"burst":4},"rows":{"told":140,"last_at":null,"empty_answers":2,"empty_in_a_row":1},"fields":[],"rejects":[{"field":"usdPrice","reason":"not_a_number","count":3}]}"#
        );
        assert_eq!(serde_json::from_str::<SourceReport>(&json).unwrap(), report);
    }
}
