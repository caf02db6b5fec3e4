//! A client of the feed that writes frames byte by byte, right or wrong.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::{House, PATIENCE};

pub(crate) const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;
/// The bit of a message's last frame.
pub(crate) const LAST: u8 = 0x80;

const MASK: [u8; 4] = [0x11, 0xa2, 0x03, 0xf4];

/// The head of a masked frame that says to be so long.
pub(crate) fn head(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => bytes.push(LAST | short),
        (_, Ok(length)) => {
            bytes.push(LAST | 0x7e);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(LAST | 0x7f);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes
}

fn masked(payload: &[u8]) -> impl Iterator<Item = u8> {
    payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask)
}

/// A masked frame; `first` is its first byte.
pub(crate) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut bytes = head(first, payload.len() as u64);
    bytes.extend(masked(payload));
    bytes
}

pub(crate) fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(LAST | TEXT, payload)
}

/// A close frame with a code and a reason.
pub(crate) fn close(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    frame(LAST | CLOSE, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Text(Value),
    Pong(Vec<u8>),
    Ping,
    /// The server closes, with this code if with any.
    Close(Option<u16>),
    /// The connection has ended without a word.
    Gone,
}

/// An open socket.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(house: &House) -> Self {
        Self::over(house.connect().await, "").await.unwrap()
    }

    /// Opens a socket with further headers; else answers what it was told.
    pub(crate) async fn over(mut stream: TcpStream, headers: &str) -> Result<Self, String> {
        stream.write_all(format!("{UPGRADE}{headers}\r\n").as_bytes()).await.unwrap();
        let mut read = Vec::new();
        let end = loop {
            let count = tokio::time::timeout(PATIENCE, stream.read_buf(&mut read)).await.unwrap().unwrap_or(0);
            if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if count == 0 {
                return Err(String::from_utf8_lossy(&read).into_owned());
            }
        };
        let answer = String::from_utf8_lossy(&read[..end]).into_owned();
        if !answer.starts_with("HTTP/1.1 101 ") {
            return Err(answer);
        }
        read.drain(..end);
        Ok(Self { stream, read })
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have closed already: then that is what is heard.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The next frame, whatever it is.
    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.take() {
                return heard;
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
            if !matches!(read.expect("the server says something"), Ok(1..)) {
                return Heard::Gone;
            }
        }
    }

    /// A frame out of what was read.
    fn take(&mut self) -> Option<Heard> {
        let (&first, &second) = (self.read.first()?, self.read.get(1)?);
        let (from, length) = match second {
            126 => (4, usize::from(u16::from_be_bytes(self.read.get(2..4)?.try_into().ok()?))),
            127 => (10, usize::try_from(u64::from_be_bytes(self.read.get(2..10)?.try_into().ok()?)).ok()?),
            short => (2, usize::from(short)),
        };
        let payload = self.read.get(from..from + length)?.to_vec();
        self.read.drain(..from + length);
        Some(match first & 0xf {
            TEXT => Heard::Text(serde_json::from_slice(&payload).unwrap()),
            PING => Heard::Ping,
            PONG => Heard::Pong(payload),
            CLOSE => Heard::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
            other => unreachable!("a server sends no opcode {other}"),
        })
    }

    /// The next frame that is an answer, past what the server says by itself.
    pub(crate) async fn reaction(&mut self) -> Heard {
        loop {
            match self.next().await {
                Heard::Text(value) if ["hello", "status", "heartbeat", "delta"].contains(&kind(&value)) => {}
                Heard::Ping => {}
                heard => return heard,
            }
        }
    }

    /// The next text of a type.
    pub(crate) async fn next_of(&mut self, wanted: &str) -> Value {
        loop {
            match self.next().await {
                Heard::Text(value) if kind(&value) == wanted => return value,
                end @ (Heard::Gone | Heard::Close(_)) => unreachable!("{end:?} instead of {wanted}"),
                _ => {}
            }
        }
    }

    /// How the server ends the connection; everything before is passed over.
    pub(crate) async fn end(&mut self) -> Heard {
        loop {
            let heard = self.next().await;
            if matches!(heard, Heard::Close(_) | Heard::Gone) {
                return heard;
            }
        }
    }

    /// Whether the socket still works: pings, and waits for the answer.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.send(frame(LAST | PING, "alive?")).await;
        loop {
            match self.next().await {
                Heard::Pong(payload) if payload == b"alive?" => return true,
                Heard::Gone | Heard::Close(_) => return false,
                _ => {}
            }
        }
    }
}

pub(crate) fn kind(value: &Value) -> &str {
    value["type"].as_str().unwrap_or_default()
}
