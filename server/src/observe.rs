//! Named events: what is said of them in the log stands here, beside what is counted of them.

mod listen;
pub mod logging;
mod metrics;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use memescope::feed::{Channel, compact};
use memescope::{Delta, Field, Seq, Source, SourceState};
use tokio::time::Instant;

pub use self::listen::MetricsListener;
use self::metrics::{Answered, Asked, Frame, METRICS, OfSource, Reason, Route, Word};
use crate::poller::TickSummary;
use crate::sources::SourceError;

/// The server answers from now on.
pub fn started(address: SocketAddr, market: &str) {
    tracing::info!(%address, market, version = env!("CARGO_PKG_VERSION"), "Started");
}

/// The server has come to rest.
pub fn stopped() {
    tracing::info!("Stopped");
}

/// A tick came to its end.
pub fn tick_finished(seq: Seq, took: Duration, summary: &TickSummary) {
    tracing::debug!(
        board.seq = seq,
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        requests = summary.requests,
        answers = summary.answers,
        failures = summary.failures,
        changed = summary.changed,
        removed = summary.removed,
        "Finished a tick"
    );
}

/// The next board was made of what is known.
pub fn merged(delta: &Delta, took: Duration) {
    metrics::observe(&METRICS.merge_seconds, took);
    for token in &delta.upserts {
        let price = token.provenance.fields.get(&Field::PriceUsd);
        if let Some(spread) = price.and_then(|price| price.spread_pct) {
            METRICS.spread.observe(spread / 100.0);
        }
    }
}

/// A source gave an answer that can be read.
pub fn source_answered(source: Source, endpoint: &'static str) {
    count_source(source, endpoint, "ok");
}

/// A request to a source failed; the tick goes on without it.
pub fn source_failed(source: Source, endpoint: &'static str, error: &SourceError) {
    count_source(source, endpoint, error.kind());
    tracing::warn!(
        source.name = source.name(),
        source.endpoint = endpoint,
        error.kind = error.kind(),
        %error,
        "A source gave no answer"
    );
}

fn count_source(source: Source, endpoint: &'static str, outcome: &'static str) {
    let asked = Asked { source: Word(source.name()), endpoint: Word(endpoint), outcome: Word(outcome) };
    METRICS.source_requests.get_or_create(&asked).inc();
}

/// A source took so long, whatever came of it.
pub fn source_took(source: Source, took: Duration) {
    metrics::observe(&METRICS.source_seconds.get_or_create(&OfSource { source: Word(source.name()) }), took);
}

/// A source's state is another one.
pub fn source_changed(source: Source, before: SourceState, after: SourceState) {
    if after == SourceState::Ok {
        tracing::info!(source.name = source.name(), ?before, "A source can be relied on again");
    } else {
        tracing::warn!(source.name = source.name(), ?before, ?after, "A source cannot be relied on");
    }
}

/// The state was written: what changed, or all of it.
pub fn persisted(size_bytes: usize, took: Duration) {
    metrics::observe(&METRICS.persist_seconds, took);
    tracing::debug!(size_bytes, duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "Wrote the state");
}

/// A connection found no place.
pub fn connection_refused() {
    METRICS.refused_connections.inc();
    tracing::debug!("Refused a connection: too many are open");
}

/// A socket of the feed found no place.
pub fn socket_refused(reason: &'static str) {
    METRICS.refused_sockets.get_or_create(&Reason { reason: Word(reason) }).inc();
    tracing::debug!(reason, "Refused a socket");
}

/// Nothing could be written to a socket for too long.
pub fn slow_reader_dropped() {
    tracing::info!("Dropped a slow reader");
}

/// An answer was packed.
pub(crate) fn packed() {
    METRICS.compressions.inc();
}

/// Rows were put to their places in the order of a watched list.
pub(crate) fn order_moved(rows: usize) {
    METRICS.order_moves.inc_by(rows as u64);
}

/// A frame goes out: JSON, or bytes of the compact subprotocol, which no JSON begins with.
pub(crate) fn frame_sent(frame: &[u8]) {
    let (channel, kind) = match compact::sort_of(frame) {
        Some((channel, kind)) => (channel.map_or(Word("none"), metrics::channel), Word(kind)),
        None => named(beginning(frame)),
    };
    METRICS.frames.get_or_create(&Frame { channel, kind }).inc();
}

/// A subscriber is sent its whole state again.
pub(crate) fn resynced(reason: &'static str) {
    METRICS.resyncs.get_or_create(&Reason { reason: Word(reason) }).inc();
}

/// Enough of a frame to tell its kind and subscription; the rest need not be looked at.
fn beginning(frame: &[u8]) -> &str {
    let bytes = &frame[..frame.len().min(160)];
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// The channel and the kind of a frame, by how it begins. The names of views are ours; a subscription to rows is named by
/// its client, and is what remains.
fn named(text: &str) -> (Word, Word) {
    const KINDS: [(&str, &str); 5] = [
        ("snapshot", "snapshot"),
        ("delta", "delta"),
        ("event", "event"),
        ("status", "status"),
        ("heartbeat", "heartbeat"),
    ];
    let kind = text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split_once('"'));
    let Some((kind, rest)) = kind else { return (Word("none"), Word("other")) };
    let word = KINDS.iter().find(|(name, _)| *name == kind).map_or("other", |(_, word)| *word);
    let channel = match word {
        "event" => metrics::channel(Channel::Events),
        "status" => metrics::channel(Channel::Status),
        "snapshot" | "delta" => {
            let sub = rest.strip_prefix(r#","sub":""#).and_then(|rest| rest.split_once('"')).map_or("", |(sub, _)| sub);
            let is_list = sub.len() == 17 && sub.starts_with('l');
            metrics::channel(if is_list { Channel::List } else { Channel::Rows })
        }
        _ => Word("none"),
    };
    (channel, Word(word))
}

/// Counts the answers of all routes, refusals included. The routes must be known: layers around them may be.
pub fn counting(router: Router) -> Router {
    router.layer(from_fn(count_answer))
}

async fn count_answer(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (method, began) = (request.method().clone(), Instant::now());
    let response = next.run(request).await;
    answered(route.as_ref().map(MatchedPath::as_str), &method, response.status(), began.elapsed());
    response
}

/// A route, as the router writes it, gave an answer; `None` where none is known.
pub(crate) fn answered(route: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
    let (route, method, status) = (metrics::route(route), metrics::method(method), metrics::status(status));
    metrics::observe(&METRICS.request_seconds.get_or_create(&Route { route }), took);
    METRICS.requests.get_or_create(&Answered { route, method, status }).inc();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_named_by_how_they_begin() {
        for (text, channel, kind) in [
            (r#"{"type":"delta","sub":"l0834e4ac8d7f8c81","prev":1}"#, "list", "delta"),
            (r#"{"type":"snapshot","sub":"a0834e4ac8d7f8c81","epoch":"7"}"#, "rows", "snapshot"),
            (r#"{"type":"delta","sub":"anything \" a client wrote","prev":1}"#, "rows", "delta"),
            (r#"{"type":"event","event":"price:update"}"#, "events", "event"),
            (r#"{"type":"status","sources":[]}"#, "status", "status"),
            (r#"{"type":"heartbeat","seq":1}"#, "none", "heartbeat"),
            (r#"{"type":"pong"}"#, "none", "other"),
            ("", "none", "other"),
        ] {
            assert_eq!(named(text), (Word(channel), Word(kind)), "{text}");
        }
    }
}
