//! The paths below `/geckoterminal/api/v2`.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;

use super::{Parameters, parameter, window};
use crate::market::gecko::{Candles, Include};
use crate::market::http::{gecko_error, json};
use crate::market::lists::Lists;
use crate::market::{GECKO_LAG, Market, gecko, sim};

/// What most requests to `GeckoTerminal` bring along.
struct Asked {
    page: usize,
    include: Include,
    parameters: HashMap<String, String>,
}

impl Asked {
    fn parse(parameters: HashMap<String, String>) -> Result<Self, Box<Response>> {
        let page = parameters.get("page").map_or(Some(1), |page| page.parse().ok());
        let Some(page) = page.filter(|page| (1..=10).contains(page)) else {
            let title = "page must be between 1 and 10";
            return Err(Box::new(gecko_error(StatusCode::BAD_REQUEST, title)));
        };
        Ok(Self { page, include: Include::parse(parameter(&parameters, "include")), parameters })
    }
}

/// Seconds for which an answer is kept.
const KEPT: i64 = 30;

fn gecko_answer(
    market: &Market,
    network: &str,
    question: &str,
    make: impl FnOnce(&sim::Market, &Lists, i64) -> Option<Vec<u8>>,
) -> Response {
    if network != "solana" {
        return gecko_error(StatusCode::NOT_FOUND, "Not Found");
    }
    let made = market.read_lists(|market, lists| {
        let age = market.answer_age(question, KEPT);
        make(market, lists, market.now() - age - GECKO_LAG).map(|body| (body, age))
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
    gecko_answer(market, network, ids, |market, _, at| Some(make(market, at)))
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
    let question = format!("{duration} {}", asked.page);
    gecko_answer(market, network, &question, |market, lists, at| {
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
        Ok(asked) => {
            let question = format!("page {}", asked.page);
            gecko_answer(market, network, &question, |market, lists, at| make(market, lists, &asked, at))
        }
        Err(refused) => *refused,
    }
}

pub(super) fn paths() -> Router<Market> {
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
                gecko_answer(&market, &network, &address, |market, _, at| gecko::token(market, &address, at))
            }),
        )
        .route(
            "/networks/{network}/tokens/multi/{addresses}",
            get(
                async |State(market): State<Market>,
                       Path((network, addresses)): Path<(String, String)>,
                       Query(q): Parameters| {
                    let with_pools = parameter(&q, "include").split(',').any(|part| part == "top_pools");
                    gecko_ids(&market, &network, &addresses, |market, at| {
                        gecko::tokens(market, &addresses, with_pools, at)
                    })
                },
            ),
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
                gecko_answer(&market, &network, &address, |market, _, at| gecko::pool(market, &address, at))
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
    gecko_answer(&market, &network, &address, |market, _, at| gecko::candles(market, &address, asked, at))
}
