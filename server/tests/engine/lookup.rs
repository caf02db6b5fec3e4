//! A token that nobody found by himself, asked for by name: from the source to a row.

use memescope::{Chain, TokenId};
use server::lookup::{LookupError, Lookups, Tray};
use server::poller::PollerSettings;
use server::sources::Sources;
use server::store::Details;

use crate::world::{Desk, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_looked_up_is_on_the_next_board_with_its_pools() {
    let world = World::new(50).await;
    // Nothing is discovered: the board stays empty but for what is looked up.
    let settings = PollerSettings { catalogue: Vec::new(), ..World::poller_settings() };
    let mut desk = Desk::with(settings, &world.sources(), &world.hands);
    let (tray, details) = (Tray::default(), Details::default());
    desk.poller = desk.poller.with_finds(tray.clone()).with_details(details.clone());
    desk.tick(&world).await;
    assert!(desk.poller.board().sol_usd.is_some() && desk.poller.board().tokens.is_empty());

    let clock = world.hands.clock();
    let sources = Sources::new(&world.sources(), &clock).unwrap();
    let lookups = Lookups::new(sources, vec![Chain::solana()], desk.store.clone(), tray, clock);
    let mut found = Vec::new();
    for mint in world.market.mints() {
        let id = TokenId::new(&Chain::solana(), &mint).unwrap();
        // Twice, so that little money is no obstacle.
        match (lookups.find(&id).await, lookups.find(&id).await) {
            (Ok(finding), Ok(_)) => found.push((id, finding)),
            (first, _) => assert_eq!(first.err(), Some(LookupError::Absent)),
        }
    }
    assert!(found.len() > 25, "{}", found.len());
    desk.tick(&world).await;
    let board = desk.poller.board().clone();
    let (told_of, mut alike) = (details.snapshot(), 0);
    for (id, finding) in &found {
        let (Some(row), Some(told)) = (board.tokens.get(id), &finding.token) else { continue };
        alike += usize::from(row.price_usd == told.price_usd && row.liquidity_usd == told.liquidity_usd);
        let pools = &told_of.get(id).unwrap().pools;
        assert_eq!(pools.iter().filter(|pool| pool.eligible).count(), row.pool_count as usize);
        assert!(
            row.pool.is_none() || pools.iter().any(|pool| pool.prices_token && Some(&pool.pool) == row.pool.as_ref())
        );
    }
    assert!(alike * 10 >= found.len() * 9, "{alike} of {}", found.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn details_are_of_the_tokens_on_the_board_and_follow_them() {
    let world = World::new(200).await;
    let mut desk = world.desk();
    let details = Details::default();
    desk.poller = desk.poller.with_details(details.clone());
    for _ in 0..4 {
        desk.tick(&world).await;
    }
    let (board, told) = (desk.poller.board(), details.snapshot());
    assert!(board.tokens.len() > 100);
    for id in board.tokens.keys() {
        let known = told.get(id).expect("every row has details");
        assert_eq!(known.pools, desk.poller.book().pools(id), "{id}");
        assert_eq!(known.aliases, desk.poller.book().aliases(id), "{id}");
    }
    // The market stands still: soon there is nothing new.
    for _ in 0..5 {
        desk.poller.tick().await;
    }
    let version = details.snapshot().version;
    desk.poller.tick().await;
    assert_eq!(details.snapshot().version, version);
}
