//! What the page reads of the feed.
//!
//! The compact subprotocol: lists, rows and heartbeats come as bytes, all else as JSON, whose kind is read first and the
//! rest as the type of that kind.

use memescope::feed::client::Incoming;
use memescope::feed::compact::{self, CompactFrame, RowsFrame};
use memescope::feed::{Channel, DeltaFrame, SnapshotFrame};
use memescope::{Price, Seq, SourceReport, Timestamp};

pub(crate) mod request;

use crate::json::{Json, Read, fields};

/// A message of the server, as far as the page makes use of it.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    Hello(Hello),
    Subscribed(Subscribed),
    Updated(Answer),
    Snapshot(SnapshotFrame),
    Delta(DeltaFrame),
    Rows(RowsFrame),
    Status(Status),
    Heartbeat(Heartbeat),
    Refused(Refused),
    Bye(Bye),
    /// Anything else.
    Other,
}

/// The first message.
#[derive(Debug, PartialEq)]
pub(crate) struct Hello {
    pub(crate) market: String,
    pub(crate) server_time: Timestamp,
    pub(crate) heartbeat_ms: u64,
}

/// The page numbers its requests.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) id: u64,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Subscribed {
    pub(crate) id: u64,
    pub(crate) sub: String,
    pub(crate) channel: Channel,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) sources: Vec<SourceReport>,
    pub(crate) sol_usd: Option<Price>,
    pub(crate) stale: bool,
    pub(crate) seq: Seq,
    pub(crate) as_of: Timestamp,
    pub(crate) tokens: u64,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Heartbeat {
    pub(crate) as_of: Timestamp,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) id: Option<u64>,
    pub(crate) status: u16,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Bye {
    pub(crate) retry_after_ms: u64,
}

fields! {
    Hello { market, server_time, heartbeat_ms }
    Answer { id }
    Subscribed { id, sub, channel }
    Status { sources, sol_usd, stale, seq, as_of, tokens }
    Refused { id, status }
    Bye { retry_after_ms }
}

impl Frame {
    /// Reads a message in JSON; `None` when it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        let kind: String = json.field("type")?;
        Some(match kind.as_str() {
            "hello" => Self::Hello(Hello::read(&json)?),
            "subscribed" => Self::Subscribed(Subscribed::read(&json)?),
            "updated" => Self::Updated(Answer::read(&json)?),
            "status" => Self::Status(Status::read(&json)?),
            "error" => Self::Refused(Refused::read(&json)?),
            "bye" => Self::Bye(Bye::read(&json)?),
            _ => Self::Other,
        })
    }

    /// Reads a message in bytes; `None` when it is none.
    pub(crate) fn read_compact(bytes: &[u8]) -> Option<Self> {
        Some(match compact::read(bytes)? {
            CompactFrame::Snapshot(frame) => Self::Snapshot(frame),
            CompactFrame::Delta(frame) => Self::Delta(frame),
            CompactFrame::Rows(frame) => Self::Rows(frame),
            CompactFrame::Heartbeat { as_of, .. } => Self::Heartbeat(Heartbeat { as_of }),
        })
    }

    /// What the connection makes use of.
    pub(crate) fn into_incoming(self) -> Incoming {
        match self {
            Self::Hello(hello) => Incoming::Hello { heartbeat_ms: hello.heartbeat_ms },
            Self::Subscribed(Subscribed { id, channel, sub }) => Incoming::Subscribed { id, channel, sub },
            Self::Updated(answer) => Incoming::Updated { id: answer.id },
            Self::Snapshot(frame) => Incoming::Snapshot(frame),
            Self::Delta(frame) => Incoming::Delta(frame),
            Self::Rows(frame) => Incoming::Rows(frame),
            Self::Refused(refused) => Incoming::Refused { id: refused.id, status: refused.status },
            Self::Bye(bye) => Incoming::Bye { retry_after_ms: bye.retry_after_ms },
            Self::Status(_) | Self::Heartbeat(_) | Self::Other => Incoming::Other,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::collections::BTreeMap;

    use memescope::feed::client::{Params, Request};
    use memescope::feed::{self, ClientMessage, ErrorFrame, RequestId, Resume, ServerMessage, SubscribeParams};
    use memescope::{Epoch, TokenId};

    use super::*;

    fn read(message: &ServerMessage) -> Option<Frame> {
        Frame::read(&serde_json::to_string(message).unwrap())
    }

    #[test]
    fn reads_what_the_server_sends() {
        let at = Timestamp::from_secs(5);
        let subscribed = feed::Subscribed {
            id: RequestId::Number(8),
            sub: "l1".to_owned(),
            channel: Channel::List,
            mode: "resume".to_owned(),
        };
        let expected = Subscribed { id: 8, sub: "l1".to_owned(), channel: Channel::List };
        assert_eq!(read(&ServerMessage::Subscribed(subscribed)), Some(Frame::Subscribed(expected)));
        let updated = ServerMessage::Updated { id: RequestId::Number(9), sub: "r2".to_owned() };
        assert_eq!(read(&updated), Some(Frame::Updated(Answer { id: 9 })));
        let status =
            ServerMessage::Status { sources: vec![], sol_usd: None, stale: true, seq: 4, as_of: at, tokens: 9 };
        let expected = Status { sources: vec![], sol_usd: None, stale: true, seq: 4, as_of: at, tokens: 9 };
        assert_eq!(read(&status), Some(Frame::Status(expected)));
        let bye = ServerMessage::Bye { code: "server_shutdown".to_owned(), retry_after_ms: 1_500 };
        assert_eq!(read(&bye), Some(Frame::Bye(Bye { retry_after_ms: 1_500 })));
        for id in [None, Some(3)] {
            let error = ErrorFrame {
                id: id.map(RequestId::Number),
                code: "overloaded".to_owned(),
                detail: String::new(),
                status: 503,
            };
            assert_eq!(read(&ServerMessage::Error(error)), Some(Frame::Refused(Refused { id, status: 503 })));
        }
    }

    #[test]
    fn says_what_the_server_understands() {
        let understood =
            |request: &Request| -> ClientMessage { serde_json::from_str(&request::text(request)).unwrap() };
        let id: TokenId = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
        let resume = Some(Resume { epoch: Epoch::from_bits(7), seq: 4 });
        let query = BTreeMap::from([("q".to_owned(), "a \"cat\" & \\ é\n\u{1f}".to_owned())]);
        let params = Params { head: Some(50), query: query.clone(), ..Params::default() };
        let value = |text: &String| serde_json::Value::String(text.clone());
        assert_eq!(
            understood(&Request::Subscribe { id: 1, channel: Channel::List, params, resume }),
            ClientMessage::Subscribe {
                id: RequestId::Number(1),
                channel: Channel::List,
                params: SubscribeParams {
                    head: Some(50),
                    query: query.iter().map(|(key, text)| (key.clone(), value(text))).collect(),
                    ..SubscribeParams::default()
                },
                resume,
            }
        );
        let rows = Params { ids: Some(vec![id.clone()]), ..Params::default() };
        assert_eq!(
            understood(&Request::Subscribe { id: 2, channel: Channel::Rows, params: rows, resume: None }),
            ClientMessage::Subscribe {
                id: RequestId::Number(2),
                channel: Channel::Rows,
                params: SubscribeParams { ids: Some(vec![id]), ..SubscribeParams::default() },
                resume: None,
            }
        );
        let head = Params { list: Some("l1".to_owned()), range: Some((0, 50)), ..Params::default() };
        let sub = || "r2".to_owned();
        assert_eq!(
            understood(&Request::Update { id: 3, sub: sub(), params: head }),
            ClientMessage::Update {
                id: RequestId::Number(3),
                sub: sub(),
                params: SubscribeParams {
                    list: Some("l1".to_owned()),
                    range: Some((0, 50)),
                    ..SubscribeParams::default()
                },
            }
        );
        let (id, sub) = (RequestId::Number(4), sub());
        assert_eq!(
            understood(&Request::Unsubscribe { id: 4, sub: sub.clone() }),
            ClientMessage::Unsubscribe { id: id.clone(), sub: sub.clone() }
        );
        assert_eq!(understood(&Request::Resync { id: 4, sub: sub.clone() }), ClientMessage::Resync { id, sub });
    }

    #[test]
    fn reads_the_compact_subprotocol() {
        let at = Timestamp::from_secs(5);
        assert_eq!(Frame::read_compact(&compact::heartbeat(4, at)), Some(Frame::Heartbeat(Heartbeat { as_of: at })));
        let kind = compact::Kind::Delta { prev: 3 };
        let head = compact::Head { sub: "l1", seq: 4, as_of: at, kind };
        let frames = compact::list_delta(&head, 9, &[(0, 1, vec![])]);
        let Some(Frame::Delta(delta)) = Frame::read_compact(&frames[0]) else { unreachable!("a delta") };
        assert_eq!((delta.prev, delta.seq, delta.total), (3, 4, Some(9)));
        assert_eq!(Frame::read_compact(&[9, 9]), None);
        assert_eq!(Frame::Delta(delta.clone()).into_incoming(), Incoming::Delta(delta));
        assert_eq!(
            Frame::Refused(Refused { id: Some(3), status: 503 }).into_incoming(),
            Incoming::Refused { id: Some(3), status: 503 }
        );
    }

    #[test]
    fn what_is_of_no_use_is_told_from_what_is_no_message() {
        assert_eq!(Frame::read(r#"{"type":"weather","sky":"blue"}"#), Some(Frame::Other));
        for text in ["", "7", "{}", r#"{"type":"status"}"#, r#"{"type":"hello","protocol":"x"}"#] {
            assert_eq!(Frame::read(text), None, "{text}");
        }
    }
}
