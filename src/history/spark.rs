//! The course of a token's last day in at most 32 points, small enough to go along with every row of a page.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CANDLE_DIGITS;
use crate::{Price, Timestamp};

/// How many points there are.
pub const SPARK_POINTS: usize = 32;

/// From one point to the next: together they are a day. Three candles of a quarter of an hour end with each.
pub const SPARK_STEP: Duration = Duration::from_secs(2_700);

const STEP_MILLIS: i64 = 2_700_000;

/// The last price of each step of the last day.
#[derive(Clone, Debug, PartialEq)]
pub struct Spark {
    /// The step that the last point is of, counted from 1970.
    newest: i64,
    /// Oldest first; `NaN` where nothing was seen.
    closes: [f32; SPARK_POINTS],
}

/// A [`Spark`] as it is sent: the range as exact prices, each point as its place in the range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SparkView {
    /// When the step of the last point ends.
    pub until: Timestamp,
    /// Seconds from one point to the next.
    pub step_s: u32,
    /// The lowest of the points, USD.
    pub low: Price,
    /// The highest.
    pub high: Price,
    /// Oldest first, from 0 (`low`) to 255 (`high`); null where nothing was seen. The first one is known.
    pub points: Vec<Option<u8>>,
}

impl Default for Spark {
    fn default() -> Self {
        Self { newest: i64::MIN, closes: [f32::NAN; SPARK_POINTS] }
    }
}

impl Spark {
    /// Notes the newest price. One that is older than the day, or than what is noted of its step, changes nothing only
    /// in the first case: notes of one step come in their order.
    pub fn note(&mut self, at: Timestamp, price: Price) {
        if let Some(slot) = self.slot(at) {
            *slot = narrow(price);
        }
    }

    /// Notes a price of the past where none is known.
    pub fn fill(&mut self, at: Timestamp, price: Price) {
        if let Some(slot) = self.slot(at).filter(|slot| slot.is_nan()) {
            *slot = narrow(price);
        }
    }

    /// The place of a moment, after moving on if it is ahead.
    fn slot(&mut self, at: Timestamp) -> Option<&mut f32> {
        let step = at.millis().div_euclid(STEP_MILLIS);
        if step > self.newest {
            let by = usize::try_from(step.saturating_sub(self.newest)).unwrap_or(usize::MAX).min(SPARK_POINTS);
            self.closes.rotate_left(by % SPARK_POINTS);
            self.closes[SPARK_POINTS - by..].fill(f32::NAN);
            self.newest = step;
        }
        let back = usize::try_from(self.newest - step).ok()?;
        let place = (SPARK_POINTS - 1).checked_sub(back)?;
        self.closes.get_mut(place)
    }

    /// The day up to `now`; `None` with fewer than two points.
    pub fn view(&self, now: Timestamp) -> Option<SparkView> {
        let mut spark = self.clone();
        spark.slot(now)?;
        let known = || spark.closes.iter().copied().filter(|close| !close.is_nan());
        if known().count() < 2 {
            return None;
        }
        let (low, high) = known().fold((f32::MAX, 0f32), |(low, high), close| (low.min(close), high.max(close)));
        let price = |close: f32| Price::from_f64(f64::from(close), CANDLE_DIGITS as usize);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
        let place = |close: &f32| {
            let part = if high > low { (close - low) / (high - low) } else { 0.5 };
            (!close.is_nan()).then(|| (part * 255.0).round() as u8)
        };
        Some(SparkView {
            until: Timestamp::from_millis((spark.newest + 1).saturating_mul(STEP_MILLIS)),
            step_s: u32::try_from(SPARK_STEP.as_secs()).unwrap_or(u32::MAX),
            low: price(low)?,
            high: price(high)?,
            points: spark.closes.iter().skip_while(|close| close.is_nan()).map(place).collect(),
        })
    }
}

/// A price with the digits that a candle keeps; a float this small tells them apart.
#[expect(clippy::cast_possible_truncation, reason = "six digits are kept")]
fn narrow(price: Price) -> f32 {
    let close = price.to_f64() as f32;
    // Beyond what a small float can be: not drawn.
    if close.is_normal() { close } else { f32::NAN }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(step: i64, second: i64) -> Timestamp {
        Timestamp::from_secs(step * 2_700 + second)
    }

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn points_are_places_in_the_range_and_gaps_stay() {
        let mut spark = Spark::default();
        assert_eq!(spark.view(at(100, 0)), None);
        spark.note(at(100, 0), price("0.000004498"));
        assert_eq!(spark.view(at(100, 5)), None, "one point is no course");
        spark.note(at(100, 2_699), price("0.000004499"));
        spark.note(at(101, 0), price("0.000004501"));
        spark.note(at(103, 0), price("0.0000045"));
        let view = spark.view(at(104, 10)).unwrap();
        assert_eq!(view.points, [Some(0), Some(255), None, Some(128), None]);
        assert_eq!((view.low, view.high), (price("0.000004499"), price("0.000004501")));
        assert_eq!((view.until, view.step_s), (at(105, 0), 2_700));
    }

    #[test]
    fn the_past_fills_gaps_and_nothing_else() {
        let mut spark = Spark::default();
        spark.note(at(100, 0), price("2"));
        spark.fill(at(98, 0), price("1"));
        spark.fill(at(100, 0), price("9"));
        spark.fill(at(100 - 32, 0), price("9"));
        assert_eq!(spark.view(at(100, 0)).unwrap().points, [Some(0), None, Some(255)]);
    }

    #[test]
    fn what_is_older_than_a_day_goes() {
        let mut spark = Spark::default();
        for step in 0..40 {
            spark.note(at(step, 0), price("1"));
        }
        assert_eq!(spark.view(at(39, 0)).unwrap().points, vec![Some(128); SPARK_POINTS]);
        assert_eq!(spark.view(at(39 + 30, 0)).unwrap().points.len(), SPARK_POINTS);
        assert_eq!(spark.view(at(39 + 31, 0)), None);
        assert_eq!(spark.view(at(i64::from(u32::MAX), 0)), None);
    }

    proptest! {
        #[test]
        fn never_more_points_than_allowed_and_the_range_is_touched(
            notes in proptest::collection::vec((0i64..90, 1u32..999_999), 0..120),
        ) {
            let mut spark = Spark::default();
            for (step, thousandths) in &notes {
                spark.note(at(*step, 0), Price::new(u64::from(*thousandths), -3).unwrap());
            }
            if let Some(view) = spark.view(at(90, 0)) {
                prop_assert!((2..=SPARK_POINTS).contains(&view.points.len()));
                prop_assert!(view.points[0].is_some());
                if view.low < view.high {
                    prop_assert!(view.points.contains(&Some(0)) && view.points.contains(&Some(255)));
                }
                let told = |price: Price| notes.iter().any(|(_, n)| Price::new(u64::from(*n), -3) == Some(price));
                prop_assert!(told(view.low) && told(view.high));
            }
        }
    }
}
