//! The history on disk: one redb file, which is whole after every commit, whatever happens to the process.
//!
//! ```text
//!  tokens    token ─▶ number, when it left, its first price      blocks and marks name tokens by number
//!  minutes   minute ─▶ the candles of all tokens in it           written every minute, gone when their hour is put away
//!  blocks    (interval, number, block) ─▶ candles                 an hour of minutes, a day of quarters, a week of
//!                                                                 hours, 128 days
//!  marks     (hour, number) ─▶ last price, volume of a day        eight days, for figures over seven
//! ```
//!
//! A minute costs one small write in order of time. Once an hour the minutes are put away into blocks, a token's candles
//! side by side, so that a chart is read from a few places; with that go the blocks that are older than they are kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use memescope::{Candle, CandleSource, DayVolume, Interval, Mark, Price, Timestamp, TokenId, VolumeScope, roll_up};
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::block::{pack, unpack};

/// The layout of the file. Another one is set aside.
const VERSION: u64 = 1;

/// What redb may keep of the file in memory.
const CACHE_BYTES: usize = 16 << 20;

/// What the file takes at the most: for each token that is or was lately on the board, and to begin with. A larger file
/// was made when more tokens were allowed; it is compacted at the start.
pub const MOST_BYTES_PER_TOKEN: u64 = 500_000;
const LEAST_BYTES: u64 = 16 << 20;

/// Hours that marks are kept: a week, the tolerance of its figures, and some.
const MARK_HOURS: i64 = 8 * 24;

pub(super) type Failure = redb::Error;
pub(super) type Number = u32;

/// Number, when it left the board (0: it did not), the first price: when, mantissa, exponent.
type TokenRecord = (Number, i64, i64, u64, i8);

const TOKENS: TableDefinition<'_, &str, TokenRecord> = TableDefinition::new("tokens");
const MINUTES: TableDefinition<'_, i64, &[u8]> = TableDefinition::new("minutes");
const BLOCKS: TableDefinition<'_, (u8, Number, i64), &[u8]> = TableDefinition::new("blocks");
/// Mantissa and exponent of the price; USD of a day (`NaN`: unknown), whether of the whole token.
const MARKS: TableDefinition<'_, (i64, Number), (u64, i8, f64, bool)> = TableDefinition::new("marks");
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");

/// What is known of a token besides its candles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) number: Number,
    pub(super) left_at: Option<Timestamp>,
    pub(super) first: Option<Mark>,
}

/// What the last hour of a token comes down to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HourMark {
    pub(super) price: Price,
    pub(super) day: Option<DayVolume>,
}

/// An hour's number, counted from 1970.
pub(super) const fn hour_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(3_600_000)
}

pub(super) const fn minute_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(60_000)
}

/// How many seconds of candles a block holds.
const fn block_secs(interval: Interval) -> i64 {
    match interval.base() {
        Interval::M15 => 86_400,
        Interval::H1 => 7 * 86_400,
        Interval::D1 => 128 * 86_400,
        _ => 3_600,
    }
}

const fn block_of(interval: Interval, at: Timestamp) -> i64 {
    at.millis().div_euclid(block_secs(interval) * 1_000)
}

/// The code of a kept interval in keys.
const fn code(interval: Interval) -> u8 {
    match interval.base() {
        Interval::M15 => 1,
        Interval::H1 => 2,
        Interval::D1 => 3,
        _ => 0,
    }
}

/// The open file.
#[derive(Debug)]
pub(super) struct Shelf {
    db: Database,
}

impl Shelf {
    /// Opens the file of a market, or makes it. A file that is damaged, of another layout or of another market is set
    /// aside; where no file can be had, the history is kept in memory. Never fails: a board without a past is a board.
    pub(super) fn open(path: &Path, market: &str, max_tokens: usize, now: Timestamp) -> Self {
        match Self::try_open(path, market, max_tokens) {
            Ok(shelf) => return shelf,
            Err(problem) if problem.is_in_the_file() => {
                tracing::warn!(%problem, path = %path.display(), "The history cannot be used");
                if set_aside(path, now) {
                    match Self::try_open(path, market, max_tokens) {
                        Ok(shelf) => return shelf,
                        Err(problem) => tracing::error!(%problem, "A new history cannot be made"),
                    }
                }
            }
            Err(problem) => tracing::error!(%problem, path = %path.display(), "The history cannot be opened"),
        }
        tracing::error!("The history is kept in memory, and lost at the end");
        Self::in_memory(market)
    }

    pub(super) fn in_memory(market: &str) -> Self {
        let db = Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory is no file");
        let shelf = Self { db };
        shelf.prepare(market).expect("memory is no file");
        shelf
    }

    fn try_open(path: &Path, market: &str, max_tokens: usize) -> Result<Self, Problem> {
        let size = fs::metadata(path).map_or(0, |about| about.len());
        // The library checks what it reads, and stops hard at some of what it finds.
        let opened = std::panic::catch_unwind(|| {
            let mut db = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
            let most = LEAST_BYTES + MOST_BYTES_PER_TOKEN * 2 * u64::try_from(max_tokens).unwrap_or(u64::MAX >> 32);
            if size > most {
                db.compact().map_err(Failure::from)?;
            }
            Ok::<_, Failure>(db)
        });
        let db = opened.map_err(|_| Problem::Damaged)?.map_err(Problem::Failure)?;
        let shelf = Self { db };
        let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let found = shelf.about().map_err(Problem::Failure)?;
            let wanted = about(market);
            match found {
                None => shelf.prepare(market).map_err(Problem::Failure),
                Some(found) if found == wanted => Ok(()),
                Some(found) => Err(Problem::Other(found)),
            }?;
            shelf.tokens().map_err(Problem::Failure).map(drop)
        }));
        whole.map_err(|_| Problem::Damaged)??;
        Ok(shelf)
    }

    fn about(&self) -> Result<Option<String>, Failure> {
        let read = self.db.begin_read()?;
        match read.open_table(ABOUT) {
            Ok(table) => Ok(table.get("market")?.map(|value| value.value().to_owned())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the tables, so that whoever reads finds them.
    fn prepare(&self, market: &str) -> Result<(), Failure> {
        let write = self.db.begin_write()?;
        write.open_table(ABOUT)?.insert("market", about(market).as_str())?;
        write.open_table(TOKENS)?;
        write.open_table(MINUTES)?;
        write.open_table(BLOCKS)?;
        write.open_table(MARKS)?;
        write.commit()?;
        Ok(())
    }

    /// Every token that has a past.
    pub(super) fn tokens(&self) -> Result<Vec<(TokenId, Record)>, Failure> {
        let mut tokens = Vec::new();
        for entry in self.db.begin_read()?.open_table(TOKENS)?.iter()? {
            let (id, record) = entry?;
            let (number, left_at, first_at, mantissa, exponent) = record.value();
            let Ok(id) = id.value().parse() else { continue };
            let price = Price::new(mantissa, i32::from(exponent));
            let first = price.map(|price| Mark { at: Timestamp::from_millis(first_at), price });
            let left_at = (left_at != 0).then(|| Timestamp::from_millis(left_at));
            tokens.push((id, Record { number, left_at, first }));
        }
        Ok(tokens)
    }

    /// The minutes that are not put away yet, oldest first.
    pub(super) fn minutes(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let read = self.db.begin_read()?;
        let table = read.open_table(MINUTES)?;
        table.iter()?.map(|entry| Ok(entry?.1.value().to_vec())).collect()
    }

    /// The stored candles of a kept interval from one moment to another, the newest `most` of them or a few more; oldest
    /// first.
    pub(super) fn candles(
        &self,
        number: Number,
        interval: Interval,
        (from, to): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<Vec<Candle>, Failure> {
        let read = self.db.begin_read()?;
        let table = read.open_table(BLOCKS)?;
        let key = |at| (code(interval), number, block_of(interval, at));
        let mut blocks = Vec::new();
        let mut count = 0;
        for entry in table.range(key(from)..=key(to))?.rev() {
            let mut candles = unpack(entry?.1.value(), interval);
            candles.retain(|candle| candle.at >= from && candle.at < to);
            count += candles.len();
            blocks.push(candles);
            if count >= most {
                break;
            }
        }
        Ok(blocks.into_iter().rev().flatten().collect())
    }

    /// The marks of an hour.
    pub(super) fn marks(&self, hour: i64) -> Result<BTreeMap<Number, HourMark>, Failure> {
        let read = self.db.begin_read()?;
        let table = read.open_table(MARKS)?;
        let mut marks = BTreeMap::new();
        for entry in table.range((hour, 0)..=(hour, Number::MAX))? {
            let (key, value) = entry?;
            let (mantissa, exponent, usd, whole) = value.value();
            let Some(price) = Price::new(mantissa, i32::from(exponent)) else { continue };
            let scope = if whole { VolumeScope::Token } else { VolumeScope::Pools };
            let day = usd.is_finite().then_some(DayVolume { usd, scope });
            marks.insert(key.value().1, HourMark { price, day });
        }
        Ok(marks)
    }

    /// Begins to write; nothing is there before it is committed.
    pub(super) fn write(&self) -> Result<Writing, Failure> {
        let mut write = self.db.begin_write()?;
        // Commits are few; a start after a kill shall not walk the whole file.
        write.set_quick_repair(true);
        Ok(Writing(write))
    }
}

/// Moves a file out of the way; whether that was done.
pub(super) fn set_aside(path: &Path, now: Timestamp) -> bool {
    let aside = path.with_extension(format!("damaged-{}", now.millis()));
    match fs::rename(path, &aside) {
        Ok(()) => tracing::warn!(aside = %aside.display(), "The history is set aside; a new one begins"),
        Err(ref error) => tracing::warn!(%error, path = %path.display(), "The history could not be set aside"),
    }
    !path.exists()
}

fn about(market: &str) -> String {
    format!("{VERSION} {market}")
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("the file is damaged")]
    Damaged,
    #[error("the file is of another layout or market: {0}")]
    Other(String),
    #[error(transparent)]
    Failure(Failure),
}

impl Problem {
    /// Whether another file would do better.
    fn is_in_the_file(&self) -> bool {
        match self {
            Self::Damaged | Self::Other(_) => true,
            Self::Failure(failure) => {
                !matches!(
                    failure,
                    // In use, or the disk's fault: what is in the file may be good.
                    Failure::DatabaseAlreadyOpen | Failure::LockProtocolMismatch | Failure::Io(_)
                ) || matches!(failure, Failure::Io(error) if matches!(error.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof))
            }
        }
    }
}

/// What a hour's work, or a minute's, writes at once.
pub(super) struct Writing(WriteTransaction);

impl Writing {
    /// Notes what is known of a token besides its candles.
    pub(super) fn token(&self, id: &TokenId, record: Record) -> Result<(), Failure> {
        let left_at = record.left_at.map_or(0, Timestamp::millis);
        let (at, mantissa, exponent) =
            record.first.map_or((0, 0, 0), |mark| (mark.at.millis(), mark.price.mantissa(), mark.price.exponent()));
        let value = (record.number, left_at, at, mantissa, exponent);
        self.0.open_table(TOKENS)?.insert(id.to_string().as_str(), value)?;
        Ok(())
    }

    /// Stores the packed candles of a minute, behind those that a stop in the midst of it left.
    pub(super) fn minute(&self, minute: i64, packed: &[u8]) -> Result<(), Failure> {
        let mut table = self.0.open_table(MINUTES)?;
        let mut all = table.get(minute)?.map(|earlier| earlier.value().to_vec()).unwrap_or_default();
        all.extend_from_slice(packed);
        table.insert(minute, all.as_slice())?;
        Ok(())
    }

    /// Puts candles of a kept interval into their blocks. Where there is one already, the better source stays: our own
    /// before a mixed one, that before a foreign one; of equals the new one.
    pub(super) fn put(&self, number: Number, interval: Interval, candles: &[Candle]) -> Result<(), Failure> {
        self.put_where(number, interval, candles, |old, new| new.source >= old.source)
    }

    fn put_where(
        &self,
        number: Number,
        interval: Interval,
        candles: &[Candle],
        wins: impl Fn(&Candle, &Candle) -> bool,
    ) -> Result<(), Failure> {
        let mut table = self.0.open_table(BLOCKS)?;
        for part in candles.chunk_by(|a, b| block_of(interval, a.at) == block_of(interval, b.at)) {
            let Some(first) = part.first() else { continue };
            let key = (code(interval), number, block_of(interval, first.at));
            let stored = table.get(key)?.map(|block| unpack(block.value(), interval)).unwrap_or_default();
            let all = join(stored, part, &wins);
            table.insert(key, pack(&all, interval).as_slice())?;
        }
        Ok(())
    }

    /// Puts hours away, and makes the days anew that they are of: out of all their hours, so that a day on whose noon we
    /// began to look has its morning too. Foreign hours alone do not replace a day: some of its hours may not be there.
    pub(super) fn put_hours(&self, number: Number, hours: &[Candle]) -> Result<(), Failure> {
        self.put(number, Interval::H1, hours)?;
        let mut days: Vec<Candle> = Vec::new();
        for day in roll_up(hours.iter().copied(), Interval::D1) {
            let table = self.0.open_table(BLOCKS)?;
            let key = (code(Interval::H1), number, block_of(Interval::H1, day.at));
            let stored = table.get(key)?.map(|block| unpack(block.value(), Interval::H1)).unwrap_or_default();
            days.extend(roll_up(stored, Interval::D1).into_iter().filter(|stored| stored.at == day.at));
        }
        self.put_where(number, Interval::D1, &days, |_, new| new.source != CandleSource::Geckoterminal)
    }

    /// Notes what an hour of a token came down to; `is_ours`: even if something is noted already.
    pub(super) fn mark(&self, hour: i64, number: Number, mark: HourMark, is_ours: bool) -> Result<(), Failure> {
        let mut table = self.0.open_table(MARKS)?;
        if is_ours || table.get((hour, number))?.is_none() {
            let (usd, whole) = mark.day.map_or((f64::NAN, false), |day| (day.usd, day.scope == VolumeScope::Token));
            table.insert((hour, number), (mark.price.mantissa(), mark.price.exponent(), usd, whole))?;
        }
        Ok(())
    }

    /// Lets go of minutes that were put away: those before `minute`.
    pub(super) fn forget_minutes(&self, minute: i64) -> Result<(), Failure> {
        self.0.open_table(MINUTES)?.retain_in(..minute, |_, _| false)?;
        Ok(())
    }

    /// Lets go of marks that are too old for any figure.
    pub(super) fn forget_marks(&self, now: Timestamp) -> Result<(), Failure> {
        self.0.open_table(MARKS)?.retain_in(..(hour_of(now) - MARK_HOURS, 0), |_, _| false)?;
        Ok(())
    }

    /// Lets go of a token's blocks that are older than they are kept.
    pub(super) fn expire(&self, number: Number, now: Timestamp) -> Result<(), Failure> {
        let mut table = self.0.open_table(BLOCKS)?;
        for interval in Interval::KEPT {
            let oldest = block_of(interval, now.minus(interval.kept_for()));
            let key = |block| (code(interval), number, block);
            table.retain_in(key(i64::MIN)..key(oldest), |_, _| false)?;
        }
        Ok(())
    }

    /// Forgets a token and its candles. Its marks go with their hours.
    pub(super) fn forget(&self, id: &TokenId, number: Number) -> Result<(), Failure> {
        let mut table = self.0.open_table(BLOCKS)?;
        for interval in Interval::KEPT {
            let key = |block| (code(interval), number, block);
            table.retain_in(key(i64::MIN)..=key(i64::MAX), |_, _| false)?;
        }
        self.0.open_table(TOKENS)?.remove(id.to_string().as_str())?;
        Ok(())
    }

    pub(super) fn commit(self) -> Result<(), Failure> {
        self.0.commit()?;
        Ok(())
    }
}

/// Two series of one interval; where both have a candle `wins` says whether the new one replaces the old.
pub(super) fn join(old: Vec<Candle>, new: &[Candle], wins: impl Fn(&Candle, &Candle) -> bool) -> Vec<Candle> {
    let mut all: BTreeMap<Timestamp, Candle> = old.into_iter().map(|candle| (candle.at, candle)).collect();
    for candle in new {
        all.entry(candle.at)
            .and_modify(|old| {
                if wins(old, candle) {
                    *old = *candle;
                }
            })
            .or_insert(*candle);
    }
    all.into_values().collect()
}
