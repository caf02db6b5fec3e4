//! The messages of the feed: what a client asks over the socket and what the server sends.
//!
//! A frame `prev→seq` holds every change of its view after `prev`. With `have`, the last seq applied on the
//! subscription: a frame with `seq ≤ have` is ignored, one with `prev ≤ have < seq` is applied, one with `prev > have`
//! is a gap: drop the state and `resync`. Receivers ignore fields and message types that they do not know.

mod message;

pub use self::message::{
    Channel, ClientMessage, DeltaFrame, ErrorFrame, Hello, Part, RequestId, Resume, ServerMessage, SnapshotFrame,
    Splice, SubscribeParams, Subscribed,
};
