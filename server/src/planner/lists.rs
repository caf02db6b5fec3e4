//! The lists in which sources name tokens: where new ones are found.

use std::time::Duration;

use memescope::{Chain, Source, Window};

/// By what Jupiter ranks a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JupiterKind {
    /// `toptrending`
    Trending,
    /// `toptraded`
    Traded,
    /// `toporganicscore`
    Organic,
}

/// The windows of Jupiter's lists and of GeckoTerminal's trending pools, the most telling first.
const LIST_WINDOWS: [Window; 4] = [Window::H1, Window::H24, Window::M5, Window::H6];

/// How many pages GeckoTerminal gives of a list.
const GECKOTERMINAL_PAGES: u32 = 10;

/// A list of a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// DexScreener's search.
    Search(String),
    /// DexScreener's latest boosts.
    Boosts,
    /// DexScreener's largest boosts.
    TopBoosts,
    /// DexScreener's latest profiles.
    Profiles,
    /// GeckoTerminal's trending pools: chain, window, page.
    TrendingPools(Chain, Window, u32),
    /// GeckoTerminal's new pools: chain, page.
    NewPools(Chain, u32),
    /// GeckoTerminal's pools by volume: chain, page.
    PoolsByVolume(Chain, u32),
    /// GeckoTerminal's pools by transactions: chain, page.
    PoolsByTxns(Chain, u32),
    /// GeckoTerminal's search: chain, text.
    SearchPools(Chain, String),
    /// Jupiter's ranked tokens: by what, window.
    Ranked(JupiterKind, Window),
    /// Jupiter's newest first pools.
    Recent,
}

impl List {
    /// Every list worth asking for these chains and searches; the most telling of each source first.
    pub fn catalogue(chains: &[Chain], searches: &[String]) -> Vec<Self> {
        let mut lists: Vec<Self> = searches.iter().cloned().map(Self::Search).collect();
        lists.extend([Self::Boosts, Self::Profiles, Self::TopBoosts]);
        let solana = chains.iter().any(|chain| chain.as_str() == "solana");
        if solana {
            lists.push(Self::Ranked(JupiterKind::Trending, Window::H1));
            lists.push(Self::Recent);
            for kind in [JupiterKind::Trending, JupiterKind::Traded, JupiterKind::Organic] {
                for window in LIST_WINDOWS {
                    let list = Self::Ranked(kind, window);
                    if !lists.contains(&list) {
                        lists.push(list);
                    }
                }
            }
        }
        for page in 1..=GECKOTERMINAL_PAGES {
            for chain in chains {
                lists.extend(LIST_WINDOWS.map(|window| Self::TrendingPools(chain.clone(), window, page)));
                lists.push(Self::NewPools(chain.clone(), page));
                lists.push(Self::PoolsByVolume(chain.clone(), page));
                lists.push(Self::PoolsByTxns(chain.clone(), page));
            }
        }
        for chain in chains {
            lists.extend(searches.iter().map(|text| Self::SearchPools(chain.clone(), text.clone())));
        }
        lists
    }

    /// Who answers it.
    pub fn source(&self) -> Source {
        match self {
            Self::Search(_) | Self::Boosts | Self::TopBoosts | Self::Profiles => Source::Dexscreener,
            Self::Ranked(..) | Self::Recent => Source::Jupiter,
            Self::TrendingPools(..)
            | Self::NewPools(..)
            | Self::PoolsByVolume(..)
            | Self::PoolsByTxns(..)
            | Self::SearchPools(..) => Source::Geckoterminal,
        }
    }

    /// How long the list has nothing new to say, where a first page has nothing new for `base`.
    ///
    /// Later pages change as fast, but what stands there matters less: page p is asked p times as rarely.
    pub fn period(&self, base: Duration) -> Duration {
        match self {
            Self::TrendingPools(_, _, page)
            | Self::NewPools(_, page)
            | Self::PoolsByVolume(_, page)
            | Self::PoolsByTxns(_, page) => base * *page,
            Self::SearchPools(..) => base * 4,
            _ => base,
        }
    }
}
