//! The compact subprotocol: lists, rows and heartbeats as bytes; everything else stays JSON.
//!
//! `docs/FEED.md` has the layout as a table, with examples that a test replays. A row is named by a number, its handle,
//! once a frame has said whose number it is; handles belong to one subscription and hold until its next snapshot. What
//! changed in a row is encoded once, without its handle, and strung together with those of other rows for each
//! subscription.
//!
//! Reading trusts nothing: what does not fit is `None`, and memory is used only for what the bytes hold.

mod frame;
mod names;
mod row;
mod wire;

pub use self::frame::RowsParts;
pub use self::frame::{
    CompactFrame, Head, Kind, RowsFrame, heartbeat, list_delta, list_snapshot, read, rows_delta, rows_snapshot, sort_of,
};
pub use self::names::Names;
pub use self::row::{encode_patch, encode_row};

/// The number of a row in a subscription.
pub type Handle = u64;

#[cfg(test)]
mod tests;
