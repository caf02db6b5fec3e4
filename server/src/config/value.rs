//! The formats of the settings. Each reader answers what would have been right, to be put after the variable's name:
//! "must be …".

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use memescope::Chain;
use url::Url;

use super::{LogFormat, Logos};

/// The end of a sentence that begins with the variable's name.
type Wanted = String;

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// `None` when there is nothing to keep.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The value, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How many requests a source may be sent: `60/1m`, `5/1m:3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// At most so many …
    pub requests: u32,
    /// … in this time.
    pub per: Duration,
    /// At most so many at once; the budget's own choice when `None`.
    pub burst: Option<u32>,
}

impl FromStr for Budget {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let wanted = || "must be requests/duration with an optional :burst, such as 60/1m or 5/1m:3".to_owned();
        let (requests, rest) = text.split_once('/').ok_or_else(wanted)?;
        let (per, burst) = match rest.split_once(':') {
            Some((per, burst)) => (per, Some(digits(burst).ok_or_else(wanted)?)),
            None => (rest, None),
        };
        let requests = digits(requests).ok_or_else(wanted)?;
        let per = duration(per).ok_or_else(wanted)?;
        let count = |n: u32| (1..=100_000).contains(&n);
        if !count(requests) || !burst.is_none_or(count) {
            return Err("must allow between 1 and 100000 requests".into());
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&per) {
            return Err("must be a budget for between 1ms and 1d".into());
        }
        Ok(Self { requests, per, burst })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = humantime::format_duration(self.per).to_string().replace(' ', "");
        write!(f, "{}/{per}", self.requests)?;
        self.burst.map_or(Ok(()), |burst| write!(f, ":{burst}"))
    }
}

/// What one address may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second, at least 1.
    pub per_second: u32,
    /// Requests at once, at least 1.
    pub burst: u32,
}

/// The sites whose pages may read the API and open the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// This server's own pages only.
    Same,
    /// Any.
    Any,
    /// These, as browsers spell them: scheme, host, and port if it is not the scheme's own.
    Listed(Vec<String>),
}

impl Origins {
    /// Whether pages of another site may read; `origin` as the browser sent it.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Same => false,
            Self::Any => true,
            Self::Listed(origins) => origins.iter().any(|allowed| allowed == origin),
        }
    }
}

/// A duration: `10s`, `1500ms`, `1m`; a bare number is seconds.
fn duration(text: &str) -> Option<Duration> {
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

fn digits<N: FromStr>(text: &str) -> Option<N> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The parts of a comma list, without empty ones.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

pub(super) fn whole<N>(range: RangeInclusive<N>) -> impl FnOnce(&str) -> Result<N, Wanted>
where
    N: FromStr + PartialOrd + fmt::Display,
{
    move |text| {
        digits(text)
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
    }
}

pub(super) fn token_count(text: &str) -> Result<usize, Wanted> {
    whole(10..=200_000)(text)
}

pub(super) fn boolean(text: &str) -> Result<bool, Wanted> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

pub(super) fn address(text: &str) -> Result<IpAddr, Wanted> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| "must be an IP address, such as 127.0.0.1 or 0.0.0.0".into())
}

pub(super) fn metrics_addr(text: &str) -> Result<Option<SocketAddr>, Wanted> {
    if text == "off" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| "must be off or an address with a port, such as 127.0.0.1:9090".into())
}

pub(super) fn base_url(text: &str) -> Result<String, Wanted> {
    let wanted = "must be an http or https address without a query, such as https://example.com/api";
    let url = Url::parse(text).map_err(|_| wanted.to_owned())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(url.as_str().trim_end_matches('/').to_owned()) } else { Err(wanted.into()) }
}

pub(super) fn redis_url(text: &str) -> Result<Option<Secret>, Wanted> {
    let wanted = || "must be a redis or rediss address, such as redis://127.0.0.1:6379".to_owned();
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text).map_err(|_| wanted())?;
    if matches!(url.scheme(), "redis" | "rediss") && url.has_host() { Ok(Secret::new(text)) } else { Err(wanted()) }
}

pub(super) fn interval(text: &str) -> Result<Duration, Wanted> {
    duration(text)
        .filter(|interval| (Duration::from_millis(500)..=Duration::from_secs(600)).contains(interval))
        .ok_or_else(|| "must be a duration from 500ms to 10m, such as 10s".into())
}

pub(super) fn rate_limit(text: &str) -> Result<Option<RateLimit>, Wanted> {
    if text == "off" {
        return Ok(None);
    }
    let parse = || {
        let (per_second, burst) = text.split_once("/s:")?;
        let limit = RateLimit { per_second: digits(per_second)?, burst: digits(burst)? };
        let count = |n: u32| (1..=1_000_000).contains(&n);
        (count(limit.per_second) && count(limit.burst)).then_some(limit)
    };
    parse().map(Some).ok_or_else(|| "must be off or requests a second with a burst, such as 20/s:60".into())
}

pub(super) fn socket_limit(text: &str) -> Result<Option<u32>, Wanted> {
    if text == "off" {
        return Ok(None);
    }
    whole(1..=1_000_000)(text).map(Some).map_err(|wanted| format!("{wanted}, or off"))
}

pub(super) fn origins(text: &str) -> Result<Origins, Wanted> {
    if text == "*" {
        return Ok(Origins::Any);
    }
    let origins = list(text)
        .map(|part| {
            Url::parse(part)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty())
                .filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none())
                .map(|url| url.origin().ascii_serialization())
                .ok_or_else(|| "must be * or origins with commas between, such as https://example.com".to_owned())
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(if origins.is_empty() { Origins::Same } else { Origins::Listed(origins) })
}

pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, Wanted> {
    list(text)
        .map(|part| part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from)))
        .collect::<Result<_, _>>()
        .map_err(|_| "must be networks with commas between, such as 10.0.0.0/8,::1/128".into())
}

pub(super) fn chains(text: &str) -> Result<Vec<Chain>, Wanted> {
    let wanted = || "must be chains with commas between, such as solana or solana,bsc".to_owned();
    let mut chains = Vec::new();
    for part in list(text) {
        let chain = Chain::parse(part).ok_or_else(wanted)?;
        if !chains.contains(&chain) {
            chains.push(chain);
        }
    }
    if chains.is_empty() { Err(wanted()) } else { Ok(chains) }
}

pub(super) fn searches(text: &str) -> Result<Vec<String>, Wanted> {
    let mut searches = Vec::new();
    for part in list(text) {
        if part.chars().count() > 64 || part.chars().any(char::is_control) {
            return Err("must be searches of at most 64 characters with commas between".into());
        }
        if !searches.iter().any(|search| search == part) {
            searches.push(part.to_owned());
        }
    }
    if searches.is_empty() { Err("must hold at least one search, such as sol".into()) } else { Ok(searches) }
}

pub(super) fn folder(text: &str) -> Result<PathBuf, Wanted> {
    let path = PathBuf::from(text);
    if path.is_file() { Err("must be a folder".into()) } else { Ok(path) }
}

/// Filter directives. A lone word must be a level: a misspelt one would silence everything.
pub(super) fn log_filter(text: &str) -> Result<String, Wanted> {
    let wanted = || "must be a level (error, warn, info, debug, trace, off) or directives such as info,server=debug";
    let lone_words_are_levels = list(text).filter(|part| !part.contains(['=', ':', '['])).all(|part| {
        matches!(part.to_ascii_lowercase().as_str(), "off" | "error" | "warn" | "info" | "debug" | "trace")
    });
    let parses = tracing_subscriber::EnvFilter::builder().parse(text).is_ok();
    if lone_words_are_levels && parses { Ok(text.to_owned()) } else { Err(wanted().into()) }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, Wanted> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be auto, text or json".into()),
    }
}

pub(super) fn logos(text: &str) -> Result<Logos, Wanted> {
    match text {
        "off" => Ok(Logos::Off),
        "proxy" => Ok(Logos::Proxy),
        _ => Err("must be off or proxy".into()),
    }
}
