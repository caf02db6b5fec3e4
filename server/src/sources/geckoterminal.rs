//! GeckoTerminal: lists of pools by trend, age, trade and text, and facts of tokens.
//!
//! Its keyless budget is the smallest of all, so every list asks for the names and venues of its pools at once. One
//! constant set of parameters per list lets its cache answer.

mod candles;
mod wire;

use std::fmt;
use std::sync::Arc;

use memescope::{Candle, Chain, Harvest, Interval, PoolId, TokenId, Window};

use self::candles::{MOST_CANDLES, read_candles, timeframe};
use self::wire::{Network, read_pools, read_tokens};
use super::batch;
use super::channel::Channel;
use super::error::SourceError;
use super::http::Request;

/// The most tokens in one request; one more is refused.
pub const MOST_IDS: usize = 30;

/// The last page of any list; pages count from 1 and hold 20 pools.
pub const LAST_PAGE: u32 = 10;

const WITH_NAMES: &str = "base_token,quote_token,dex";

/// By what a list of all pools is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolSort {
    /// Most transactions in a day first.
    #[default]
    Transactions,
    /// Most volume in a day first.
    Volume,
}

impl fmt::Display for PoolSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transactions => "h24_tx_count_desc",
            Self::Volume => "h24_volume_usd_desc",
        })
    }
}

/// A handle on GeckoTerminal.
#[derive(Clone, Debug)]
pub struct GeckoTerminal(Arc<Channel>);

impl GeckoTerminal {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        Self(channel)
    }

    /// A page of the pools that people look at, over a window; seven days are read as one.
    pub async fn trending(&self, chain: &Chain, page: u32, duration: Window) -> Result<Harvest, SourceError> {
        let request = Request::path(["networks", chain.geckoterminal_network(), "trending_pools"])
            .with("duration", window(duration));
        self.pool_list(chain, request, page).await
    }

    /// A page of the youngest pools.
    pub async fn new_pools(&self, chain: &Chain, page: u32) -> Result<Harvest, SourceError> {
        let request = Request::path(["networks", chain.geckoterminal_network(), "new_pools"]);
        self.pool_list(chain, request, page).await
    }

    /// A page of all pools.
    pub async fn pools(&self, chain: &Chain, page: u32, sort: PoolSort) -> Result<Harvest, SourceError> {
        let request = Request::path(["networks", chain.geckoterminal_network(), "pools"]).with("sort", sort);
        self.pool_list(chain, request, page).await
    }

    /// A page of the pools that match a text.
    pub async fn search_pools(&self, chain: &Chain, text: &str, page: u32) -> Result<Harvest, SourceError> {
        let request =
            Request::path(["search", "pools"]).with("query", text).with("network", chain.geckoterminal_network());
        self.pool_list(chain, request, page).await
    }

    /// Facts of the first 30 tokens that live on `chain`, and their top pools with what is on either side of them. The
    /// harvest says who was asked for.
    pub async fn tokens_multi(&self, chain: &Chain, tokens: &[TokenId]) -> Result<Harvest, SourceError> {
        let (asked, list) = batch::tokens(chain, tokens, MOST_IDS);
        if asked.is_empty() {
            return Ok(Harvest::default());
        }
        let network = Network::of(chain);
        let request = Request::path(["networks", chain.geckoterminal_network(), "tokens", "multi", &list])
            .with("include", "top_pools")
            .with("include_composition", true);
        self.0
            .ask(&request, asked, |body, as_of, sieve, harvest| read_tokens(&network, body, as_of, sieve, harvest))
            .await
    }

    /// The newest thousand candles of a pool, which tell what `token`, its base, cost in USD; none where it is not its
    /// base. In the order of time.
    pub async fn candles(
        &self,
        pool: &PoolId,
        token: &TokenId,
        interval: Interval,
    ) -> Result<Vec<Candle>, SourceError> {
        let (unit, aggregate) = timeframe(interval);
        let network = pool.chain().geckoterminal_network();
        let request = Request::path(["networks", network, "pools", pool.address(), "ohlcv", unit])
            .with("aggregate", aggregate)
            .with("limit", MOST_CANDLES)
            .with("currency", "usd");
        let harvest = self
            .0
            .ask(&request, Vec::new(), |body, as_of, sieve, harvest| {
                harvest.candles = read_candles(token, interval, body, as_of, sieve)?;
                Ok(())
            })
            .await?;
        Ok(harvest.candles)
    }

    async fn pool_list(&self, chain: &Chain, request: Request, page: u32) -> Result<Harvest, SourceError> {
        let network = Network::of(chain);
        let request = request.with("include", WITH_NAMES).with("page", page.clamp(1, LAST_PAGE));
        self.0
            .ask(&request, Vec::new(), |body, as_of, sieve, harvest| read_pools(&network, body, as_of, sieve, harvest))
            .await
    }
}

/// The window as GeckoTerminal and Jupiter write it.
pub(super) const fn window(window: Window) -> &'static str {
    match window {
        Window::M5 => "5m",
        Window::H1 => "1h",
        Window::H6 => "6h",
        Window::H24 | Window::D7 => "24h",
    }
}
