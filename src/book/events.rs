//! Which changes of a row are worth an event.

use serde::{Deserialize, Serialize};

use crate::merge::limits::{
    EVENT_PAUSE, EVENT_PRICE_PCT, SPIKE_FACTOR, SPIKE_MIN_AGE, SPIKE_MIN_TXNS, SPIKE_MIN_VOLUME_USD,
};
use crate::merge::{to_cents, to_hundredths};
use crate::{EventKind, Field, Flag, Price, Timestamp, Token, Window};

/// What was last told about a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The price of the last event, or the first one seen.
    price: Option<Price>,
    priced_at: Option<Timestamp>,
    spiked_at: Option<Timestamp>,
}

impl Told {
    /// Takes the row's price as the one to measure from: at the first commit, and when the canonical pool changes.
    pub(super) fn rebase(&mut self, row: &Token) {
        self.price = row.price_usd;
    }

    /// The events that the change from `previous` to `row` raises.
    pub(super) fn events(&mut self, previous: &Token, row: &Token, now: Timestamp) -> Vec<EventKind> {
        self.price_update(previous, row, now).into_iter().chain(self.volume_spike(row, now)).collect()
    }

    fn price_update(&mut self, previous: &Token, row: &Token, now: Timestamp) -> Option<EventKind> {
        if previous.pool != row.pool || self.price.is_none() {
            self.rebase(row);
            return None;
        }
        let conflict =
            [Flag::PriceDisputed, Flag::PoolConflict].into_iter().any(|flag| row.has(flag) && !previous.has(flag));
        if conflict || paused(self.priced_at, now) {
            return None;
        }
        let (before, price) = (self.price?, row.price_usd?);
        let change = (price.to_f64() / before.to_f64() - 1.0) * 100.0;
        if change.abs() < EVENT_PRICE_PCT {
            return None;
        }
        let source = row.provenance.fields.get(&Field::PriceUsd)?.source.upstream()?;
        self.price = Some(price);
        self.priced_at = Some(now);
        Some(EventKind::PriceUpdate {
            price_usd: price,
            prev_price_usd: before,
            change_pct: to_hundredths(change),
            source,
        })
    }

    fn volume_spike(&mut self, row: &Token, now: Timestamp) -> Option<EventKind> {
        let (five, hour) = (row.volume_usd.m5?, row.volume_usd.h1?);
        let baseline = ((hour - five) / 11.0).max(0.0);
        let enough = five >= SPIKE_MIN_VOLUME_USD && row.txns.m5.is_some_and(|txns| txns.total() >= SPIKE_MIN_TXNS);
        let old = now.since(row.created_at?) >= SPIKE_MIN_AGE;
        if five < SPIKE_FACTOR * baseline || !enough || !old || row.has(Flag::Wash) || paused(self.spiked_at, now) {
            return None;
        }
        self.spiked_at = Some(now);
        let baseline = to_cents(baseline.max(1.0));
        Some(EventKind::VolumeSpike {
            window: Window::M5,
            volume_usd: five,
            baseline_usd: baseline,
            ratio: (five / baseline * 10.0).round() / 10.0,
        })
    }
}

fn paused(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_some_and(|last| now.since(last) < EVENT_PAUSE)
}
