//! Messages that say nothing, or too much.

use serde_json::json;

use crate::house::{House, id};
use crate::wire::{Heard, Wire, text};

#[tokio::test]
async fn ws_what_is_no_message_is_named_and_the_third_ends_it() {
    let house = House::new();
    let deep = "[".repeat(16_000);
    let wide = format!("{{\"op\":\"ping\",\"id\":1,\"x\":{}}}", "[[1]],".repeat(10));
    let huge = format!(r#"{{"op":"ping","id":"{}"}}"#, "9".repeat(10_000));
    for (message, code) in [
        ("hello", "invalid_json"),
        ("", "invalid_json"),
        ("{\"op\":\"ping\",\"id\":1", "invalid_json"),
        ("{\"op\":\"ping\",\"id\":1}{}", "invalid_json"),
        (&deep, "invalid_json"),
        (&wide, "invalid_json"),
        ("{\"op\":\"ping\",\"id\":1e999}", "invalid_json"),
        ("{\"op\":\"ping\",\"id\":\"\\ud800\"}", "invalid_json"),
        ("null", "unknown_op"),
        ("[]", "unknown_op"),
        ("1", "unknown_op"),
        ("{\"op\":\"delete\",\"id\":1}", "unknown_op"),
        ("{\"op\":[\"ping\"],\"id\":1}", "unknown_op"),
        ("{\"op\":\"PING\",\"id\":1}", "unknown_op"),
        ("{\"op\":\"ping\"}", "invalid_message"),
        ("{\"op\":\"ping\",\"id\":null}", "invalid_message"),
        ("{\"op\":\"ping\",\"id\":1.5}", "invalid_message"),
        ("{\"op\":\"ping\",\"id\":[]}", "invalid_message"),
        ("{\"op\":\"ping\",\"id\":\"\"}", "invalid_message"),
        ("{\"op\":\"ping\",\"id\":99999999999999999999999999}", "invalid_message"),
        (&huge, "invalid_message"),
        ("{\"op\":\"subscribe\",\"id\":1}", "invalid_message"),
        ("{\"op\":\"subscribe\",\"id\":1,\"channel\":\"secrets\"}", "invalid_message"),
        ("{\"op\":\"subscribe\",\"id\":1,\"channel\":\"rows\",\"params\":[]}", "invalid_message"),
        ("{\"op\":\"subscribe\",\"id\":1,\"channel\":\"rows\",\"params\":{\"ids\":7}}", "invalid_message"),
        ("{\"op\":\"subscribe\",\"id\":1,\"channel\":\"list\",\"params\":{\"head\":-1}}", "invalid_message"),
        ("{\"op\":\"unsubscribe\",\"id\":1,\"sub\":{}}", "invalid_message"),
    ] {
        let short = &message[..message.len().min(60)];
        let mut wire = Wire::open(&house).await;
        for _ in 0..3 {
            wire.send(text(message)).await;
            assert_eq!(wire.next_of("error").await["code"], code, "{short}");
        }
        assert_eq!(wire.end().await, Heard::Close(Some(4000)), "{short}");
    }
}

#[tokio::test]
async fn ws_what_cannot_be_done_is_refused_and_the_socket_goes_on() {
    let house = House::new();
    let many: Vec<_> = (0..201).map(|_| id(1)).collect();
    for (message, code) in [
        (json!({"op": "unsubscribe", "id": 1, "sub": "nobody"}), "not_found"),
        (json!({"op": "resync", "id": 1, "sub": "../../etc/passwd"}), "not_found"),
        (json!({"op": "update", "id": 1, "sub": "", "params": {}}), "not_found"),
        (json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"head": 51}}), "invalid_parameter"),
        (json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"rank": "' OR 1=1--"}}), "invalid_parameter"),
        (
            json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"q": "x".repeat(10_000)}}),
            "invalid_parameter",
        ),
        (json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"min_txns": "NaN"}}), "invalid_parameter"),
        (json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"ids": many}}), "invalid_parameter"),
        (json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {}}), "invalid_parameter"),
    ] {
        let mut wire = Wire::open(&house).await;
        for _ in 0..4 {
            wire.send(text(message.to_string())).await;
            let error = wire.next_of("error").await;
            assert_eq!((&error["code"], &error["id"]), (&json!(code), &json!(1)), "{message}");
        }
        assert!(wire.is_alive().await, "{message}");
    }
}

#[tokio::test]
async fn ws_members_of_nobody_are_passed_over_and_ids_may_repeat() {
    let house = House::new();
    let mut wire = Wire::open(&house).await;
    for id in [json!(1), json!(1), json!("1"), json!(u64::MAX), json!("🐸".repeat(36))] {
        wire.send(text(json!({"op": "ping", "id": id, "extra": {"deep": [1, [2]]}, "__proto__": 1}).to_string())).await;
        assert_eq!(wire.next_of("pong").await["id"], id);
    }
}

#[tokio::test]
async fn ws_an_error_repeats_little_of_what_it_is_about() {
    let house = House::new();
    let long = format!("\u{1b}[31m\r\n{}", "A".repeat(9_000));
    for message in [
        json!({"op": long, "id": 1}),
        json!({"op": "subscribe", "id": 1, "channel": long}),
        json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"ids": long}}),
        json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"rank": long}}),
        json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"window": long}}),
        json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"dex": long}}),
        json!({"op": "subscribe", "id": 1, "channel": "list", "params": {"min_txns": long}}),
        json!({"op": "subscribe", "id": 1, "channel": "events", "params": {"types": [long]}}),
        json!({"op": "subscribe", "id": 1, "channel": "rows", "params": {"all": true, "fields": long}}),
        json!({"op": "unsubscribe", "id": 1, "sub": long}),
    ] {
        let mut wire = Wire::open(&house).await;
        wire.send(text(message.to_string())).await;
        let Heard::Text(error) = wire.reaction().await else { unreachable!("{message}") };
        assert_eq!(error["type"], "error", "{error}");
        let detail = error["detail"].as_str().unwrap();
        assert!(!detail.chars().any(char::is_control), "{detail:?}");
        assert!(!detail.contains(&"A".repeat(65)), "{detail}");
    }
}
