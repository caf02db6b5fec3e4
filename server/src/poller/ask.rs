//! From a planned request to the call of a source.

use memescope::{Harvest, Source};

use crate::planner::{JupiterKind, List, Request};
use crate::sources::{PoolSort, SourceError, Sources, TokenList};

/// Makes a request; says whose answer it is.
pub(super) async fn ask(sources: Sources, request: Request) -> (Source, Result<Harvest, SourceError>) {
    let (dexscreener, jupiter) = (sources.dexscreener(), sources.jupiter());
    match request {
        Request::List(list) => ask_list(&sources, list).await,
        Request::Tokens(chain, ids) => (Source::Dexscreener, dexscreener.tokens(&chain, &ids).await),
        Request::Pools(id) => (Source::Dexscreener, dexscreener.token_pairs(&id).await),
        Request::Facts(ids) => (Source::Jupiter, jupiter.search(&ids).await),
        Request::Prices(ids) => (Source::Jupiter, jupiter.prices(&ids).await),
    }
}

async fn ask_list(sources: &Sources, list: List) -> (Source, Result<Harvest, SourceError>) {
    let (dexscreener, geckoterminal, jupiter) = (sources.dexscreener(), sources.geckoterminal(), sources.jupiter());
    match list {
        List::Search(text) => (Source::Dexscreener, dexscreener.search(&text).await),
        List::Boosts => (Source::Dexscreener, dexscreener.boosts_latest().await),
        List::TopBoosts => (Source::Dexscreener, dexscreener.boosts_top().await),
        List::Profiles => (Source::Dexscreener, dexscreener.profiles().await),
        List::TrendingPools(chain, window, page) => {
            (Source::Geckoterminal, geckoterminal.trending(&chain, page, window).await)
        }
        List::NewPools(chain, page) => (Source::Geckoterminal, geckoterminal.new_pools(&chain, page).await),
        List::PoolsByVolume(chain, page) => {
            (Source::Geckoterminal, geckoterminal.pools(&chain, page, PoolSort::Volume).await)
        }
        List::PoolsByTxns(chain, page) => {
            (Source::Geckoterminal, geckoterminal.pools(&chain, page, PoolSort::Transactions).await)
        }
        List::SearchPools(chain, text) => (Source::Geckoterminal, geckoterminal.search_pools(&chain, &text, 1).await),
        List::Ranked(kind, window) => {
            let list = match kind {
                JupiterKind::Trending => TokenList::Trending,
                JupiterKind::Traded => TokenList::Traded,
                JupiterKind::Organic => TokenList::OrganicScore,
            };
            (Source::Jupiter, jupiter.trending(list, window, 100).await)
        }
        List::Recent => (Source::Jupiter, jupiter.recent().await),
    }
}
