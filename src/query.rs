//! What a reader asks of the board: filters, an order, a window.
//!
//! REST, the page's address, server functions and feed subscriptions all read the same keys with [`TokenQuery::parse`],
//! so a link of the page becomes an API call by changing its path.

mod filter;
mod order;
mod parse;

use std::time::Duration;

use crate::{Chain, Flag, TokenId, Window, number};

pub use self::filter::{Filter, figure, needle};
pub use self::order::{Order, OrderKey, OrderValue, Tier};
pub use self::parse::{ParameterError, Parsed};

/// The liquidity floor of the page's default view, USD: shown as a chip that can be removed.
pub const PAGE_LIQUIDITY_FLOOR: f64 = 10_000.0;

/// The most ids a query may name.
pub const MAX_IDS: usize = 200;

/// The most characters of a search text.
pub const MAX_SEARCH_CHARS: usize = 64;

/// A named order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Volume, transactions and movement together.
    #[default]
    Trending,
    /// Market cap.
    Top,
    /// Largest rise.
    Gainers,
    /// Largest fall.
    Losers,
    /// Youngest.
    New,
}

impl Rank {
    /// Every rank, in the order of the page's switch.
    pub const ALL: [Self; 5] = [Self::Trending, Self::Top, Self::Gainers, Self::Losers, Self::New];

    /// The name in JSON and in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trending => "trending",
            Self::Top => "top",
            Self::Gainers => "gainers",
            Self::Losers => "losers",
            Self::New => "new",
        }
    }

    /// The label that a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Trending => "Trending",
            Self::Top => "Top",
            Self::Gainers => "Gainers",
            Self::Losers => "Losers",
            Self::New => "New",
        }
    }

    /// How the order is made, in words.
    pub const fn formula(self) -> &'static str {
        match self {
            Self::Trending => "ln(1 + volume_usd) + ln(1 + txns) + clamp(change_pct, -50, 100) / 50, in the window",
            Self::Top => "market_cap_usd, else fdv_usd, largest first",
            Self::Gainers => "change_pct in the window, clamped at 10000, largest first",
            Self::Losers => "change_pct in the window, smallest first",
            Self::New => "created_at, youngest first",
        }
    }
}

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SortKey {
    /// `price_usd`
    PriceUsd,
    /// `change_pct` in the window
    ChangePct,
    /// `volume_usd` in the window
    VolumeUsd,
    /// `txns` in the window
    Txns,
    /// `traders` in the window
    Traders,
    /// `liquidity_usd`
    LiquidityUsd,
    /// `market_cap_usd`
    MarketCapUsd,
    /// Age of the oldest pool
    Age,
    /// The named rank itself
    Rank,
    /// Ticker
    Symbol,
}

impl SortKey {
    /// Every key.
    pub const ALL: [Self; 10] = [
        Self::PriceUsd,
        Self::ChangePct,
        Self::VolumeUsd,
        Self::Txns,
        Self::Traders,
        Self::LiquidityUsd,
        Self::MarketCapUsd,
        Self::Age,
        Self::Rank,
        Self::Symbol,
    ];

    /// The name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PriceUsd => "price_usd",
            Self::ChangePct => "change_pct",
            Self::VolumeUsd => "volume_usd",
            Self::Txns => "txns",
            Self::Traders => "traders",
            Self::LiquidityUsd => "liquidity_usd",
            Self::MarketCapUsd => "market_cap_usd",
            Self::Age => "age",
            Self::Rank => "rank",
            Self::Symbol => "symbol",
        }
    }
}

/// A sort by one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sort {
    /// The column.
    pub key: SortKey,
    /// Largest first.
    pub descending: bool,
}

impl Sort {
    /// As it stands in an address: `-volume_usd` descends.
    pub fn spelling(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.key.name())
    }
}

/// A figure that can be bounded by `min_` and `max_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `liquidity_usd`
    LiquidityUsd,
    /// `market_cap_usd`
    MarketCapUsd,
    /// `volume_usd`
    VolumeUsd,
    /// `txns`
    Txns,
    /// `traders`
    Traders,
    /// `change_pct`
    ChangePct,
    /// `price_usd`
    PriceUsd,
    /// `holders`
    Holders,
}

impl Metric {
    /// Every figure.
    pub const ALL: [Self; 8] = [
        Self::LiquidityUsd,
        Self::MarketCapUsd,
        Self::VolumeUsd,
        Self::Txns,
        Self::Traders,
        Self::ChangePct,
        Self::PriceUsd,
        Self::Holders,
    ];

    /// The name in addresses, after `min_` or `max_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LiquidityUsd => "liquidity_usd",
            Self::MarketCapUsd => "market_cap_usd",
            Self::VolumeUsd => "volume_usd",
            Self::Txns => "txns",
            Self::Traders => "traders",
            Self::ChangePct => "change_pct",
            Self::PriceUsd => "price_usd",
            Self::Holders => "holders",
        }
    }

    /// Whether it is counted over a window.
    pub const fn is_windowed(self) -> bool {
        matches!(self, Self::VolumeUsd | Self::Txns | Self::Traders | Self::ChangePct)
    }
}

/// A lower or an upper bound, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// What is bounded.
    pub metric: Metric,
    /// The window, where it was written out (`min_volume_usd.h1`); the query's window otherwise.
    pub window: Option<Window>,
    /// The smallest value that passes.
    pub min: Option<f64>,
    /// The largest value that passes.
    pub max: Option<f64>,
}

/// What a reader asks of the board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenQuery {
    /// The named order.
    pub rank: Rank,
    /// The window that drives the rank and window-less filters.
    pub window: Window,
    /// A column to sort by instead of the rank.
    pub sort: Option<Sort>,
    /// Any of these chains; all when empty.
    pub chains: Vec<Chain>,
    /// Any of these venues; all when empty.
    pub dexes: Vec<String>,
    /// Bounds, at most one for each figure and window, in the order of figure and window.
    pub bounds: Vec<Bound>,
    /// At least this old.
    pub min_age: Option<Duration>,
    /// At most this old.
    pub max_age: Option<Duration>,
    /// Verified or not.
    pub verified: Option<bool>,
    /// All of these flags stand on the row.
    pub with_flags: Vec<Flag>,
    /// None of these does.
    pub without_flags: Vec<Flag>,
    /// Text in symbol, name or address.
    pub q: Option<String>,
    /// Only these tokens, in this order unless sorted.
    pub ids: Vec<TokenId>,
}

impl TokenQuery {
    /// The page's default view: trending over a day, with the liquidity floor.
    pub fn page_default() -> Self {
        let mut query = Self::default();
        query.set_bound(Metric::LiquidityUsd, None, Some(PAGE_LIQUIDITY_FLOOR), None);
        query
    }

    /// The bound of a figure, if any.
    pub fn bound(&self, metric: Metric, window: Option<Window>) -> Option<&Bound> {
        self.bounds.iter().find(|bound| bound.metric == metric && bound.window == window)
    }

    /// Sets or, with both `None`, removes the bound of a figure.
    pub fn set_bound(&mut self, metric: Metric, window: Option<Window>, min: Option<f64>, max: Option<f64>) {
        self.bounds.retain(|bound| (bound.metric, bound.window) != (metric, window));
        if min.is_some() || max.is_some() {
            let place = self.bounds.partition_point(|bound| (bound.metric, bound.window) < (metric, window));
            self.bounds.insert(place, Bound { metric, window, min, max });
        }
    }

    /// The query as key and value pairs, in one canonical order, defaults left out.
    ///
    /// Equal queries give equal pairs; `parse` reads them back.
    pub fn to_pairs(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut add = |key: &str, value: String| pairs.push((key.to_owned(), value));
        if self.rank != Rank::default() {
            add("rank", self.rank.name().to_owned());
        }
        if self.window != Window::default() {
            add("window", self.window.name().to_owned());
        }
        if let Some(sort) = self.sort {
            add("sort", sort.spelling());
        }
        if !self.chains.is_empty() {
            add("chain", self.chains.iter().map(Chain::as_str).collect::<Vec<_>>().join(","));
        }
        if !self.dexes.is_empty() {
            add("dex", self.dexes.join(","));
        }
        for bound in &self.bounds {
            let suffix = bound.window.map(|window| format!(".{window}")).unwrap_or_default();
            for (side, value) in [("min", bound.min), ("max", bound.max)] {
                if let Some(value) = value {
                    add(&format!("{side}_{}{suffix}", bound.metric.name()), number::text(value));
                }
            }
        }
        for (key, age) in [("min_age", self.min_age), ("max_age", self.max_age)] {
            if let Some(age) = age {
                add(key, humantime::format_duration(age).to_string().replace(' ', ""));
            }
        }
        if let Some(verified) = self.verified {
            add("verified", verified.to_string());
        }
        for (key, flags) in [("with_flags", &self.with_flags), ("without_flags", &self.without_flags)] {
            if !flags.is_empty() {
                add(key, flags.iter().map(|flag| flag.code()).collect::<Vec<_>>().join(","));
            }
        }
        if let Some(q) = &self.q {
            add("q", q.clone());
        }
        if !self.ids.is_empty() {
            add("ids", self.ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        }
        pairs
    }

    /// The same pairs for the page's address: its liquidity floor is a default, so a removed floor is written out.
    pub fn to_page_pairs(&self) -> Vec<(String, String)> {
        let floor = |query: &Self| query.bound(Metric::LiquidityUsd, None).copied();
        let default = Self::page_default();
        let mut pairs = self.to_pairs();
        let own = floor(self);
        if own == floor(&default) {
            pairs.retain(|(key, _)| key != "min_liquidity_usd");
        } else if own.is_none_or(|bound| bound.min.is_none()) {
            pairs.push(("min_liquidity_usd".to_owned(), "0".to_owned()));
        }
        pairs
    }

    /// A name for the query: equal queries, equal names; used by cursors and views.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = crate::fnv::Fnv::default();
        for (key, value) in self.to_pairs() {
            hash.write(key.as_bytes());
            hash.write(b"=");
            hash.write(value.as_bytes());
            hash.write(b"&");
        }
        hash.finish()
    }
}
