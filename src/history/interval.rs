//! How long a candle lasts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Timestamp;

/// The length of a candle. Candles begin at whole multiples of it since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// A quarter of an hour.
    M15,
    /// One hour.
    H1,
    /// Four hours.
    H4,
    /// One day.
    D1,
}

impl Interval {
    /// Every interval, shortest first.
    pub const ALL: [Self; 6] = [Self::M1, Self::M5, Self::M15, Self::H1, Self::H4, Self::D1];

    /// Those whose candles are kept; the others are put together when they are read.
    pub const KEPT: [Self; 4] = [Self::M1, Self::M15, Self::H1, Self::D1];

    /// The name in addresses: `15m`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::H1 => "1h",
            Self::H4 => "4h",
            Self::D1 => "1d",
        }
    }

    /// The length in seconds.
    pub const fn secs(self) -> i64 {
        match self {
            Self::M1 => 60,
            Self::M5 => 300,
            Self::M15 => 900,
            Self::H1 => 3_600,
            Self::H4 => 14_400,
            Self::D1 => 86_400,
        }
    }

    /// The length.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.secs().unsigned_abs())
    }

    /// The kept interval that its candles are made of: itself, where it is kept.
    #[must_use]
    pub const fn base(self) -> Self {
        match self {
            Self::M1 | Self::M5 => Self::M1,
            Self::M15 => Self::M15,
            Self::H1 | Self::H4 => Self::H1,
            Self::D1 => Self::D1,
        }
    }

    /// How long its candles are kept: two days of minutes, two weeks of quarters, a season of hours, two years of days.
    pub const fn kept_for(self) -> Duration {
        let days = match self.base() {
            Self::M15 => 14,
            Self::H1 => 90,
            Self::D1 => 730,
            _ => 2,
        };
        Duration::from_secs(days * 86_400)
    }

    /// When the candle that holds a moment begins.
    pub const fn begin(self, at: Timestamp) -> Timestamp {
        Timestamp::from_secs(at.millis().div_euclid(self.secs() * 1_000) * self.secs())
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an interval")]
pub struct IntervalError;

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        Self::ALL.into_iter().find(|interval| interval.name() == text).ok_or(IntervalError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candle_begins_at_a_multiple_of_its_length() {
        let moment = Timestamp::from_millis(1_795_384_503_412);
        for (interval, begin) in [
            (Interval::M1, "2026-11-22T21:55:00Z"),
            (Interval::M5, "2026-11-22T21:55:00Z"),
            (Interval::M15, "2026-11-22T21:45:00Z"),
            (Interval::H1, "2026-11-22T21:00:00Z"),
            (Interval::H4, "2026-11-22T20:00:00Z"),
            (Interval::D1, "2026-11-22T00:00:00Z"),
        ] {
            assert_eq!(Ok(interval.begin(moment)), begin.parse(), "{interval}");
            assert_eq!(interval.begin(interval.begin(moment)), interval.begin(moment));
            assert_eq!(interval.name().parse(), Ok(interval));
        }
        assert_eq!("2m".parse::<Interval>(), Err(IntervalError));
    }

    #[test]
    fn what_is_put_together_on_read_fits_what_is_kept() {
        for interval in Interval::ALL {
            assert_eq!(interval.secs() % interval.base().secs(), 0);
            assert!(Interval::KEPT.contains(&interval.base()));
            assert_eq!(Interval::KEPT.contains(&interval), interval == interval.base());
        }
    }
}
