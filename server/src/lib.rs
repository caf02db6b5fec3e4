//! The `memescope` server: sources, poller, store, journal, feed, HTTP and the demo market.

pub mod bus;
pub mod clock;
pub mod config;
pub mod market;
pub mod store;
