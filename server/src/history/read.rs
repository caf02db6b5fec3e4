//! Reading candles: what is put away, and what is not yet.

use memescope::{Candle, Interval, Timestamp, TokenId, roll_up};

use super::block::unpack;
use super::keeper::SETTLE;
use super::shelf::join;
use super::{Forming, History};

/// Which candles are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// How long each is.
    pub interval: Interval,
    /// None that begins before.
    pub from: Timestamp,
    /// None that begins then or later.
    pub to: Timestamp,
    /// At most so many; the newest.
    pub limit: usize,
}

impl Range {
    /// Whether every candle of it is over at `now` and will not change any more, unless the past is learnt anew.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        let last = self.interval.begin(self.to.minus(std::time::Duration::from_millis(1)));
        last.plus(self.interval.duration()).plus(SETTLE) <= now
    }
}

/// The file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the history cannot be read: {0}")]
pub struct ReadError(#[from] redb::Error);

impl History {
    /// Candles in the order of time; none for a token that has no past. Blocks: it reads the disk.
    pub fn candles(&self, token: &TokenId, range: Range) -> Result<Vec<Candle>, ReadError> {
        let Range { interval, from, to, limit } = range;
        let base = interval.base();
        // A candle that began before `from` is not told by halves.
        let first = interval.begin(from.plus(interval.duration()).minus(std::time::Duration::from_millis(1)));
        let (number, minutes) = {
            let recent = self.0.recent();
            let Some(kept) = recent.tokens.get(token) else { return Ok(Vec::new()) };
            let mut forming: Vec<Candle> = kept.forming.iter().map(Forming::candle).collect();
            forming.sort_by_key(|candle| candle.at);
            let mut minutes = unpack(&kept.minutes, Interval::M1);
            minutes.extend(forming);
            (kept.record.number, minutes)
        };
        let shelf = &self.0.shelf;
        let parts = usize::try_from(interval.secs() / base.secs()).unwrap_or(1);
        let most = limit.saturating_add(1).saturating_mul(parts);
        let stored = shelf.candles(number, base, (first, to), most)?;
        let ours = |old: &Candle, new: &Candle| new.source >= old.source;
        let fresh = match minutes.first() {
            // Minutes may lack the parts of a day that are put away.
            Some(oldest) if base == Interval::D1 => {
                let day = Interval::D1.begin(oldest.at);
                let hours = shelf.candles(number, Interval::H1, (day, to), usize::MAX)?;
                roll_up(join(hours, &roll_up(minutes, Interval::H1), ours), Interval::D1)
            }
            _ => roll_up(minutes, base),
        };
        let days = |_: &Candle, new: &Candle| new.source != memescope::CandleSource::Geckoterminal;
        let mut all = if base == Interval::D1 { join(stored, &fresh, days) } else { join(stored, &fresh, ours) };
        all.retain(|candle| candle.at >= first && candle.at < to);
        let mut candles = roll_up(all, interval);
        candles.drain(..candles.len().saturating_sub(limit));
        Ok(candles)
    }
}
