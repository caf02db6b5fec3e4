//! The feed: changes over a WebSocket, or as server-sent events.
//!
//! ```text
//!  store ──bell──▶ Hub: steps every watched View ──▶ Stage @ seq ──▶ Connection ─▶ Session ─▶ socket
//!                  (once per commit)                (shared bytes)   (deadlines)   (position)
//! ```
//!
//! Cost follows changes and distinct views, not clients: a frame of a list is printed once and the same bytes go to
//! all its subscribers; a frame of rows strings together rows and patches that the store printed. A connection keeps no
//! queue, only the seq up to which it was served; one that is late gets all it missed in one frame.

mod admission;
mod connection;
mod content;
mod events;
mod frame;
mod hub;
mod inflow;
mod limits;
mod request;
mod rows;
mod session;
mod socket;
mod stage;
mod stats;
mod stream;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod upgrade;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use self::hub::{FeedConfig, Hub, TooManyViews, WatchedView};
pub use self::inflow::Inflow;
pub(crate) use self::inflow::{LONGEST as LONGEST_MESSAGE, MOST_BYTES as MOST_UNFINISHED_BYTES, Unfinished};
pub(crate) use self::limits::network;
pub use self::limits::{ClientAddr, Origins};
pub use self::stats::FeedStats;

/// The routes `/ws` and `/stream`.
pub fn router(hub: Arc<Hub>) -> Router {
    Router::new().route("/ws", get(upgrade::upgrade)).route("/stream", get(stream::stream)).with_state(hub)
}
