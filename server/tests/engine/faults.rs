use std::time::Duration;

use memescope::{Source, SourceState};

use crate::world::{INTERVAL, World};

/// Moves of the board after a source broke, beyond what is left over from before.
async fn moves_without(source: &str, fault: &str) -> usize {
    let world = World::new(150).await;
    let mut desk = world.desk();
    for _ in 0..3 {
        desk.tick(&world).await;
    }
    world.break_sources(&format!("{source}:{fault}@0s-")).await;
    // While its last word is fresh the others do not overrule it.
    world.pass(Duration::from_secs(60)).await;
    let rows = desk.store.snapshot().board.tokens.len();
    let mut changed = 0;
    for _ in 0..4 {
        changed += desk.tick(&world).await.changed;
    }
    let snapshot = desk.store.snapshot();
    assert!(snapshot.board.tokens.len() >= rows, "rows left because {source} answers {fault}");
    assert!(!snapshot.board.stale, "the others answer");
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_move_the_table_while_one_is_dead() {
    for source in ["dexscreener", "geckoterminal", "jupiter"] {
        assert!(moves_without(source, "500").await > 20, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_move_the_table_while_one_hangs() {
    for source in ["dexscreener", "geckoterminal", "jupiter"] {
        assert!(moves_without(source, "hang").await > 20, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_move_the_table_while_one_answers_html() {
    for source in ["dexscreener", "geckoterminal", "jupiter"] {
        assert!(moves_without(source, "html").await > 20, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_sources_dead_for_hours_the_table_stays_and_says_so() {
    let world = World::new(150).await;
    let mut desk = world.desk();
    for _ in 0..3 {
        desk.tick(&world).await;
    }
    let before = desk.store.snapshot();
    world.break_sources("all:500@0s-").await;
    for _ in 0..6 {
        world.pass(Duration::from_secs(3600)).await;
        desk.tick(&world).await;
    }
    let after = desk.store.snapshot();
    assert!(after.board.stale);
    let left: Vec<_> =
        before.board.tokens.values().filter(|token| !after.board.tokens.contains_key(&token.id)).collect();
    assert!(left.is_empty(), "{left:#?}");
    for (id, token) in &after.board.tokens {
        assert!(token.stale, "{id} is six hours old");
        let [was, is] = [&before.board.tokens[id], token].map(|row| row.price_usd);
        assert_eq!(was, is, "{id} keeps its last price");
    }
    assert!(desk.store.reports().iter().all(|report| report.state == SourceState::Down));

    world.break_sources("").await;
    // Breakers try again by the runtime's clock, which a test cannot push.
    for _ in 0..200 {
        world.hands.pass(INTERVAL);
        desk.tick(&world).await;
        if !desk.store.snapshot().board.stale {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!desk.store.snapshot().board.stale, "it recovers by itself");
    assert!(desk.store.reports().iter().any(|report| report.source == Source::Jupiter));
}
