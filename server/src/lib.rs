//! The `memescope` server: sources, poller, store, journal, feed, HTTP and the demo market.

pub mod market;
