//! The three upstreams, and how long what they say holds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `api.dexscreener.com`
    Dexscreener,
    /// `api.geckoterminal.com`
    Geckoterminal,
    /// `api.jup.ag`
    Jupiter,
}

/// How far an observation can be trusted by its age alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// As good as the source gives it.
    Fresh,
    /// Past the source's own cache, still good.
    Ageing,
    /// Published, but labelled, and it loses to any fresher observation.
    Stale,
    /// Leaves as soon as there is a witness for it.
    Expired,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Dexscreener, Self::Geckoterminal, Self::Jupiter];

    /// The name in JSON and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dexscreener => "dexscreener",
            Self::Geckoterminal => "geckoterminal",
            Self::Jupiter => "jupiter",
        }
    }

    /// The name that a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dexscreener => "DexScreener",
            Self::Geckoterminal => "GeckoTerminal",
            Self::Jupiter => "Jupiter",
        }
    }

    /// The ages at which an observation stops being fresh, becomes stale, and expires.
    ///
    /// They follow the sources' caches: DexScreener's edge keeps an answer for 30 s, GeckoTerminal's for 60 s and its
    /// keyless budget allows few requests, Jupiter's for 5 s.
    pub const fn limits(self) -> [Duration; 3] {
        let secs = match self {
            Self::Dexscreener => [60, 180, 600],
            Self::Geckoterminal => [90, 300, 900],
            Self::Jupiter => [30, 120, 600],
        };
        [Duration::from_secs(secs[0]), Duration::from_secs(secs[1]), Duration::from_secs(secs[2])]
    }

    /// How far an observation of this age can be trusted.
    pub fn freshness(self, age: Duration) -> Freshness {
        let [fresh, ageing, stale] = self.limits();
        match age {
            age if age < fresh => Freshness::Fresh,
            age if age < ageing => Freshness::Ageing,
            age if age < stale => Freshness::Stale,
            _ => Freshness::Expired,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a source")]
pub struct SourceNameError;

impl FromStr for Source {
    type Err = SourceNameError;

    fn from_str(text: &str) -> Result<Self, SourceNameError> {
        Self::ALL.into_iter().find(|source| source.name() == text).ok_or(SourceNameError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_passes_through_its_four_steps() {
        let at = |secs| Source::Jupiter.freshness(Duration::from_secs(secs));
        assert_eq!(
            [at(0), at(29), at(30), at(119), at(120), at(599), at(600)],
            [
                Freshness::Fresh,
                Freshness::Fresh,
                Freshness::Ageing,
                Freshness::Ageing,
                Freshness::Stale,
                Freshness::Stale,
                Freshness::Expired
            ]
        );
    }
}
