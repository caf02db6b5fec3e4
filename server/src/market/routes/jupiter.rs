//! The paths below `/jupiter`.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::response::Response;
use axum::routing::get;

use super::{Parameters, parameter, window};
use crate::market::http::{json, not_found};
use crate::market::lists::Lists;
use crate::market::{Market, Upstream, jupiter, sim};

/// An answer of Jupiter with the headers that tell what is left of the budget. Answers are kept
/// for some seconds at the edge.
fn jupiter_answer(
    market: &Market,
    question: &str,
    keep: i64,
    cache: &'static str,
    make: impl FnOnce(&sim::Market, &Lists, i64) -> Vec<u8>,
) -> Response {
    let (body, now, age) = market.read_lists(|market, lists| {
        let now = market.now();
        let age = market.answer_age(question, keep);
        (make(market, lists, now - age), now, age)
    });
    let mut response = json(body, cache, age);
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("4"));
    headers.insert("x-ratelimit-current", HeaderValue::from_static("1"));
    headers.insert("x-ratelimit-reset", HeaderValue::from(now + 10));
    response
}

pub(super) fn paths() -> Router<Market> {
    const SHORT: &str = "public, max-age=5";
    Router::new()
        .route(
            "/price/v3",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let ids = parameter(&q, "ids");
                jupiter_answer(&market, ids, 5, SHORT, |market, _, at| jupiter::prices(market, ids, at))
            }),
        )
        .route(
            "/tokens/v2/search",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let query = parameter(&q, "query");
                jupiter_answer(&market, query, 10, "public, max-age=10", |market, lists, at| {
                    jupiter::search(market, lists, query, at)
                })
            }),
        )
        .route(
            "/tokens/v2/recent",
            get(async |State(market): State<Market>| jupiter_answer(&market, "", 5, SHORT, jupiter::recent)),
        )
        .route(
            "/tokens/v2/tag",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let tag = parameter(&q, "query");
                jupiter_answer(&market, tag, 30, "public, max-age=30", |market, _, at| jupiter::tag(market, tag, at))
            }),
        )
        .route(
            "/tokens/v2/{kind}/{interval}",
            get(
                async |State(market): State<Market>,
                       Path((kind, interval)): Path<(String, String)>,
                       Query(q): Parameters| {
                    let kind = ["toporganicscore", "toptraded", "toptrending"].iter().position(|known| *known == kind);
                    let (Some(kind), Some(window)) = (kind, window(&interval)) else {
                        return not_found(Some(Upstream::Jupiter));
                    };
                    let limit = parameter(&q, "limit").parse().unwrap_or(50).min(100);
                    jupiter_answer(&market, &interval, 15, "public, max-age=15", |market, lists, at| {
                        jupiter::list(market, lists, kind, window, limit, at)
                    })
                },
            ),
        )
}
