//! Alerts: a reader's own rules, kept and judged by the browser.
//!
//! A rule is a line of text, so that it can be read, copied and kept as it is:
//!
//! ```text
//! solana:EKp… price above 0.5        the price crosses 0.5 USD upwards
//! solana:EKp… price below 0.5        downwards
//! solana:EKp… change h1 5            the change over an hour reaches 5 % in either direction
//! solana:EKp… volume m5 3            five minutes trade three times what they usually do
//! view rank=new&min_liquidity_usd=50000    a token passes these filters for the first time
//! ```
//!
//! A rule fires when something *becomes* true: what is true when it is made fires nothing. It then rests, and has a
//! number of times a day, so that an alert stays worth reading.

mod rule;
mod watch;

pub(crate) use self::rule::Rule;
use self::rule::Trigger;
pub(crate) use self::watch::Firing;
#[cfg(feature = "hydrate")]
pub(crate) use self::watch::Watch;

/// The most rules of a reader, and the most of them that are about a view: each of those asks for a page.
pub(crate) const MOST_RULES: usize = 40;
pub(crate) const MOST_VIEWS: usize = 4;
