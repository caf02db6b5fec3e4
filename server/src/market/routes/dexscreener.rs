//! The paths below `/dexscreener`.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::{Parameters, parameter};
use crate::market::http::{dexscreener_bad_request, json};
use crate::market::{Market, dexscreener};

pub(super) fn paths() -> Router<Market> {
    const PAIRS: &str = "public, max-age=30";
    const FEEDS: &str = "public, max-age=60";
    Router::new()
        .route(
            "/latest/dex/search",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let query = parameter(&q, "q");
                json(market.read(|market| dexscreener::search(market, query)), FEEDS, 0)
            }),
        )
        .route(
            "/tokens/v1/{chain}/{addresses}",
            get(async |State(market): State<Market>, Path((chain, addresses)): Path<(String, String)>| {
                json(market.read(|market| dexscreener::tokens(market, &chain, &addresses)), PAIRS, 0)
            }),
        )
        .route(
            "/token-pairs/v1/{chain}/{token}",
            get(async |State(market): State<Market>, Path((chain, token)): Path<(String, String)>| {
                json(market.read(|market| dexscreener::token_pairs(market, &chain, &token)), PAIRS, 0)
            }),
        )
        .route(
            "/latest/dex/pairs/{chain}/{pairs}",
            get(async |State(market): State<Market>, Path((chain, pairs)): Path<(String, String)>| {
                market
                    .read(|market| dexscreener::latest_pairs(market, &chain, &pairs))
                    .map_or_else(dexscreener_bad_request, |body| json(body, PAIRS, 0))
            }),
        )
        .route(
            "/latest/dex/tokens/{addresses}",
            get(async |State(market): State<Market>, Path(addresses): Path<String>| {
                json(market.read(|market| dexscreener::latest_tokens(market, &addresses)), PAIRS, 0)
            }),
        )
        .route(
            "/token-profiles/latest/v1",
            get(async |State(market): State<Market>| json(market.read_lists(dexscreener::profiles), FEEDS, 0)),
        )
        .route(
            "/token-boosts/latest/v1",
            get(async |State(market): State<Market>| {
                json(market.read_lists(|market, lists| dexscreener::boosts(market, lists, false)), FEEDS, 0)
            }),
        )
        .route(
            "/token-boosts/top/v1",
            get(async |State(market): State<Market>| {
                json(market.read_lists(|market, lists| dexscreener::boosts(market, lists, true)), FEEDS, 0)
            }),
        )
}
