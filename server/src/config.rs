//! Configuration: what an operator may choose, read once at the start.
//!
//! Each setting is a flag and a variable of the same name. A flag wins over the environment, the environment over the
//! `.env` file of the working folder; an empty value is the default. Everything is checked here, before anything is
//! opened: an impossible value is refused with one sentence that names the variable. Facts of the protocols, such as
//! batch sizes, are constants beside their users, not settings.

mod cli;
mod dotenv;
mod setting;
mod value;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use memescope::{Chain, Timestamp};

pub use self::cli::{Command, Refusal, read, read_process};
pub use self::setting::{SETTINGS, Setting, Values};
pub use self::value::{Budget, Origins, RateLimit, Secret};

/// Why a configuration is refused: one sentence that names the variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);

/// Everything an operator may choose.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the public port is served.
    pub http: HttpConfig,
    /// Whom we ask, and how often we may.
    pub sources: SourcesConfig,
    /// What is followed.
    pub poll: PollConfig,
    /// `DATA_DIR`: where state is kept. See [`Config::state_dir`].
    pub data_dir: PathBuf,
    /// `METRICS_ADDR`: where metrics are served; `None` is off.
    pub metrics_addr: Option<SocketAddr>,
    /// What is logged, and how.
    pub log: LogConfig,
    /// The demo market in place of the live sources.
    pub demo: Option<DemoConfig>,
    /// `READY_ON_STALE`: whether a board from disk alone is enough to be ready.
    pub ready_on_stale: bool,
    /// `LOGOS`: whether token pictures are fetched and passed on.
    pub logos: Logos,
    /// `REDIS_URL`: the log shared by several machines.
    pub redis_url: Option<Secret>,
}

/// How the public port is served.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// `HOST` and `PORT`; port 0 takes any free one.
    pub listen: SocketAddr,
    /// `FRONTEND_URL`: the sites whose pages may read the API.
    pub frontend: Origins,
    /// `TRUSTED_PROXIES`: the networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `RATE_LIMIT` of one address; `None` is off.
    pub rate_limit: Option<RateLimit>,
    /// `WS_LIMIT`: open sockets of one address; `None` is off.
    pub ws_limit: Option<u32>,
}

/// Whom we ask, and how often we may.
#[derive(Clone, Debug)]
pub struct SourcesConfig {
    /// DexScreener.
    pub dexscreener: SourceConfig,
    /// GeckoTerminal; its key is CoinGecko's.
    pub geckoterminal: SourceConfig,
    /// Jupiter.
    pub jupiter: SourceConfig,
}

/// One source.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// What stands before the source's paths, without a slash at its end.
    pub url: String,
    /// How many requests we may send.
    pub budget: Budget,
    /// The key that raises the source's own limit.
    pub api_key: Option<Secret>,
}

/// What is followed.
#[derive(Clone, Debug)]
pub struct PollConfig {
    /// `POLL_INTERVAL`: from one tick to the next.
    pub interval: Duration,
    /// `CHAINS`; at least one.
    pub chains: Vec<Chain>,
    /// `SCHEDULER_QUERY`: the searches that find tokens; at least one.
    pub searches: Vec<String>,
    /// `MAX_TOKENS`: the most tokens on the board.
    pub max_tokens: usize,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `LOG`: filter directives.
    pub filter: String,
    /// `LOG_FORMAT`.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether token pictures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logos {
    /// Letters in place of pictures.
    Off,
    /// Fetched, checked and encoded anew by the server.
    Proxy,
}

/// The demo market inside the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoConfig {
    /// `DEMO_TOKENS`: how many tokens it has.
    pub tokens: usize,
    /// `DEMO_SEED`: what everything random in it follows from.
    pub seed: u64,
    /// `--faults`: how its sources misbehave; empty when they do not.
    pub faults: String,
    /// `--adversarial`, of the market that is served alone: whether it holds counterfeits by the dozen and lies.
    pub adversarial: bool,
}

/// A demo market that is served alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketCommand {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What it is made of.
    pub demo: DemoConfig,
    /// The time that its clock shows at first; the machine's when `None`.
    pub market_time: Option<Timestamp>,
}

impl Config {
    /// Reads and checks the values; what is not set has its default.
    pub fn from_values(values: &mut Values) -> Result<Self, ConfigError> {
        let demo = Self::demo(values)?;
        let max_tokens = values.read("MAX_TOKENS", value::token_count)?;
        let config = Self {
            http: HttpConfig {
                listen: SocketAddr::new(
                    values.read("HOST", value::address)?,
                    values.read("PORT", value::whole(0..=u16::MAX))?,
                ),
                frontend: values.read("FRONTEND_URL", value::origins)?,
                trusted_proxies: values.read("TRUSTED_PROXIES", value::networks)?,
                rate_limit: values.read("RATE_LIMIT", value::rate_limit)?,
                ws_limit: values.read("WS_LIMIT", value::socket_limit)?,
            },
            sources: SourcesConfig {
                dexscreener: Self::source(values, "DEXSCREENER_URL", "DEXSCREENER_BUDGET", None)?,
                geckoterminal: Self::source(
                    values,
                    "GECKOTERMINAL_URL",
                    "GECKOTERMINAL_BUDGET",
                    Some("COINGECKO_API_KEY"),
                )?,
                jupiter: Self::source(values, "JUPITER_URL", "JUPITER_BUDGET", Some("JUPITER_API_KEY"))?,
            },
            poll: PollConfig {
                interval: values.read("POLL_INTERVAL", value::interval)?,
                chains: values.read("CHAINS", value::chains)?,
                searches: values.read("SCHEDULER_QUERY", value::searches)?,
                // The demo board has room for the whole market, unless it is meant not to.
                max_tokens: match &demo {
                    Some(demo) if !values.is_set("MAX_TOKENS") => max_tokens.max(demo.tokens),
                    _ => max_tokens,
                },
            },
            data_dir: values.read("DATA_DIR", value::folder)?,
            metrics_addr: values.read("METRICS_ADDR", value::metrics_addr)?,
            log: LogConfig {
                filter: values.read("LOG", value::log_filter)?,
                format: values.read("LOG_FORMAT", value::log_format)?,
            },
            demo,
            ready_on_stale: values.read("READY_ON_STALE", value::boolean)?,
            logos: values.read("LOGOS", value::logos)?,
            redis_url: values.read("REDIS_URL", value::redis_url)?,
        };
        if config.metrics_addr.is_some_and(|metrics| metrics.port() != 0 && metrics == config.http.listen) {
            return Err(ConfigError("METRICS_ADDR must not be the address of HOST and PORT.".into()));
        }
        Ok(config)
    }

    fn demo(values: &mut Values) -> Result<Option<DemoConfig>, ConfigError> {
        let tokens = values.read("DEMO_TOKENS", value::token_count)?;
        let seed = values.read("DEMO_SEED", value::whole(0..=u64::MAX))?;
        let faults = values.text("FAULTS").to_owned();
        if !values.read("DEMO", value::boolean)? {
            if !faults.is_empty() {
                return Err(ConfigError("FAULTS needs DEMO, because only the demo market fails on request.".into()));
            }
            return Ok(None);
        }
        for name in ["DEXSCREENER_URL", "GECKOTERMINAL_URL", "JUPITER_URL"] {
            if values.differs(name) {
                return Err(ConfigError(format!(
                    "{name} cannot be chosen together with DEMO, where the demo market answers for every source."
                )));
            }
        }
        values.prefer_demo();
        Ok(Some(DemoConfig { tokens, seed, faults, adversarial: false }))
    }

    fn source(
        values: &Values,
        url: &'static str,
        budget: &'static str,
        key: Option<&'static str>,
    ) -> Result<SourceConfig, ConfigError> {
        Ok(SourceConfig {
            url: values.read(url, value::base_url)?,
            budget: values.read(budget, str::parse)?,
            api_key: key.and_then(|name| Secret::new(values.text(name))),
        })
    }

    /// Where this market's state is kept: the demo has a folder of its own, so that its numbers never meet real ones.
    pub fn state_dir(&self) -> PathBuf {
        if self.demo.is_some() { self.data_dir.join("demo") } else { self.data_dir.clone() }
    }

    /// Where a probe on this machine reaches the server.
    pub fn probe_address(&self) -> SocketAddr {
        let ip = match self.http.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.http.listen.port())
    }

    /// Names of the settings that were chosen and that nothing in this version acts on.
    pub fn without_effect(&self) -> Vec<&'static str> {
        self.redis_url.iter().map(|_| "REDIS_URL").collect()
    }

    /// Whether other machines can reach the server.
    pub fn is_public(&self) -> bool {
        !self.http.listen.ip().is_loopback()
    }
}
