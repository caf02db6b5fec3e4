//! DexScreener: pools by search, by token and by pool, and the feeds of those who pay to be seen.
//!
//! It answers "nothing known" with `pairs: null` or `[]`, never with an error. Its feeds name tokens without saying
//! anything about their market: they become statements of promotion.

mod wire;

use std::sync::Arc;

use memescope::{Chain, Harvest, PoolId, TokenId};

use self::wire::{read_pairs, read_promotions};
use super::batch;
use super::channel::Channel;
use super::error::SourceError;
use super::http::Request;

/// The most tokens or pools in one request; more would be cut off without a word.
pub const MOST_IDS: usize = 30;

/// A handle on DexScreener.
#[derive(Clone, Debug)]
pub struct DexScreener(Arc<Channel>);

impl DexScreener {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        Self(channel)
    }

    /// At most 30 pools of any chain whose token or pool matches a text.
    pub async fn search(&self, text: &str) -> Result<Harvest, SourceError> {
        let request = Request::path(["latest", "dex", "search"]).with("q", text);
        self.0.ask(&request, Vec::new(), read_pairs).await
    }

    /// The main pool of each token: of the first 30 that live on `chain`. The harvest says who was asked for.
    pub async fn tokens(&self, chain: &Chain, tokens: &[TokenId]) -> Result<Harvest, SourceError> {
        let (asked, list) = batch::tokens(chain, tokens, MOST_IDS);
        if asked.is_empty() {
            return Ok(Harvest::default());
        }
        let request = Request::path(["tokens", "v1", chain.as_str(), &list]);
        self.0.ask(&request, asked, read_pairs).await
    }

    /// At most 30 pools of one token, those that quote in it among them.
    pub async fn token_pairs(&self, token: &TokenId) -> Result<Harvest, SourceError> {
        let request = Request::path(["token-pairs", "v1", token.chain().as_str(), token.address()]);
        self.0.ask(&request, vec![token.clone()], read_pairs).await
    }

    /// Pools by their addresses: the first 30 that live on `chain`. Names no token.
    pub async fn pairs(&self, chain: &Chain, pools: &[PoolId]) -> Result<Harvest, SourceError> {
        let list = batch::pools(chain, pools, MOST_IDS);
        if list.is_empty() {
            return Ok(Harvest::default());
        }
        let request = Request::path(["latest", "dex", "pairs", chain.as_str(), &list]);
        self.0.ask(&request, Vec::new(), read_pairs).await
    }

    /// The latest 30 tokens for which a boost was paid.
    pub async fn boosts_latest(&self) -> Result<Harvest, SourceError> {
        self.feed(["token-boosts", "latest", "v1"]).await
    }

    /// The 30 tokens with the most paid boosts.
    pub async fn boosts_top(&self) -> Result<Harvest, SourceError> {
        self.feed(["token-boosts", "top", "v1"]).await
    }

    /// The latest 30 tokens with a paid profile.
    pub async fn profiles(&self) -> Result<Harvest, SourceError> {
        self.feed(["token-profiles", "latest", "v1"]).await
    }

    async fn feed(&self, path: [&str; 3]) -> Result<Harvest, SourceError> {
        self.0.ask(&Request::path(path), Vec::new(), read_promotions).await
    }
}
