//! Frames, and those of JSON put together from pieces that are already printed.
//!
//! Rows and their patches are printed once per change; a frame only strings them together. A frame that would be larger
//! than [`PART_BYTES`] becomes several, each with its `part`, which the receiver applies together. Frames of the compact
//! subprotocol are put together in the same way, by the domain.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use memescope::feed::{ErrorFrame, PART_BYTES, RequestId, ServerMessage, Splice};
use memescope::{Epoch, Seq, Timestamp, TokenId};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// How lists, rows and heartbeats are written on a connection; all else is JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Encoding {
    /// As JSON.
    #[default]
    Json,
    /// As bytes of the compact subprotocol.
    Compact,
}

/// One message as it goes out: its head and what it says, in one piece. The head of a server's message is the same for
/// all who get it. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    wire: Bytes,
    head: usize,
}

/// A frame as it goes out: one, or its parts in their order. Cloning shares the bytes.
pub(super) type Frames = Arc<[Frame]>;

impl Frame {
    /// JSON.
    pub(super) fn text(text: &str) -> Self {
        Self::of(Data::Text, text.as_bytes())
    }

    /// Of the compact subprotocol.
    pub(super) fn binary(bytes: &[u8]) -> Self {
        Self::of(Data::Binary, bytes)
    }

    fn of(kind: Data, bytes: &[u8]) -> Self {
        let header = FrameHeader { opcode: OpCode::Data(kind), ..FrameHeader::default() };
        let length = bytes.len() as u64;
        let mut wire = Vec::with_capacity(header.len(length) + bytes.len());
        header.format(length, &mut wire).expect("memory takes what is written");
        let head = wire.len();
        wire.extend_from_slice(bytes);
        Self { wire: wire.into(), head }
    }

    /// What it says.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.wire[self.head..]
    }

    /// Whether it is of the compact subprotocol.
    #[cfg(test)]
    pub(super) fn is_binary(&self) -> bool {
        self.wire[0] & 0xf == u8::from(OpCode::Data(Data::Binary))
    }

    /// As it goes over the wire.
    pub(super) fn wire(&self) -> &[u8] {
        &self.wire
    }
}

/// Tests read frames of JSON as text.
#[cfg(test)]
impl std::ops::Deref for Frame {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("a frame of JSON")
    }
}

/// Frames of the compact subprotocol.
pub(super) fn of_bytes(parts: &[Vec<u8>]) -> Frames {
    parts.iter().map(|part| Frame::binary(part)).collect()
}

/// A frame with lists of pieces.
#[derive(Debug)]
pub(super) struct FrameBuilder {
    /// What every part begins with, up to and without a comma.
    head: String,
    /// The name of the list that is being written in the current part.
    open: Option<&'static str>,
    part: String,
    parts: Vec<String>,
}

impl FrameBuilder {
    /// The whole state of a subscription at a seq.
    pub(super) fn snapshot(sub: &str, epoch: Epoch, seq: Seq, as_of: Timestamp, reason: Option<&str>) -> Self {
        let mut head =
            format!(r#"{{"type":"snapshot","sub":{},"epoch":"{epoch}","seq":{seq},"as_of":"{as_of}""#, quoted(sub));
        if let Some(reason) = reason {
            let _ = write!(head, r#","reason":"{reason}""#);
        }
        Self::new(head)
    }

    /// What changed in a subscription after `prev`.
    pub(super) fn delta(sub: &str, prev: Seq, seq: Seq, as_of: Timestamp) -> Self {
        Self::new(format!(r#"{{"type":"delta","sub":{},"prev":{prev},"seq":{seq},"as_of":"{as_of}""#, quoted(sub)))
    }

    fn new(head: String) -> Self {
        Self { part: head.clone(), head, open: None, parts: Vec::new() }
    }

    /// How many rows pass the view's filters; before any list.
    pub(super) fn total(mut self, total: usize) -> Self {
        debug_assert!(self.open.is_none() && self.parts.is_empty(), "every part carries the total");
        let _ = write!(self.head, r#","total":{total}"#);
        self.part.clone_from(&self.head);
        self
    }

    /// An empty list is written too: `"ids":[]` is the state of an empty view, a missing one is no state.
    pub(super) fn list<P: AsRef<str>>(mut self, name: &'static str, pieces: impl IntoIterator<Item = P>) -> Self {
        self.begin(name);
        let mut first = true;
        for piece in pieces {
            let piece = piece.as_ref();
            if self.part.len() + piece.len() + 32 > PART_BYTES && self.part.len() > self.head.len() + name.len() + 5 {
                self.break_part();
                self.begin(name);
                first = true;
            }
            if !first {
                self.part.push(',');
            }
            self.part.push_str(piece);
            first = false;
        }
        self
    }

    /// The same, left out when it is empty.
    pub(super) fn list_if_any<P: AsRef<str>>(self, name: &'static str, pieces: impl IntoIterator<Item = P>) -> Self {
        let mut pieces = pieces.into_iter().peekable();
        if pieces.peek().is_none() { self } else { self.list(name, pieces) }
    }

    fn begin(&mut self, name: &'static str) {
        if self.open.is_some() {
            self.part.push(']');
        }
        let _ = write!(self.part, r#","{name}":["#);
        self.open = Some(name);
    }

    fn break_part(&mut self) {
        if self.open.take().is_some() {
            self.part.push(']');
        }
        self.parts.push(std::mem::replace(&mut self.part, self.head.clone()));
    }

    /// The frame.
    pub(super) fn finish(mut self) -> Frames {
        self.break_part();
        let mut parts = self.parts;
        let count = parts.len();
        if let [only] = parts.as_mut_slice() {
            only.push('}');
        } else {
            for (number, part) in parts.iter_mut().enumerate() {
                let _ = write!(part, r#","part":[{},{count}]}}"#, number + 1);
            }
        }
        parts.iter().map(|part| Frame::text(part)).collect()
    }
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An id as a JSON string; ids hold no character that JSON escapes.
pub(super) fn quoted_id(id: &TokenId) -> String {
    format!(r#""{id}""#)
}

/// A splice as JSON.
pub(super) fn spliced(splice: &Splice) -> String {
    let (index, delete, insert) = splice;
    let ids: Vec<String> = insert.iter().map(quoted_id).collect();
    format!("[{index},{delete},[{}]]", ids.join(","))
}

/// Any message as one frame.
pub(super) fn message(message: &ServerMessage) -> Frame {
    Frame::text(&serde_json::to_string(message).expect("a message has text keys and finite numbers"))
}

/// A refusal.
pub(super) fn error(id: Option<RequestId>, code: &str, detail: impl Into<String>, status: u16) -> Frame {
    message(&ServerMessage::Error(ErrorFrame { id, code: code.to_owned(), detail: detail.into(), status }))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::feed::{DeltaFrame, SnapshotFrame};

    use super::*;

    fn deltas(frames: &Frames) -> Vec<DeltaFrame> {
        frames
            .iter()
            .map(|frame| match serde_json::from_slice(frame.bytes()).unwrap() {
                ServerMessage::Delta(delta) => delta,
                other => panic!("not a delta: {other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_small_frame_is_one_text_without_part() {
        let builder = FrameBuilder::snapshot("l1", Epoch::from_bits(7), 9, Timestamp::from_secs(1), Some("lagged"));
        let frames = builder.total(0).list("ids", [""; 0]).finish();
        assert_eq!(frames.len(), 1);
        let ServerMessage::Snapshot(SnapshotFrame { ids, total, reason, part, seq, .. }) =
            serde_json::from_slice(frames[0].bytes()).unwrap()
        else {
            panic!("a snapshot");
        };
        assert_eq!((ids, total, reason.as_deref(), part, seq), (Some(vec![]), Some(0), Some("lagged"), None, 9));
    }

    #[test]
    fn a_large_frame_is_cut_between_pieces_and_every_part_is_whole() {
        let id = |n: u32| format!("\"bsc:0x{n:040x}\"");
        let frames = FrameBuilder::delta("r1", 3, 4, Timestamp::from_secs(1))
            .list_if_any("rows", [""; 0])
            .list_if_any("patches", (0..900).map(|n| format!(r#"{{"id":{},"pool_count":{n}}}"#, id(n))))
            .list_if_any("gone", (0..900).map(id))
            .finish();
        let parts = deltas(&frames);
        let count = u32::try_from(parts.len()).unwrap();
        assert!(count > 1, "{count}");
        assert!(frames.iter().all(|frame| frame.bytes().len() <= PART_BYTES));
        for (number, part) in (1..).zip(&parts) {
            assert_eq!((part.part, part.prev, part.seq), (Some((number, count)), 3, 4));
        }
        let counts: Vec<_> = parts.iter().flat_map(|part| part.patches.iter().map(|p| p.pool_count)).collect();
        assert_eq!(counts, (0..900).map(Some).collect::<Vec<_>>());
        assert_eq!(parts.iter().map(|part| part.gone.len()).sum::<usize>(), 900);
    }

    #[test]
    fn a_piece_larger_than_a_part_travels_alone() {
        let big = format!(r#"[0,0,["bsc:{}"]]"#, "a".repeat(150));
        let frames = FrameBuilder::delta("l1", 3, 4, Timestamp::from_secs(1)).list("splices", vec![big; 1000]).finish();
        assert_eq!(deltas(&frames).iter().filter_map(|part| part.splices.as_ref()).map(Vec::len).sum::<usize>(), 1000);
    }
}
