//! The past of a token: candles, and what is read out of them.
//!
//! ```text
//!  Sight (price, five-minute volume) ─▶ Forming ─▶ Candle (1m) ─▶ roll_up ─▶ 15m ─▶ 1h ─▶ 1d
//!                                                                  └─ on read ─▶ 5m, 4h
//! ```
//!
//! A candle says what was seen: a minute in which nobody looked has none, and stays a gap. Each carries its
//! [`CandleSource`]. Volume is of the token, spread over time by [`volume_share`]; the figures of seven days are put
//! into a row by [`Week`].

mod candle;
mod interval;
mod spark;
mod week;

pub use self::candle::{CANDLE_DIGITS, Candle, CandleSource, Forming, Sight, roll_up, volume_share};
pub use self::interval::{Interval, IntervalError};
pub use self::spark::{SPARK_POINTS, SPARK_STEP, Spark, SparkView};
pub use self::week::{DayVolume, Mark, Week};
