//! `POST /control`: stopping and pushing on the clock, setting values, replacing the faults.
//!
//! Only for peers on this machine, and not for pages in a browser: what a script on some web site
//! sends to loopback carries an `Origin`.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::wire::{Time, time};
use super::{FaultScript, Market, Setting};

/// The longest step, in seconds: ten years.
const LONGEST: f64 = 315_360_000.0;

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
enum Order {
    Pause,
    Resume,
    Step { seconds: f64 },
    Set { token: String, price: Option<f64>, volume: Option<f64>, liquidity: Option<f64> },
    Fault { script: String },
}

#[derive(Serialize)]
struct Done {
    ok: bool,
    now: Time,
}

#[derive(Serialize)]
struct Refused {
    error: String,
}

fn refuse(status: StatusCode, error: impl Into<String>) -> Response {
    (status, axum::Json(Refused { error: error.into() })).into_response()
}

pub(super) async fn control(
    State(market): State<Market>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    if !peer.is_some_and(|peer| peer.is_loopback()) || headers.contains_key(header::ORIGIN) {
        return refuse(StatusCode::FORBIDDEN, "control is for this machine only");
    }
    let order = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, format!("not an order: {error}")),
    };
    match obey(&market, order) {
        Ok(()) => {
            let now = time(market.read(super::sim::Market::now));
            axum::Json(Done { ok: true, now }).into_response()
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, error),
    }
}

fn obey(market: &Market, order: Order) -> Result<(), String> {
    match order {
        Order::Pause => market.inner.clock.pause(),
        Order::Resume => market.inner.clock.resume(),
        Order::Step { seconds } => {
            if !(0.0..=LONGEST).contains(&seconds) {
                return Err(format!("seconds must lie between 0 and {LONGEST}"));
            }
            market.inner.clock.step(Duration::from_secs_f64(seconds));
        }
        Order::Set { token, price, volume, liquidity } => {
            let settings: Vec<Setting> =
                [price.map(Setting::Price), volume.map(Setting::Volume), liquidity.map(Setting::Liquidity)]
                    .into_iter()
                    .flatten()
                    .collect();
            if settings.is_empty() {
                return Err("nothing to set: give price, volume or liquidity".to_owned());
            }
            let mint = token.strip_prefix("solana:").unwrap_or(&token);
            for setting in settings {
                let (Setting::Price(value) | Setting::Volume(value) | Setting::Liquidity(value)) = setting;
                if !value.is_finite() || value <= 0.0 || value > 1e15 {
                    return Err("a value must be above 0 and at most 1e15".to_owned());
                }
                if !market.set(mint, setting) {
                    return Err(format!("no token {token:?} in this market"));
                }
            }
        }
        Order::Fault { script } => {
            let script: FaultScript = script.parse().map_err(|error: super::FaultError| error.to_string())?;
            market.replace_faults(&script);
        }
    }
    Ok(())
}
