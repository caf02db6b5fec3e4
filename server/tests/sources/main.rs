//! The sources' clients against a stand-in on loopback: what they ask, how they read recorded answers, and what they
//! make of every way in which an upstream can fail.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod bombs;
mod faults;
mod recordings;
mod restarts;
mod stub;

use std::time::Duration;

use memescope::Timestamp;
use server::clock::Clock;
use server::sources::{Dice, Rate, SourceConfig, Sources, SourcesConfig};
use url::Url;

/// 2026-09-28 20:46:15 UTC, shortly after the youngest recording.
const NOW: Timestamp = Timestamp::from_secs(1_790_628_375);

fn place(base: &str, budget: &str) -> SourceConfig {
    SourceConfig { url: Url::parse(base).unwrap(), budget: budget.parse::<Rate>().unwrap(), api_key: None }
}

/// All three sources at one address, with budgets that no test uses up and dice that show nothing.
fn config(base: &str) -> SourcesConfig {
    let place = || place(base, "1000/1s:1000");
    let mut config = SourcesConfig::new(place(), place(), place());
    config.dice = Dice::new(|| 0.0);
    config
}

fn sources(config: &SourcesConfig) -> Sources {
    Sources::new(config, &Clock::new(|| NOW)).unwrap()
}

/// The sources, which give up after `deadline` of real time.
fn impatient(base: &str, deadline: Duration) -> Sources {
    let mut config = config(base);
    config.deadline = deadline;
    sources(&config)
}
