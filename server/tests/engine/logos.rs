//! Pictures: from what a source named to a row, without a trace in what the poller goes on from.

use memescope::Source;
use server::logos::Album;

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_a_source_names_is_on_the_row_and_nowhere_else() {
    let world = World::new(100).await;
    let mut desk = world.desk();
    let album = Album::default();
    desk.poller = desk.poller.with_album(Some(album.clone()));
    for _ in 0..3 {
        desk.tick(&world).await;
    }
    let rows = |desk: &crate::world::Desk| desk.store.snapshot().board.tokens.clone();
    assert!(rows(&desk).values().all(|row| row.logo.is_none()), "the demo market names none");
    // The market stands still until nothing changes any more but for the picture.
    for _ in 0..5 {
        desk.poller.tick().await;
    }
    caught_up(&desk).await;
    let (id, before) = rows(&desk).into_iter().next().unwrap();
    album.learn(Source::Jupiter, vec![(id.clone(), "https://cdn.example/a.png".into())]);
    let summary = desk.poller.tick().await;
    caught_up(&desk).await;
    assert!(summary.changed >= 1, "{summary:?}");
    let shown = rows(&desk);
    let path = shown[&id].logo.clone().unwrap();
    assert!(path.starts_with("/logos/") && path.len() == "/logos/".len() + 32, "{path}");
    assert_eq!(shown[&id].updated_at, before.updated_at, "nothing is new about the token");
    assert_eq!(shown.values().filter(|row| row.logo.is_some()).count(), 1);
    assert!(desk.poller.board().tokens.values().all(|row| row.logo.is_none()));
    // It stays when the row changes.
    for _ in 0..40 {
        desk.tick(&world).await;
        if rows(&desk)[&id].updated_at != before.updated_at {
            break;
        }
    }
    assert_ne!(rows(&desk)[&id].updated_at, before.updated_at);
    assert_eq!(rows(&desk)[&id].logo.as_ref(), Some(&path));
}

/// The store follows the poller by itself: waits until it holds the newest board.
async fn caught_up(desk: &crate::world::Desk) {
    let mut bell = desk.store.bell();
    while desk.store.snapshot().board.seq < desk.poller.board().seq {
        tokio::time::timeout(std::time::Duration::from_secs(10), bell.changed()).await.unwrap().unwrap();
    }
}
