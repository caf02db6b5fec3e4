//! The wire form of feed messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Epoch, Price, Seq, Timestamp, Token, TokenId, TokenPatch};

/// A client's own number or name for a request; the answer carries it back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum RequestId {
    /// A number.
    Number(u64),
    /// A text of at most 36 characters.
    Text(String),
}

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The order of a view, as splices.
    List,
    /// The values of rows, as patches.
    Rows,
    /// Meaningful changes.
    Events,
    /// The state of the sources.
    Status,
}

/// From where a subscription goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resume {
    /// The epoch of the state that the client holds.
    pub epoch: Epoch,
    /// The seq of that state.
    pub seq: Seq,
}

/// Parameters of a subscription; which ones depends on the channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubscribeParams {
    /// `list`: how many ids from the head of the view: 50, 100, 200 or 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<u32>,
    /// `rows`: these tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<TokenId>>,
    /// `rows`: the rows of this list subscription …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// … from place `a` up to, not including, place `b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<(u32, u32)>,
    /// `rows`: every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// `rows`: `core` (default) or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<String>,
    /// `rows`: parts of rows that are not sent unless they are asked for: `provenance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include: Option<Vec<String>>,
    /// `events`: kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// `list`, `rows` with `all`, `events`: the same keys and values as the query of `GET /tokens`.
    #[serde(flatten)]
    pub query: BTreeMap<String, Value>,
}

impl SubscribeParams {
    /// The query keys as the pairs that [`crate::TokenQuery::parse`] reads; a list becomes a comma list.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.query
            .iter()
            .map(|(key, value)| match value {
                Value::Array(items) => (key.clone(), items.iter().map(text).collect::<Vec<_>>().join(",")),
                other => (key.clone(), text(other)),
            })
            .collect()
    }
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum ClientMessage {
    /// Opens a subscription.
    Subscribe {
        /// The request.
        id: RequestId,
        /// To what.
        channel: Channel,
        /// Of which part.
        #[serde(default)]
        params: SubscribeParams,
        /// From where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    /// Changes a `rows` subscription.
    Update {
        /// The request.
        id: RequestId,
        /// The subscription.
        sub: String,
        /// Its new parameters.
        params: SubscribeParams,
    },
    /// Ends a subscription.
    Unsubscribe {
        /// The request.
        id: RequestId,
        /// The subscription.
        sub: String,
    },
    /// Asks for a new snapshot of a subscription.
    Resync {
        /// The request.
        id: RequestId,
        /// The subscription.
        sub: String,
    },
    /// Asks for a `pong`.
    Ping {
        /// The request.
        id: RequestId,
    },
    /// Asks for a digest of a subscription's state.
    Digest {
        /// The request.
        id: RequestId,
        /// The subscription.
        sub: String,
    },
}

/// The first frame of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hello {
    /// The protocol's version.
    pub protocol: u32,
    /// The connection's name.
    pub conn: String,
    /// `live` or `demo`.
    pub market: String,
    /// The board's epoch.
    pub epoch: Epoch,
    /// The board's seq.
    pub seq: Seq,
    /// The server's clock.
    pub server_time: Timestamp,
    /// A frame comes at least this often, milliseconds.
    pub heartbeat_ms: u64,
    /// What a client may do.
    pub limits: BTreeMap<String, u64>,
}

/// The answer to a `subscribe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subscribed {
    /// The request.
    pub id: RequestId,
    /// The subscription's name: that of its view for `list`, the client's own for `rows`.
    pub sub: String,
    /// To what.
    pub channel: Channel,
    /// `snapshot` or `resume`.
    pub mode: String,
}

/// `[index, delete_count, [ids to insert]]`; applied one after the other.
pub type Splice = (u32, u32, Vec<TokenId>);

/// `[1, 3]`: the first of three frames that are applied together.
pub type Part = (u32, u32);

/// The whole state of a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SnapshotFrame {
    /// The subscription.
    pub sub: String,
    /// The board's epoch.
    pub epoch: Epoch,
    /// The board's seq.
    pub seq: Seq,
    /// When the board was made.
    pub as_of: Timestamp,
    /// `list`: the ids in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<TokenId>>,
    /// `list`: how many rows pass the view's filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// `list`: the place of each of the ids some five minutes ago, from 1; `null` when it had none. Missing where former
    /// places are not known, or say nothing of such a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_ranks: Option<Vec<Option<u32>>>,
    /// `rows`: the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Token>>,
    /// Why a snapshot comes unasked: `lagged`, `epoch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Which part of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// What changed in a subscription's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeltaFrame {
    /// The subscription.
    pub sub: String,
    /// Every change after this seq is in the frame.
    pub prev: Seq,
    /// The seq that it leads to.
    pub seq: Seq,
    /// When that board was made.
    pub as_of: Timestamp,
    /// `list`: how the order changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splices: Option<Vec<Splice>>,
    /// `list`: how many rows pass the view's filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// `rows`: rows that are new to the subscription.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Token>,
    /// `rows`: what changed in known rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<TokenPatch>,
    /// `rows`: rows that left the board.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<TokenId>,
    /// Which part of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorFrame {
    /// The request, where it could be read.
    #[serde(default)]
    pub id: Option<RequestId>,
    /// A stable code.
    pub code: String,
    /// What is wrong, in words.
    pub detail: String,
    /// The HTTP status that the same mistake has over REST.
    pub status: u16,
}

/// What the server sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ServerMessage {
    /// First of all.
    Hello(Hello),
    /// A subscription is open.
    Subscribed(Subscribed),
    /// A subscription's parameters are changed.
    Updated {
        /// The request.
        id: RequestId,
        /// The subscription.
        sub: String,
    },
    /// A subscription is closed.
    Unsubscribed {
        /// The request.
        id: RequestId,
        /// The subscription.
        sub: String,
    },
    /// The whole state of a subscription.
    Snapshot(SnapshotFrame),
    /// What changed in it.
    Delta(DeltaFrame),
    /// Something meaningful happened.
    Event(Value),
    /// The sources' states.
    Status {
        /// As `GET /sources` prints them.
        sources: Vec<Value>,
        /// USD per SOL.
        #[serde(default)]
        sol_usd: Option<Price>,
        /// Whether no source has answered for too long.
        #[serde(default)]
        stale: bool,
        /// The board's seq.
        #[serde(default)]
        seq: Seq,
        /// When the board was made.
        #[serde(default)]
        as_of: Timestamp,
        /// How many tokens are on it.
        #[serde(default)]
        tokens: u64,
    },
    /// Nothing else was sent for a while.
    Heartbeat {
        /// The board's seq.
        seq: Seq,
        /// When the board was made.
        as_of: Timestamp,
    },
    /// The answer to a `ping`.
    Pong {
        /// The request.
        id: RequestId,
    },
    /// A digest of a subscription's state.
    Digest {
        /// The request.
        id: RequestId,
        /// The subscription.
        sub: String,
        /// The seq of the state.
        seq: Seq,
        /// 16 hexadecimal digits.
        digest: String,
    },
    /// A request was refused.
    Error(ErrorFrame),
    /// The connection ends soon.
    Bye {
        /// Why.
        code: String,
        /// When to come back, milliseconds.
        retry_after_ms: u64,
    },
    /// A message of a later version.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send() {
        let text = r#"{"op":"subscribe","id":1,"channel":"list","params":{"rank":"trending","window":"h1",
            "min_liquidity_usd":10000,"chain":["solana","base"],"head":200},"resume":{"epoch":"00000000000000b3","seq":9}}"#;
        let ClientMessage::Subscribe { id, channel, params, resume } = serde_json::from_str(text).unwrap() else {
            panic!("a subscribe");
        };
        assert_eq!((id, channel, params.head), (RequestId::Number(1), Channel::List, Some(200)));
        assert_eq!(resume, Some(Resume { epoch: Epoch::from_bits(0xb3), seq: 9 }));
        let pairs: Vec<String> = params.query_pairs().iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(pairs.join("&"), "chain=solana,base&min_liquidity_usd=10000&rank=trending&window=h1");
    }

    #[test]
    fn a_message_of_a_later_version_is_unknown_not_an_error() {
        let text = r#"{"type":"weather","sky":"blue"}"#;
        assert_eq!(serde_json::from_str::<ServerMessage>(text).unwrap(), ServerMessage::Unknown);
    }
}
