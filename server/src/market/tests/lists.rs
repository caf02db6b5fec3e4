//! What a reader of the lists meets.

use super::*;

#[tokio::test(start_paused = true)]
async fn one_sweep_over_the_lists_meets_nearly_every_token() {
    for seed in [1, 2, 77] {
        let market = market_of(2_000, seed, "");
        let mut met: HashSet<String> = HashSet::new();
        for path in sweep() {
            met.extend(named(&json(&market, &path).await));
        }
        let found = market.mints().iter().filter(|mint| met.contains(*mint)).count();
        assert!(found >= 1_900, "seed {seed}: {found} of 2000");
    }
}

#[tokio::test(start_paused = true)]
async fn the_lists_of_a_larger_market_turn_over() {
    let market = market_of(6_000, 1, "");
    let mut met: HashSet<String> = HashSet::new();
    let mut counts = Vec::new();
    for _ in 0..4 {
        for path in sweep() {
            met.extend(named(&json(&market, &path).await));
        }
        counts.push(met.len());
        tokio::time::advance(Duration::from_secs(75)).await;
    }
    assert!(counts[0] > 1_800, "{counts:?}");
    assert!(counts[3] > counts[0] + 1_500, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_market() {
    let paths = [
        "/dexscreener/latest/dex/search?q=sol",
        "/dexscreener/token-boosts/latest/v1",
        "/geckoterminal/api/v2/networks/solana/new_pools?page=2&include=base_token,dex",
        "/jupiter/tokens/v2/toptrending/1h?limit=100",
        "/jupiter/tokens/v2/recent",
    ];
    let (one, other, third) = (market_of(300, 5, ""), market_of(300, 5, ""), market_of(300, 6, ""));
    // One is asked often on the way, the other only at the end.
    for _ in 0..20 {
        tokio::time::advance(Duration::from_secs(417)).await;
        get(&one, paths[0]).await;
        get(&one, paths[3]).await;
    }
    // Lists are kept for some seconds: look when both have to make them.
    tokio::time::advance(Duration::from_secs(30)).await;
    for path in paths {
        let answer = get(&one, path).await.body;
        assert_eq!(answer, get(&other, path).await.body, "{path}");
        assert_ne!(answer, get(&third, path).await.body, "{path}");
    }
}
