//! What the keeper of the history is told.

use memescope::{Candle, DayVolume, Delta, Field, Interval, Price, Timestamp, Token, TokenId, Window};

/// One thing to take note of.
#[derive(Clone, Debug)]
pub enum Note {
    /// What the board showed.
    Seen(Seen),
    /// What a source told of the past.
    Past(Past),
}

/// What a commit changed.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When the board was made.
    pub as_of: Timestamp,
    /// Rows that are new or changed.
    pub readings: Vec<Reading>,
    /// Tokens that left.
    pub gone: Vec<TokenId>,
}

/// What a row showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The row.
    pub token: TokenId,
    /// When its price was true.
    pub at: Timestamp,
    /// USD.
    pub price: Price,
    /// When its volumes were true.
    pub volume_at: Timestamp,
    /// What was traded in the five minutes before that, USD.
    pub m5_usd: Option<f64>,
    /// What was traded in the day before that.
    pub day: Option<DayVolume>,
}

/// Candles of the past.
#[derive(Clone, Debug)]
pub struct Past {
    /// Whose.
    pub token: TokenId,
    /// How long each is.
    pub interval: Interval,
    /// In any order.
    pub candles: Vec<Candle>,
}

impl Seen {
    /// What a delta shows.
    pub fn of(delta: &Delta) -> Self {
        Self {
            as_of: delta.as_of,
            readings: delta.upserts.iter().filter_map(|token| Reading::of(token)).collect(),
            gone: delta.removed.clone(),
        }
    }
}

impl Reading {
    /// What a row shows; `None` without a price.
    pub fn of(token: &Token) -> Option<Self> {
        let observed_at = |field| token.provenance.fields.get(&field).map(|origin| origin.observed_at);
        let at = observed_at(Field::PriceUsd).unwrap_or(token.updated_at);
        Some(Self {
            token: token.id.clone(),
            at,
            price: token.price_usd?,
            volume_at: observed_at(Field::VolumeUsd).unwrap_or(at),
            m5_usd: token.volume_usd.at(Window::M5),
            day: token.volume_usd.at(Window::H24).map(|usd| DayVolume { usd, scope: token.volume_scope }),
        })
    }
}
