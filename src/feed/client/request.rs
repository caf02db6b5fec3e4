//! What a client asks for: a part of what it may, and numbered.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::TokenId;
use crate::feed::{Channel, Resume};

/// A request; it is sent as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Request {
    /// Opens a subscription.
    Subscribe {
        /// The request.
        id: u64,
        /// To what.
        channel: Channel,
        /// Of which part.
        params: Params,
        /// From where.
        #[serde(skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    /// Changes a `rows` subscription.
    Update {
        /// The request.
        id: u64,
        /// The subscription.
        sub: String,
        /// Its new parameters.
        params: Params,
    },
    /// Ends a subscription.
    Unsubscribe {
        /// The request.
        id: u64,
        /// The subscription.
        sub: String,
    },
    /// Asks for a new snapshot of a subscription.
    Resync {
        /// The request.
        id: u64,
        /// The subscription.
        sub: String,
    },
}

/// What a subscription is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Params {
    /// `list`: how many ids from the head of the view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<u32>,
    /// `rows`: these tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<TokenId>>,
    /// `rows`: the rows of this list subscription …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// … from a place up to, not including, another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(u32, u32)>,
    /// `rows`: every row that passes the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// The view, as in the address of the API.
    #[serde(flatten)]
    pub query: BTreeMap<String, String>,
}
