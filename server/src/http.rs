//! The host: everything around the routes.
//!
//! ```text
//!  bind ─▶ serve: connections (places, deadlines, drain)
//!            └▶ layers: compression ─▶ host: id, address, limits, CORS, panics, headers ─▶ routes
//! ```
//!
//! A route knows nothing of this. It answers, or gives a [`Problem`](crate::problem::Problem); what every answer has in
//! common is added here, once, so that no route can forget it.

mod body;
mod client_address;
mod compress;
mod connection;
mod cors;
mod headers;
mod host;
mod kind;
mod listener;
mod rate;
mod request_id;
mod serve;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

pub use self::client_address::Proxies;
#[cfg(test)]
pub(crate) use self::host::tests::config as test_config;
pub use self::listener::{BindError, bind, raise_open_files};
pub use self::request_id::RequestId;
pub use self::serve::{ServeOptions, serve};
use crate::clock::Clock;
use crate::config::HttpConfig;

/// Puts around all routes what every answer has in common. No route may be added to the router after this.
pub fn layers(router: Router, config: &HttpConfig, clock: Clock) -> Router {
    let host = Arc::new(host::Host::new(config, clock));
    router.layer(from_fn_with_state(host, host::answer)).layer(compress::layer())
}
