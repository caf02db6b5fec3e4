//! `GET /tokens/{chain}/{address}/candles`: what a token cost, interval by interval.
//!
//! Read from disk for each request, on a thread that may wait; a range that is over may be kept by the reader's cache.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use memescope::{Candle, CandleSource, Interval, Timestamp};
use serde_json::{Value, json};

use super::answer::{Answer, Head, hash_of};
use super::{Api, params, tokens};
use crate::history::Range;
use crate::problem::Problem;

/// The most candles of an answer …
pub(super) const MAX_CANDLES: usize = 1_000;

/// … and how many there are when nothing is said: as many as a chart shows.
pub(super) const DEFAULT_CANDLES: usize = 300;

/// A range that is over changes only when the past is learnt anew; one that is not, with the next price.
const CLOSED: &str = "max-age=60";
const OPEN: &str = "no-cache";

pub(super) async fn answer(
    api: &Api,
    (chain, address): (&str, &str),
    raw: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = api.board()?;
    let board = &snapshot.board;
    let range = params::candles(&params::pairs(raw)?, board.as_of)?;
    let id = tokens::token_id(chain, address)?;
    let row = board.tokens.get(&id).ok_or_else(tokens::not_on_the_board)?;
    let candles = read(api, id, range).await?;

    let source = candles.iter().map(|candle| candle.source).reduce(CandleSource::and);
    let meta = json!({
        "interval": range.interval.name(),
        "source": source,
        // What the price is of now; candles of the past may be of others.
        "pool": row.pool,
        "market": api.market(),
        "as_of": board.as_of,
    });
    let data: Vec<Value> = candles.iter().map(told).collect();
    let data = json!(data).to_string();
    let is_closed = range.is_closed(board.as_of);
    let mut head = Head::new(board, 0, if is_closed { CLOSED } else { OPEN });
    // By what is told, not by the board: most boards change nothing in it.
    head.tag(hash_of(&["candles", range.interval.name(), &data, row.pool.as_deref().unwrap_or_default()]));
    if head.is_held(headers) {
        return Ok(head.not_modified());
    }
    let body = format!("{{\"data\":{data},\"meta\":{meta}}}");
    Ok(Answer::new(head, body.into_bytes()).respond(headers))
}

async fn read(api: &Api, id: memescope::TokenId, range: Range) -> Result<Vec<Candle>, Problem> {
    let Some(history) = api.history.clone() else { return Ok(Vec::new()) };
    let fault = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "Candles cannot be read");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The history cannot be read.")
    };
    // Never closed; were it, reading without a permit would still be right.
    let _permit = api.disk.acquire().await.ok();
    match tokio::task::spawn_blocking(move || history.candles(&id, range)).await {
        Ok(Ok(candles)) => Ok(candles),
        Ok(Err(error)) => Err(fault(&error)),
        Err(error) => Err(fault(&error)),
    }
}

/// `[second, "open", "high", "low", "close", USD]`.
fn told(candle: &Candle) -> Value {
    let Candle { at, open, high, low, close, volume_usd, .. } = candle;
    // What is kept of a volume: four and a half digits.
    let volume: Option<f64> = volume_usd.and_then(|usd| format!("{usd:.4e}").parse().ok());
    json!([at.millis() / 1_000, open, high, low, close, volume])
}

/// The range of a request that names neither end.
pub(super) fn default_range(now: Timestamp) -> Range {
    Range {
        interval: Interval::M1,
        from: Timestamp::EARLIEST,
        // The candle that is forming is part of it.
        to: now.plus(Interval::D1.duration()),
        limit: DEFAULT_CANDLES,
    }
}
