//! The `memescope` server: sources, poller, store, journal, feed, HTTP and the demo market.

pub mod api;
pub mod bus;
pub mod clock;
pub mod command;
pub mod config;
pub mod demo;
pub mod engine;
pub mod feed;
pub mod history;
pub mod http;
pub mod journal;
pub mod logos;
pub mod lookup;
pub mod market;
pub mod observe;
pub mod pages;
pub(crate) mod parameters;
pub mod planner;
pub mod poller;
pub mod problem;
pub mod reader;
pub mod run;
pub mod signals;
pub mod site;
pub mod sources;
pub mod store;
