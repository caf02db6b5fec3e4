//! What a receiver of the feed keeps: the order of a view, the rows of a subscription, the state of the connection.
//!
//! Pure: frames, times and random numbers come in as arguments, so the same code serves a browser, a bot and a test.

mod incoming;
mod link;
mod list;
mod machine;
mod parts;
mod request;
mod rows;

pub use self::incoming::Incoming;
pub use self::link::{Link, LinkAction, LinkState};
pub use self::list::ListState;
pub use self::machine::{Action, FeedClient, News, Wanted};
pub use self::request::{Params, Request};
pub use self::rows::{RowChange, RowsState};

/// What came of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing: it was old, or is one of several parts that are not all here yet.
    Nothing,
    /// The state is now that of the frame.
    Changed,
    /// Something between is missing, or the frame does not fit: the state is dropped, ask for a `resync`.
    Gap,
}
