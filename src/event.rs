//! Meaningful changes.

use serde::{Deserialize, Serialize};

use crate::{Price, Source, Timestamp, TokenId, Window};

/// A meaningful change of one token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique and rising.
    pub event_id: String,
    /// The token.
    pub token: TokenId,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum EventKind {
    /// The price moved by a percent or more since the token's last event.
    #[serde(rename = "price:update")]
    PriceUpdate {
        /// USD now.
        price_usd: Price,
        /// USD at the last event.
        prev_price_usd: Price,
        /// Percent.
        change_pct: f64,
        /// Whose price it is.
        source: Source,
    },
    /// Five minutes traded several times what five minutes of the last hour did.
    #[serde(rename = "volume:spike")]
    VolumeSpike {
        /// The window of the volume.
        window: Window,
        /// USD.
        volume_usd: f64,
        /// USD that would have been usual.
        baseline_usd: f64,
        /// How many times that.
        ratio: f64,
    },
}
