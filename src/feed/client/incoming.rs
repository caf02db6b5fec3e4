//! What a client makes use of in the messages of the server, whichever way they were written.

use crate::Timestamp;
use crate::feed::compact::{CompactFrame, RowsFrame};
use crate::feed::{Channel, DeltaFrame, RequestId, ServerMessage, SnapshotFrame};

/// A message of the server, as far as [`super::FeedClient`] is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// First of all.
    Hello {
        /// A frame comes at least this often, milliseconds.
        heartbeat_ms: u64,
    },
    /// A subscription is open.
    Subscribed {
        /// The request.
        id: u64,
        /// To what.
        channel: Channel,
        /// The subscription's name.
        sub: String,
    },
    /// A subscription's parameters are changed.
    Updated {
        /// The request.
        id: u64,
    },
    /// The whole state of a subscription.
    Snapshot(SnapshotFrame),
    /// What changed in it.
    Delta(DeltaFrame),
    /// Either of them, of rows, in the compact subprotocol.
    Rows(RowsFrame),
    /// A request was refused.
    Refused {
        /// The request, where it could be read.
        id: Option<u64>,
        /// The HTTP status that the same mistake has over REST.
        status: u16,
    },
    /// The connection ends soon.
    Bye {
        /// When to come back, milliseconds.
        retry_after_ms: u64,
    },
    /// Anything else: a sign of life.
    Other,
}

impl Incoming {
    /// The subscription that a frame belongs to, and the time of its board.
    pub fn frame_of(&self) -> Option<(&str, Timestamp)> {
        match self {
            Self::Snapshot(frame) => Some((&frame.sub, frame.as_of)),
            Self::Delta(frame) => Some((&frame.sub, frame.as_of)),
            Self::Rows(frame) => Some((&frame.head.sub, frame.head.as_of)),
            _ => None,
        }
    }
}

impl From<CompactFrame> for Incoming {
    fn from(frame: CompactFrame) -> Self {
        match frame {
            CompactFrame::Snapshot(frame) => Self::Snapshot(frame),
            CompactFrame::Delta(frame) => Self::Delta(frame),
            CompactFrame::Rows(frame) => Self::Rows(frame),
            CompactFrame::Heartbeat { .. } => Self::Other,
        }
    }
}

impl From<ServerMessage> for Incoming {
    fn from(message: ServerMessage) -> Self {
        let number = |id| match id {
            RequestId::Number(number) => Some(number),
            RequestId::Text(_) => None,
        };
        match message {
            ServerMessage::Hello(hello) => Self::Hello { heartbeat_ms: hello.heartbeat_ms },
            ServerMessage::Subscribed(answer) => match number(answer.id) {
                Some(id) => Self::Subscribed { id, channel: answer.channel, sub: answer.sub },
                None => Self::Other,
            },
            ServerMessage::Updated { id, .. } => number(id).map_or(Self::Other, |id| Self::Updated { id }),
            ServerMessage::Snapshot(frame) => Self::Snapshot(frame),
            ServerMessage::Delta(frame) => Self::Delta(frame),
            ServerMessage::Error(error) => Self::Refused { id: error.id.and_then(number), status: error.status },
            ServerMessage::Bye { retry_after_ms, .. } => Self::Bye { retry_after_ms },
            _ => Self::Other,
        }
    }
}
