//! The examples of `docs/FEED.md` are what is sent and read.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use memescope::feed::compact::{CompactFrame, Head, Kind, Names, RowsParts, encode_patch, read, rows_delta};
use memescope::feed::{ClientMessage, ServerMessage};
use memescope::{Event, Timestamp, TokenId, TokenPatch};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const TEXT: &str = include_str!("../docs/FEED.md");

/// The lines of all blocks of a kind.
fn lines(fence: &str) -> Vec<&'static str> {
    let mut blocks = TEXT.split("\n```");
    let mut found = Vec::new();
    while let (Some(_), Some(block)) = (blocks.next(), blocks.next()) {
        let (kind, body) = block.split_once('\n').unwrap();
        if kind == fence {
            found.extend(body.lines());
        }
    }
    found
}

/// The cells of a table whose first column has this title.
fn table(title: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = TEXT.split_once(&format!("\n| {title} |")).unwrap();
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// Reads an example as a type and writes it again.
fn again<T: DeserializeOwned + Serialize>(text: &str) -> (Value, Value) {
    let message: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (serde_json::from_str(text).unwrap(), serde_json::to_value(message).unwrap())
}

#[test]
fn requests_are_understood() {
    let requests = lines("json ops");
    assert_eq!(requests.len(), 12);
    for request in requests {
        let (example, understood) = again::<ClientMessage>(request);
        let resume = example["resume"].clone();
        assert_eq!(understood["resume"], resume);
        for (name, value) in example.as_object().unwrap() {
            assert_eq!(&understood[name], value, "{request}");
        }
    }
}

#[test]
fn messages_are_what_the_types_write() {
    let messages = lines("json");
    assert_eq!(messages.len(), 15);
    for message in messages {
        let (example, written) = if message.starts_with(r#"{"type":"event""#) {
            let (example, mut written) = again::<Event>(message);
            written["type"] = "event".into();
            (example, written)
        } else {
            assert_ne!(serde_json::from_str::<ServerMessage>(message).unwrap(), ServerMessage::Unknown);
            again::<ServerMessage>(message)
        };
        assert_eq!(example, written);
    }
}

#[test]
fn every_field_is_written_as_the_table_says() {
    let as_of: Timestamp = "2026-11-22T21:55:05.401Z".parse().unwrap();
    let id: TokenId = "bsc:0xab".parse().unwrap();
    let fields = table("Bit");
    assert_eq!(fields.len(), 40);
    for (bit, cells) in fields.into_iter().enumerate() {
        let [number, name, _, hex, json] = *cells else { panic!("five cells: {cells:?}") };
        assert_eq!(number, bit.to_string());
        let mut example: Value = serde_json::from_str(json).unwrap();
        let pointer = format!("/{}", name.replace('.', "/"));
        assert!(example.pointer(&pointer).is_some() && example.as_object().unwrap().len() == 1, "{name}: {json}");
        example["id"] = id.to_string().into();
        let patch: TokenPatch = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(encode_patch(&patch, as_of), bytes(hex), "{name}");

        let bytes = bytes(hex);
        let head = Head { sub: "r", seq: 2, as_of, kind: Kind::Delta { prev: 1 } };
        let parts = RowsParts { names: vec![(5, &id)], patches: vec![(5, &*bytes)], ..RowsParts::default() };
        let Some(CompactFrame::Rows(frame)) = read(&rows_delta(&head, parts)[0]) else { panic!("rows") };
        let read = frame.delta(&mut Names::default()).unwrap();
        assert_eq!(serde_json::to_value(&read.patches).unwrap(), json!([example]), "{name}");
    }
}

#[test]
fn frames_are_read_as_the_table_says() {
    let mut names = Names::default();
    let frames = table("Bytes");
    assert_eq!(frames.len(), 6);
    for cells in frames {
        let [hex, json] = *cells else { panic!("two cells: {cells:?}") };
        let message = match read(&bytes(hex)).unwrap() {
            CompactFrame::Snapshot(frame) => ServerMessage::Snapshot(frame),
            CompactFrame::Delta(frame) => ServerMessage::Delta(frame),
            CompactFrame::Heartbeat { seq, as_of } => ServerMessage::Heartbeat { seq, as_of },
            CompactFrame::Rows(frame) if matches!(frame.head.kind, Kind::Snapshot { .. }) => {
                names.clear();
                ServerMessage::Snapshot(frame.snapshot(&mut names).unwrap())
            }
            CompactFrame::Rows(frame) => ServerMessage::Delta(frame.delta(&mut names).unwrap()),
        };
        assert_eq!(serde_json::to_value(message).unwrap(), serde_json::from_str::<Value>(json).unwrap());
    }
}
