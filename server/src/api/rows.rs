//! How rows are put into an answer: whole ones by copying the bytes that were printed when they changed, chosen fields
//! by copying only theirs.

use std::fmt;

use memescope::{FlagDetail, PoolView, Provenance, SparkView, TokenDetails};
use serde::Serialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::store::Row;

macro_rules! columns {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// A top-level field of a row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Column {
            $($name),*
        }

        const COLUMNS: &[(Column, &str)] = &[$((Column::$name, $text)),*];
    };
}

columns! {
    Rank = "rank",
    RankPrev = "rank_prev",
    Id = "id",
    Chain = "chain",
    Address = "address",
    Symbol = "symbol",
    Name = "name",
    Logo = "logo",
    PriceUsd = "price_usd",
    PriceSol = "price_sol",
    ChangePct = "change_pct",
    VolumeUsd = "volume_usd",
    Txns = "txns",
    Traders = "traders",
    LiquidityUsd = "liquidity_usd",
    MarketCapUsd = "market_cap_usd",
    FdvUsd = "fdv_usd",
    Holders = "holders",
    CreatedAt = "created_at",
    Dex = "dex",
    Pool = "pool",
    PoolCount = "pool_count",
    Stage = "stage",
    VolumeScope = "volume_scope",
    PartialWindows = "partial_windows",
    Verified = "verified",
    Flags = "flags",
    UpdatedAt = "updated_at",
    Stale = "stale",
}

impl Column {
    pub(super) fn parse(name: &str) -> Option<Self> {
        COLUMNS.iter().find(|(_, text)| *text == name).map(|(column, _)| *column)
    }

    pub(super) fn names() -> Vec<&'static str> {
        COLUMNS.iter().map(|(_, text)| *text).collect()
    }

    /// Every field, in the order of a row.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        COLUMNS.iter().map(|(column, _)| *column)
    }

    pub(super) fn name(self) -> &'static str {
        COLUMNS.iter().find(|(column, _)| *column == self).map_or("", |(_, text)| text)
    }
}

/// Which parts of rows are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// Only these fields; all when `None`.
    pub(super) fields: Option<Vec<Column>>,
    /// Where the fields come from, and why flags stand.
    pub(super) provenance: bool,
    /// The course of the last day.
    pub(super) sparkline: bool,
    /// Where it trades.
    pub(super) pools: bool,
}

/// The place of a row in its list and its former one, from 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) rank: Option<usize>,
    pub(super) rank_prev: Option<usize>,
}

/// What is not in the row itself; looked at only as far as it was asked for.
#[derive(Debug, Default)]
pub(super) struct Extras<'a> {
    pub(super) spark: Option<SparkView>,
    pub(super) details: Option<&'a TokenDetails>,
}

/// What [`Shape`] adds to rows on demand.
pub(super) const EXTRAS: [&str; 3] = ["provenance", "sparkline", "pools"];

impl Shape {
    /// Whether a field is asked for.
    pub(super) fn wants(&self, column: Column) -> bool {
        self.fields.as_ref().is_none_or(|fields| fields.contains(&column))
    }

    /// Writes a row.
    pub(super) fn write(&self, out: &mut Vec<u8>, row: &Row, places: Places, extras: &Extras<'_>) {
        let wanted = |column| self.wants(column);
        let Places { rank, rank_prev } = places;
        let mut object = Object::open(out);
        if wanted(Column::Rank) {
            object.value("rank", &rank);
        }
        if wanted(Column::RankPrev) {
            object.value("rank_prev", &rank_prev);
        }
        if self.fields.is_none() {
            object.members_of(row.json());
        } else {
            let chosen = Chosen { object: &mut object, wanted: &|name| Column::parse(name).is_some_and(wanted) };
            let mut json = serde_json::Deserializer::from_slice(row.json());
            json.deserialize_map(chosen).expect("a row was printed by us");
        }
        if self.provenance {
            let Provenance { fields, flags } = &*row.token.provenance;
            object.value("provenance", fields);
            object.value::<Vec<FlagDetail>>("flag_details", flags);
        }
        if self.sparkline {
            object.value("sparkline", &extras.spark);
        }
        if self.pools {
            let pools: &[PoolView] = extras.details.map_or(&[], |details| &details.pools);
            object.value("pools", &pools);
        }
        object.close();
    }
}

/// A JSON object that is being written.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    fn key(&mut self, name: &str) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        // Names of fields need no escapes.
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn value<T: Serialize>(&mut self, name: &str, value: &T) {
        self.key(name);
        serde_json::to_writer(&mut *self.out, value).expect("text keys and finite numbers");
    }

    /// All members of a printed object that has some.
    fn members_of(&mut self, printed: &[u8]) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(&printed[1..printed.len() - 1]);
    }

    fn close(self) {
        self.out.push(b'}');
    }
}

/// Copies the wanted members of a printed object.
struct Chosen<'a, 'b> {
    object: &'a mut Object<'b>,
    wanted: &'a dyn Fn(&str) -> bool,
}

impl<'de> Visitor<'de> for Chosen<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<&str>()? {
            if (self.wanted)(name) {
                let value: &RawValue = map.next_value()?;
                self.object.key(name);
                self.object.out.extend_from_slice(value.get().as_bytes());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
