//! Fetching a picture from wherever its maker put it: the one place where the server goes to an address that a stranger
//! wrote.
//!
//! TLS only, by name only, at addresses of the internet only; the very addresses that were checked are connected to, so that
//! a name that changes its mind between two questions gains nothing. No redirects, no proxies, nothing packed, half a MiB
//! and five seconds at most.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_ENCODING};
use reqwest::{Client, StatusCode, redirect};
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::Url;

use super::address::{is_global, is_plain_https};

/// The largest picture that is fetched, bytes.
pub(super) const MOST_BYTES: usize = 512 * 1024;

/// How long it may take, from the name to the last byte.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoPicture {
    #[error("this address may not be fetched")]
    Address,
    #[error("no connection to an address that may be fetched from")]
    Connect,
    #[error("answered with status {0}")]
    Status(u16),
    #[error("packed")]
    Packed,
    #[error("larger than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("took too long")]
    Slow,
    #[error("broke off")]
    Interrupted,
    #[error("not a picture that can be drawn")]
    Undrawable,
}

/// Finds the addresses of a name.
pub(super) trait Names: fmt::Debug + Send + Sync {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's resolver.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

impl Names for System {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// What may be fetched from where. A test, which has no certificates, brings its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) may_ask: fn(&Url) -> bool,
    pub(super) may_connect: fn(IpAddr) -> bool,
}

impl Rules {
    pub(super) const STRICT: Self = Self { may_ask: is_plain_https, may_connect: is_global };
}

/// Resolves a name, unless any of its addresses may not be connected to.
#[derive(Debug)]
struct Guard {
    names: Arc<dyn Names>,
    rules: Rules,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, may_connect) = (self.names.addresses(name.as_str().to_owned()), self.rules.may_connect);
        Box::pin(async move {
            let found = found.await?;
            // One bad address makes the others suspect.
            if found.is_empty() || !found.iter().all(|address| may_connect(*address)) {
                return Err(io::Error::from(io::ErrorKind::PermissionDenied).into());
            }
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// A client that keeps these rules.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    client: Client,
    rules: Rules,
}

impl Fetcher {
    pub(super) fn new(rules: Rules, names: Arc<dyn Names>) -> reqwest::Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("memescope/", env!("CARGO_PKG_VERSION"), " (+self-hosted screener)"))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(10))
            .dns_resolver(Guard { names, rules })
            .build()?;
        Ok(Self { client, rules })
    }

    /// Fetches what stands at an address.
    pub(super) async fn fetch(&self, address: &str) -> Result<Vec<u8>, NoPicture> {
        let url = Url::parse(address).ok().filter(|url| (self.rules.may_ask)(url)).ok_or(NoPicture::Address)?;
        timeout(DEADLINE, self.exchange(url)).await.unwrap_or(Err(NoPicture::Slow))
    }

    async fn exchange(&self, url: Url) -> Result<Vec<u8>, NoPicture> {
        let accept = "image/webp,image/png,image/jpeg,image/gif";
        let asked = self.client.get(url).header(ACCEPT, accept).send().await;
        let mut response = asked.map_err(|error| match error {
            error if error.is_connect() => NoPicture::Connect,
            error if error.is_timeout() => NoPicture::Slow,
            _ => NoPicture::Interrupted,
        })?;
        if response.status() != StatusCode::OK {
            return Err(NoPicture::Status(response.status().as_u16()));
        }
        if response.headers().contains_key(CONTENT_ENCODING) {
            return Err(NoPicture::Packed);
        }
        if response.content_length().is_some_and(|length| length > MOST_BYTES as u64) {
            return Err(NoPicture::TooLarge);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| NoPicture::Interrupted)? {
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(NoPicture::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
