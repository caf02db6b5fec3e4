//! A token: the merged row that everybody sees, exactly as the API prints it.

mod flag;
mod patch;
mod provenance;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::flag::{Flag, FlagDetail};
pub use self::patch::{Patchable, TokenPatch, WindowsPatch};
pub use self::provenance::{Field, FieldProvenance, FieldSource, Provenance};
use crate::{Chain, PerWindow, Price, Timestamp, TokenId, Window};

/// Buys and sells in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Txns {
    /// Purchases of the token.
    pub buys: u64,
    /// Sales of the token.
    pub sells: u64,
}

impl Txns {
    /// Buys and sells together.
    pub fn total(self) -> u64 {
        self.buys.saturating_add(self.sells)
    }
}

/// Distinct wallets in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Traders {
    /// Wallets that bought.
    pub buyers: u64,
    /// Wallets that sold.
    pub sellers: u64,
}

impl Traders {
    /// Buyers and sellers together.
    pub fn total(self) -> u64 {
        self.buyers.saturating_add(self.sellers)
    }
}

/// Where a token trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Only on a bonding curve.
    Curve,
    /// On an automated market.
    Amm,
    /// Priced, but in no pool that we can vouch for.
    #[default]
    Unpooled,
}

/// What volume and transactions are summed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum VolumeScope {
    /// The eligible pools that we know.
    #[default]
    Pools,
    /// The whole token, as one source counts it.
    Token,
}

/// The merged row of one token.
///
/// Prices are decimals as text, USD sums and percents are numbers, unknown is `null`. Made by the merge; each published
/// field has its origin in [`Provenance`], which is not part of the row's JSON unless it is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Token {
    /// `chain:address`.
    pub id: TokenId,
    /// The chain's slug.
    pub chain: Chain,
    /// The token's address on its chain.
    pub address: Arc<str>,
    /// Ticker; hostile text, cleaned.
    pub symbol: Option<Arc<str>>,
    /// Name; hostile text, cleaned.
    pub name: Option<Arc<str>>,
    /// Path of its picture on this server; null unless pictures are switched on.
    pub logo: Option<Arc<str>>,
    /// USD per token.
    pub price_usd: Option<Price>,
    /// SOL per token.
    pub price_sol: Option<Price>,
    /// Percent.
    pub change_pct: PerWindow<f64>,
    /// USD.
    pub volume_usd: PerWindow<f64>,
    /// Buys and sells.
    pub txns: PerWindow<Txns>,
    /// Distinct buyers and sellers.
    pub traders: PerWindow<Traders>,
    /// USD in the eligible pools.
    pub liquidity_usd: Option<f64>,
    /// USD, circulating supply.
    pub market_cap_usd: Option<f64>,
    /// USD, whole supply.
    pub fdv_usd: Option<f64>,
    /// Wallets that hold it.
    pub holders: Option<u64>,
    /// When its oldest known pool was made.
    pub created_at: Option<Timestamp>,
    /// The venue of the canonical pool, by one spelling for all sources.
    pub dex: Option<Arc<str>>,
    /// The canonical pool's address.
    pub pool: Option<Arc<str>>,
    /// Eligible pools.
    pub pool_count: u32,
    /// Where it trades.
    pub stage: Stage,
    /// What volume and transactions are summed over.
    pub volume_scope: VolumeScope,
    /// Windows longer than the token's pool is old: their change is "since launch".
    pub partial_windows: Vec<Window>,
    /// Whether Jupiter has verified it; null when Jupiter has not answered about it.
    pub verified: Option<bool>,
    /// What to be careful about.
    pub flags: Vec<Flag>,
    /// When a published value last changed, or was confirmed.
    pub updated_at: Timestamp,
    /// Whether its price is older than its source's limit.
    pub stale: bool,
    /// Where each field comes from.
    #[serde(skip)]
    pub provenance: Arc<Provenance>,
}

/// No figure of a row is `NaN`: what is not a number is unknown. A row that is shared is therefore equal to itself without
/// a look into it, which is what most comparisons of boards are about.
impl Eq for Token {}

impl Token {
    /// A token of which nothing is known yet.
    pub fn new(id: TokenId, updated_at: Timestamp) -> Self {
        Self {
            chain: id.chain().clone(),
            address: id.shared_address(),
            id,
            symbol: None,
            name: None,
            logo: None,
            price_usd: None,
            price_sol: None,
            change_pct: PerWindow::default(),
            volume_usd: PerWindow::default(),
            txns: PerWindow::default(),
            traders: PerWindow::default(),
            liquidity_usd: None,
            market_cap_usd: None,
            fdv_usd: None,
            holders: None,
            created_at: None,
            dex: None,
            pool: None,
            pool_count: 0,
            stage: Stage::default(),
            volume_scope: VolumeScope::default(),
            partial_windows: Vec::new(),
            verified: None,
            flags: Vec::new(),
            updated_at,
            stale: false,
            provenance: Arc::default(),
        }
    }

    /// Whether a flag stands on it.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }
}
