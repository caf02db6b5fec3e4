use std::fs;
use std::path::Path;
use std::time::Duration;

use memescope::{Epoch, Token};
use server::engine::Engine;
use server::journal::Journal;
use server::sources::SourcesMemory;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// Polls until the board has rows and they are on disk, then stops in order. What stood on disk just before the stop is
/// copied to `crashed`.
async fn run_once(world: &World, folder: &Path, crashed: &Path) -> (Epoch, u64) {
    let engine = Engine::open(world.engine_settings(folder), world.hands.clock(), Epoch::from_bits(1)).await.unwrap();
    assert!(!engine.is_restored);
    let store = engine.store.clone();
    let mut bell = store.bell();
    let stop = CancellationToken::new();
    let running = tokio::spawn(engine.run(stop.clone()));
    let state = folder.join("state");
    while store.snapshot().board.tokens.len() < 50 || !state.exists() {
        tokio::time::timeout(Duration::from_secs(20), bell.changed()).await.unwrap().unwrap();
    }
    fs::create_dir_all(crashed).unwrap();
    let logs = || fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let logs: Vec<String> = logs().filter(|name| name.strip_suffix(".log").is_some()).collect();
    for name in logs.iter().map(String::as_str).chain(["state", "state.prev"]) {
        // The writer may be between its two renames; either file alone, with its log, is a whole state.
        let _ = fs::copy(folder.join(name), crashed.join(name));
    }
    stop.cancel();
    running.await.unwrap();
    let board = &store.snapshot().board;
    (board.epoch, board.seq)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_and_a_killed_engine_serve_their_last_board_though_all_sources_are_dead() {
    let world = World::new(150).await;
    let home = tempfile::tempdir().unwrap();
    let (stopped, killed) = (home.path().join("stopped"), home.path().join("killed"));
    let (epoch, seq) = run_once(&world, &stopped, &killed).await;

    world.break_sources("all:hang@0s-").await;
    world.hands.pass(Duration::from_secs(2 * 3600));
    let open = async |folder: &Path| {
        Engine::open(world.engine_settings(folder), world.hands.clock(), Epoch::from_bits(2)).await.unwrap()
    };
    let after_stop = open(&stopped).await;
    let board = &after_stop.store.snapshot().board;
    assert!(after_stop.is_restored);
    assert!(board.tokens.len() >= 50);
    assert!(board.stale && board.tokens.values().all(|token| token.stale), "nobody has confirmed it for two hours");
    assert!(board.tokens.values().any(|token| token.price_usd.is_some()));
    assert_eq!(board.epoch, epoch, "history goes on after a clean stop");
    assert!(board.seq > seq);
    assert!(after_stop.store.commits_after(epoch, seq).is_some(), "a subscriber resumes from where it was");

    let reports = after_stop.store.reports();
    let heard = reports.iter().filter_map(|report| report.last_ok_at).max().unwrap();
    let silence = world.hands.clock().now().since(heard);
    assert!(silence >= Duration::from_secs(2 * 3600), "what the last run heard: {silence:?} ago");

    let after_crash = open(&killed).await;
    let board = &after_crash.store.snapshot().board;
    assert!(board.tokens.len() >= 50 && board.stale);
    assert_eq!(board.epoch, Epoch::from_bits(2), "boards may have been seen that were not stored");
}

/// The rows as a reader sees them.
fn rows(engine: &Engine) -> Vec<(String, bool)> {
    let snapshot = engine.store.snapshot();
    snapshot.rows.values().map(|row| (String::from_utf8(row.json().to_vec()).unwrap(), row.token.stale)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_merge_the_board_is_the_last_one_marked_as_old() {
    let world = World::new(150).await;
    let home = tempfile::tempdir().unwrap();
    let (stopped, killed) = (home.path().join("stopped"), home.path().join("killed"));
    run_once(&world, &stopped, &killed).await;
    world.break_sources("all:hang@0s-").await;
    let open = async |folder: &Path| {
        Engine::open(world.engine_settings(folder), world.hands.clock(), Epoch::from_bits(2)).await.unwrap()
    };
    let last = [&stopped, &killed].map(|folder| {
        let (journal, restored) = Journal::open::<SourcesMemory>(folder, "demo:7", world.hands.clock().now()).unwrap();
        let restored = restored.unwrap();
        if restored.clean {
            // Reading takes the mark of the orderly stop away.
            let (epoch, seq) = restored.state.place();
            journal.mark_clean(epoch, seq).unwrap();
        }
        assert!(restored.book.read::<SourcesMemory>().is_some_and(|book| book.len() >= 50));
        restored.state.into_board()
    });
    for (folder, last) in [&stopped, &killed].into_iter().zip(&last) {
        let board = open(folder).await.store.snapshot().board.clone();
        assert!(board.stale && board.tokens.len() >= 50);
        assert_eq!((board.as_of, board.sol_usd), (last.as_of, last.sol_usd), "as old as it was");
        assert_eq!(board.tokens, last.tokens, "no row is other than it was");
    }

    world.hands.pass(Duration::from_secs(3600));
    for (folder, last) in [&stopped, &killed].into_iter().zip(&last) {
        let engine = open(folder).await;
        let store = engine.store.clone();
        let (board, shown) = (store.snapshot().board.clone(), rows(&engine));
        assert!(shown.iter().all(|(json, stale)| *stale && json.contains("\"stale\":true")), "none looks fresh");
        assert_eq!(board.tokens.len(), last.tokens.len());
        for (id, row) in &board.tokens {
            assert_eq!(**row, Token { stale: true, ..(*last.tokens[id]).clone() });
        }
        // The merge follows by itself.
        let (mut bell, stop) = (store.bell(), CancellationToken::new());
        let running = tokio::spawn(engine.run(stop.clone()));
        while store.snapshot().board.tokens.values().any(|row| row.provenance.fields.is_empty()) {
            tokio::time::timeout(Duration::from_secs(20), bell.changed()).await.unwrap().unwrap();
        }
        assert!(store.snapshot().board.stale, "nobody has answered");
        stop.cancel();
        running.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_engine_may_not_have_the_folder() {
    let world = World::new(20).await;
    let home = tempfile::tempdir().unwrap();
    let settings = || world.engine_settings(home.path());
    let _first = Engine::open(settings(), world.hands.clock(), Epoch::from_bits(1)).await.unwrap();
    let refused = Engine::open(settings(), world.hands.clock(), Epoch::from_bits(2)).await.unwrap_err();
    assert!(refused.to_string().contains("in use by another memescope"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_markets_state_is_refused() {
    let world = World::new(60).await;
    let home = tempfile::tempdir().unwrap();
    run_once(&world, home.path(), &home.path().join("copy")).await;
    let mut settings = world.engine_settings(home.path());
    settings.poller.market = "live".to_owned();
    let refused = Engine::open(settings, world.hands.clock(), Epoch::from_bits(2)).await.unwrap_err();
    assert!(refused.to_string().contains("`demo:7`, not `live`"), "{refused}");
}
