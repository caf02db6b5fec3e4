//! Frames as RFC 6455 wants them, and as it does not: each has its one reaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncWriteExt as _;

use crate::house::{House, PATIENCE};
use crate::wire::{BINARY, CLOSE, Heard, LAST, PING, PONG, TEXT, Wire, close, frame, head, kind, text};

/// What the server does.
#[derive(Clone, Debug, PartialEq)]
enum Reaction {
    /// Closes with this code.
    Close(u16),
    /// Closes without a code.
    BareClose,
    /// Sends the payload back.
    Pong(&'static [u8]),
    /// Answers the message with one of this type.
    Answer(&'static str),
    /// Nothing; the socket goes on.
    Nothing,
}

use Reaction::{Answer, BareClose, Close, Nothing, Pong};

/// A name, the bytes, and the reactions to them, in their order.
type Case = (String, Vec<u8>, Vec<Reaction>);

fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, reaction: Reaction) -> Case {
    (name.into(), bytes.into(), vec![reaction])
}

const MESSAGE: &str = r#"{"op":"ping","id":1}"#;

/// A message that takes so many bytes.
fn message(length: usize) -> String {
    format!("{MESSAGE}{}", " ".repeat(length - MESSAGE.len()))
}

/// A message in parts.
fn fragments<T: AsRef<[u8]>>(opcode: u8, parts: &[T]) -> Vec<u8> {
    let count = parts.len();
    let part = |(place, part): (usize, &T)| {
        let opcode = if place == 0 { opcode } else { 0 };
        frame(if place + 1 == count { LAST | opcode } else { opcode }, part)
    };
    parts.iter().enumerate().flat_map(part).collect()
}

fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(payload.len()).unwrap()], payload].concat()
}

fn opcodes_and_bits() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        cases.push(case(format!("opcode {opcode:x} of nobody"), frame(LAST | opcode, "{}"), Close(1002)));
    }
    cases.push(case("an opcode of nobody without payload", frame(LAST | 0x3, ""), Close(1002)));
    cases.push(case("an opcode of nobody in a part", frame(0x7, "a"), Close(1002)));
    for (name, bits) in [("first", 0x40), ("second", 0x20), ("third", 0x10), ("all", 0x70)] {
        cases.push(case(format!("{name} reserved bit of a text"), frame(LAST | bits | TEXT, MESSAGE), Close(1002)));
        cases.push(case(format!("{name} reserved bit of a ping"), frame(LAST | bits | PING, "a"), Close(1002)));
    }
    cases.push(case("a reserved bit of a close", frame(LAST | 0x40 | CLOSE, [3, 0xe8]), Close(1002)));
    cases.push(case("a reserved bit of a binary", frame(LAST | 0x10 | BINARY, [1]), Close(1002)));
    let continued = [frame(TEXT, "{"), frame(LAST | 0x40, "}")].concat();
    cases.push(case("a reserved bit of a continuation", continued, Close(1002)));
    for (name, opcode, payload) in [
        ("text", TEXT, MESSAGE.as_bytes()),
        ("empty text", TEXT, b""),
        ("binary", BINARY, b"ab"),
        ("continuation", 0, b"ab"),
        ("ping", PING, b"ab"),
        ("pong", PONG, b"ab"),
        ("close", CLOSE, &[3, 0xe8]),
    ] {
        cases.push(case(format!("an unmasked {name}"), unmasked(LAST | opcode, payload), Close(1002)));
    }
    cases
}

const LONGEST_CONTROL: [u8; 125] = [b'p'; 125];

fn control_frames() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, opcode) in [("ping", PING), ("pong", PONG), ("close", CLOSE)] {
        cases.push(case(format!("a {name} of 126 bytes"), frame(LAST | opcode, [b'a'; 126]), Close(1002)));
        cases.push(case(format!("a {name} of 1,000 bytes"), frame(LAST | opcode, [b'a'; 1000]), Close(1002)));
        cases.push(case(format!("a {name} of a megabyte"), head(LAST | opcode, 1 << 20), Close(1009)));
        cases.push(case(format!("a {name} in parts"), frame(opcode, [3, 0xe8]), Close(1002)));
    }
    cases.extend([
        case("an empty ping", frame(LAST | PING, ""), Pong(b"")),
        case("a ping with a text", frame(LAST | PING, "hello"), Pong(b"hello")),
        case("a ping with any bytes", frame(LAST | PING, b"\x00\xff\xfe"), Pong(b"\x00\xff\xfe")),
        case("the longest ping", frame(LAST | PING, LONGEST_CONTROL), Pong(&LONGEST_CONTROL)),
        case("a pong that was not asked for", frame(LAST | PONG, "hello"), Nothing),
        case("an empty pong that was not asked for", frame(LAST | PONG, ""), Nothing),
        case("the longest pong", frame(LAST | PONG, LONGEST_CONTROL), Nothing),
        case("a ping after a close", [close(1000, ""), frame(LAST | PING, "a")].concat(), Close(1000)),
    ]);
    cases
}

fn closes() -> Vec<Case> {
    let mut cases = Vec::new();
    for code in [1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999] {
        cases.push(case(format!("close {code}"), close(code, ""), Close(code)));
    }
    for code in [0, 1, 999, 1004, 1005, 1006, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        cases.push(case(format!("close {code} of nobody"), close(code, ""), Close(1002)));
    }
    cases.extend([
        case("a close without a code", frame(LAST | CLOSE, ""), BareClose),
        case("a close with half a code", frame(LAST | CLOSE, [3]), Close(1002)),
        case("a close with a reason", close(1000, "done, thank you"), Close(1000)),
        case("a close with the longest reason", close(4000, [b'r'; 123]), Close(4000)),
        case("a close with a reason in letters of all sorts", close(1000, "κόσμε 🐸"), Close(1000)),
        case("a close with a reason that is no text", close(1000, b"\xff\xfe"), Close(1007)),
        case("a close with a reason that is cut", close(1000, &"é".as_bytes()[..1]), Close(1007)),
        case("two closes", [close(1001, ""), close(4000, "")].concat(), Close(1001)),
        case("a message after a close", [close(1000, ""), text(MESSAGE)].concat(), Close(1000)),
    ]);
    cases
}

fn texts() -> Vec<Case> {
    let greek = r#"{"op":"ping","id":"κόσμε 🐸"}"#.as_bytes();
    let mut cases = vec![
        case("a message", text(MESSAGE), Answer("pong")),
        case("letters of all sorts", text(greek), Answer("pong")),
        case("the last letter there is", text("{\"op\":\"ping\",\"id\":\"\u{10ffff}\"}"), Answer("pong")),
        case("a text that is no message", text("hello"), Answer("error")),
        case("an empty text", text(""), Answer("error")),
        case("a zero byte", text("\0"), Answer("error")),
        case("a binary", frame(LAST | BINARY, MESSAGE), Answer("error")),
        case("an empty binary", frame(LAST | BINARY, ""), Answer("error")),
        case("a binary that is no text", frame(LAST | BINARY, b"\xff\xfe"), Answer("error")),
        case("a binary in parts", fragments(BINARY, &[b"\xff", b"\xfe"]), Answer("error")),
    ];
    for (name, bytes) in [
        ("a byte of no letter", &b"\xff"[..]),
        ("a second byte without its first", b"a\x80b"),
        ("a slash that is too long", b"\xc0\xaf"),
        ("a zero that is too long", b"\xe0\x80\x80"),
        ("half of a pair", b"\xed\xa0\x80"),
        ("a letter past the last one", b"\xf4\x90\x80\x80"),
        ("a letter of five bytes", b"\xf8\x88\x80\x80\x80"),
        ("a cut letter at the end", b"{\"op\":\"\xce"),
        ("a cut letter in the middle", b"\xcea"),
    ] {
        cases.push(case(name, text(bytes), Close(1007)));
        let (left, right) = bytes.split_at(bytes.len() / 2);
        cases.push(case(format!("{name}, in parts"), fragments(TEXT, &[left, right]), Close(1007)));
    }
    cases.push(case("nonsense in a part that is not the last", frame(TEXT, b"a\xffb"), Close(1007)));
    for cut in [22, 23, 24] {
        // Within letters.
        let (left, right) = greek.split_at(cut);
        cases.push(case(format!("a letter over two parts, at {cut}"), fragments(TEXT, &[left, right]), Answer("pong")));
    }
    cases
}

fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [124, 125, 126, 127, 128, 4096, 16_383, 16_384] {
        cases.push(case(format!("a message of {length} bytes"), text(message(length)), Answer("pong")));
    }
    for length in [16_385, 65_535, 65_536] {
        cases.push(case(format!("a message of {length} bytes"), text(message(length)), Close(1009)));
    }
    for length in [16_385, 65_535, 65_536, 100 << 20, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX] {
        // Nothing of what it announces is waited for.
        cases.push(case(format!("a head that says {length} bytes"), head(LAST | TEXT, length), Close(1009)));
        cases.push(case(format!("a binary head that says {length} bytes"), head(BINARY, length), Close(1009)));
    }
    let flood = [head(LAST | TEXT, 100 << 20), vec![b'a'; 1 << 20]].concat();
    cases.push(case("the first megabyte of a hundred", flood, Close(1009)));
    for (name, length) in
        [("two bytes", &[LAST | 0x7e, 0, 20][..]), ("eight bytes", &[LAST | 0x7f, 0, 0, 0, 0, 0, 0, 0, 20])]
    {
        let frame = [&[LAST | TEXT], length, &[0; 4], MESSAGE.as_bytes()].concat();
        cases.push(case(format!("a short length in {name}"), frame, Answer("pong")));
    }
    cases
}

fn parts() -> Vec<Case> {
    let (left, right) = MESSAGE.split_at(9);
    let letters: Vec<&[u8]> = MESSAGE.as_bytes().chunks(1).collect();
    let long = message(16_384);
    let halves: Vec<&[u8]> = long.as_bytes().chunks(8192).collect();
    let too_long = message(16_385);
    let too_long: Vec<&[u8]> = too_long.as_bytes().chunks(8192).collect();
    let between = |frame: Vec<u8>| [self::frame(TEXT, left), frame, self::frame(LAST, right)].concat();
    let mut cases = vec![
        case("two parts", fragments(TEXT, &[left, right]), Answer("pong")),
        case("a part a letter", fragments(TEXT, &letters), Answer("pong")),
        case("an empty first part", fragments(TEXT, &["", left, right]), Answer("pong")),
        case("empty parts in between", fragments(TEXT, &[left, "", "", "", right]), Answer("pong")),
        case("an empty last part", fragments(TEXT, &[left, right, ""]), Answer("pong")),
        case("nothing, in parts", fragments(TEXT, &["", "", ""]), Answer("error")),
        case("the longest message in two parts", fragments(TEXT, &halves), Answer("pong")),
        case("a message that is too long in three parts", fragments(TEXT, &too_long), Close(1009)),
        case(
            "parts for ever",
            frame(TEXT, "a").into_iter().chain(frame(0, "a").repeat(20_000)).collect::<Vec<_>>(),
            Close(1009),
        ),
        case("empty parts for ever", [frame(TEXT, ""), frame(0, "").repeat(20_000)].concat(), Close(1009)),
        case("empty binary parts for ever", [frame(BINARY, ""), frame(0, "").repeat(20_000)].concat(), Close(1009)),
        case("a pong between two parts", between(frame(LAST | PONG, "a")), Answer("pong")),
        case("a close between two parts", between(close(1000, "")), Close(1000)),
        case("a last continuation of nothing", frame(LAST, right), Close(1002)),
        case("a continuation of nothing", frame(0, right), Close(1002)),
        case("an empty continuation of nothing", frame(LAST, ""), Close(1002)),
        case("a text within a text", between(text(MESSAGE)), Close(1002)),
        case("a text in parts within a text", between(frame(TEXT, MESSAGE)), Close(1002)),
        case("a binary within a text", between(frame(LAST | BINARY, [1])), Close(1002)),
        case("a reserved opcode within a text", between(frame(LAST | 0x3, [1])), Close(1002)),
        case("a ping in parts within a text", between(frame(PING, "a")), Close(1002)),
    ];
    let ping = frame(LAST | PING, "a");
    cases.push(("a ping between two parts".to_owned(), between(ping.clone()), vec![Pong(b"a"), Answer("pong")]));
    cases.push((
        "a continuation after the last part".to_owned(),
        [fragments(TEXT, &[left, right]), frame(LAST, "{}")].concat(),
        vec![Answer("pong"), Close(1002)],
    ));
    cases.push((
        "two messages at once".to_owned(),
        [text(MESSAGE), fragments(TEXT, &[left, right])].concat(),
        vec![Answer("pong"), Answer("pong")],
    ));
    cases
}

async fn play(house: &House, (name, bytes, reactions): Case) {
    let mut wire = Wire::open(house).await;
    wire.send(&bytes).await;
    for reaction in reactions {
        let heard = match reaction {
            Nothing if wire.is_alive().await => Nothing,
            Nothing => Close(0),
            _ => match wire.reaction().await {
                Heard::Text(value) if reaction == Answer("pong") && kind(&value) == "pong" => Answer("pong"),
                Heard::Text(value) if kind(&value) == "error" => Answer("error"),
                Heard::Pong(payload) => match &reaction {
                    Pong(expected) if *expected == payload => Pong(expected),
                    _ => Pong(b"something else"),
                },
                Heard::Close(code) => code.map_or(BareClose, Close),
                other => unreachable!("{name}: {other:?} instead of {reaction:?}"),
            },
        };
        assert_eq!(heard, reaction, "{name}");
        match reaction {
            Close(_) | BareClose => {
                // The client has heard it; then the connection ends without another word.
                let _ = wire.stream.shutdown().await;
                assert_eq!(wire.next().await, Heard::Gone, "{name}");
            }
            Answer(_) | Pong(_) | Nothing => {}
        }
    }
}

#[tokio::test]
async fn ws_rfc_each_frame_has_its_one_reaction() {
    let panics = Arc::new(AtomicUsize::new(0));
    let count = panics.clone();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        count.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    let house = House::new();
    let cases: Vec<Case> =
        [opcodes_and_bits(), control_frames(), closes(), texts(), lengths(), parts()].into_iter().flatten().collect();
    assert!(cases.len() >= 90, "{}", cases.len());
    for case in cases {
        play(&house, case).await;
    }
    // Every one of them is let go.
    tokio::time::timeout(PATIENCE, async {
        while house.hub.stats().sockets > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(panics.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn ws_rfc_a_frame_may_come_byte_by_byte() {
    let house = House::new();
    let mut wire = Wire::open(&house).await;
    wire.stream.set_nodelay(true).unwrap();
    for byte in [text(MESSAGE), frame(LAST | PING, "hello")].concat() {
        wire.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(wire.next_of("pong").await["id"], 1);
    assert_eq!(wire.reaction().await, Heard::Pong(b"hello".to_vec()));
}

#[tokio::test]
async fn ws_rfc_frames_may_come_with_the_handshake() {
    let house = House::new();
    let frames: Vec<u8> = [text(MESSAGE), frame(LAST | PING, "hello")].concat();
    let mut stream = house.connect().await;
    let head = format!("{}\r\n", crate::wire::UPGRADE);
    stream.write_all(&[head.as_bytes(), &frames].concat()).await.unwrap();
    let mut answer = Vec::new();
    let pong = [&[LAST | PONG, 5], &b"hello"[..]].concat();
    tokio::time::timeout(PATIENCE, async {
        while !answer.windows(pong.len()).any(|bytes| bytes == pong) {
            assert!(tokio::io::AsyncReadExt::read_buf(&mut stream, &mut answer).await.unwrap() > 0);
        }
    })
    .await
    .unwrap();
}
