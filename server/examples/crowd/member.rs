//! One socket of the crowd, and what all of them count together.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::Failure;
use super::board::now;
use super::frames::{Frames, Seen};

/// What a member subscribes to.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// The states of the sources: next to nothing.
    Status,
    /// All rows; from a seq on, or from a snapshot.
    All { is_compact: bool, from: Option<u64> },
    /// What a page does: the head of a list, and the rows that are in sight.
    Screen { is_compact: bool, rows: u32 },
}

impl Wish {
    fn protocol(&self) -> &'static str {
        match self {
            Self::All { is_compact: true, .. } | Self::Screen { is_compact: true, .. } => "memescope.v1.bin",
            _ => "memescope.v1.json",
        }
    }

    fn first(&self) -> String {
        match self {
            Self::Status => r#"{"op":"subscribe","id":1,"channel":"status"}"#.to_owned(),
            Self::All { from, .. } => {
                let resume = from
                    .map(|seq| format!(r#","resume":{{"epoch":"0000000000000000","seq":{seq}}}"#))
                    .unwrap_or_default();
                format!(r#"{{"op":"subscribe","id":1,"channel":"rows","params":{{"all":true}}{resume}}}"#)
            }
            Self::Screen { .. } => {
                r#"{"op":"subscribe","id":1,"channel":"list","params":{"rank":"trending","window":"h24","head":200}}"#
                    .to_owned()
            }
        }
    }
}

/// What the members count together.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Members whose first state is whole.
    pub(crate) ready: Cell<usize>,
    pub(crate) failed: Cell<usize>,
    /// Frames of lists and rows, and their bytes.
    pub(crate) frames: Cell<u64>,
    pub(crate) bytes: Cell<u64>,
    /// Whoever has this seq whole is written down.
    pub(crate) target: Cell<u64>,
    /// When each of them had it.
    pub(crate) receipts: RefCell<Vec<i64>>,
    pub(crate) news: Notify,
    /// Wakes those that do not read.
    pub(crate) wake: Notify,
    buffer: RefCell<Box<[u8]>>,
}

impl Counts {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            ready: Cell::default(),
            failed: Cell::default(),
            frames: Cell::default(),
            bytes: Cell::default(),
            target: Cell::new(u64::MAX),
            receipts: RefCell::default(),
            news: Notify::new(),
            wake: Notify::new(),
            buffer: RefCell::new(vec![0; 256 * 1024].into()),
        })
    }
}

/// Follows until it is dropped. A member that stalls reads nothing between its first state and the wake.
pub(crate) async fn follow(address: SocketAddr, wish: Wish, stalls: bool, counts: Rc<Counts>) -> Result<(), Failure> {
    let mut stream = open(address, wish.protocol()).await?;
    stream.write_all(&text(&wish.first())).await?;
    let mut frames = Frames::default();
    let mut replies: Vec<Vec<u8>> = Vec::new();
    let (mut is_ready, mut had) = (false, 0);
    loop {
        stream.readable().await?;
        let was_ready = is_ready;
        let hear = |seen: &Seen<'_>| {
            if seen.opcode == 9 {
                replies.push(vec![0x8a, 0x80, 0, 0, 0, 0]);
            }
            if let Some(step) = seen.step() {
                counts.frames.set(counts.frames.get() + 1);
                counts.bytes.set(counts.bytes.get() + seen.bytes);
                if step.is_last && step.is_rows {
                    is_ready = true;
                    if step.seq >= counts.target.get() && had < counts.target.get() {
                        counts.receipts.borrow_mut().push(now());
                        counts.news.notify_one();
                    }
                    had = step.seq;
                }
                return;
            }
            let head = String::from_utf8_lossy(seen.head);
            if !head.starts_with(r#"{"type":"subscribed""#) {
                return;
            }
            match &wish {
                Wish::Screen { rows, .. } if head.contains(r#""id":1,"#) => {
                    let sub = head.split_once(r#""sub":""#).and_then(|(_, sub)| sub.split('"').next()).unwrap_or("");
                    replies.push(text(&format!(
                        r#"{{"op":"subscribe","id":2,"channel":"rows","params":{{"list":"{sub}","range":[0,{rows}]}}}}"#
                    )));
                }
                Wish::Status => is_ready = true,
                _ => {}
            }
        };
        read(&stream, &counts, &mut frames, hear)?;
        for reply in replies.drain(..) {
            stream.write_all(&reply).await?;
        }
        if is_ready && !was_ready {
            counts.ready.set(counts.ready.get() + 1);
            counts.news.notify_one();
            if stalls {
                counts.wake.notified().await;
            }
        }
    }
}

/// Reads what has come into the buffer that all members share.
fn read(stream: &TcpStream, counts: &Counts, frames: &mut Frames, hear: impl FnMut(&Seen<'_>)) -> Result<(), Failure> {
    let mut buffer = counts.buffer.borrow_mut();
    match stream.try_read(&mut buffer) {
        Ok(0) => Err("the server closed".into()),
        Ok(read) => {
            frames.read(&buffer[..read], hear);
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn open(address: SocketAddr, protocol: &str) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    // Byte for byte, so that no frame behind the answer is taken.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > 4096 {
            return Err("an endless answer".into());
        }
        let mut peeked = [0; 2048];
        let seen = tokio::time::timeout(Duration::from_secs(30), stream.peek(&mut peeked)).await??;
        let end = peeked[..seen].windows(4).position(|four| four == b"\r\n\r\n").map_or(seen, |at| at + 4);
        if seen == 0 {
            return Err("no answer".into());
        }
        stream.read_exact(&mut peeked[..end]).await?;
        answer.extend_from_slice(&peeked[..end]);
    }
    if answer.starts_with(b"HTTP/1.1 101") {
        Ok(stream)
    } else {
        Err(String::from_utf8_lossy(&answer).lines().next().unwrap_or("").to_owned().into())
    }
}

/// A text of a client, masked with zeroes.
fn text(message: &str) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut frame = vec![0x81, 0xfe, length[0], length[1], 0, 0, 0, 0];
    if message.len() < 126 {
        frame = vec![0x81, 0x80 | length[1], 0, 0, 0, 0];
    }
    frame.extend_from_slice(message.as_bytes());
    frame
}
