//! Meaningful changes: what is worth a bell.
//!
//! Every change reaches a row as a patch; an event is for the few that a person or a bot wants to be told of. Its JSON is
//! flat: `{"event":"price:update","event_id":"…","token":"…",…}`; a frame of the feed adds its `type`.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Epoch, FlagDetail, Price, Seq, Source, SourceState, Timestamp, TokenId, Window};

/// A meaningful change: of one token, or of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// Unique and rising.
    pub event_id: String,
    /// The token; absent where it is about none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The token is on the board for the first time.
    #[serde(rename = "token:listed")]
    TokenListed {
        /// Its ticker; hostile text, cleaned.
        symbol: Option<Arc<str>>,
        /// Its name; hostile text, cleaned.
        name: Option<Arc<str>>,
        /// USD.
        price_usd: Option<Price>,
        /// USD in its eligible pools.
        liquidity_usd: Option<f64>,
    },
    /// There is a new reason for care.
    #[serde(rename = "token:flagged")]
    TokenFlagged {
        /// The warnings that were not told before, each with its reason.
        flags: Vec<FlagDetail>,
    },
    /// A source can be relied on more, or less, than before.
    #[serde(rename = "source:state")]
    SourceState {
        /// The source.
        source: Source,
        /// How it does now.
        state: SourceState,
        /// How it did when last told.
        prev_state: SourceState,
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
    /// Every kind by its name, with what it tells and when.
    pub const ALL: [(&'static str, &'static str); 5] = [
        (
            "price:update",
            "The price is a percent or more from that of the token's last event; a change of the canonical pool is none.",
        ),
        (
            "volume:spike",
            "Five minutes traded three times what five minutes of the hour before did, in ten trades or more.",
        ),
        (
            "token:listed",
            "The token is on the board for the first time, or after a day away. Nothing is told while a board that began \
             empty is filled, in its first three minutes.",
        ),
        (
            "token:flagged",
            "Warnings stand that did not before: every flag but new, promoted and partial. Those that stand at the listing \
             are in the row; nothing is told while a board that began empty is filled.",
        ),
        ("source:state", "A source does better or worse. It is about no token, so a filter of tokens leaves it out."),
    ];

    /// The name in JSON and in filters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PriceUpdate { .. } => "price:update",
            Self::VolumeSpike { .. } => "volume:spike",
            Self::TokenListed { .. } => "token:listed",
            Self::TokenFlagged { .. } => "token:flagged",
            Self::SourceState { .. } => "source:state",
        }
    }
}

/// Gives events their names: first those of a commit, then what happens while its board stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventNames {
    next: Option<EventPlace>,
}

impl EventNames {
    /// Names what happened at `at`, when the board was that of `seq`.
    pub fn name(
        &mut self,
        (epoch, seq): (Epoch, Seq),
        at: Timestamp,
        events: impl IntoIterator<Item = (Option<TokenId>, EventKind)>,
    ) -> Vec<Event> {
        let first = EventPlace { epoch, seq, index: 0 };
        let next = self.next.get_or_insert(first);
        if (next.epoch, next.seq) != (epoch, seq) {
            *next = first;
        }
        let named = events.into_iter().map(|(token, kind)| {
            let event_id = next.id();
            next.index += 1;
            Event { event_id, token, at, kind }
        });
        named.collect()
    }
}

impl Event {
    /// At most one event of a kind for a token, or for a source, in this time.
    pub const PAUSE: Duration = Duration::from_secs(60);

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
        Event { event_id: place.id(), token: Some(token_id(1)), at: Timestamp::from_millis(1_795_384_505_401), kind }
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

        let listed = event(EventKind::TokenListed {
            symbol: Some("WIF".into()),
            name: None,
            price_usd: "0.84".parse().ok(),
            liquidity_usd: None,
        });
        let expected = json!({
            "event": "token:listed", "event_id": "000000000000b3f1-918275-2", "token": token_id(1),
            "at": "2026-11-22T21:55:05.401Z", "symbol": "WIF", "name": null, "price_usd": "0.84", "liquidity_usd": null
        });
        assert_eq!(serde_json::to_value(&listed).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Event>(expected).unwrap(), listed);

        let since = Timestamp::from_millis(1_795_384_505_401);
        let detail = "new tokens can be minted".to_owned();
        let detail = FlagDetail { code: crate::Flag::MintAuthority, source: Some(Source::Jupiter), since, detail };
        let flagged = event(EventKind::TokenFlagged { flags: vec![detail] });
        let expected = json!({
            "event": "token:flagged", "event_id": "000000000000b3f1-918275-2", "token": token_id(1),
            "at": "2026-11-22T21:55:05.401Z", "flags": [{
                "code": "mint_authority", "source": "jupiter", "since": "2026-11-22T21:55:05.401Z",
                "detail": "new tokens can be minted"
            }]
        });
        assert_eq!(serde_json::to_value(&flagged).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Event>(expected).unwrap(), flagged);

        let state =
            EventKind::SourceState { source: Source::Jupiter, state: SourceState::Down, prev_state: SourceState::Ok };
        let state = Event { token: None, ..event(state) };
        let expected = json!({
            "event": "source:state", "event_id": "000000000000b3f1-918275-2", "at": "2026-11-22T21:55:05.401Z",
            "source": "jupiter", "state": "down", "prev_state": "ok"
        });
        assert_eq!(serde_json::to_value(&state).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Event>(expected).unwrap(), state);

        let names: Vec<_> = [price, spike, listed, flagged, state].iter().map(|event| event.kind.name()).collect();
        assert_eq!(names, EventKind::ALL.map(|(name, _)| name));
    }

    #[test]
    fn names_rise_also_between_commits() {
        let mut names = EventNames::default();
        let epoch = Epoch::from_bits(7);
        let mut places: Vec<EventPlace> = Vec::new();
        for (seq, count) in [(4, 2), (4, 0), (4, 1), (5, 0), (6, 1), (6, 2)] {
            let kind = EventKind::TokenFlagged { flags: Vec::new() };
            let events = names.name((epoch, seq), Timestamp::default(), vec![(None, kind); count]);
            places.extend(events.iter().filter_map(Event::place));
        }
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        let told: Vec<_> = places.iter().map(|place| (place.seq, place.index)).collect();
        assert_eq!(told, [(4, 0), (4, 1), (4, 2), (6, 0), (6, 1), (6, 2)]);
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
