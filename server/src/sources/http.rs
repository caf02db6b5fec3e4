//! Fetches one document from one source, within bounds that hold whatever the source does.
//!
//! Two seconds to connect, eight in all from question to last byte, eight MiB once unpacked. Redirects stay on the
//! host. A page for people is told from data before anybody tries to read it.

mod resolve;

use std::fmt;
use std::time::Duration;

use memescope::{Source, Timestamp};
use reqwest::header::{ACCEPT, AGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use tokio::time::timeout;
use url::Url;

use self::resolve::{CarefulResolver, is_vendor};
use super::backoff;
use super::error::SourceError;
use crate::clock::Clock;

/// How long a connection may take, name and certificate included.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an answer may take, from question to last byte.
pub const DEADLINE: Duration = Duration::from_secs(8);

/// The largest answer, unpacked.
pub(super) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The oldest answer that a cache is believed to hold.
const OLDEST: Duration = Duration::from_secs(3_600);

/// The most redirects that are followed on the same host.
const MOST_REDIRECTS: usize = 3;

/// A client of one source.
#[derive(Clone, Debug)]
pub(super) struct HttpClient {
    source: Source,
    client: Client,
    base: Url,
    deadline: Duration,
    clock: Clock,
}

/// Why a client cannot be made: a mistake of configuration or of the machine.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not an address to which a path can be added.
    #[error("the address of {0} must start with http:// or https:// and have no query")]
    Address(Source),
    /// A key that cannot stand in a header.
    #[error("the key of {0} holds characters that a header cannot carry")]
    Key(Source),
    /// No TLS, no certificates.
    #[error("the HTTP client could not be made")]
    Client(#[from] reqwest::Error),
}

/// A question to a source: segments of a path, and a query. Both are escaped on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
}

impl Request {
    /// A path below the base address.
    pub(super) fn path<const N: usize>(segments: [&str; N]) -> Self {
        Self { segments: segments.into_iter().map(str::to_owned).collect(), query: Vec::new() }
    }

    /// With one more parameter.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The text.
    pub body: String,
    /// When it was complete.
    pub fetched_at: Timestamp,
    /// When it was true: fetched, less the age that a cache declared.
    pub as_of: Timestamp,
}

/// How a client is set up beyond its address.
#[derive(Clone, Debug)]
pub(super) struct HttpOptions {
    /// From question to last byte.
    pub deadline: Duration,
    /// A header with a secret.
    pub key: Option<(HeaderName, String)>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { deadline: DEADLINE, key: None }
    }
}

impl HttpClient {
    /// A client for the source behind `base`; a path in it is kept, a trailing slash does not matter.
    pub(super) fn new(source: Source, base: &Url, options: HttpOptions, clock: Clock) -> Result<Self, ClientError> {
        let usable = matches!(base.scheme(), "http" | "https")
            && base.has_host()
            && base.query().is_none()
            && base.fragment().is_none();
        if !usable {
            return Err(ClientError::Address(source));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept(source)));
        if let Some((name, key)) = options.key {
            let mut key = HeaderValue::from_str(&key).map_err(|_| ClientError::Key(source))?;
            key.set_sensitive(true);
            headers.insert(name, key);
        }
        let mut builder = Client::builder()
            .user_agent(concat!("memescope/", env!("CARGO_PKG_VERSION"), " (+self-hosted screener)"))
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .redirect(same_host_only())
            .gzip(true)
            .brotli(true)
            .zstd(true)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .dns_resolver(CarefulResolver);
        if base.host_str().is_some_and(|host| !is_vendor(host)) {
            // A stand-in of a source lives beside us; a proxy would not find it.
            builder = builder.no_proxy();
        }
        Ok(Self { source, client: builder.build()?, base: base.clone(), deadline: options.deadline, clock })
    }

    /// Fetches a document.
    pub(super) async fn get(&self, request: &Request) -> Result<Answer, SourceError> {
        timeout(self.deadline, self.exchange(self.address(request))).await.unwrap_or(Err(SourceError::Timeout))
    }

    fn address(&self, request: &Request) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&request.segments);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        url
    }

    async fn exchange(&self, url: Url) -> Result<Answer, SourceError> {
        let response = self.client.get(url).send().await.map_err(|error| not_sent(&error))?;
        self.judge(&response)?;
        let age = age(response.headers());
        let body = body(response).await?;
        let fetched_at = self.clock.now();
        Ok(Answer { body, fetched_at, as_of: fetched_at.minus(age) })
    }

    /// Decides by status and headers whether the body is worth reading.
    fn judge(&self, response: &Response) -> Result<(), SourceError> {
        let headers = response.headers();
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(SourceError::RateLimited { retry_after: self.wish(headers) });
        }
        let for_people = header(headers, &CONTENT_TYPE)
            .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
        let may_block = status.is_success() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if for_people && may_block {
            return Err(SourceError::Blocked);
        }
        if !status.is_success() {
            return Err(SourceError::Status(status.as_u16()));
        }
        Ok(())
    }

    /// How long the source wants to be left alone.
    fn wish(&self, headers: &HeaderMap) -> Option<Duration> {
        let now = self.clock.now();
        let asked = header(headers, &RETRY_AFTER).and_then(|value| backoff::retry_after(value, now));
        match self.source {
            Source::Jupiter => asked.or_else(|| {
                let reset = HeaderName::from_static("x-ratelimit-reset");
                backoff::rate_limit_reset(header(headers, &reset)?, now)
            }),
            Source::Dexscreener | Source::Geckoterminal => asked,
        }
    }
}

/// One constant text per source, so that its cache can answer.
const fn accept(source: Source) -> &'static str {
    match source {
        Source::Geckoterminal => "application/json;version=20230203",
        Source::Dexscreener | Source::Jupiter => "application/json",
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn age(headers: &HeaderMap) -> Duration {
    let seconds = header(headers, &AGE).and_then(|age| age.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(OLDEST)
}

fn same_host_only() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let same_host = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
        if same_host && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
    })
}

/// Reads the unpacked body up to its limit.
async fn body(mut response: Response) -> Result<String, SourceError> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > MOST_BYTES => {
                return Err(SourceError::TooLarge);
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) if error.is_timeout() => return Err(SourceError::Timeout),
            Err(_) => return Err(SourceError::Interrupted),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| SourceError::Malformed)?;
    let start = text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    match start.as_bytes().first() {
        None => Err(SourceError::Malformed),
        Some(b'<') => Err(SourceError::Blocked),
        Some(_) if start.len() == text.len() => Ok(text),
        Some(_) => Ok(start.to_owned()),
    }
}

fn not_sent(error: &reqwest::Error) -> SourceError {
    if error.is_connect() {
        SourceError::Connect
    } else if error.is_timeout() {
        SourceError::Timeout
    } else {
        SourceError::Interrupted
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn client(base: &str) -> Result<HttpClient, ClientError> {
        let clock = Clock::new(|| Timestamp::from_secs(1_790_628_375));
        HttpClient::new(Source::Jupiter, &Url::parse(base).unwrap(), HttpOptions::default(), clock)
    }

    #[test]
    fn a_path_is_kept_and_a_trailing_slash_ignored() {
        let request = Request::path(["tokens", "a,b", "c/d"]).with("q", "x&y").with("page", 2);
        for (base, address) in [
            ("http://h", "http://h/tokens/a,b/c%2Fd?q=x%26y&page=2"),
            ("http://h/", "http://h/tokens/a,b/c%2Fd?q=x%26y&page=2"),
            ("http://h:81/api/v2", "http://h:81/api/v2/tokens/a,b/c%2Fd?q=x%26y&page=2"),
            ("http://h/api/v2/", "http://h/api/v2/tokens/a,b/c%2Fd?q=x%26y&page=2"),
        ] {
            assert_eq!(client(base).unwrap().address(&request).as_str(), address);
        }
    }

    #[test]
    fn an_address_must_take_a_path() {
        for base in ["ftp://h/", "data:text/plain,x", "http://h/?a=b", "http://h/#f"] {
            assert!(matches!(client(base), Err(ClientError::Address(Source::Jupiter))), "{base}");
        }
    }

    #[test]
    fn a_cache_is_believed_for_an_hour() {
        for (value, seconds) in [("27", 27), ("0", 0), ("-3", 0), ("x", 0), ("999999", 3_600)] {
            let headers = HeaderMap::from_iter([(AGE, HeaderValue::from_static(value))]);
            assert_eq!(age(&headers), Duration::from_secs(seconds), "{value}");
        }
        assert_eq!(age(&HeaderMap::new()), Duration::ZERO);
    }
}
