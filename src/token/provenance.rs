//! Where each published number comes from.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::FlagDetail;
use crate::{SortedMap, Source, Timestamp};

/// A field of the row that has an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// `change_pct.d7`
    #[serde(rename = "change_pct.d7")]
    ChangePctD7,
    /// `volume_usd.d7`
    #[serde(rename = "volume_usd.d7")]
    VolumeUsdD7,
}

impl Field {
    /// Every field, in their order.
    pub const ALL: [Self; 15] = [
        Self::Name,
        Self::PriceUsd,
        Self::PriceSol,
        Self::ChangePct,
        Self::VolumeUsd,
        Self::Txns,
        Self::Traders,
        Self::LiquidityUsd,
        Self::MarketCapUsd,
        Self::FdvUsd,
        Self::Holders,
        Self::CreatedAt,
        Self::Verified,
        Self::ChangePctD7,
        Self::VolumeUsdD7,
    ];

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
            Self::ChangePctD7 => "change_pct.d7",
            Self::VolumeUsdD7 => "volume_usd.d7",
        }
    }
}

/// Whose number a field shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FieldSource {
    /// What we kept of what the sources said before.
    History,
    /// What a source says.
    #[serde(untagged)]
    Upstream(Source),
}

impl FieldSource {
    /// The upstream, if it is one.
    pub const fn upstream(self) -> Option<Source> {
        match self {
            Self::Upstream(source) => Some(source),
            Self::History => None,
        }
    }

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upstream(source) => source.name(),
            Self::History => "history",
        }
    }

    /// The name that a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Upstream(source) => source.label(),
            Self::History => "History",
        }
    }
}

impl fmt::Display for FieldSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Source> for FieldSource {
    fn from(source: Source) -> Self {
        Self::Upstream(source)
    }
}

impl PartialEq<Source> for FieldSource {
    fn eq(&self, other: &Source) -> bool {
        self.upstream() == Some(*other)
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldProvenance {
    /// Whose number is shown.
    pub source: FieldSource,
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

/// The spread is never `NaN`.
impl Eq for FieldProvenance {}

/// The origins of a token's fields, and the reasons for its flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn fields_are_listed_in_their_order() {
        assert!((0..).zip(Field::ALL).all(|(place, field)| field as usize == place));
        assert!(Field::ALL.is_sorted());
    }

    #[test]
    fn origins_are_written_by_their_names() {
        for (source, name) in [(FieldSource::from(Source::Jupiter), "jupiter"), (FieldSource::History, "history")] {
            let json = serde_json::to_string(&source).unwrap();
            assert_eq!((json.as_str(), source.name()), (format!("\"{name}\"").as_str(), name));
            assert_eq!(serde_json::from_str::<FieldSource>(&json).unwrap(), source);
        }
        for field in [Field::ChangePct, Field::ChangePctD7, Field::VolumeUsdD7] {
            assert_eq!(serde_json::to_value(field).unwrap(), field.name());
        }
    }
}
