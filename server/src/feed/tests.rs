//! Tests of the feed as a whole, without a network.

mod session;
mod socket;
