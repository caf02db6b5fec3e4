//! Reading the server's JSON in the browser.
//!
//! The browser has a parser of its own; what `serde` would bring along besides (a second parser, tables for floats, the
//! words of errors that nobody sees) is a seventh of the module. So the browser parses, and what stands here takes the
//! fields out of the result. It reads what the types' `Serialize` writes: tests compare the two, with `serde_json` in the
//! browser's place.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod native;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

#[cfg(feature = "hydrate")]
pub(crate) use self::browser::Json;
#[cfg(not(feature = "hydrate"))]
pub(crate) use self::native::Json;
use memescope::feed::Channel;
use memescope::{
    BudgetReport, Epoch, Flag, Latency, PerWindow, Price, RejectCount, Requests, RowsReport, Source, SourceReport,
    SourceState, Stage, Timestamp, Token, TokenId, Traders, Txns, VolumeScope, Window,
};

use crate::reader::{BoardStatus, RowExtras, TokenPage};
use crate::server_fns::PageError;

/// What can be read.
pub(crate) trait Read: Sized {
    /// Reads a value; `None` when it is of another kind.
    fn read(json: &Json) -> Option<Self>;

    /// What a field is that is not there; most have to be.
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads a text of JSON.
pub(crate) fn read<T: Read>(text: &str) -> Option<T> {
    T::read(&Json::parse(text)?)
}

impl Json {
    /// Reads a field.
    pub(crate) fn field<T: Read>(&self, name: &str) -> Option<T> {
        self.get(name).map_or_else(T::absent, |field| T::read(&field))
    }

    /// Reads a field into its place; what cannot be read stays as it is and spoils the `whole`.
    #[inline(never)]
    fn put<T: Read>(&self, name: &str, place: &mut T, whole: &mut bool) {
        match self.field(name) {
            Some(value) => *place = value,
            None => *whole = false,
        }
    }

    fn parsed<T: FromStr>(&self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// One of some words.
    fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(json: &Json) -> Option<Self> {
        if json.is_null() { Some(None) } else { T::read(json).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(json: &Json) -> Option<Self> {
        json.items()?.iter().map(T::read).collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl Read for bool {
    fn read(json: &Json) -> Option<Self> {
        json.truth()
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

impl Read for f64 {
    fn read(json: &Json) -> Option<Self> {
        json.number()
    }
}

impl Read for i64 {
    fn read(json: &Json) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "whole")]
        json.number().filter(|number| number.fract() == 0.0).map(|number| number as Self)
    }
}

impl Read for u64 {
    fn read(json: &Json) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and not negative")]
        json.number().filter(|number| *number >= 0.0 && number.fract() == 0.0).map(|number| number as Self)
    }
}

impl Read for u32 {
    fn read(json: &Json) -> Option<Self> {
        Self::try_from(u64::read(json)?).ok()
    }
}

impl Read for u16 {
    fn read(json: &Json) -> Option<Self> {
        Self::try_from(u64::read(json)?).ok()
    }
}

impl Read for String {
    fn read(json: &Json) -> Option<Self> {
        json.text()
    }
}

impl Read for Arc<str> {
    fn read(json: &Json) -> Option<Self> {
        json.text().map(Self::from)
    }
}

macro_rules! parsed {
    ($($ty:ty),*) => {$(
        impl Read for $ty {
            fn read(json: &Json) -> Option<Self> {
                json.parsed()
            }
        }
    )*};
}

parsed!(Price, Timestamp, TokenId, Epoch, Window, Flag, Source);

macro_rules! words {
    ($($ty:ident { $($word:literal = $variant:ident),* })*) => {$(
        impl Read for $ty {
            fn read(json: &Json) -> Option<Self> {
                json.word(&[$(($word, Self::$variant)),*])
            }
        }
    )*};
}

words! {
    Stage { "curve" = Curve, "amm" = Amm, "unpooled" = Unpooled }
    VolumeScope { "pools" = Pools, "token" = Token }
    SourceState { "ok" = Ok, "slow" = Slow, "throttled" = Throttled, "down" = Down, "off" = Off }
    Channel { "list" = List, "rows" = Rows, "events" = Events, "status" = Status }
    PageError { "InvalidCursor" = InvalidCursor, "Unreachable" = Unreachable }
}

/// Reads objects whose fields have the names of the type's.
macro_rules! fields {
    ($($ty:ident { $($field:ident),* $(,)? })*) => {$(
        impl $crate::json::Read for $ty {
            fn read(json: &$crate::json::Json) -> Option<Self> {
                Some(Self { $($field: json.field(stringify!($field))?),* })
            }
        }
    )*};
}
#[cfg(any(feature = "hydrate", test))]
pub(crate) use fields;

fields! {
    RowExtras { id, risen, trend }
    Txns { buys, sells }
    Traders { buyers, sellers }
    Latency { p50, p95 }
    Requests { ok, failed }
    BudgetReport { per_minute, left, burst }
    RowsReport { told, last_at, empty_answers, empty_in_a_row }
    RejectCount { field, reason, count }
    SourceReport { source, state, last_ok_at, latency_ms, requests, errors, budget, rows, fields, rejects }
    BoardStatus { seq, tokens, as_of, server_time, sol_usd, stale, demo, sources }
    TokenPage {
        rows, first, total, next_cursor, rebased, epoch, seq, as_of, server_time, sol_usd, stale, demo, sources,
    }
}

impl Read for BTreeMap<String, u64> {
    fn read(json: &Json) -> Option<Self> {
        let mut counts = Self::new();
        for name in json.names()? {
            let count = json.field(&name)?;
            counts.insert(name, count);
        }
        Some(counts)
    }
}

impl<T: Read> Read for PerWindow<T> {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            m5: json.field("m5")?,
            h1: json.field("h1")?,
            h6: json.field("h6")?,
            h24: json.field("h24")?,
            d7: json.field("d7")?,
        })
    }
}

macro_rules! row {
    ($($field:ident),* $(,)?) => {
        impl Read for Token {
            fn read(json: &Json) -> Option<Self> {
                // Chain and address are those of the id.
                let mut token = Self::new(json.field("id")?, Timestamp::default());
                let mut whole = true;
                $(json.put(stringify!($field), &mut token.$field, &mut whole);)*
                whole.then_some(token)
            }
        }
    };
}

row! {
    symbol, name, logo, price_usd, price_sol, change_pct, volume_usd, txns, traders, liquidity_usd, market_cap_usd,
    fdv_usd, holders, created_at, dex, pool, pool_count, stage, volume_scope, partial_windows, verified, flags,
    updated_at, stale,
}

impl<T: Read, E: Read> Read for Result<T, E> {
    fn read(json: &Json) -> Option<Self> {
        match json.get("Ok") {
            Some(value) => T::read(&value).map(Ok),
            None => json.field("Err").map(Err),
        }
    }
}

#[cfg(test)]
mod tests;
