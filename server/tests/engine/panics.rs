use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use memescope::Epoch;
use server::clock::Clock;
use server::engine::Engine;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that breaks whoever looks at it while it is armed.
#[derive(Clone, Debug, Default)]
struct Bomb {
    is_armed: Arc<AtomicBool>,
    victims: Arc<AtomicUsize>,
}

impl Bomb {
    #[expect(clippy::panic, reason = "it is what the test is about")]
    fn clock(&self, clock: Clock) -> Clock {
        let Self { is_armed, victims } = self.clone();
        Clock::new(move || {
            if is_armed.load(Ordering::Relaxed) {
                victims.fetch_add(1, Ordering::Relaxed);
                panic!("the clock is broken");
            }
            clock.now()
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poller_that_panics_goes_on_with_every_row_though_nothing_is_stored() {
    let world = World::new(80).await;
    let home = tempfile::tempdir().unwrap();
    let bomb = Bomb::default();
    let clock = bomb.clock(world.hands.clock());
    let engine = Engine::open(world.engine_settings(home.path()), clock, Epoch::from_bits(1)).await.unwrap();
    let (store, mut health) = (engine.store.clone(), engine.journal_health());
    let mut bell = store.bell();
    let stop = CancellationToken::new();
    let running = tokio::spawn(engine.run(stop.clone()));
    while store.snapshot().board.tokens.len() < 50 {
        tokio::time::timeout(PATIENCE, bell.changed()).await.unwrap().unwrap();
    }
    // Nobody can say the rows anew, and the state on disk is lost.
    world.break_sources("all:hang@0s-").await;
    let state = home.path().join("state");
    while !state.exists() {
        tokio::time::timeout(PATIENCE, health.changed()).await.unwrap().unwrap();
    }
    bomb.is_armed.store(true, Ordering::Relaxed);
    tokio::time::timeout(PATIENCE, async {
        while bomb.victims.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    for name in ["state", "state.prev"] {
        let _ = fs::remove_file(home.path().join(name));
    }
    let before = store.snapshot().board.clone();
    bomb.is_armed.store(false, Ordering::Relaxed);

    // The next board comes of the poller that was started again: all that it holds has aged.
    world.hands.pass(Duration::from_secs(2 * 3600));
    let after = tokio::time::timeout(PATIENCE, async {
        loop {
            bell.changed().await.unwrap();
            let board = store.snapshot().board.clone();
            if board.stale {
                return board;
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(after.epoch, before.epoch, "history goes on");
    assert!(after.seq > before.seq);
    let lost: Vec<_> = before.tokens.keys().filter(|id| !after.tokens.contains_key(*id)).collect();
    assert!(lost.is_empty(), "{} of {} rows vanished", lost.len(), before.tokens.len());
    stop.cancel();
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
}
