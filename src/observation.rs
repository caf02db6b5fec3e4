//! What a source said, and when: the input of the merge.
//!
//! An adapter reads each answer strictly, field by field, into these types. A field that the source did not give, or
//! gave in a form that is not valid, is `None`; nothing is ever 0 for want of knowledge.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Candle, PerWindow, PoolId, Price, RarePerWindow, Source, Timestamp, TokenId, Traders, Txns};

/// What a source says about one pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolObservation {
    /// Who says it.
    pub source: Source,
    /// When it was true: fetched, less the age that the source's cache declared.
    pub as_of: Timestamp,
    /// The pool.
    pub pool: PoolId,
    /// The venue in the source's own spelling (`pumpfun`, `pump-fun`).
    pub dex: Arc<str>,
    /// DexScreener's labels (`CLMM`, `DLMM`); empty for other sources.
    pub labels: Vec<Arc<str>>,
    /// The base side.
    pub base: PoolSide,
    /// The quote side.
    pub quote: PoolSide,
    /// USD per base token, by the source.
    pub price_usd: Option<Price>,
    /// Quote tokens per base token.
    pub price_quote: Option<Price>,
    /// SOL per base token, where the source says so itself.
    pub price_sol: Option<Price>,
    /// USD per quote token, where the source says so.
    pub quote_price_usd: Option<Price>,
    /// Percent.
    pub change_pct: PerWindow<f64>,
    /// USD.
    pub volume_usd: PerWindow<f64>,
    /// Buys and sells.
    pub txns: PerWindow<Txns>,
    /// Distinct buyers and sellers.
    pub traders: RarePerWindow<Traders>,
    /// What the source reports as the pool's liquidity, USD.
    pub liquidity_usd: Option<f64>,
    /// Quote tokens in the pool, in whole units.
    pub quote_reserve: Option<f64>,
    /// Base tokens in the pool, in whole units.
    pub base_reserve: Option<f64>,
    /// USD, fully diluted.
    pub fdv_usd: Option<f64>,
    /// USD, circulating.
    pub market_cap_usd: Option<f64>,
    /// When the pool was made.
    pub created_at: Option<Timestamp>,
    /// Whether its bonding curve is completed, where the source says so.
    pub graduated: Option<bool>,
    /// Whether somebody pays the source to show it.
    pub promoted: bool,
}

/// One side of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolSide {
    /// The token.
    pub token: TokenId,
    /// Its symbol, cleaned.
    pub symbol: Option<Arc<str>>,
    /// Its name, cleaned.
    pub name: Option<Arc<str>>,
    /// Whether CoinGecko lists it, where the source says so.
    pub listed: Option<bool>,
}

/// What a statement about a token as a whole is about. A newer one replaces an older one of the same kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statement {
    /// Its price.
    Price,
    /// Its name, supply, holders, statistics.
    Facts,
    /// That somebody pays for showing it, or gave it a profile.
    Promotion,
}

/// What a source says about a token as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenObservation {
    /// Who says it.
    pub source: Source,
    /// What it is about.
    pub statement: Statement,
    /// When it was true.
    pub as_of: Timestamp,
    /// The token.
    pub token: TokenId,
    /// Symbol, cleaned.
    pub symbol: Option<Arc<str>>,
    /// Name, cleaned.
    pub name: Option<Arc<str>>,
    /// USD per token.
    pub price_usd: Option<Price>,
    /// USD.
    pub liquidity_usd: Option<f64>,
    /// USD, circulating.
    pub market_cap_usd: Option<f64>,
    /// USD, fully diluted.
    pub fdv_usd: Option<f64>,
    /// Tokens in circulation, whole units.
    pub circulating_supply: Option<f64>,
    /// All tokens, whole units.
    pub total_supply: Option<f64>,
    /// Wallets.
    pub holders: Option<u64>,
    /// Percent.
    pub change_pct: PerWindow<f64>,
    /// USD.
    pub volume_usd: PerWindow<f64>,
    /// Buys and sells.
    pub txns: PerWindow<Txns>,
    /// Distinct traders, where both sides are known.
    pub traders: RarePerWindow<Traders>,
    /// When its first pool was made.
    pub created_at: Option<Timestamp>,
    /// Whether the source has verified it; of GeckoTerminal, whether CoinGecko lists it.
    pub verified: Option<bool>,
    /// Whether it left its bonding curve.
    pub graduated: Option<bool>,
    /// Whether the source distrusts it.
    pub suspicious: Option<bool>,
    /// Whether somebody can still mint.
    pub mint_authority: Option<bool>,
    /// Whether somebody can still freeze.
    pub freeze_authority: Option<bool>,
    /// Share of the ten largest holders, percent.
    pub top_holders_pct: Option<f64>,
    /// The source's tags (`lst`, `stocks`, `verified`).
    pub tags: Vec<Arc<str>>,
}

impl TokenObservation {
    /// A statement that says nothing yet.
    pub fn new(source: Source, statement: Statement, token: TokenId, as_of: Timestamp) -> Self {
        Self {
            source,
            statement,
            as_of,
            token,
            symbol: None,
            name: None,
            price_usd: None,
            liquidity_usd: None,
            market_cap_usd: None,
            fdv_usd: None,
            circulating_supply: None,
            total_supply: None,
            holders: None,
            change_pct: PerWindow::default(),
            volume_usd: PerWindow::default(),
            txns: PerWindow::default(),
            traders: RarePerWindow::default(),
            created_at: None,
            verified: None,
            graduated: None,
            suspicious: None,
            mint_authority: None,
            freeze_authority: None,
            top_holders_pct: None,
            tags: Vec::new(),
        }
    }
}

/// A value that an adapter refused: the field stays unknown, the refusal is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Reject {
    /// The field in the source's spelling; `row` when the whole row was refused.
    pub field: &'static str,
    /// Why, in a word: `not_a_number`, `out_of_range`, `negative`, `bad_address`, `wrong_type`.
    pub reason: &'static str,
}

/// Everything that one answer of a source says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Harvest {
    /// What it says about pools.
    pub pools: Vec<PoolObservation>,
    /// What it says about tokens as a whole.
    pub tokens: Vec<TokenObservation>,
    /// What it says about the past of the one token that was asked about, in the order of time.
    pub candles: Vec<Candle>,
    /// Where pictures of tokens are, as the source wrote it: the address of a stranger, often.
    pub logos: Vec<(TokenId, Arc<str>)>,
    /// The tokens that the request named: one that is missing from the answer is a witness of its absence.
    pub asked: Vec<TokenId>,
    /// Values and rows that were refused.
    pub rejects: Vec<Reject>,
}

impl Harvest {
    /// How many rows the answer held that could be read.
    pub fn rows(&self) -> usize {
        self.pools.len() + self.tokens.len() + self.candles.len()
    }
}
