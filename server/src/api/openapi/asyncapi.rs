//! The document of the feed: messages from the types that both ends read and write, each with examples.
//!
//! A new message of [`ClientMessage`] or [`ServerMessage`] is found by itself, and asks for an example. A new way to the
//! same messages is a channel more in [`asyncapi`].

use std::collections::BTreeMap;

use memescope::feed::{ClientMessage, ServerMessage};
use memescope::{Event, EventKind, Timestamp, Token, TokenId};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::tokens::ADDRESS;
use super::{Schemas, info};

const WORDS: &str = "\
Connect to `/ws` with the subprotocol `memescope.v1.json` (taken for granted when none is named). The server says `hello` \
and `status`; then subscribe. A first message is due within ten seconds.

- **Two channels make a table.** `list` tells the order of a view, as ids and splices; `rows` tells values, as rows and \
JSON merge patches (RFC 7396: objects merge, `null` sets unknown). `events` tells what is worth a bell, `status` how the \
sources do.
- **Sequence.** A `delta` holds every change after `prev` up to `seq`. Keep the last seq applied for each subscription: a \
frame whose `seq` is not above it is ignored; one whose `prev` is above it is a gap: drop what is held, and `resync`. A new \
`epoch` means the same. The seq of a `heartbeat` is the board's and never a gap.
- **Parts.** A frame above 64 KiB comes in parts, `\"part\": [1, 3]`, which are applied together.
- **Resume.** `subscribe` with `resume` is answered with `mode: resume` and what was missed, or with a snapshot.
- **Slow readers** get what they missed in one frame, or a snapshot with `reason: lagged`. Whoever cannot be written to for \
15 seconds is dropped.
- **Silence.** A frame comes at least every `heartbeat_ms`. After three times that much without any, reconnect, with a \
random pause that grows from half a second to thirty.
- **Client.** Idle → Connecting → Hello → Live ⇄ Resyncing; Live → Stale (two heartbeats) → Backoff (three) → Connecting.
- **Close codes.** 1002 protocol error, 1007 not UTF-8, 1009 a message above 16 KiB, 1012 restart (after `bye`), 4000 three \
messages could not be read, 4001 no first message, 4008 too slow, 4029 more than ten messages a second.

Fields and types of messages may be added: ignore what you do not know. The server does so too, but not in `params`: a name \
that the channel does not know is refused, because with a mistyped filter the rows would be unfiltered. There are two more ways to the \
same frames: the subprotocol `memescope.v1.bin` says lists, rows and heartbeats in fewer bytes, and `GET /stream` carries \
these messages as server-sent events: `event` is the type, `data` the message.";

/// Examples of what a client sends, by `op`.
pub(super) fn client_examples() -> Vec<Value> {
    let token = format!("solana:{ADDRESS}");
    vec![
        json!({ "op": "subscribe", "id": 1, "channel": "list",
            "params": { "rank": "trending", "window": "h1", "min_liquidity_usd": 10_000, "head": 200 },
            "resume": { "epoch": "000000000000b3f1", "seq": 918_273 } }),
        json!({ "op": "subscribe", "id": 2, "channel": "rows", "params": { "list": "l1", "range": [0, 40] } }),
        json!({ "op": "subscribe", "id": "watch", "channel": "rows",
            "params": { "ids": [token], "include": ["provenance"] } }),
        json!({ "op": "subscribe", "id": 3, "channel": "rows", "params": { "all": true, "chain": ["solana"] } }),
        json!({ "op": "subscribe", "id": 4, "channel": "events", "params": { "types": ["volume:spike"] } }),
        json!({ "op": "subscribe", "id": 5, "channel": "status", "params": {} }),
        json!({ "op": "update", "id": 6, "sub": "2", "params": { "list": "l1", "range": [20, 70] } }),
        json!({ "op": "unsubscribe", "id": 7, "sub": "l1" }),
        json!({ "op": "resync", "id": 8, "sub": "l1" }),
        json!({ "op": "ping", "id": 9 }),
        json!({ "op": "digest", "id": 10, "sub": "l1" }),
    ]
}

/// Examples of what the server sends, by `type`.
pub(super) fn server_examples() -> Vec<Value> {
    let token = format!("solana:{ADDRESS}");
    let at = "2026-11-22T21:55:04.406Z";
    let id: TokenId = token.parse().expect("an id");
    let mut row = Token::new(id, Timestamp::from_millis(1_795_384_504_406));
    row.symbol = Some("WIF".into());
    row.price_usd = "0.8421".parse().ok();
    vec![
        json!({ "type": "hello", "protocol": 1, "conn": "c_9f2", "market": "live", "epoch": "000000000000b3f1",
            "seq": 918_273, "server_time": at, "heartbeat_ms": 5_000,
            "limits": { "subs": 8, "ids": 200, "message_bytes": 16_384, "messages_per_s": 10 } }),
        json!({ "type": "status", "sources": [], "sol_usd": "163.74", "stale": false, "seq": 918_273, "as_of": at,
            "tokens": 1_284 }),
        json!({ "type": "subscribed", "id": 1, "sub": "l1", "channel": "list", "mode": "snapshot" }),
        json!({ "type": "updated", "id": 6, "sub": "2" }),
        json!({ "type": "unsubscribed", "id": 7, "sub": "l1" }),
        json!({ "type": "snapshot", "sub": "l1", "epoch": "000000000000b3f1", "seq": 918_273, "as_of": at,
            "ids": [token], "prev_ranks": [3], "total": 1_284 }),
        json!({ "type": "snapshot", "sub": "2", "epoch": "000000000000b3f1", "seq": 918_273, "as_of": at,
            "rows": [row] }),
        json!({ "type": "delta", "sub": "l1", "prev": 918_273, "seq": 918_274, "as_of": at,
            "splices": [[3, 1, []], [0, 0, [token]]], "total": 1_285 }),
        json!({ "type": "delta", "sub": "2", "prev": 918_273, "seq": 918_274, "as_of": at,
            "patches": [{ "id": token, "price_usd": "0.8427", "change_pct": { "m5": -0.5 }, "holders": null,
                "updated_at": at }] }),
        json!({ "type": "delta", "sub": "2", "prev": 918_274, "seq": 918_275, "as_of": at, "gone": [token] }),
        json!({ "type": "event", "event": "price:update", "event_id": "000000000000b3f1-918275-0", "token": token, "at": at,
            "price_usd": "0.8427", "prev_price_usd": "0.8311", "change_pct": 1.4, "source": "jupiter" }),
        json!({ "type": "event", "event": "volume:spike", "event_id": "000000000000b3f1-918275-1", "token": token, "at": at,
            "window": "m5", "volume_usd": 88_200.0, "baseline_usd": 9_100.0, "ratio": 9.7 }),
        json!({ "type": "event", "event": "token:listed", "event_id": "000000000000b3f1-918275-2", "token": token, "at": at,
            "symbol": "WIF", "name": null, "price_usd": "0.8427", "liquidity_usd": null }),
        json!({ "type": "event", "event": "token:flagged", "event_id": "000000000000b3f1-918275-3", "token": token, "at": at,
            "flags": [{ "code": "mint_authority", "source": "jupiter", "since": at, "detail": "New tokens can be minted." }] }),
        json!({ "type": "event", "event": "source:state", "event_id": "000000000000b3f1-918275-4", "at": at,
            "source": "jupiter", "state": "throttled", "prev_state": "ok" }),
        json!({ "type": "heartbeat", "seq": 918_275, "as_of": at }),
        json!({ "type": "pong", "id": 9 }),
        json!({ "type": "digest", "id": 10, "sub": "l1", "seq": 918_275, "digest": "cbf29ce484222325" }),
        json!({ "type": "error", "id": 3, "code": "invalid_parameter", "detail": "range is outside head", "status": 400 }),
        json!({ "type": "bye", "code": "server_shutdown", "retry_after_ms": 1_500 }),
    ]
}

/// The kinds of a tagged message, with the schema and the words of each.
fn kinds(union: &Value, tag: &str) -> BTreeMap<String, Value> {
    let branches = union["oneOf"].as_array().into_iter().flatten();
    let named = branches.filter_map(|branch| {
        let name = branch["properties"][tag]["const"].as_str()?.to_owned();
        Some((name, branch.clone()))
    });
    // What a client makes of a message of a later version is never sent.
    named.filter(|(name, _)| name != "unknown").collect()
}

/// The messages of one direction, by name, each with its examples.
fn messages(kinds: BTreeMap<String, Value>, tag: &str, examples: &[Value]) -> Map<String, Value> {
    let one = |(kind, mut schema): (String, Value)| {
        let words = schema.as_object_mut().and_then(|schema| schema.remove("description")).unwrap_or_default();
        let examples: Vec<Value> = examples
            .iter()
            .filter(|example| example[tag] == kind.as_str())
            .map(|example| json!({ "payload": example }))
            .collect();
        let name = name(tag, &kind);
        let message = json!({
            "name": name, "summary": words, "contentType": "application/json", "payload": schema, "examples": examples,
        });
        (name, message)
    };
    kinds.into_iter().map(one).collect()
}

/// `digest` goes both ways.
fn name(tag: &str, kind: &str) -> String {
    if tag == "op" { format!("client.{kind}") } else { format!("server.{kind}") }
}

/// The document of the feed.
pub(super) fn asyncapi() -> Value {
    let mut read = Schemas::new(SchemaSettings::draft2020_12().for_deserialize());
    let mut written = Schemas::of_answers();
    let client = super::readable(read.0.root_schema_for::<ClientMessage>().to_value());
    let server = super::readable(written.0.root_schema_for::<ServerMessage>().to_value());
    let event = written.of::<Event>();
    let mut schemas = written.definitions();
    for (name, schema) in read.definitions() {
        let known = schemas.entry(name.clone()).or_insert_with(|| schema.clone());
        assert_eq!(*known, schema, "{name} is not the same in both directions");
    }

    let client = kinds(&client, "op");
    let mut server = kinds(&server, "type");
    // In the type it is any JSON, so that a client passes on the kinds of later versions.
    let told = server.get_mut("event").expect("events are told");
    told["allOf"] = json!([event]);
    assert!(EventKind::ALL.iter().all(|(kind, _)| server_examples().iter().any(|example| example["event"] == *kind)));

    let reference = |name: &String| json!({ "$ref": format!("#/components/messages/{name}") });
    let own = |name: &String| json!({ "$ref": format!("#/channels/feed/messages/{name}") });
    let client = messages(client, "op", &client_examples());
    let server = messages(server, "type", &server_examples());
    let all: Map<String, Value> = client.clone().into_iter().chain(server.clone()).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": info("Memescope feed", WORDS),
        "defaultContentType": "application/json",
        "servers": {
            "local": { "host": "127.0.0.1:8080", "protocol": "ws", "description": "Where it listens unless told otherwise." },
        },
        "channels": {
            "feed": {
                "address": "/ws",
                "title": "The socket",
                "messages": all.keys().map(|name| (name.clone(), reference(name))).collect::<Map<_, _>>(),
                "bindings": { "ws": {
                    "method": "GET",
                    "headers": { "type": "object", "properties": {
                        "Sec-WebSocket-Protocol": { "type": "string", "default": "memescope.v1.json" },
                    } },
                    "bindingVersion": "0.1.0",
                } },
            },
        },
        "operations": {
            "ask": {
                "action": "receive",
                "channel": { "$ref": "#/channels/feed" },
                "summary": "What a client sends.",
                "messages": client.keys().map(own).collect::<Vec<_>>(),
            },
            "tell": {
                "action": "send",
                "channel": { "$ref": "#/channels/feed" },
                "summary": "What the server sends.",
                "messages": server.keys().map(own).collect::<Vec<_>>(),
            },
        },
        "components": { "messages": all, "schemas": schemas },
    })
}
