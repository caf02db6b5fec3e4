//! The paths of the three upstreams, and what each of them asks of the market.

mod dexscreener;
mod gecko;
mod jupiter;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, Request};
use axum::routing::post;

use super::http::{not_found, source_of};
use super::{Market, control, http};

type Parameters = Query<HashMap<String, String>>;

pub(super) fn router(market: Market) -> Router {
    Router::new()
        .nest("/dexscreener", dexscreener::paths())
        .nest("/geckoterminal/api/v2", gecko::paths())
        .nest("/jupiter", jupiter::paths())
        .route("/control", post(control::control))
        .fallback(async |request: Request| not_found(source_of(request.uri().path())))
        .layer(axum::middleware::from_fn_with_state(market.clone(), http::faults))
        .with_state(market)
}

/// The windows lists can be asked for, as `GeckoTerminal` and Jupiter spell them.
fn window(name: &str) -> Option<usize> {
    ["5m", "1h", "6h", "24h"].iter().position(|known| *known == name)
}

fn parameter<'a>(parameters: &'a HashMap<String, String>, name: &str) -> &'a str {
    parameters.get(name).map_or("", String::as_str)
}
