//! Clients that do not read.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::house::{House, PATIENCE, Plan, token};
use crate::wire::{Wire, text};

/// What the machine may keep for a client that does not read: the server's buffer, doubled, and the client's.
const KEPT_BYTES: usize = 512 * 1024;

/// A socket with a small buffer that subscribes to everything.
async fn subscribed(house: &House) -> Wire {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let mut wire = Wire::over(socket.connect(house.address).await.unwrap(), "").await.unwrap();
    let all = json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"all": true}});
    wire.send(text(all.to_string())).await;
    wire.next_of("snapshot").await;
    wire
}

#[tokio::test]
async fn ws_readers_that_stop_are_dropped_with_little_kept_and_the_others_miss_nothing() {
    let mut plan = Plan::default();
    plan.feed.write_deadline = Duration::from_millis(500);
    let house = House::with(plan);
    let mut stalled = Vec::new();
    for _ in 0..10 {
        stalled.push(subscribed(&house).await);
    }
    let mut healthy = subscribed(&house).await;
    let mut figure = 0;
    timeout(PATIENCE, async {
        while house.hub.stats().dropped_slow < 10 {
            figure += 1;
            house.commit((1..=60).map(|number| token(number, figure * 100 + u64::from(number))));
            let seq = house.store.snapshot().board.seq;
            while healthy.next_of("delta").await["seq"] != seq {}
        }
    })
    .await
    .unwrap();
    assert_eq!(house.hub.stats().sockets, 1);
    for wire in &mut stalled {
        let mut kept = Vec::new();
        // It ends with a reset as often as not.
        let _ = timeout(PATIENCE, wire.stream.read_to_end(&mut kept)).await.unwrap();
        assert!(kept.len() < KEPT_BYTES, "{}", kept.len());
    }
    assert!(healthy.is_alive().await);
}
