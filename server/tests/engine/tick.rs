use std::collections::HashSet;

use memescope::Source;

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_holds_the_market_within_five_ticks() {
    let world = World::new(600).await;
    let mut desk = world.desk();
    let first = desk.tick(&world).await;
    assert!(first.changed > 50, "{first:?}");
    for _ in 0..4 {
        desk.tick(&world).await;
    }
    let mints: HashSet<String> = world.market.mints().into_iter().collect();
    let snapshot = desk.store.snapshot();
    let on_board = snapshot.board.tokens.keys().filter(|id| mints.contains(id.address())).count();
    assert!(on_board * 100 >= mints.len() * 95, "{on_board} of {}", mints.len());
    assert_eq!(&snapshot.board, desk.poller.board(), "the store follows the poller");
    assert!(snapshot.board.sol_usd.is_some());
    assert!(!snapshot.board.stale);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_are_those_of_the_market() {
    let world = World::new(300).await;
    let mut desk = world.desk();
    for _ in 0..4 {
        desk.tick(&world).await;
    }
    let (mut near, mut seen) = (0, 0);
    for (id, token) in &desk.store.snapshot().board.tokens {
        let Some(truth) = world.market.truth("solana", id.address()) else { continue };
        let Some(price) = token.price_usd else { continue };
        if truth.standing.is_counterfeit() || truth.price_usd <= 0.0 {
            continue;
        }
        seen += 1;
        near += usize::from((price.to_f64() / truth.price_usd - 1.0).abs() < 0.1);
    }
    assert!(seen > 150, "{seen} prices");
    assert!(near * 100 >= seen * 95, "{near} of {seen} within a tenth of the truth");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_market_makes_no_commit() {
    let world = World::new(100).await;
    let mut desk = world.desk();
    let mut last = desk.poller.tick().await;
    for _ in 0..30 {
        last = desk.poller.tick().await;
        if last.changed == 0 {
            break;
        }
    }
    assert_eq!((last.changed, last.removed), (0, 0), "time stands still");
    let seq = desk.poller.board().seq;
    desk.poller.tick().await;
    assert_eq!(desk.poller.board().seq, seq);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_say_what_each_source_gives() {
    let world = World::new(200).await;
    let mut desk = world.desk();
    for _ in 0..3 {
        desk.tick(&world).await;
    }
    let reports = desk.store.reports();
    assert_eq!(reports.iter().map(|report| report.source).collect::<Vec<_>>(), Source::ALL);
    for report in reports.iter() {
        assert!(report.requests.ok > 0, "{report:?}");
        assert!(!report.fields.is_empty(), "{report:?}");
    }
}
