//! What hostile and broken clients do to the port, over real sockets, and what they get for it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod addresses;
mod floods;
mod frames;
mod headers;
mod heads;
mod house;
mod messages;
mod metrics;
mod origins;
mod process;
mod queries;
mod readers;
mod unfinished;
mod wire;
