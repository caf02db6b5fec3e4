//! The messages of the feed: what a client asks over the socket and what the server sends.
//!
//! A frame `prev→seq` holds every change of its view after `prev`. With `have`, the last seq applied on the
//! subscription: a frame with `seq ≤ have` is ignored, one with `prev ≤ have < seq` is applied, one with `prev > have`
//! is a gap: drop the state and `resync`. [`judge`] is that rule. Receivers ignore fields and message types that they do
//! not know.
//!
//! A `rows` frame with `prev = seq` answers an `update`: it holds the rows that the new parameters brought in. A row
//! that the new parameters left out, or that left the range of its list, is no longer part of the subscription: no frame
//! will speak of it.
//!
//! Lists, rows and heartbeats may also be written as bytes: [`compact`]. [`client::FeedClient`] is the whole of a client.
//! `docs/FEED.md` tells authors of other clients.
//!
//! A `rows` subscription with `include: ["provenance"]` has the members `provenance` and `flag_details` in its rows, and
//! in its patches what changed of them. A field without an origin has no member there: inside `provenance` a `null` takes
//! the member away.

pub mod client;
pub mod compact;
mod digest;
mod message;
mod sequence;
mod splice;

pub use self::digest::{digest_list, digest_rows};
pub use self::message::{
    Channel, ClientMessage, DeltaFrame, ErrorFrame, Hello, Part, RequestId, Resume, ServerMessage, SnapshotFrame,
    Splice, SubscribeParams, Subscribed,
};
pub use self::sequence::{Verdict, judge};
pub use self::splice::{SpliceError, apply_splices, splices};

/// A frame larger than this is sent in parts.
pub const PART_BYTES: usize = 64 * 1024;
