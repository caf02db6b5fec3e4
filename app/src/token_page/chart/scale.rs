//! From times and prices to places in the picture.

use memescope::{Candle, Interval, Timestamp};

/// How much of the height stays free above the highest and below the lowest price.
const AIR: f64 = 0.06;

/// The share of the height, from below, that prices leave to the bars of volume.
const FLOOR: f64 = 0.12;

/// How many lines stand behind the candles, about.
const LINES: f64 = 4.0;

/// The fewest slots: one candle alone does not fill the picture.
const FEWEST_SLOTS: f64 = 24.0;

/// Places of candles in a picture of a width and a height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    begin: Timestamp,
    secs: f64,
    slots: f64,
    low: f64,
    high: f64,
    width: f64,
    height: f64,
}

impl Scale {
    pub(super) fn of(candles: &[Candle], interval: Interval, width: f64, height: f64) -> Self {
        let secs = interval.secs() as f64;
        let begin = candles.first().map(|candle| candle.at).unwrap_or_default();
        let end = candles.last().map(|candle| candle.at).unwrap_or_default();
        let slots = (end.since(begin).as_secs_f64() / secs + 1.0).max(FEWEST_SLOTS);
        let low = candles.iter().map(|candle| candle.low.to_f64()).fold(f64::INFINITY, f64::min);
        let high = candles.iter().map(|candle| candle.high.to_f64()).fold(0.0, f64::max);
        // A price that never moved is a line in the middle.
        let air = if high > low { (high - low) * AIR } else { high.max(f64::MIN_POSITIVE) * AIR };
        let low = if low.is_finite() { (low - air).max(0.0) } else { 0.0 };
        Self { begin, secs, slots, low, high: high + air, width, height }
    }

    /// The width that a candle has for itself.
    pub(super) fn slot(&self) -> f64 {
        self.width / self.slots
    }

    /// The lowest and the highest price of the picture.
    pub(super) fn low(&self) -> f64 {
        self.low
    }

    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// The middle of the slot of a time.
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        (at.since(self.begin).as_secs_f64() / self.secs + 0.5) * self.slot()
    }

    /// The height of a price; higher ones are nearer to 0.
    pub(super) fn y(&self, price: f64) -> f64 {
        let span = self.high - self.low;
        let share = if span > 0.0 { (price - self.low) / span } else { 0.5 };
        self.height * (1.0 - FLOOR) * (1.0 - share)
    }
}

/// Round prices between two, at which lines are drawn.
pub(super) fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return Vec::new();
    }
    let rough = span / LINES;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
    let Some(step) = step.filter(|step| *step > 0.0) else { return Vec::new() };
    let first = (low / step).ceil();
    (0..12u32).map(|number| (first + f64::from(number)) * step).take_while(|price| *price < high).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::CandleSource;

    use super::*;

    fn candle(minute: i64, low: &str, high: &str) -> Candle {
        let (low, high) = (low.parse().unwrap(), high.parse().unwrap());
        let at = Timestamp::from_secs(minute * 60);
        Candle { at, open: low, high, low, close: high, volume_usd: None, source: CandleSource::Own }
    }

    #[test]
    fn higher_prices_stand_higher_and_later_ones_further_right() {
        let candles = [candle(0, "1", "2"), candle(40, "1.5", "3")];
        let scale = Scale::of(&candles, Interval::M1, 410.0, 100.0);
        assert!((scale.slot() - 10.0).abs() < 1e-9);
        assert!((scale.x(candles[0].at) - 5.0).abs() < 1e-9);
        assert!((scale.x(candles[1].at) - 405.0).abs() < 1e-9);
        assert!(scale.y(3.0) < scale.y(2.0) && scale.y(2.0) < scale.y(1.0));
        assert!(scale.y(3.0) > 0.0 && scale.y(1.0) < 100.0);
    }

    #[test]
    fn lines_are_at_round_prices() {
        assert_eq!(ticks(0.9, 3.1), [1.0, 2.0, 3.0]);
        assert_eq!(ticks(0.0, 10.0), [0.0, 5.0]);
        for (low, high) in [(1.0, 1.0), (f64::NAN, 1.0), (2.0, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(ticks(low, high), Vec::<f64>::new());
        }
    }

    proptest::proptest! {
        #[test]
        fn everything_lies_in_the_picture(prices in proptest::collection::vec(1e-12f64..1e6, 1..60)) {
            let price = |value: f64| memescope::Price::from_f64(value, 9).unwrap();
            let candles: Vec<Candle> = prices.iter().zip(0..).map(|(value, minute)| Candle {
                at: Timestamp::from_secs(minute * 60),
                open: price(*value), high: price(*value * 1.5), low: price(*value / 2.0), close: price(*value),
                volume_usd: None, source: CandleSource::Own,
            }).collect();
            let scale = Scale::of(&candles, Interval::M1, 876.0, 338.0);
            for candle in &candles {
                let x = scale.x(candle.at);
                proptest::prop_assert!(x > 0.0 && x < 876.0);
                for value in [candle.low, candle.high] {
                    let y = scale.y(value.to_f64());
                    proptest::prop_assert!((0.0..=338.0).contains(&y), "{y}");
                }
            }
            proptest::prop_assert!(ticks(scale.low(), scale.high()).len() <= 12);
        }
    }
}
