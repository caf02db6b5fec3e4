//! Who keeps the history: takes notes of what the board showed, writes minutes, puts hours away.
//!
//! Runs on a thread of its own and knows no clock: its time is that of the last note. A minute is settled when it is
//! [`SETTLE`] over, for sources tell prices that are up to a minute old; what comes later for it is not taken.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use imbl::OrdMap;
use memescope::{
    CANDLE_DIGITS, Candle, CandleSource, Forming, Interval, Mark, Sight, Spark, Timestamp, TokenId, Week, roll_up,
    volume_share,
};
use tokio::sync::mpsc;

use super::block::{pack, put, take, unpack};
use super::note::{Note, Past, Reading, Seen};
use super::shelf::{Failure, HourMark, Number, Record, hour_of, minute_of};
use super::{Kept, Recent, Shared};

/// How long after its end a minute is settled.
pub(super) const SETTLE: Duration = Duration::from_secs(120);

/// A token that left the board is forgotten after this time …
const LEFT_FOR: Duration = Duration::from_secs(7 * 86_400);

/// Settled minutes of a token that wait in memory at the most. One hour and a bit, unless the disk cannot be written.
const MOST_WAITING: usize = 360;

/// The one writer of the history.
#[derive(Debug)]
pub struct Keeper {
    shared: Arc<Shared>,
    max_tokens: usize,
    sparks: OrdMap<TokenId, Arc<Spark>>,
    next_number: Number,
    /// The time of the last note.
    now: Timestamp,
    /// Minutes before this one take no more sights.
    settled: Timestamp,
    /// Hours before this one are put away.
    put_hour: i64,
    /// Whether figures of weeks may differ from those that are published.
    weeks_changed: bool,
    /// Sights that came too late.
    late: u64,
}

impl Keeper {
    /// Takes up what is on the shelf. `is_here` tells whether a token is on the board.
    pub(super) fn new(
        shared: Arc<Shared>,
        max_tokens: usize,
        is_here: impl Fn(&TokenId) -> bool,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut keeper = Self::empty(shared, max_tokens, now);
        keeper.load(is_here)?;
        keeper.publish_weeks()?;
        Ok(keeper)
    }

    /// A keeper that takes nothing up.
    pub(super) fn empty(shared: Arc<Shared>, max_tokens: usize, now: Timestamp) -> Self {
        let settled = Interval::M1.begin(now.minus(SETTLE));
        Self {
            shared,
            max_tokens,
            sparks: OrdMap::new(),
            next_number: 0,
            now,
            settled,
            put_hour: hour_of(settled),
            weeks_changed: false,
            late: 0,
        }
    }

    fn load(&mut self, is_here: impl Fn(&TokenId) -> bool) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let mut recent = shared.recent();
        let mut by_number = HashMap::new();
        for (id, mut record) in shared.shelf.tokens()? {
            self.next_number = self.next_number.max(record.number.saturating_add(1));
            let has_left = record.left_at.is_none() && !is_here(&id);
            if has_left {
                record.left_at = Some(self.now);
            }
            by_number.insert(record.number, id.clone());
            recent.tokens.insert(id, Kept { is_saved: !has_left, ..Kept::new(record) });
        }
        for packed in shared.shelf.minutes()? {
            for (number, candle) in read_minute(&packed) {
                self.put_hour = self.put_hour.min(hour_of(candle.at));
                if let Some(kept) = by_number.get(&number).and_then(|id| recent.tokens.get_mut(id)) {
                    append(&mut kept.minutes, [candle]);
                }
            }
        }
        let day = (self.now.minus(Interval::D1.duration()), self.now);
        for (id, kept) in recent.tokens.iter().filter(|(_, kept)| kept.record.left_at.is_none()) {
            let mut spark = Spark::default();
            let stored = shared.shelf.candles(kept.record.number, Interval::M15, day, usize::MAX)?;
            for candle in stored.into_iter().chain(unpack(&kept.minutes, Interval::M1)) {
                spark.note(candle.at, candle.close);
            }
            // What was told of the time before this process saw anything.
            fill(&mut spark, Interval::H1, &shared.shelf.candles(kept.record.number, Interval::H1, day, usize::MAX)?);
            self.sparks.insert(id.clone(), Arc::new(spark));
        }
        shared.sparks.store(Arc::new(self.sparks.clone()));
        Ok(())
    }

    /// Takes notes until nobody sends any more; then everything seen is on disk.
    pub fn run(mut self, mut inbox: mpsc::Receiver<Note>) {
        while let Some(note) = inbox.blocking_recv() {
            self.take(note);
        }
        self.close();
    }

    /// Takes one note.
    pub fn take(&mut self, note: Note) {
        let done = match note {
            Note::Seen(seen) => self.see(seen),
            Note::Past(past) => self.fill(&past),
        };
        if let Err(error) = done {
            tracing::error!(%error, "The history cannot be written; what was seen stays in memory until it can");
        }
    }

    /// Settles what is forming.
    pub fn close(mut self) {
        let end = Interval::M1.begin(self.now).plus(Interval::M1.duration());
        if let Err(error) = self.settle(end) {
            tracing::error!(%error, "The last minutes of the history are lost");
        }
    }

    fn see(&mut self, seen: Seen) -> Result<(), Failure> {
        self.now = self.now.max(seen.as_of);
        let shared = self.shared.clone();
        let mut recent = shared.recent();
        for reading in seen.readings {
            self.read(&mut recent, reading);
        }
        for id in seen.gone {
            if let Some(kept) = recent.tokens.get_mut(&id) {
                (kept.record.left_at, kept.is_saved) = (Some(self.now), false);
            }
            self.sparks.remove(&id);
        }
        drop(recent);
        shared.sparks.store(Arc::new(self.sparks.clone()));
        let settled = Interval::M1.begin(self.now.minus(SETTLE));
        if settled > self.settled {
            self.settle(settled)?;
        }
        Ok(())
    }

    fn read(&mut self, recent: &mut Recent, reading: Reading) {
        let Reading { token, price, volume_at, m5_usd, day, .. } = reading;
        let at = reading.at.min(self.now);
        if at < self.settled {
            self.late += 1;
            return;
        }
        let next_number = &mut self.next_number;
        let kept = recent.tokens.entry(token.clone()).or_insert_with(|| {
            let number = *next_number;
            *next_number = number.wrapping_add(1);
            let first = Some(Mark { at, price: price.rounded(CANDLE_DIGITS) });
            Kept { is_saved: false, ..Kept::new(Record { number, left_at: None, first }) }
        });
        if kept.record.left_at.take().is_some() {
            kept.is_saved = false;
        }
        let mut volume_usd = None;
        if kept.metered_at.is_none_or(|before| volume_at > before) {
            volume_usd = volume_share(kept.metered_at, volume_at, m5_usd);
            kept.metered_at = Some(volume_at);
            kept.day = day;
        }
        let sight = Sight { at, price, volume_usd };
        if !kept.forming.iter_mut().any(|forming| forming.fold(sight)) {
            kept.forming.push(Forming::new(sight));
        }
        if kept.seen_at.is_none_or(|before| at >= before) {
            kept.seen_at = Some(at);
            Arc::make_mut(self.sparks.entry(token).or_default()).note(at, price);
        }
    }

    /// Writes the minutes before `end`; puts hours away that are over with it.
    fn settle(&mut self, end: Timestamp) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let mut minutes: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
        let mut unsaved = Vec::new();
        let mut recent = shared.recent();
        for (id, kept) in &mut recent.tokens {
            kept.forming.sort_unstable_by_key(|forming| forming.candle().at);
            let over = kept.forming.partition_point(|forming| forming.candle().at < end);
            let over: Vec<Candle> = kept.forming.drain(..over).map(|forming| forming.candle()).collect();
            for candle in &over {
                write_minute(minutes.entry(minute_of(candle.at)).or_default(), kept.record.number, candle);
            }
            if !over.is_empty() {
                append(&mut kept.minutes, over);
            }
            if !kept.is_saved {
                unsaved.push((id.clone(), kept.record));
            }
        }
        drop(recent);
        self.settled = end;
        let write = shared.shelf.write()?;
        for (id, record) in &unsaved {
            write.token(id, *record)?;
        }
        for (minute, packed) in &minutes {
            write.minute(*minute, packed)?;
        }
        write.commit()?;
        let mut recent = shared.recent();
        for (id, record) in unsaved {
            if let Some(kept) = recent.tokens.get_mut(&id).filter(|kept| kept.record == record) {
                kept.is_saved = true;
            }
        }
        drop(recent);
        if hour_of(end) > self.put_hour {
            self.put_away(hour_of(end))?;
        }
        if self.weeks_changed {
            self.publish_weeks()?;
        }
        Ok(())
    }

    /// Puts the hours before `hour` into blocks, and lets go of what is too old.
    fn put_away(&mut self, hour: i64) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let end = Timestamp::from_secs(hour * 3_600);
        // Packed: all candles of an hour at once would be many times as large.
        let over: Vec<_> =
            shared.recent().tokens.values().map(|kept| (kept.record.number, kept.minutes.clone(), kept.day)).collect();
        let forgotten = self.forgotten(&shared.recent());
        let write = shared.shelf.write()?;
        for (number, packed, day) in over {
            let mut minutes = unpack(&packed, Interval::M1);
            minutes.retain(|candle| candle.at < end);
            if !minutes.is_empty() {
                write.put(number, Interval::M1, &minutes)?;
                write.put(number, Interval::M15, &roll_up(minutes.iter().copied(), Interval::M15))?;
                let hours = roll_up(minutes, Interval::H1);
                write.put_hours(number, &hours)?;
                for candle in hours {
                    let of = hour_of(candle.at);
                    // What is known of a day's volume now is known of the last hour only.
                    let day = day.filter(|_| of + 1 == hour);
                    write.mark(of, number, HourMark { price: candle.close, day }, true)?;
                }
            }
            write.expire(number, self.now)?;
        }
        for (id, number) in &forgotten {
            write.forget(id, *number)?;
        }
        write.forget_minutes(hour * 60)?;
        write.forget_marks(self.now)?;
        write.commit()?;

        let mut recent = shared.recent();
        for (id, _) in forgotten {
            recent.tokens.remove(&id);
        }
        for kept in recent.tokens.values_mut() {
            let mut minutes = unpack(&kept.minutes, Interval::M1);
            minutes.retain(|candle| candle.at >= end);
            kept.minutes = pack(&minutes, Interval::M1);
        }
        if self.late > 0 {
            tracing::debug!(late = self.late, "Prices came too late for their minute");
        }
        self.put_hour = hour;
        self.weeks_changed = true;
        Ok(())
    }

    /// The tokens whose past is let go of: those that left long ago, and of too many that left the first to do so.
    fn forgotten(&self, recent: &Recent) -> Vec<(TokenId, Number)> {
        let mut left: Vec<_> = recent
            .tokens
            .iter()
            .filter_map(|(id, kept)| Some((kept.record.left_at?, kept.record.number, id)))
            .collect();
        left.sort_unstable_by_key(|(left_at, number, _)| (*left_at, *number));
        let surplus = left.len().saturating_sub(self.max_tokens);
        left.into_iter()
            .enumerate()
            .filter(|(place, (left_at, ..))| *place < surplus || self.now.since(*left_at) >= LEFT_FOR)
            .map(|(_, (_, number, id))| (id.clone(), number))
            .collect()
    }

    /// Takes in candles of the past that a source told. What lies in the future, or is not over, is not taken.
    fn fill(&mut self, past: &Past) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let (interval, now) = (past.interval.base(), self.now);
        let mut candles: Vec<Candle> = past
            .candles
            .iter()
            .filter(|candle| candle.at == interval.begin(candle.at) && candle.at >= now.minus(interval.kept_for()))
            .filter(|candle| candle.at.plus(interval.duration()) <= now)
            .map(foreign)
            .collect();
        candles.sort_by_key(|candle| candle.at);
        candles.dedup_by_key(|candle| candle.at);
        let Some(first) = candles.first().map(|candle| Mark { at: candle.at, price: candle.open }) else {
            return Ok(());
        };
        let mut recent = shared.recent();
        let Some(kept) = recent.tokens.get_mut(&past.token).filter(|kept| kept.record.left_at.is_none()) else {
            return Ok(());
        };
        if kept.record.first.is_none_or(|known| first.at < known.at) {
            kept.record.first = Some(first);
        }
        let record = kept.record;
        drop(recent);
        let write = shared.shelf.write()?;
        write.token(&past.token, record)?;
        if interval == Interval::H1 {
            write.put_hours(record.number, &candles)?;
            for candle in candles.iter().filter(|candle| hour_of(candle.at) + 8 * 24 >= hour_of(now)) {
                write.mark(hour_of(candle.at), record.number, HourMark { price: candle.close, day: None }, false)?;
            }
            self.weeks_changed = true;
        } else {
            write.put(record.number, interval, &candles)?;
        }
        write.commit()?;
        if matches!(interval, Interval::M15 | Interval::H1) {
            let spark = Arc::make_mut(self.sparks.entry(past.token.clone()).or_default());
            fill(spark, interval, &candles);
            shared.sparks.store(Arc::new(self.sparks.clone()));
        }
        Ok(())
    }

    /// Works out what is known of each token's last seven days.
    fn publish_weeks(&mut self) -> Result<(), Failure> {
        let shelf = &self.shared.shelf;
        let last = self.put_hour - 1;
        // The mark of an hour, or of one shortly before.
        let near = |hour: i64| -> Result<HashMap<Number, (i64, HourMark)>, Failure> {
            let mut near = HashMap::new();
            for hour in (hour - Week::spare_hours()..=hour).rev() {
                for (number, mark) in shelf.marks(hour)? {
                    near.entry(number).or_insert((hour, mark));
                }
            }
            Ok(near)
        };
        let base = near(Week::base_hour(last))?;
        let days = (1..=6).map(|ago| near(Week::day_hour(last, ago))).collect::<Result<Vec<_>, _>>()?;
        let recent = self.shared.recent();
        let here = recent.tokens.iter().filter(|(_, kept)| kept.record.left_at.is_none());
        let weeks: OrdMap<TokenId, Week> = here
            .map(|(id, kept)| {
                let Record { number, first, .. } = kept.record;
                let base = base.get(&number);
                let week = Week {
                    base: base
                        .map(|(hour, mark)| Mark { at: Timestamp::from_secs((hour + 1) * 3_600), price: mark.price }),
                    first,
                    days: std::array::from_fn(|place| days.get(place)?.get(&number)?.1.day),
                };
                (id.clone(), week)
            })
            .collect();
        drop(recent);
        self.shared.weeks.store(Arc::new(weeks));
        self.weeks_changed = false;
        Ok(())
    }
}

/// Puts prices of the past where none are known. A candle's close is the price at its end; an hour is longer than a step,
/// and where that leaves one out, the price at its beginning is known too.
fn fill(spark: &mut Spark, interval: Interval, candles: &[Candle]) {
    for candle in candles {
        spark.fill(candle.at.plus(interval.duration()).minus(Duration::from_millis(1)), candle.close);
        spark.fill(candle.at, candle.open);
    }
}

/// A candle of a source as it is kept: with six digits, its range around its ends.
fn foreign(candle: &Candle) -> Candle {
    let [open, close] = [candle.open, candle.close].map(|price| price.rounded(CANDLE_DIGITS));
    Candle {
        open,
        close,
        high: candle.high.rounded(CANDLE_DIGITS).max(open).max(close),
        low: candle.low.rounded(CANDLE_DIGITS).min(open).min(close),
        source: CandleSource::Geckoterminal,
        ..*candle
    }
}

/// Adds minutes to packed ones; a minute that was interrupted goes on.
fn append(packed: &mut Vec<u8>, candles: impl IntoIterator<Item = Candle>) {
    let mut minutes = unpack(packed, Interval::M1);
    for candle in candles {
        match minutes.last_mut() {
            Some(last) if last.at == candle.at => last.extend(&candle),
            _ => minutes.push(candle),
        }
    }
    minutes.drain(..minutes.len().saturating_sub(MOST_WAITING));
    *packed = pack(&minutes, Interval::M1);
}

fn write_minute(out: &mut Vec<u8>, number: Number, candle: &Candle) {
    let packed = pack([candle], Interval::M1);
    put(out, u64::from(number));
    put(out, packed.len() as u64);
    out.extend_from_slice(&packed);
}

/// The candles of a minute, by the numbers of their tokens.
fn read_minute(mut packed: &[u8]) -> Vec<(Number, Candle)> {
    let mut candles = Vec::new();
    while !packed.is_empty() {
        let (Some(number), Some(length)) = (take(&mut packed), take(&mut packed)) else { break };
        let (Ok(number), Ok(length)) = (Number::try_from(number), usize::try_from(length)) else { break };
        let Some((candle, rest)) = packed.split_at_checked(length) else { break };
        candles.extend(unpack(candle, Interval::M1).into_iter().map(|candle| (number, candle)));
        packed = rest;
    }
    candles
}

impl Shared {
    /// What is not put away yet. Plain values: whoever panicked over them left them as good as before.
    pub(super) fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
