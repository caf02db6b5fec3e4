//! What can be asked of a source.

use memescope::{Chain, PoolId, Source, TokenId};

use super::lists::List;

/// Tokens in one DexScreener request, and pools.
pub const DEXSCREENER_BATCH: usize = 30;

/// Tokens in one GeckoTerminal request.
pub const DETAILS_BATCH: usize = 30;

/// Tokens in one Jupiter request for facts.
pub const FACTS_BATCH: usize = 100;

/// Tokens in one Jupiter request for prices, one place of which is wrapped SOL's.
pub const PRICES_BATCH: usize = 49;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A list that may name tokens that are not yet known.
    List(List),
    /// The main pool of up to 30 tokens of one chain, at DexScreener.
    Tokens(Chain, Vec<TokenId>),
    /// All pools of one token, at DexScreener.
    Pools(TokenId),
    /// Up to 30 pools of one chain, at DexScreener: it alone says what lies on their quote side.
    Pairs(Chain, Vec<PoolId>),
    /// Up to 30 tokens of one chain and their top pools, at GeckoTerminal: it alone counts traders.
    Details(Chain, Vec<TokenId>),
    /// Facts of up to 100 Solana tokens, at Jupiter.
    Facts(Vec<TokenId>),
    /// Prices of up to 49 Solana tokens, at Jupiter.
    Prices(Vec<TokenId>),
}

impl Request {
    /// Whom it is put to.
    pub fn source(&self) -> Source {
        match self {
            Self::List(list) => list.source(),
            Self::Tokens(..) | Self::Pools(_) | Self::Pairs(..) => Source::Dexscreener,
            Self::Details(..) => Source::Geckoterminal,
            Self::Facts(_) | Self::Prices(_) => Source::Jupiter,
        }
    }

    /// What it asks for, in a word.
    pub fn endpoint(&self) -> &'static str {
        match self {
            Self::List(_) => "list",
            Self::Tokens(..) => "tokens",
            Self::Pools(_) => "pools",
            Self::Pairs(..) => "pairs",
            Self::Details(..) => "details",
            Self::Facts(_) => "facts",
            Self::Prices(_) => "prices",
        }
    }
}
