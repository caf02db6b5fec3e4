//! Messages that never become whole. Time is stopped: it jumps to the next deadline as soon as nothing else can happen.

use std::time::Duration;

use tokio::time::{Instant, interval};

use crate::house::House;
use crate::wire::{Heard, LAST, PONG, TEXT, Wire, frame, head, text};

/// Says something at once, so that the deadline of the first message is not what ends the socket.
async fn introduced(house: &House) -> Wire {
    let mut wire = Wire::open(house).await;
    wire.send(text(r#"{"op":"ping","id":1}"#)).await;
    wire.next_of("pong").await;
    wire
}

/// Sends `drop` every second until the server has had enough; how, and after how many seconds.
async fn drip(mut wire: Wire, drop: Vec<u8>) -> (Heard, u64) {
    let began = Instant::now();
    let mut tick = interval(Duration::from_secs(1));
    while began.elapsed() < Duration::from_secs(60) {
        tokio::select! {
            heard = wire.next() => if matches!(heard, Heard::Close(_) | Heard::Gone) {
                return (heard, began.elapsed().as_secs());
            },
            _ = tick.tick() => wire.send(&drop).await,
        }
    }
    unreachable!("it drips for ever")
}

#[tokio::test(start_paused = true)]
async fn ws_parts_that_drip_end_after_ten_seconds() {
    let house = House::new();
    let mut wire = introduced(&house).await;
    wire.send(frame(TEXT, "a")).await;
    let (end, took) = drip(wire, frame(0, "a")).await;
    assert_eq!(end, Heard::Close(Some(4001)));
    assert!(took <= 12, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn ws_pongs_between_parts_do_not_prolong_a_message() {
    let house = House::new();
    let mut wire = introduced(&house).await;
    wire.send(frame(TEXT, "")).await;
    let (end, took) = drip(wire, [frame(0, ""), frame(LAST | PONG, "")].concat()).await;
    assert_eq!(end, Heard::Close(Some(4001)));
    assert!(took <= 12, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn ws_a_payload_that_drips_ends_after_ten_seconds() {
    let house = House::new();
    let mut wire = introduced(&house).await;
    wire.send(head(LAST | TEXT, 16_000)).await;
    let (end, took) = drip(wire, vec![b'a']).await;
    assert_eq!(end, Heard::Close(Some(4001)));
    assert!(took <= 12, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn ws_a_client_that_only_answers_pings_stays() {
    let house = House::new();
    let mut wire = introduced(&house).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(120) {
        match wire.next().await {
            Heard::Ping => wire.send(frame(LAST | PONG, "")).await,
            Heard::Text(_) => {}
            other => unreachable!("{other:?} after {:?}", began.elapsed()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ws_a_client_that_says_nothing_is_closed_after_ten_seconds() {
    let house = House::new();
    let mut wire = Wire::open(&house).await;
    let began = Instant::now();
    assert_eq!(wire.end().await, Heard::Close(Some(4001)));
    assert_eq!(began.elapsed().as_secs(), 10);
}
