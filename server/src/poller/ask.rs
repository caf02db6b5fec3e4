//! From a planned request to the call of a source.

use memescope::Harvest;

use crate::planner::{JupiterKind, List, Request};
use crate::sources::{PoolSort, SourceError, Sources, TokenList};

/// Makes a request.
pub(super) async fn ask(sources: &Sources, request: &Request) -> Result<Harvest, SourceError> {
    let (dexscreener, geckoterminal, jupiter) = (sources.dexscreener(), sources.geckoterminal(), sources.jupiter());
    match request {
        Request::List(list) => ask_list(sources, list).await,
        Request::Tokens(chain, ids) => dexscreener.tokens(chain, ids).await,
        Request::Pools(id) => dexscreener.token_pairs(id).await,
        Request::Pairs(chain, ids) => dexscreener.pairs(chain, ids).await,
        Request::Details(chain, ids) => geckoterminal.tokens_multi(chain, ids).await,
        Request::Facts(ids) => jupiter.search(ids).await,
        Request::Prices(ids) => jupiter.prices(ids).await,
    }
}

async fn ask_list(sources: &Sources, list: &List) -> Result<Harvest, SourceError> {
    let (dexscreener, geckoterminal, jupiter) = (sources.dexscreener(), sources.geckoterminal(), sources.jupiter());
    match list {
        List::Search(text) => dexscreener.search(text).await,
        List::Boosts => dexscreener.boosts_latest().await,
        List::TopBoosts => dexscreener.boosts_top().await,
        List::Profiles => dexscreener.profiles().await,
        List::TrendingPools(chain, window, page) => geckoterminal.trending(chain, *page, *window).await,
        List::NewPools(chain, page) => geckoterminal.new_pools(chain, *page).await,
        List::PoolsByVolume(chain, page) => geckoterminal.pools(chain, *page, PoolSort::Volume).await,
        List::PoolsByTxns(chain, page) => geckoterminal.pools(chain, *page, PoolSort::Transactions).await,
        List::SearchPools(chain, text) => geckoterminal.search_pools(chain, text, 1).await,
        List::Ranked(kind, window) => {
            let list = match kind {
                JupiterKind::Trending => TokenList::Trending,
                JupiterKind::Traded => TokenList::Traded,
                JupiterKind::Organic => TokenList::OrganicScore,
            };
            jupiter.trending(list, *window, 100).await
        }
        List::Recent => jupiter.recent().await,
    }
}
