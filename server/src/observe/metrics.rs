//! What is counted for Prometheus: counted where the events are named, read at `METRICS_ADDR`.
//!
//! Labels are words of ours alone, never a text from outside: no client and no token can make the numbers grow.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use memescope::feed::Channel;
use memescope::{Source, Timestamp};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::feed::FeedStats;
use crate::store::Snapshot;

/// What the process has counted since its start.
pub(super) static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

/// A label's value: a word of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Word(pub(super) &'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        EncodeLabelValue::encode(&self.0, encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answered {
    pub(super) route: Word,
    pub(super) method: Word,
    pub(super) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Route {
    pub(super) route: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Asked {
    pub(super) source: Word,
    pub(super) endpoint: Word,
    pub(super) outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfSource {
    pub(super) source: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Frame {
    pub(super) channel: Word,
    pub(super) kind: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Reason {
    pub(super) reason: Word,
}

/// Seconds, up to what a bound is worth.
fn seconds(bounds: &'static [f64]) -> Histogram {
    Histogram::new(bounds.iter().copied())
}

fn answer_seconds() -> Histogram {
    seconds(&[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0])
}

fn source_seconds() -> Histogram {
    seconds(&[0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
}

/// The counts.
#[derive(Debug)]
pub(super) struct Metrics {
    pub(super) requests: Family<Answered, Counter>,
    pub(super) request_seconds: Family<Route, Histogram, fn() -> Histogram>,
    pub(super) refused_connections: Counter,
    pub(super) refused_sockets: Family<Reason, Counter>,
    pub(super) source_requests: Family<Asked, Counter>,
    pub(super) source_seconds: Family<OfSource, Histogram, fn() -> Histogram>,
    pub(super) merge_seconds: Histogram,
    pub(super) spread: Histogram,
    pub(super) persist_seconds: Histogram,
    pub(super) compressions: Counter,
    pub(super) order_moves: Counter,
    pub(super) frames: Family<Frame, Counter>,
    pub(super) resyncs: Family<Reason, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(answer_seconds),
            refused_connections: Counter::default(),
            refused_sockets: Family::default(),
            source_requests: Family::default(),
            source_seconds: Family::new_with_constructor(source_seconds),
            merge_seconds: seconds(&[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0]),
            spread: Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0]),
            persist_seconds: seconds(&[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0]),
            compressions: Counter::default(),
            order_moves: Counter::default(),
            frames: Family::default(),
            resyncs: Family::default(),
        }
    }
}

/// The word for a method; unusual ones share one.
pub(super) fn method(method: &Method) -> Word {
    Word(match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    })
}

/// The routes that are told apart: as the router writes them. Those of the page and its files share a word.
const ROUTES: [&str; 16] = [
    "/tokens",
    "/tokens/query",
    "/tokens/{chain}/{address}",
    "/tokens/{chain}/{address}/pools",
    "/tokens/{chain}/{address}/candles",
    "/search",
    "/meta",
    "/sources",
    "/events",
    "/openapi.json",
    "/health",
    "/livez",
    "/readyz",
    "/problems/{code}",
    "/ws",
    "/stream",
];

/// The word for a route; those of the page and its files share one, and so do unknown ones.
pub(super) fn route(path: Option<&str>) -> Word {
    let known = path.and_then(|path| ROUTES.iter().find(|route| **route == path));
    Word(known.copied().unwrap_or(if path.is_some() { "page" } else { "other" }))
}

/// The status of an answer; a code that nobody knows is 0.
pub(super) fn status(status: StatusCode) -> u16 {
    if status.canonical_reason().is_some() { status.as_u16() } else { 0 }
}

/// The word for a channel.
pub(super) fn channel(channel: Channel) -> Word {
    Word(match channel {
        Channel::List => "list",
        Channel::Rows => "rows",
        Channel::Events => "events",
        Channel::Status => "status",
    })
}

/// What is so now, asked when somebody reads.
#[derive(Debug)]
pub(super) struct Now<'a> {
    pub(super) at: Timestamp,
    pub(super) snapshot: &'a Snapshot,
    pub(super) feed: FeedStats,
    pub(super) budgets: Vec<(Source, u32)>,
}

impl Metrics {
    /// Everything in the text format of Prometheus.
    pub(super) fn text(&self, now: &Now<'_>) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = Gauge::<u64, AtomicU64>::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        };
        let board = &now.snapshot.board;
        let age = now.at.since(board.as_of);
        gauge("snapshot_seq", "Seq of the published board", board.seq);
        gauge("snapshot_age_seconds", "Age of the published board", age.as_secs());
        gauge("snapshot_tokens", "Rows of the published board", board.tokens.len() as u64);
        gauge("ws_connections", "Open sockets of the feed", now.feed.sockets);
        gauge("ws_subscriptions", "Open subscriptions of the feed", now.feed.subs);
        gauge("ws_views", "Distinct views that somebody watches", now.feed.views);
        let mut count = |name: &str, help: &str, value: u64| {
            let counter = Counter::<u64, AtomicU64>::default();
            counter.inc_by(value);
            registry.register(name, help, counter);
        };
        count(
            "rows_printed",
            "Rows to be printed as JSON, once each: those that are new or changed",
            now.snapshot.printed,
        );
        count("ws_sent_bytes", "Bytes of frames sent", now.feed.bytes_sent);
        count("ws_conflated", "Frames of several steps, for readers that were late", now.feed.conflated);
        count("ws_lagged", "Snapshots for readers that were too late for that", now.feed.lagged);
        count("ws_dropped_slow", "Sockets dropped because nothing could be written", now.feed.dropped_slow);
        count("ws_closed_for_cause", "Sockets closed for what their clients did", now.feed.closed_for_cause);
        let budgets = Family::<OfSource, Gauge<u64, AtomicU64>>::default();
        for (source, left) in &now.budgets {
            budgets.get_or_create(&OfSource { source: Word(source.name()) }).set(u64::from(*left));
        }
        registry.register("source_budget_remaining", "Requests that may be made now", budgets);
        let build = Info::new(vec![
            ("version", env!("CARGO_PKG_VERSION")),
            ("commit", option_env!("MEMESCOPE_COMMIT").unwrap_or("unknown")),
        ]);
        registry.register("build", "What was built", build);
        self.register(&mut registry);
        let mut text = String::with_capacity(16 * 1024);
        encode(&mut text, &registry)?;
        Ok(text)
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Answered requests", self.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "From a request to the head of its answer",
            self.request_seconds.clone(),
        );
        registry.register(
            "http_connections_refused",
            "Connections for which there was no place",
            self.refused_connections.clone(),
        );
        registry.register("ws_refused", "Sockets for which there was no place", self.refused_sockets.clone());
        registry.register("source_requests", "Requests to the sources", self.source_requests.clone());
        registry.register("source_latency_seconds", "How long the sources took", self.source_seconds.clone());
        registry.register("merge_duration_seconds", "Merging and comparing, each tick", self.merge_seconds.clone());
        registry.register("price_spread_ratio", "How far apart the sources' prices of a row are", self.spread.clone());
        registry.register("persist_duration_seconds", "Writing the state file", self.persist_seconds.clone());
        registry.register("compressions", "Answers packed: once a form and snapshot", self.compressions.clone());
        registry.register(
            "order_moves",
            "Rows put to a place in the order of a watched list",
            self.order_moves.clone(),
        );
        registry.register("ws_frames_sent", "Frames sent", self.frames.clone());
        registry.register("ws_resyncs", "Whole states sent again", self.resyncs.clone());
    }
}

/// Adds a time to a histogram.
pub(super) fn observe(histogram: &Histogram, took: Duration) {
    histogram.observe(took.as_secs_f64());
}
