//! The host: everything around the routes.
//!
//! ```text
//!  bind ─▶ serve: connections (places, deadlines, drain)
//!            ├▶ shortcut: what is at hand whole ─▶ host
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
mod shortcut;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

pub use self::client_address::Proxies;
#[cfg(test)]
pub(crate) use self::host::tests::config as test_config;
pub use self::listener::{BindError, bind, raise_open_files};
pub use self::request_id::RequestId;
pub use self::serve::{ServeOptions, Served, serve};
pub use self::shortcut::{AtHand, Shortcut};
use crate::clock::Clock;
use crate::config::HttpConfig;

/// Puts around all routes what every answer has in common. No route may be added to the router after this.
pub fn layers(router: Router, config: &HttpConfig, clock: Clock) -> Router {
    around(router, Arc::new(host::Host::new(config, clock)))
}

/// The same, and a way past the routes for what is at hand.
pub fn layers_and_shortcut(router: Router, config: &HttpConfig, clock: Clock, at_hand: AtHand) -> (Router, Shortcut) {
    let host = Arc::new(host::Host::new(config, clock));
    (around(router, host.clone()), Shortcut { host, at_hand })
}

fn around(router: Router, host: Arc<host::Host>) -> Router {
    router.layer(from_fn_with_state(host, host::answer)).layer(compress::layer())
}
