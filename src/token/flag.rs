//! What to be careful about. No flag does not mean safe.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Source, Timestamp};

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $words:literal;)*) => {
        /// A reason for care, with a stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Flag {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Flag {
            /// Every flag.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code in JSON and in filters.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The words on the page.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words),* }
            }
        }
    };
}

flags! {
    /// Under 10,000 USD, or under a hundredth of the market cap.
    LowLiquidity = "low_liquidity", "low liq";
    /// Its symbol is, or looks like, that of an anchor or of a verified token with another address.
    Lookalike = "lookalike", "look-alike";
    /// A pool reports over a thousand times the liquidity that its quote side can back.
    FakeLiquidity = "fake_liquidity", "fake liq";
    /// Volume that few trades move around the same money.
    Wash = "wash", "wash";
    /// Pool and Jupiter differ by over ten percent.
    PriceDisputed = "price_disputed", "disputed";
    /// Two sources differ by over five percent on one pool.
    PoolConflict = "pool_conflict", "sources differ";
    /// A figure that is hard to believe.
    Suspect = "suspect", "suspect";
    /// Somebody can still mint.
    MintAuthority = "mint_authority", "mint open";
    /// Somebody can still freeze.
    FreezeAuthority = "freeze_authority", "freezable";
    /// Ten wallets hold most of it.
    Top10Concentration = "top10_concentration", "concentrated";
    /// Younger than an hour.
    New = "new", "new";
    /// Somebody pays a source to show it.
    Promoted = "promoted", "ad";
    /// Some of its sums lack a pool that did not tell its part.
    Partial = "partial", "partial";
}

impl Flag {
    /// Whether it warns; the others only say something about the token or its figures.
    pub const fn is_warning(self) -> bool {
        !matches!(self, Self::New | Self::Promoted | Self::Partial)
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The text is no flag's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a flag")]
pub struct FlagError;

impl FromStr for Flag {
    type Err = FlagError;

    fn from_str(text: &str) -> Result<Self, FlagError> {
        Self::ALL.iter().copied().find(|flag| flag.code() == text).ok_or(FlagError)
    }
}

/// Why a flag stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FlagDetail {
    /// The flag.
    pub code: Flag,
    /// Who gave the reason.
    pub source: Option<Source>,
    /// Since when.
    pub since: Timestamp,
    /// The reason in words.
    pub detail: String,
}
