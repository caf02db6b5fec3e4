//! The paths below `/dexscreener`.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;

use super::{Parameters, parameter};
use crate::market::http::{dexscreener_bad_request, json};
use crate::market::lists::Lists;
use crate::market::{Market, dexscreener, sim};

const PAIRS: &str = "public, max-age=30";
const FEEDS: &str = "public, max-age=60";

/// An answer about pairs: made at this moment, or by the original's cache up to half a minute ago where the market is
/// adversarial.
fn answer(
    market: &Market,
    question: &str,
    cache: &'static str,
    make: impl FnOnce(&sim::Market, i64) -> Option<Vec<u8>>,
) -> Response {
    let (body, age) = market.read(|market| {
        let age = market.answer_age(question, if market.is_adversarial() { 30 } else { 1 });
        (make(market, market.now() - age), age)
    });
    body.map_or_else(dexscreener_bad_request, |body| json(body, cache, age))
}

fn feed(market: &Market, make: impl FnOnce(&sim::Market, &Lists) -> Vec<u8>) -> Response {
    json(market.read_lists(make), FEEDS, 0)
}

pub(super) fn paths() -> Router<Market> {
    Router::new()
        .route(
            "/latest/dex/search",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let query = parameter(&q, "q");
                answer(&market, query, FEEDS, |market, at| Some(dexscreener::search(market, query, at)))
            }),
        )
        .route(
            "/tokens/v1/{chain}/{addresses}",
            get(async |State(market): State<Market>, Path((chain, addresses)): Path<(String, String)>| {
                let make = |market: &sim::Market, at| Some(dexscreener::tokens(market, &chain, &addresses, at));
                answer(&market, &addresses, PAIRS, make)
            }),
        )
        .route(
            "/token-pairs/v1/{chain}/{token}",
            get(async |State(market): State<Market>, Path((chain, token)): Path<(String, String)>| {
                let make = |market: &sim::Market, at| Some(dexscreener::token_pairs(market, &chain, &token, at));
                answer(&market, &token, PAIRS, make)
            }),
        )
        .route(
            "/latest/dex/pairs/{chain}/{pairs}",
            get(async |State(market): State<Market>, Path((chain, pairs)): Path<(String, String)>| {
                let make = |market: &sim::Market, at| dexscreener::latest_pairs(market, &chain, &pairs, at);
                answer(&market, &pairs, PAIRS, make)
            }),
        )
        .route(
            "/latest/dex/tokens/{addresses}",
            get(async |State(market): State<Market>, Path(addresses): Path<String>| {
                let make = |market: &sim::Market, at| Some(dexscreener::latest_tokens(market, &addresses, at));
                answer(&market, &addresses, PAIRS, make)
            }),
        )
        .route(
            "/token-profiles/latest/v1",
            get(async |State(market): State<Market>| feed(&market, dexscreener::profiles)),
        )
        .route(
            "/token-boosts/latest/v1",
            get(async |State(market): State<Market>| {
                feed(&market, |market, lists| dexscreener::boosts(market, lists, false))
            }),
        )
        .route(
            "/token-boosts/top/v1",
            get(async |State(market): State<Market>| {
                feed(&market, |market, lists| dexscreener::boosts(market, lists, true))
            }),
        )
}
