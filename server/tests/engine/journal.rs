//! What is written to the disk at a tick.

use std::fs;
use std::path::Path;

use memescope::Timestamp;
use server::journal::Journal;

use crate::world::{Desk, World};

/// The bytes of a file; 0 when there is none.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

async fn store(journal: &Journal, desk: &Desk) {
    journal.offer(Journal::encode("demo:7", desk.poller.board(), desk.poller.book(), &(), 0).unwrap());
    let is_settled = async {
        while !journal.is_settled() {
            tokio::task::yield_now().await;
        }
    };
    // It goes on: only the last state of a process is always a file of its own.
    tokio::select! {
        () = journal.write_until(std::future::pending()) => {}
        () = is_settled => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_follows_what_changed() {
    let world = World::new(500).await;
    let mut desk = world.desk();
    for _ in 0..5 {
        desk.tick(&world).await;
    }
    let home = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open::<()>(home.path(), "demo:7", Timestamp::from_secs(1)).unwrap();
    store(&journal, &desk).await;
    let whole = size(&home.path().join("state"));
    let logged = || -> u64 {
        let names = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|end| end == "log")).map(|path| size(&path)).sum()
    };
    let changed = desk.tick(&world).await.changed;
    store(&journal, &desk).await;
    let record = logged();
    println!("{record} bytes for {changed} rows that changed, {whole} for all");
    assert!(changed > 0 && record > 0 && record * 3 < whole, "{record} bytes of {whole} for {changed} rows");
    // The market stands still: soon there is nothing new.
    for _ in 0..4 {
        desk.poller.tick().await;
    }
    store(&journal, &desk).await;
    let before = logged();
    desk.poller.tick().await;
    store(&journal, &desk).await;
    let quiet = logged() - before;
    assert!(quiet < 4_096 && quiet * 20 < whole, "{quiet} bytes of {whole} for nothing");
}
