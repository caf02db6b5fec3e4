//! The three upstreams: how they are asked, how often, and how their answers are read.
//!
//! ```text
//!  caller ──▶ DexScreener ─┐            ┌─ gate: rest, breaker, budget
//!         ──▶ GeckoTerminal ┼─▶ channel ─┼─ http: deadline, size, redirects
//!         ──▶ Jupiter ──────┘            └─ sieve: field by field ──▶ Harvest
//! ```
//!
//! Every method gives a [`Harvest`](memescope::Harvest) or a [`SourceError`]. An empty harvest is an answer: the source
//! knows nothing of what was asked. Base addresses, budgets, the time of day and chance come from outside; the demo
//! market is just another base address.

mod backoff;
mod batch;
mod breaker;
mod budget;
mod channel;
mod dexscreener;
mod dice;
mod error;
mod gate;
mod geckoterminal;
mod health;
mod http;
mod jupiter;
mod ledger;
mod members;
mod rows;
mod sieve;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use memescope::{Source, SourceReport, Timestamp};
use reqwest::header::HeaderName;
use tokio::time::Instant;
use url::Url;

pub use self::budget::{BudgetMemory, Rate, RateError};
use self::channel::Channel;
pub use self::dexscreener::DexScreener;
pub use self::dice::Dice;
pub use self::error::SourceError;
use self::gate::Gate;
pub use self::gate::{Allowance, GateMemory};
pub use self::geckoterminal::{GeckoTerminal, PoolSort};
pub use self::http::{ClientError, DEADLINE};
use self::http::{HttpClient, HttpOptions};
pub use self::jupiter::{Jupiter, TokenList};
pub use self::ledger::Ledger;
use crate::clock::Clock;

/// The most tokens that one request to a source can name.
pub mod limits {
    pub use super::dexscreener::MOST_IDS as DEXSCREENER_IDS;
    pub use super::geckoterminal::{LAST_PAGE as GECKOTERMINAL_PAGES, MOST_IDS as GECKOTERMINAL_IDS};
    pub use super::jupiter::{MOST_FACTS as JUPITER_FACTS, MOST_PRICES as JUPITER_PRICES};
}

/// What stays known of the budgets over a restart, by source.
pub type SourcesMemory = BTreeMap<Source, GateMemory>;

/// Where a source is, and how often it may be asked.
#[derive(Clone)]
pub struct SourceConfig {
    /// What stands before the paths; a path is kept, a trailing slash does not matter.
    pub url: Url,
    /// The budget.
    pub budget: Rate,
    /// The key that raises the source's own limit; without one its keyless plan is used.
    pub api_key: Option<String>,
}

impl fmt::Debug for SourceConfig {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceConfig")
            .field("url", &self.url.as_str())
            .field("budget", &self.budget)
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .finish()
    }
}

/// The header in which a source wants its key; `None` when it has none to give.
fn key_header(source: Source, url: &Url) -> Option<HeaderName> {
    match source {
        Source::Dexscreener => None,
        // CoinGecko sells two plans, each with a host and a header of its own.
        Source::Geckoterminal if url.host_str().is_some_and(|host| host.starts_with("pro-api.")) => {
            Some(HeaderName::from_static("x-cg-pro-api-key"))
        }
        Source::Geckoterminal => Some(HeaderName::from_static("x-cg-demo-api-key")),
        Source::Jupiter => Some(HeaderName::from_static("x-api-key")),
    }
}

/// How the sources are reached.
#[derive(Clone)]
pub struct SourcesConfig {
    /// DexScreener.
    pub dexscreener: SourceConfig,
    /// GeckoTerminal.
    pub geckoterminal: SourceConfig,
    /// Jupiter.
    pub jupiter: SourceConfig,
    /// Requests under way to one source at the same time.
    pub concurrency: usize,
    /// From question to last byte.
    pub deadline: Duration,
    /// What the last run learnt.
    pub memory: SourcesMemory,
    /// For jitter.
    pub dice: Dice,
}

impl SourcesConfig {
    /// Requests under way to one source at the same time, unless configured.
    pub const CONCURRENCY: usize = 2;

    /// The given places with the usual manners.
    pub fn new(dexscreener: SourceConfig, geckoterminal: SourceConfig, jupiter: SourceConfig) -> Self {
        Self {
            dexscreener,
            geckoterminal,
            jupiter,
            concurrency: Self::CONCURRENCY,
            deadline: DEADLINE,
            memory: SourcesMemory::new(),
            dice: Dice::fair(),
        }
    }

    /// Counts as spent whatever could have been since the memory was written: for a start after a crash.
    fn assume_spent(&mut self, now: Timestamp) {
        for (source, memory) in std::mem::take(&mut self.memory) {
            let rate = self.of(source).budget;
            self.memory.insert(source, memory.all_spent(rate, now));
        }
    }

    fn of(&self, source: Source) -> &SourceConfig {
        match source {
            Source::Dexscreener => &self.dexscreener,
            Source::Geckoterminal => &self.geckoterminal,
            Source::Jupiter => &self.jupiter,
        }
    }
}

impl fmt::Debug for SourcesConfig {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourcesConfig")
            .field("dexscreener", &self.dexscreener)
            .field("geckoterminal", &self.geckoterminal)
            .field("jupiter", &self.jupiter)
            .field("concurrency", &self.concurrency)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// A handle on all sources, cheap to clone.
#[derive(Clone, Debug)]
pub struct Sources {
    channels: [Arc<Channel>; 3],
    dexscreener: DexScreener,
    geckoterminal: GeckoTerminal,
    jupiter: Jupiter,
}

impl Sources {
    /// Makes the clients. Nothing is asked yet.
    pub fn new(config: &SourcesConfig, clock: &Clock) -> Result<Self, ClientError> {
        let channel = |source| {
            let place = config.of(source);
            let key = place.api_key.clone().filter(|key| !key.is_empty());
            let options = HttpOptions { deadline: config.deadline, key: key_header(source, &place.url).zip(key) };
            let http = HttpClient::new(source, &place.url, options, clock.clone())?;
            let memory = config.memory.get(&source);
            let gate = Gate::new(source, place.budget, memory, Instant::now(), clock.now());
            Ok::<_, ClientError>(Arc::new(Channel::new(
                http,
                gate,
                source,
                config.concurrency,
                clock.clone(),
                config.dice.clone(),
            )))
        };
        let dexscreener = channel(Source::Dexscreener)?;
        let geckoterminal = channel(Source::Geckoterminal)?;
        let jupiter = channel(Source::Jupiter)?;
        Ok(Self {
            dexscreener: DexScreener::new(dexscreener.clone()),
            geckoterminal: GeckoTerminal::new(geckoterminal.clone()),
            jupiter: Jupiter::new(jupiter.clone()),
            channels: [dexscreener, geckoterminal, jupiter],
        })
    }

    /// DexScreener.
    pub fn dexscreener(&self) -> &DexScreener {
        &self.dexscreener
    }

    /// GeckoTerminal.
    pub fn geckoterminal(&self) -> &GeckoTerminal {
        &self.geckoterminal
    }

    /// Jupiter.
    pub fn jupiter(&self) -> &Jupiter {
        &self.jupiter
    }

    /// What may be asked of a source at this moment, for a plan.
    pub fn allowance(&self, source: Source) -> Allowance {
        self.channel(source).allowance()
    }

    /// How each source is doing. Which fields of the board it gives is not known here.
    pub fn reports(&self) -> Vec<SourceReport> {
        self.channels.iter().map(|channel| channel.report()).collect()
    }

    /// What to keep for the next start, so that a crash loop asks no more than a calm process.
    pub fn memory(&self) -> SourcesMemory {
        Source::ALL.into_iter().map(|source| (source, self.channel(source).memory())).collect()
    }

    /// Counts every budget as spent just now.
    fn spend_all(&self) {
        for channel in &self.channels {
            channel.spend_all();
        }
    }

    fn channel(&self, source: Source) -> &Channel {
        let [dexscreener, geckoterminal, jupiter] = &self.channels;
        match source {
            Source::Dexscreener => dexscreener,
            Source::Geckoterminal => geckoterminal,
            Source::Jupiter => jupiter,
        }
    }
}
