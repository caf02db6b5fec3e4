//! Which changes of a row are worth an event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::merge::limits::{
    EVENT_PRICE_PCT, FILLING, LEFT_HOLDS, MAX_LEFT, SPIKE_FACTOR, SPIKE_MIN_AGE, SPIKE_MIN_TXNS, SPIKE_MIN_VOLUME_USD,
};
use crate::merge::{to_cents, to_hundredths};
use crate::{Event, EventKind, Field, Flag, FlagDetail, Price, Timestamp, Token, TokenId, Window};

/// What was last told about a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The price of the last event, or the first one seen.
    price: Option<Price>,
    priced_at: Option<Timestamp>,
    spiked_at: Option<Timestamp>,
    /// Of the flags those that stand since later were not told.
    #[serde(skip)]
    flagged_at: Option<Timestamp>,
}

impl Told {
    /// Takes the row as it is for known: at the first commit, and when the token comes to the board.
    pub(super) fn begin(&mut self, row: &Token, now: Timestamp) {
        self.price = row.price_usd;
        self.flagged_at = Some(now);
    }

    /// Takes the row's flags for known: what is found out about tokens of a board that is being filled is no news.
    pub(super) fn know_flags(&mut self, now: Timestamp) {
        self.flagged_at = Some(now);
    }

    /// The events that the change from `previous` to `row` raises.
    pub(super) fn events(&mut self, previous: &Token, row: &Token, now: Timestamp) -> Vec<EventKind> {
        let told = [self.price_update(previous, row, now), self.volume_spike(row, now), self.newly_flagged(row, now)];
        told.into_iter().flatten().collect()
    }

    fn price_update(&mut self, previous: &Token, row: &Token, now: Timestamp) -> Option<EventKind> {
        if previous.pool != row.pool || priced_by(previous) != priced_by(row) || self.price.is_none() {
            self.price = row.price_usd;
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

    /// What newly stands since the last telling; within the pause it waits for the row's next change.
    fn newly_flagged(&mut self, row: &Token, now: Timestamp) -> Option<EventKind> {
        let known = self.flagged_at.filter(|_| !paused(self.flagged_at, now))?;
        let is_new = |flag: &&FlagDetail| flag.code.is_warning() && flag.since > known;
        let flags: Vec<FlagDetail> = row.provenance.flags.iter().filter(is_new).cloned().collect();
        if flags.is_empty() {
            return None;
        }
        self.flagged_at = Some(now);
        Some(EventKind::TokenFlagged { flags })
    }

    fn volume_spike(&mut self, row: &Token, now: Timestamp) -> Option<EventKind> {
        let (five, hour) = (row.volume_usd.m5?, row.volume_usd.h1?);
        let baseline = ((hour - five) / 11.0).max(0.0);
        let enough = five >= SPIKE_MIN_VOLUME_USD && row.txns.m5.is_some_and(|txns| txns.total() >= SPIKE_MIN_TXNS);
        let old = now.since(row.created_at?) >= SPIKE_MIN_AGE;
        // A row grows stale by a change too; its five minutes are long over.
        let sound = !row.stale && !row.has(Flag::Wash);
        if five < SPIKE_FACTOR * baseline || !enough || !old || !sound || paused(self.spiked_at, now) {
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

/// What is told of a token that comes to the board.
pub(super) fn listed(row: &Token) -> EventKind {
    EventKind::TokenListed {
        symbol: row.symbol.clone(),
        name: row.name.clone(),
        price_usd: row.price_usd,
        liquidity_usd: row.liquidity_usd,
    }
}

/// The pool that gives the price; two pools are never quite of one price.
fn priced_by(row: &Token) -> Option<&str> {
    row.provenance.fields.get(&Field::PriceUsd)?.pool.as_deref()
}

fn paused(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_some_and(|last| now.since(last) < Event::PAUSE)
}

/// Which tokens are no news on the board, though they have no row now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// When the first row was published.
    began: Option<Timestamp>,
    /// When tokens that were on the board were forgotten.
    left: BTreeMap<TokenId, Timestamp>,
}

impl Seen {
    /// Whether a token without a row and without a past in the book is told when it comes.
    pub(super) fn is_news(&self, token: &TokenId, now: Timestamp) -> bool {
        self.is_filled(now) && self.left.get(token).is_none_or(|left| now.since(*left) >= LEFT_HOLDS)
    }

    /// Whether the board had time to be filled.
    pub(super) fn is_filled(&self, now: Timestamp) -> bool {
        self.began.is_some_and(|began| now.since(began) >= FILLING)
    }

    /// The board has rows.
    pub(super) fn note_rows(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
    }

    /// A token that was on the board is forgotten.
    pub(super) fn note_left(&mut self, token: &TokenId, now: Timestamp) {
        self.left.insert(token.clone(), now);
        if self.left.len() > MAX_LEFT {
            // The oldest half at once, so that the next ones cost nothing.
            let mut oldest: Vec<(Timestamp, TokenId)> = self.left.iter().map(|(id, at)| (*at, id.clone())).collect();
            oldest.sort_unstable();
            oldest.truncate(MAX_LEFT / 2);
            for (_, id) in &oldest {
                self.left.remove(id);
            }
        }
    }
}
