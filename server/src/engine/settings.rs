//! What the engine takes of the configuration.

use std::path::PathBuf;

use memescope::BookSettings;
use url::Url;

use crate::config::{self, Config};
use crate::feed::{FeedConfig, Origins};
use crate::planner::{List, Pace};
use crate::poller::PollerSettings;
use crate::sources::{Rate, RateError, SourceConfig, SourcesConfig};

/// Requests under way to one source of the demo market at the same time: it is on this machine, and ours.
const DEMO_CONCURRENCY: usize = 8;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Where state is kept.
    pub folder: PathBuf,
    /// Whether the sources are the demo market.
    pub is_demo: bool,
    /// Whom to ask.
    pub sources: SourcesConfig,
    /// When to ask for what.
    pub poller: PollerSettings,
    /// What to follow.
    pub book: BookSettings,
    /// How subscribers are served.
    pub feed: FeedConfig,
    /// Whether rows name pictures of their tokens.
    pub logos: bool,
}

/// A setting that was accepted and cannot be used after all.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An address.
    #[error("{name}_URL is no address: {error}")]
    Url {
        /// The source.
        name: &'static str,
        /// Why.
        error: url::ParseError,
    },
    /// A budget.
    #[error("{name}_BUDGET cannot be kept: {error}")]
    Budget {
        /// The source.
        name: &'static str,
        /// Why.
        error: RateError,
    },
}

impl EngineSettings {
    /// The engine's part of a configuration.
    pub fn of(config: &Config) -> Result<Self, SettingsError> {
        let sources = &config.sources;
        let mut sources = SourcesConfig::new(
            source("DEXSCREENER", &sources.dexscreener)?,
            source("GECKOTERMINAL", &sources.geckoterminal)?,
            source("JUPITER", &sources.jupiter)?,
        );
        if config.demo.is_some() {
            sources.concurrency = DEMO_CONCURRENCY;
        }
        let (pace, market) = match &config.demo {
            Some(demo) => (Pace::DEMO, format!("demo:{}", demo.seed)),
            None => (Pace::LIVE, "live".to_owned()),
        };
        Ok(Self {
            folder: config.state_dir(),
            is_demo: config.demo.is_some(),
            sources,
            poller: PollerSettings {
                interval: config.poll.interval,
                pace,
                catalogue: List::catalogue(&config.poll.chains, &config.poll.searches),
                market,
            },
            book: BookSettings { chains: config.poll.chains.clone(), max_tokens: config.poll.max_tokens },
            feed: FeedConfig {
                sockets_per_address: config.http.ws_limit,
                origins: origins(&config.http.frontend),
                ..FeedConfig::default()
            },
            logos: config.logos == config::Logos::Proxy,
        })
    }
}

fn source(name: &'static str, config: &config::SourceConfig) -> Result<SourceConfig, SettingsError> {
    Ok(SourceConfig {
        url: Url::parse(&config.url).map_err(|error| SettingsError::Url { name, error })?,
        budget: config.budget.to_string().parse::<Rate>().map_err(|error| SettingsError::Budget { name, error })?,
        api_key: config.api_key.as_ref().map(|key| key.expose().to_owned()),
    })
}

fn origins(origins: &config::Origins) -> Origins {
    match origins {
        config::Origins::Same => Origins::Same,
        config::Origins::Listed(list) => Origins::List(list.clone()),
        config::Origins::Any => Origins::Any,
    }
}
