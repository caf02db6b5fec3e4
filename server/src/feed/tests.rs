//! Tests of the feed as a whole, without a network.

mod model;
mod session;
mod socket;
