//! The paths of the three upstreams, and what each of them asks of the market.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};

use super::gecko::{Candles, Include};
use super::http::{dexscreener_bad_request, gecko_error, json, not_found, source_of};
use super::lists::Lists;
use super::sim;
use super::{Market, control, dexscreener, gecko, http, jupiter};

type Parameters = Query<HashMap<String, String>>;

pub(super) fn router(market: Market) -> Router {
    Router::new()
        .nest("/dexscreener", dexscreener_paths())
        .nest("/geckoterminal/api/v2", gecko_paths())
        .nest("/jupiter", jupiter_paths())
        .route("/control", post(control::control))
        .fallback(async |request: Request| not_found(source_of(request.uri().path())))
        .layer(axum::middleware::from_fn_with_state(market.clone(), http::faults))
        .with_state(market)
}

fn dexscreener_paths() -> Router<Market> {
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

/// The windows lists can be asked for, as `GeckoTerminal` and Jupiter spell them.
fn window(name: &str) -> Option<usize> {
    ["5m", "1h", "6h", "24h"].iter().position(|known| *known == name)
}

fn parameter<'a>(parameters: &'a HashMap<String, String>, name: &str) -> &'a str {
    parameters.get(name).map_or("", String::as_str)
}

/// What most requests to `GeckoTerminal` bring along.
struct Asked {
    page: usize,
    include: Include,
    parameters: HashMap<String, String>,
}

impl Asked {
    fn parse(parameters: HashMap<String, String>) -> Result<Self, Box<Response>> {
        let page = match parameters.get("page") {
            None => 1,
            Some(page) => {
                let Ok(page @ 1..=10) = page.parse() else {
                    let title = "page must be between 1 and 10";
                    return Err(Box::new(gecko_error(StatusCode::BAD_REQUEST, title)));
                };
                page
            }
        };
        Ok(Self { page, include: Include::parse(parameter(&parameters, "include")), parameters })
    }
}

/// The second an answer of `GeckoTerminal` tells of and its age: it is made every half minute,
/// and what it tells is 20 s old by then.
fn gecko_time(now: i64) -> (i64, i64) {
    let age = now.rem_euclid(30);
    (now - age - 20, age)
}

fn gecko_answer(
    market: &Market,
    network: &str,
    make: impl FnOnce(&sim::Market, &Lists, i64) -> Option<Vec<u8>>,
) -> Response {
    if network != "solana" {
        return gecko_error(StatusCode::NOT_FOUND, "Not Found");
    }
    let made = market.read_lists(|market, lists| {
        let (at, age) = gecko_time(market.now());
        make(market, lists, at).map(|body| (body, age))
    });
    match made {
        Some((body, age)) => {
            let mut response = json(body, "max-age=30, public, must-revalidate, s-maxage=60", age);
            response.headers_mut().insert(axum::http::header::VARY, HeaderValue::from_static("Accept, Origin"));
            response
        }
        None => gecko_error(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// An answer to a request that names ids, or the refusal of too many.
fn gecko_ids(market: &Market, network: &str, ids: &str, make: impl FnOnce(&sim::Market, i64) -> Vec<u8>) -> Response {
    if ids.split(',').count() > gecko::MOST_IDS {
        return gecko_error(StatusCode::BAD_REQUEST, "maximum 30 addresses allowed");
    }
    gecko_answer(market, network, |market, _, at| Some(make(market, at)))
}

fn gecko_trending(market: &Market, network: &str, parameters: HashMap<String, String>) -> Response {
    let asked = match Asked::parse(parameters) {
        Ok(asked) => asked,
        Err(refused) => return *refused,
    };
    let duration = asked.parameters.get("duration").map_or("24h", String::as_str);
    let Some(window) = window(duration) else {
        return gecko_error(StatusCode::BAD_REQUEST, "Invalid duration. Allowed values: 5m, 1h, 6h, 24h");
    };
    gecko_answer(market, network, |market, lists, at| {
        Some(gecko::trending(market, lists, window, asked.page, asked.include, at))
    })
}

/// The answer to a paged request.
fn gecko_paged(
    market: &Market,
    network: &str,
    parameters: HashMap<String, String>,
    make: impl FnOnce(&sim::Market, &Lists, &Asked, i64) -> Option<Vec<u8>>,
) -> Response {
    match Asked::parse(parameters) {
        Ok(asked) => gecko_answer(market, network, |market, lists, at| make(market, lists, &asked, at)),
        Err(refused) => *refused,
    }
}

fn gecko_paths() -> Router<Market> {
    Router::new()
        .merge(gecko_lists())
        .route(
            "/networks/{network}/tokens/{address}/pools",
            get(
                async |State(market): State<Market>,
                       Path((network, address)): Path<(String, String)>,
                       Query(q): Parameters| {
                    gecko_paged(&market, &network, q, |market, _, asked, at| {
                        gecko::token_pools(market, &address, asked.page, asked.include, at)
                    })
                },
            ),
        )
        .route(
            "/networks/{network}/tokens/{address}",
            get(async |State(market): State<Market>, Path((network, address)): Path<(String, String)>| {
                gecko_answer(&market, &network, |market, _, at| gecko::token(market, &address, at))
            }),
        )
        .route(
            "/networks/{network}/tokens/multi/{addresses}",
            get(async |State(market): State<Market>, Path((network, addresses)): Path<(String, String)>| {
                gecko_ids(&market, &network, &addresses, |market, at| gecko::tokens(market, &addresses, at))
            }),
        )
        .route(
            "/networks/{network}/pools/multi/{addresses}",
            get(
                async |State(market): State<Market>,
                       Path((network, addresses)): Path<(String, String)>,
                       Query(q): Parameters| {
                    let include = Include::parse(parameter(&q, "include"));
                    gecko_ids(&market, &network, &addresses, |market, at| {
                        gecko::pools_by_address(market, &addresses, include, at)
                    })
                },
            ),
        )
        .route(
            "/networks/{network}/pools/{address}",
            get(async |State(market): State<Market>, Path((network, address)): Path<(String, String)>| {
                gecko_answer(&market, &network, |market, _, at| gecko::pool(market, &address, at))
            }),
        )
        .route(
            "/simple/networks/{network}/token_price/{addresses}",
            get(async |State(market): State<Market>, Path((network, addresses)): Path<(String, String)>| {
                gecko_ids(&market, &network, &addresses, |market, at| gecko::simple_prices(market, &addresses, at))
            }),
        )
        .route("/networks/{network}/pools/{address}/ohlcv/{timeframe}", get(candles))
}

fn gecko_lists() -> Router<Market> {
    Router::new()
        .route(
            "/networks/trending_pools",
            get(async |State(market): State<Market>, Query(q): Parameters| gecko_trending(&market, "solana", q)),
        )
        .route(
            "/networks/{network}/trending_pools",
            get(async |State(market): State<Market>, Path(network): Path<String>, Query(q): Parameters| {
                gecko_trending(&market, &network, q)
            }),
        )
        .route(
            "/networks/new_pools",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                gecko_paged(&market, "solana", q, |market, lists, asked, at| {
                    Some(gecko::new_pools(market, lists, asked.page, asked.include, at))
                })
            }),
        )
        .route(
            "/networks/{network}/new_pools",
            get(async |State(market): State<Market>, Path(network): Path<String>, Query(q): Parameters| {
                gecko_paged(&market, &network, q, |market, lists, asked, at| {
                    Some(gecko::new_pools(market, lists, asked.page, asked.include, at))
                })
            }),
        )
        .route(
            "/networks/{network}/pools",
            get(async |State(market): State<Market>, Path(network): Path<String>, Query(q): Parameters| {
                let by_volume = parameter(&q, "sort") == "h24_volume_usd_desc";
                gecko_paged(&market, &network, q, |market, lists, asked, at| {
                    Some(gecko::pools(market, lists, by_volume, asked.page, asked.include, at))
                })
            }),
        )
        .route(
            "/networks/{network}/dexes/{dex}/pools",
            get(
                async |State(market): State<Market>,
                       Path((network, dex)): Path<(String, String)>,
                       Query(q): Parameters| {
                    gecko_paged(&market, &network, q, |market, _, asked, at| {
                        Some(gecko::dex_pools(market, &dex, asked.page, asked.include, at))
                    })
                },
            ),
        )
        .route(
            "/search/pools",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let network = q.get("network").cloned().unwrap_or_else(|| "solana".to_owned());
                gecko_paged(&market, &network, q, |market, _, asked, at| {
                    let query = parameter(&asked.parameters, "query");
                    Some(gecko::search(market, query, asked.page, asked.include, at))
                })
            }),
        )
}

async fn candles(
    State(market): State<Market>,
    Path((network, address, timeframe)): Path<(String, String, String)>,
    Query(parameters): Parameters,
) -> Response {
    let refuse = |title: &str| gecko_error(StatusCode::BAD_REQUEST, title);
    let (unit, allowed): (i64, &[i64]) = match timeframe.as_str() {
        "day" => (86_400, &[1]),
        "hour" => (3_600, &[1, 4, 12]),
        "minute" => (60, &[1, 5, 15]),
        "second" => {
            return gecko_error(StatusCode::UNAUTHORIZED, "timeframe=second is exclusive to Paid plan subscribers");
        }
        _ => return refuse("Invalid timeframe. Allowed values: day, hour, minute"),
    };
    let aggregate = parameters.get("aggregate").map_or(Some(1), |text| text.parse().ok());
    let Some(aggregate) = aggregate.filter(|aggregate| allowed.contains(aggregate)) else {
        let allowed: Vec<String> = allowed.iter().map(i64::to_string).collect();
        return refuse(&format!("Invalid aggregate. Allowed values: {}", allowed.join(", ")));
    };
    let limit = parameters.get("limit").map_or(Some(100), |text| text.parse().ok());
    let Some(limit) = limit.filter(|limit| (1..=1_000).contains(limit)) else {
        return refuse("Invalid limit. Allowed values: 1 to 1000");
    };
    let before = match parameters.get("before_timestamp").map(|text| text.parse()) {
        None => None,
        Some(Ok(before)) => Some(before),
        Some(Err(_)) => return refuse("Invalid before_timestamp"),
    };
    let in_quote = parameter(&parameters, "currency") == "token";
    let asked = Candles { step: unit * aggregate, before, limit, in_quote };
    gecko_answer(&market, &network, |market, _, at| gecko::candles(market, &address, asked, at))
}

/// An answer of Jupiter with the headers that tell what is left of the budget. Answers are kept
/// for some seconds at the edge.
fn jupiter_answer(
    market: &Market,
    keep: i64,
    cache: &'static str,
    make: impl FnOnce(&sim::Market, &Lists, i64) -> Vec<u8>,
) -> Response {
    let (body, now, age) = market.read_lists(|market, lists| {
        let now = market.now();
        let age = now.rem_euclid(keep);
        (make(market, lists, now - age), now, age)
    });
    let mut response = json(body, cache, age);
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("4"));
    headers.insert("x-ratelimit-current", HeaderValue::from_static("1"));
    headers.insert("x-ratelimit-reset", HeaderValue::from(now + 10));
    response
}

fn jupiter_paths() -> Router<Market> {
    const SHORT: &str = "public, max-age=5";
    Router::new()
        .route(
            "/price/v3",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let ids = parameter(&q, "ids");
                jupiter_answer(&market, 5, SHORT, |market, _, at| jupiter::prices(market, ids, at))
            }),
        )
        .route(
            "/tokens/v2/search",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let query = parameter(&q, "query");
                jupiter_answer(&market, 10, "public, max-age=10", |market, lists, at| {
                    jupiter::search(market, lists, query, at)
                })
            }),
        )
        .route(
            "/tokens/v2/recent",
            get(async |State(market): State<Market>| jupiter_answer(&market, 5, SHORT, jupiter::recent)),
        )
        .route(
            "/tokens/v2/tag",
            get(async |State(market): State<Market>, Query(q): Parameters| {
                let tag = parameter(&q, "query");
                jupiter_answer(&market, 30, "public, max-age=30", |market, _, at| jupiter::tag(market, tag, at))
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
                        return not_found(Some(super::Upstream::Jupiter));
                    };
                    let limit = parameter(&q, "limit").parse().unwrap_or(50).min(100);
                    jupiter_answer(&market, 15, "public, max-age=15", |market, lists, at| {
                        jupiter::list(market, lists, kind, window, limit, at)
                    })
                },
            ),
        )
}
