//! Meaningful changes: what is worth a bell.
//!
//! Every change reaches a row as a patch; an event is for the few that a person or a bot wants to be told of. Its JSON is
//! flat: `{"event":"price:update","event_id":"…","token":"…",…}`; a frame of the feed adds its `type`.

use serde::{Deserialize, Serialize};

use crate::{Epoch, Price, Seq, Source, Timestamp, TokenId, Window};

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

/// Where an event stands among all: its name, taken apart. Within an epoch later events are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// The epoch of the commit that raised it.
    pub epoch: Epoch,
    /// The commit's number.
    pub seq: Seq,
    /// Which of the commit's events it is.
    pub index: u32,
}

impl EventPlace {
    /// The name in JSON: `epoch-seq-index`.
    pub fn id(self) -> String {
        format!("{}-{}-{}", self.epoch, self.seq, self.index)
    }

    /// Reads a name; `None` when it is none of ours.
    pub fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split('-');
        let place = Self {
            epoch: parts.next()?.parse().ok()?,
            seq: parts.next()?.parse().ok()?,
            index: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(place)
    }
}

impl EventKind {
    /// The name in JSON and in filters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PriceUpdate { .. } => "price:update",
            Self::VolumeSpike { .. } => "volume:spike",
        }
    }
}

impl Event {
    /// Where it stands among all events, if its name is one of ours.
    pub fn place(&self) -> Option<EventPlace> {
        EventPlace::parse(&self.event_id)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::token_id;

    fn event(kind: EventKind) -> Event {
        let place = EventPlace { epoch: Epoch::from_bits(0xb3f1), seq: 918_275, index: 2 };
        Event { event_id: place.id(), token: token_id(1), at: Timestamp::from_millis(1_795_384_505_401), kind }
    }

    #[test]
    fn an_event_is_one_flat_message() {
        let price = event(EventKind::PriceUpdate {
            price_usd: "0.8427".parse().unwrap(),
            prev_price_usd: "0.8311".parse().unwrap(),
            change_pct: 1.4,
            source: Source::Jupiter,
        });
        let expected = json!({
            "event": "price:update", "event_id": "000000000000b3f1-918275-2",
            "token": token_id(1), "at": "2026-11-22T21:55:05.401Z", "price_usd": "0.8427",
            "prev_price_usd": "0.8311", "change_pct": 1.4, "source": "jupiter"
        });
        assert_eq!(serde_json::to_value(&price).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Event>(expected).unwrap(), price);

        let spike = event(EventKind::VolumeSpike {
            window: Window::M5,
            volume_usd: 88_200.0,
            baseline_usd: 9_100.0,
            ratio: 9.7,
        });
        let expected = json!({
            "event": "volume:spike", "event_id": "000000000000b3f1-918275-2",
            "token": token_id(1), "at": "2026-11-22T21:55:05.401Z", "window": "m5",
            "volume_usd": 88200.0, "baseline_usd": 9100.0, "ratio": 9.7
        });
        assert_eq!(serde_json::to_value(&spike).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Event>(expected).unwrap(), spike);
    }

    #[test]
    fn names_are_in_the_order_of_the_events() {
        let event =
            event(EventKind::VolumeSpike { window: Window::M5, volume_usd: 1.0, baseline_usd: 1.0, ratio: 1.0 });
        let place = event.place().unwrap();
        assert_eq!((place.seq, place.index), (918_275, 2));
        for wrong in ["", "b3f1-1-2", "000000000000b3f1-1", "000000000000b3f1-1-2-3"] {
            assert_eq!(EventPlace::parse(wrong), None);
        }
    }
}
