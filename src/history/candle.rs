//! Candles: how they form out of what is seen, and how short ones make long ones.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Interval;
use crate::{Price, Timestamp};

/// The significant digits that prices of candles keep: half a millionth is less than any chart or change can show, and
/// more digits would double what a candle takes on disk.
pub const CANDLE_DIGITS: u32 = 6;

/// The window of the figure that volume is spread from.
const VOLUME_WINDOW: Duration = Duration::from_secs(300);

/// Who saw what a candle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CandleSource {
    /// GeckoTerminal's candles of one pool.
    Geckoterminal,
    /// Shorter candles of both kinds make this one up.
    Mixed,
    /// The prices of our own board.
    Own,
}

impl CandleSource {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Geckoterminal => "geckoterminal",
            Self::Mixed => "mixed",
            Self::Own => "own",
        }
    }

    /// Of two candles put together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Mixed }
    }
}

/// What happened to a price in one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// When the interval began.
    pub at: Timestamp,
    /// The first price, USD.
    pub open: Price,
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
    /// The last.
    pub close: Price,
    /// USD traded; `None` when nobody said.
    pub volume_usd: Option<f64>,
    /// Who saw it.
    pub source: CandleSource,
}

impl Candle {
    /// Takes in a candle that follows within the same longer interval.
    pub fn extend(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume_usd = sum(self.volume_usd, later.volume_usd);
        self.source = self.source.and(later.source);
    }
}

/// The sum of what is known.
fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (known, None) | (None, known) => known,
    }
}

/// A price that was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// When it was true.
    pub at: Timestamp,
    /// USD.
    pub price: Price,
    /// What was traded since the sight before, USD; see [`volume_share`].
    pub volume_usd: Option<f64>,
}

/// A candle of a minute that is not over, or of which word may still come.
///
/// Sights may come in any order: the first and the last are told by their moments, of one moment by their prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forming {
    candle: Candle,
    first: Timestamp,
    last: Timestamp,
}

impl Forming {
    /// The minute of a sight.
    pub fn new(sight: Sight) -> Self {
        let price = sight.price.rounded(CANDLE_DIGITS);
        let candle = Candle {
            at: Interval::M1.begin(sight.at),
            open: price,
            high: price,
            low: price,
            close: price,
            volume_usd: sight.volume_usd,
            source: CandleSource::Own,
        };
        Self { candle, first: sight.at, last: sight.at }
    }

    /// Takes in another sight; `false` when it is of another minute.
    pub fn fold(&mut self, sight: Sight) -> bool {
        let other = Self::new(sight);
        if other.candle.at != self.candle.at {
            return false;
        }
        let price = other.candle.open;
        let candle = &mut self.candle;
        candle.high = candle.high.max(price);
        candle.low = candle.low.min(price);
        if (sight.at, price) < (self.first, candle.open) {
            (self.first, candle.open) = (sight.at, price);
        }
        if (sight.at, price) > (self.last, candle.close) {
            (self.last, candle.close) = (sight.at, price);
        }
        candle.volume_usd = sum(candle.volume_usd, sight.volume_usd);
        true
    }

    /// The candle as it stands.
    pub fn candle(&self) -> Candle {
        self.candle
    }
}

/// What was traded between two sights, out of the volume of the five minutes before the later one.
///
/// Sources give sums over windows that move along, never trades. A trade stays in the five-minute sum for 300 s; if each
/// sight counts the share of the sum that the time since the last sight is of the window, the trade is counted once in
/// all, spread over five minutes. Where sights are further apart than the window, what was traded between is not known
/// and not guessed: the sum itself is counted, no more. A first sight counts nothing.
pub fn volume_share(before: Option<Timestamp>, at: Timestamp, m5_usd: Option<f64>) -> Option<f64> {
    let since = at.since(before?);
    let share = since.as_secs_f64() / VOLUME_WINDOW.as_secs_f64();
    Some(m5_usd? * share.min(1.0)).filter(|usd| usd.is_finite() && *usd >= 0.0)
}

/// Candles of a longer interval out of shorter ones, which come in the order of time. A gap stays a gap.
pub fn roll_up(shorter: impl IntoIterator<Item = Candle>, interval: Interval) -> Vec<Candle> {
    let mut longer: Vec<Candle> = Vec::new();
    for candle in shorter {
        let at = interval.begin(candle.at);
        match longer.last_mut() {
            Some(last) if last.at == at => last.extend(&candle),
            _ => longer.push(Candle { at, ..candle }),
        }
    }
    longer
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(thousandths: u32) -> Price {
        Price::new(u64::from(thousandths), -3).unwrap()
    }

    fn sight(second: i64, thousandths: u32, volume: Option<u32>) -> Sight {
        Sight { at: Timestamp::from_secs(second), price: price(thousandths), volume_usd: volume.map(f64::from) }
    }

    fn figures(candle: &Candle) -> [String; 4] {
        [candle.open, candle.high, candle.low, candle.close].map(|price| price.to_string())
    }

    /// Minutes out of sights, by the moment of each.
    fn minutes(sights: &[Sight]) -> Vec<Candle> {
        let mut forming: Vec<Forming> = Vec::new();
        for sight in sights {
            if !forming.iter_mut().any(|forming| forming.fold(*sight)) {
                forming.push(Forming::new(*sight));
            }
        }
        forming.sort_by_key(|forming| forming.candle.at);
        forming.iter().map(Forming::candle).collect()
    }

    #[test]
    fn a_minute_opens_with_its_first_sight_and_closes_with_its_last() {
        let candles =
            minutes(&[sight(59, 5, None), sight(60, 7, Some(10)), sight(119, 4, Some(5)), sight(90, 9, None)]);
        assert_eq!(candles.len(), 2);
        assert_eq!(figures(&candles[0]), ["0.005"; 4].map(str::to_owned));
        assert_eq!(figures(&candles[1]), ["0.007", "0.009", "0.004", "0.004"].map(str::to_owned));
        assert_eq!((candles[0].volume_usd, candles[1].volume_usd), (None, Some(15.0)));
    }

    #[test]
    fn prices_keep_six_digits() {
        let exact: Price = "0.0000044987654321".parse().unwrap();
        let candle = Forming::new(Sight { at: Timestamp::from_secs(0), price: exact, volume_usd: None }).candle();
        assert_eq!(candle.close.to_string(), "0.00000449877");
    }

    #[test]
    fn a_gap_stays_a_gap_and_mixed_candles_say_so() {
        let mut candles = minutes(&[sight(0, 1, None), sight(60, 2, None), sight(1_200, 3, None)]);
        candles[1].source = CandleSource::Geckoterminal;
        let five = roll_up(candles, Interval::M5);
        let begins: Vec<i64> = five.iter().map(|candle| candle.at.millis() / 1_000).collect();
        assert_eq!(begins, [0, 1_200]);
        assert_eq!((five[0].source, five[1].source), (CandleSource::Mixed, CandleSource::Own));
    }

    #[test]
    fn volume_is_spread_over_its_window_and_never_guessed() {
        let at = Timestamp::from_secs;
        for (before, now, m5, share) in [
            (None, 100, Some(300.0), None),
            (Some(90), 100, Some(300.0), Some(10.0)),
            (Some(0), 300, Some(300.0), Some(300.0)),
            (Some(0), 3_000, Some(300.0), Some(300.0)),
            (Some(90), 100, None, None),
            (Some(110), 100, Some(300.0), Some(0.0)),
            (Some(90), 100, Some(f64::NAN), None),
        ] {
            assert_eq!(volume_share(before.map(at), at(now), m5), share, "{before:?} {now} {m5:?}");
        }
        // One trade of 600 USD at second 1,000, seen every 20 s for as long as it is in the window.
        let m5 = |second: i64| if (1_000..1_300).contains(&second) { 600.0 } else { 0.0 };
        let shares = (1..100).map(|n| volume_share(Some(at(n * 20 - 20)), at(n * 20), Some(m5(n * 20))).unwrap());
        assert!((shares.sum::<f64>() - 600.0).abs() < 1e-9);
    }

    fn any_sights() -> impl Strategy<Value = Vec<Sight>> {
        let any = (0i64..200_000, 1u32..1_000, proptest::option::of(0u32..1_000));
        proptest::collection::vec(any.prop_map(|(second, price, volume)| sight(second, price, volume)), 1..80)
    }

    proptest! {
        #[test]
        fn the_order_of_sights_does_not_matter(
            (sights, shuffled) in any_sights().prop_flat_map(|sights| (Just(sights.clone()), Just(sights).prop_shuffle())),
        ) {
            prop_assert_eq!(minutes(&sights), minutes(&shuffled));
        }

        #[test]
        fn a_candle_holds_its_open_and_close(sights in any_sights()) {
            for interval in Interval::ALL {
                for candle in roll_up(minutes(&sights), interval) {
                    prop_assert!(candle.low <= candle.open.min(candle.close));
                    prop_assert!(candle.high >= candle.open.max(candle.close));
                    prop_assert_eq!(interval.begin(candle.at), candle.at);
                }
            }
        }

        #[test]
        fn steps_lead_where_one_leap_does(sights in any_sights()) {
            let minutes = minutes(&sights);
            let hours = roll_up(roll_up(minutes.clone(), Interval::M15), Interval::H1);
            prop_assert_eq!(&hours, &roll_up(minutes.clone(), Interval::H1));
            prop_assert_eq!(roll_up(hours, Interval::D1), roll_up(minutes, Interval::D1));
        }

        #[test]
        fn a_long_candle_is_what_all_its_sights_make(sights in any_sights()) {
            for candle in roll_up(minutes(&sights), Interval::H1) {
                let mut within: Vec<&Sight> =
                    sights.iter().filter(|sight| Interval::H1.begin(sight.at) == candle.at).collect();
                within.sort_by_key(|sight| (sight.at, sight.price));
                prop_assert_eq!(candle.open, within.first().unwrap().price);
                prop_assert_eq!(candle.close, within.last().unwrap().price);
                prop_assert_eq!(candle.high, within.iter().map(|sight| sight.price).max().unwrap());
                prop_assert_eq!(candle.low, within.iter().map(|sight| sight.price).min().unwrap());
                let volume = within.iter().filter_map(|sight| sight.volume_usd).reduce(|a, b| a + b);
                prop_assert_eq!(candle.volume_usd, volume);
            }
        }
    }
}
