//! Jupiter: prices by mint, and lists and facts of Solana tokens.
//!
//! A mint without a price that Jupiter trusts is left out of the answer, without a word; one too many in a request is
//! dropped the same way. All of its endpoints share one budget.

mod wire;

use std::fmt;
use std::sync::Arc;

use memescope::{Chain, Harvest, TokenId, Window};

use self::wire::{read_prices, read_tokens};
use super::batch;
use super::channel::Channel;
use super::error::SourceError;
use super::geckoterminal::window;
use super::http::Request;

/// Wrapped SOL: every batch of prices holds it, for prices in SOL follow from it.
pub(super) const WRAPPED_SOL: &str = "So11111111111111111111111111111111111111112";

/// The most tokens in one request for prices, wrapped SOL among them.
pub const MOST_PRICES: usize = 50;

/// The most tokens in one request for facts.
pub const MOST_FACTS: usize = 100;

/// The most tokens in one list.
pub(super) const MOST_LISTED: u32 = 100;

/// By what a list of tokens is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenList {
    /// Jupiter's measure of honest activity.
    OrganicScore,
    /// Volume.
    Traded,
    /// Rising interest.
    #[default]
    Trending,
}

impl fmt::Display for TokenList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl TokenList {
    const fn path(self) -> &'static str {
        match self {
            Self::OrganicScore => "toporganicscore",
            Self::Traded => "toptraded",
            Self::Trending => "toptrending",
        }
    }
}

/// A handle on Jupiter.
#[derive(Clone, Debug)]
pub struct Jupiter(Arc<Channel>);

impl Jupiter {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        Self(channel)
    }

    /// Prices of wrapped SOL and of the first 49 other Solana tokens. The harvest says who was asked for.
    pub async fn prices(&self, tokens: &[TokenId]) -> Result<Harvest, SourceError> {
        let solana = Chain::solana();
        let with_sol: Vec<TokenId> =
            TokenId::new(&solana, WRAPPED_SOL).into_iter().chain(tokens.iter().cloned()).collect();
        let (asked, list) = batch::tokens(&solana, &with_sol, MOST_PRICES);
        let request = Request::path(["price", "v3"]).with("ids", list);
        self.0.ask(&request, asked, read_prices).await
    }

    /// At most `limit` tokens of a list over a window; seven days are read as one.
    pub async fn trending(&self, list: TokenList, duration: Window, limit: u32) -> Result<Harvest, SourceError> {
        let request =
            Request::path(["tokens", "v2", list.path(), window(duration)]).with("limit", limit.clamp(1, MOST_LISTED));
        self.0.ask(&request, Vec::new(), read_tokens).await
    }

    /// The 30 tokens whose first pool is youngest.
    pub async fn recent(&self) -> Result<Harvest, SourceError> {
        let request = Request::path(["tokens", "v2", "recent"]);
        self.0.ask(&request, Vec::new(), read_tokens).await
    }

    /// Facts of the first 100 Solana tokens. The harvest says who was asked for.
    pub async fn search(&self, tokens: &[TokenId]) -> Result<Harvest, SourceError> {
        let (asked, list) = batch::tokens(&Chain::solana(), tokens, MOST_FACTS);
        if asked.is_empty() {
            return Ok(Harvest::default());
        }
        let request = Request::path(["tokens", "v2", "search"]).with("query", list);
        self.0.ask(&request, asked, read_tokens).await
    }
}
