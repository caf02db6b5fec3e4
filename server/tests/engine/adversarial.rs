//! The published board beside the hidden truth, on a market that does its worst.
//!
//! Which prices are compared: those of honest tokens that can be sold, at every tick, where the row is not marked as
//! stale; marked rows and dead tokens are counted apart. Each is held against the truth when its source looked, and for
//! comparison against the truth at the time that the row claims and at the tick.

mod tally;

use std::time::Duration;

use memescope::Chain;
use server::planner::{List, Pace};
use server::poller::PollerSettings;

use self::tally::Tally;
use crate::world::{Desk, World};

/// As in production: a tick every ten seconds, sources asked as their caches allow.
const INTERVAL: Duration = Duration::from_secs(10);
const TICKS: usize = 1_000;
/// Five minutes, in which the board fills.
const WARM_UP: usize = 30;
/// Prices are compared at every tick; volumes, flags and ranks at every so many.
const SAMPLE: usize = 10;
/// Ordinary tokens; the hostile ones come on top.
const TOKENS: usize = 120;

fn settings() -> PollerSettings {
    let searches = ["sol".to_owned(), "met".to_owned(), "usdc".to_owned()];
    PollerSettings {
        interval: INTERVAL,
        pace: Pace::LIVE,
        catalogue: List::catalogue(&[Chain::solana()], &searches),
        ..World::poller_settings()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_agrees_with_the_truth_for_a_thousand_ticks() {
    let world = World::adversarial(TOKENS, 7).await;
    let mut desk = Desk::with(settings(), &world.sources(), &world.hands);
    let mut tally = Tally::default();
    for tick in 0..TICKS {
        let now = world.hands.clock().now();
        desk.tick(&world).await;
        if tick < WARM_UP {
            continue;
        }
        let board = desk.store.snapshot().board.clone();
        tally.prices(&board, &world.market, now);
        if tick % SAMPLE == 0 {
            tally.figures(&board, &world.market, now);
            tally.ranks(&board, &world.market, now);
        }
    }
    println!("{tally}");
    tally.assert();
}
