//! What the page reads of the feed, and what it says to it.
//!
//! The kind of a message is read first, and the rest of it as the type of that kind. What the page asks for is a part of
//! what a client may.

use std::collections::BTreeMap;

use memescope::feed::{Channel, DeltaFrame, Resume, SnapshotFrame};
use memescope::{Price, Seq, SourceReport, Timestamp, TokenId};
use serde::Serialize;

use crate::json::{Json, Read, fields};

/// A message of the server, as far as the page makes use of it.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    Hello(Hello),
    Subscribed(Subscribed),
    Updated(Answer),
    Snapshot(SnapshotFrame),
    Delta(DeltaFrame),
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
    Heartbeat { as_of }
    Refused { id, status }
    Bye { retry_after_ms }
}

impl Frame {
    /// Reads a message; `None` when it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        let kind: String = json.field("type")?;
        Some(match kind.as_str() {
            "hello" => Self::Hello(Hello::read(&json)?),
            "subscribed" => Self::Subscribed(Subscribed::read(&json)?),
            "updated" => Self::Updated(Answer::read(&json)?),
            "snapshot" => Self::Snapshot(SnapshotFrame::read(&json)?),
            "delta" => Self::Delta(DeltaFrame::read(&json)?),
            "status" => Self::Status(Status::read(&json)?),
            "heartbeat" => Self::Heartbeat(Heartbeat::read(&json)?),
            "error" => Self::Refused(Refused::read(&json)?),
            "bye" => Self::Bye(Bye::read(&json)?),
            _ => Self::Other,
        })
    }
}

/// A request of the page.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Request {
    Subscribe {
        id: u64,
        channel: Channel,
        params: Params,
        #[serde(skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    Update {
        id: u64,
        sub: String,
        params: Params,
    },
    Unsubscribe {
        id: u64,
        sub: String,
    },
    Resync {
        id: u64,
        sub: String,
    },
}

/// What a subscription of the page is about.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Params {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) head: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ids: Option<Vec<TokenId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) list: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) range: Option<(u32, u32)>,
    /// The view, as in the address of the API.
    #[serde(flatten)]
    pub(crate) query: BTreeMap<String, String>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::feed::{self, ClientMessage, ErrorFrame, RequestId, ServerMessage, SubscribeParams};
    use memescope::{Epoch, Token};

    use super::*;

    fn read(message: &ServerMessage) -> Option<Frame> {
        Frame::read(&serde_json::to_string(message).unwrap())
    }

    #[test]
    fn reads_what_the_server_sends() {
        let at = Timestamp::from_secs(5);
        let id = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
        let delta = DeltaFrame {
            sub: "r2".to_owned(),
            prev: 3,
            seq: 4,
            as_of: at,
            splices: Some(vec![(0, 1, vec![])]),
            total: Some(9),
            rows: vec![Token::new(id, at)],
            patches: vec![],
            gone: vec![],
            part: Some((1, 2)),
        };
        assert_eq!(read(&ServerMessage::Delta(delta.clone())), Some(Frame::Delta(delta)));
        let snapshot = SnapshotFrame {
            sub: "l1".to_owned(),
            epoch: Epoch::from_bits(7),
            seq: 4,
            as_of: at,
            ids: Some(vec![]),
            total: Some(0),
            rows: None,
            reason: None,
            part: None,
        };
        assert_eq!(read(&ServerMessage::Snapshot(snapshot.clone())), Some(Frame::Snapshot(snapshot)));
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
        assert_eq!(
            read(&ServerMessage::Heartbeat { seq: 1, as_of: at }),
            Some(Frame::Heartbeat(Heartbeat { as_of: at }))
        );
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
        let understood = |request: &Request| -> ClientMessage {
            serde_json::from_str(&serde_json::to_string(request).unwrap()).unwrap()
        };
        let id: TokenId = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
        let resume = Some(Resume { epoch: Epoch::from_bits(7), seq: 4 });
        let query = BTreeMap::from([("q".to_owned(), "a \"cat\" & \\ é".to_owned())]);
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
    fn what_is_of_no_use_is_told_from_what_is_no_message() {
        assert_eq!(Frame::read(r#"{"type":"weather","sky":"blue"}"#), Some(Frame::Other));
        for text in ["", "7", "{}", r#"{"type":"delta"}"#, r#"{"type":"hello","protocol":"x"}"#] {
            assert_eq!(Frame::read(text), None, "{text}");
        }
    }
}
