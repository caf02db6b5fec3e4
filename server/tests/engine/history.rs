use std::sync::Arc;
use std::time::Duration;

use memescope::{Candle, CandleSource, Epoch, Field, FieldSource, Interval, Timestamp, Token, TokenId, Window};
use server::engine::Engine;
use server::history::{History, Range};
use server::store::Snapshot;
use tokio_util::sync::CancellationToken;

use crate::world::World;

fn candles(history: &History, token: &TokenId, interval: Interval) -> Vec<Candle> {
    let range = Range { interval, from: Timestamp::EARLIEST, to: Timestamp::from_secs(4_000_000_000), limit: 1_000 };
    history.candles(token, range).unwrap()
}

/// A row whose week is told whole: its price of a week ago was fetched.
fn with_week(snapshot: &Snapshot) -> Option<Arc<Token>> {
    let is_whole =
        |row: &&Arc<Token>| row.change_pct.at(Window::D7).is_some() && !row.partial_windows.contains(&Window::D7);
    snapshot.board.tokens.values().find(is_whole).cloned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_past_is_fetched_told_and_kept() {
    let world = World::new(60).await;
    let home = tempfile::tempdir().unwrap();
    let settings = || {
        let mut settings = world.engine_settings(home.path());
        settings.poller.interval = Duration::from_millis(50);
        settings
    };
    let engine = Engine::open(settings(), world.hands.clock(), Epoch::from_bits(1)).await.unwrap();
    let (store, history) = (engine.store.clone(), engine.history.clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn(engine.run(stop.clone()));
    let mut bell = store.bell();
    let enough = async {
        loop {
            if let Some(row) = with_week(&store.snapshot()) {
                return row;
            }
            bell.changed().await.unwrap();
            world.pass(Duration::from_secs(12)).await;
        }
    };
    let row = tokio::time::timeout(Duration::from_secs(60), enough).await.unwrap();

    assert_eq!(row.provenance.fields[&Field::ChangePctD7].source, FieldSource::History);
    let reports = store.reports();
    assert!(reports.iter().all(|report| report.rejects.iter().all(|reject| reject.field != "meta.base")));
    let hours = candles(&history, &row.id, Interval::H1);
    assert!(hours.len() > 150, "{}", hours.len());
    assert!(hours.iter().any(|candle| candle.source == CandleSource::Geckoterminal));
    let minutes = candles(&history, &row.id, Interval::M1);
    assert_eq!(minutes.last().unwrap().source, CandleSource::Own);
    assert!(history.spark(&row.id, world.hands.clock().now()).unwrap().points.len() > 20);

    stop.cancel();
    running.await.unwrap();
    let minutes = candles(&history, &row.id, Interval::M1);
    drop(history);
    let again = Engine::open(settings(), world.hands.clock(), Epoch::from_bits(2)).await.unwrap();
    assert_eq!(candles(&again.history, &row.id, Interval::M1).len(), minutes.len(), "a stop loses nothing");
    assert!(again.store.snapshot().board.tokens[&row.id].change_pct.at(Window::D7).is_some(), "nor does a start");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_history_does_not_stop_the_engine() {
    let world = World::new(20).await;
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("history.redb"), vec![9; 20_000]).unwrap();
    let engine =
        Engine::open(world.engine_settings(home.path()), world.hands.clock(), Epoch::from_bits(1)).await.unwrap();
    assert!(engine.history.weeks().is_empty());
    let names = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("history.damaged-")).count(), 1);
}
