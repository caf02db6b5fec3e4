//! Where each published number comes from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::FlagDetail;
use crate::{SortedMap, Source, Timestamp};

/// A field of the row that has an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Symbol and name.
    Name,
    /// `price_usd`
    PriceUsd,
    /// `price_sol`
    PriceSol,
    /// `change_pct`
    ChangePct,
    /// `volume_usd`
    VolumeUsd,
    /// `txns`
    Txns,
    /// `traders`
    Traders,
    /// `liquidity_usd`
    LiquidityUsd,
    /// `market_cap_usd`
    MarketCapUsd,
    /// `fdv_usd`
    FdvUsd,
    /// `holders`
    Holders,
    /// `created_at`
    CreatedAt,
    /// `verified`
    Verified,
}

impl Field {
    /// The field as JSON names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::PriceUsd => "price_usd",
            Self::PriceSol => "price_sol",
            Self::ChangePct => "change_pct",
            Self::VolumeUsd => "volume_usd",
            Self::Txns => "txns",
            Self::Traders => "traders",
            Self::LiquidityUsd => "liquidity_usd",
            Self::MarketCapUsd => "market_cap_usd",
            Self::FdvUsd => "fdv_usd",
            Self::Holders => "holders",
            Self::CreatedAt => "created_at",
            Self::Verified => "verified",
        }
    }
}

/// The origin of one field.
///
/// `others` holds what the other sources say of the same thing, `spread_pct` how far all of them lie apart:
///
/// | field | compared |
/// |---|---|
/// | `price_usd` | USD per token, by pool or as a whole; nothing stale |
/// | `liquidity_usd`, `volume_usd`, `txns` | the sum over the very pools that are shown, of sources that describe all of them; of a figure of the whole token those of the whole token; 24 hours |
/// | `market_cap_usd`, `fdv_usd` | each source's supply, at the price that is shown |
/// | `created_at` | the oldest pool that the source knows of, as a time |
/// | `name` | `SYMBOL (name)` |
///
/// Other fields are told by one source only. What has expired is not compared, but for times of birth, which do not age.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldProvenance {
    /// Whose number is shown.
    pub source: Source,
    /// The pool it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Arc<str>>,
    /// When it was true.
    pub observed_at: Timestamp,
    /// What the other sources say.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty")]
    pub others: SortedMap<Source, Box<str>>,
    /// How far the sources lie apart, percent of the shown value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread_pct: Option<f64>,
}

/// The origins of a token's fields, and the reasons for its flags.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// By field; a field that is unknown has no entry.
    pub fields: SortedMap<Field, FieldProvenance>,
    /// By flag.
    pub flags: Vec<FlagDetail>,
}

impl Provenance {
    /// The newest moment at which any source confirmed a field.
    pub fn newest(&self) -> Option<Timestamp> {
        self.fields.values().map(|field| field.observed_at).max()
    }
}
