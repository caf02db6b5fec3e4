//! Seven days in a row: no source tells them, so they come out of what we kept.
//!
//! **Change** needs the price of seven days ago. The [`Mark`] that the history keeps of each hour gives it, at most
//! [`TOLERANCE`] older than seven days at the end of the last whole hour; without one the change is unknown. A market
//! that is younger has its change since launch, marked as a partial window, as the sources' own windows are.
//!
//! **Volume** is the sum of seven daily sums: the one shown now, and those that were shown one to six days ago at the
//! same time of day. Each is a source's own figure, so the seven lie end to end over the week, and none is left out or
//! guessed: one that was not seen within two hours of its time makes the week unknown. A sum over pools and a figure
//! of the whole token are never added. GeckoTerminal's candles are of one pool, and never count as the token's.

use std::time::Duration;

use crate::merge::{to_cents, to_hundredths};
use crate::{Field, FieldProvenance, Price, Timestamp, Token, VolumeScope, Window};

/// Marks are of whole hours; one may be this much older than it should be.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(2 * 3_600);

/// A price this soon after the birth of a token is that of its launch.
const LAUNCH: Duration = Duration::from_secs(600);

const DAY: Duration = Window::H24.duration();

/// A price at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// USD.
    pub price: Price,
}

/// The volume of the day before a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayVolume {
    /// USD.
    pub usd: f64,
    /// What it was summed over.
    pub scope: VolumeScope,
}

/// What the history knows about a token's last seven days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Week {
    /// What it cost seven days ago.
    pub base: Option<Mark>,
    /// The first price that is known of it.
    pub first: Option<Mark>,
    /// What was traded in a day, as shown one day ago, two days ago, …, six.
    pub days: [Option<DayVolume>; 6],
}

impl Week {
    /// The hour at whose end a week began that ends with the hour `last`; hours are counted from 1970.
    pub const fn base_hour(last: i64) -> i64 {
        last - 7 * 24
    }

    /// The hour at whose end the daily sum of so many days ago was shown.
    pub const fn day_hour(last: i64, days_ago: i64) -> i64 {
        last - days_ago * 24
    }

    /// How many hours earlier than it should be a mark may lie.
    pub const fn spare_hours() -> i64 {
        TOLERANCE.as_secs().cast_signed() / 3_600
    }

    /// Puts the figures of seven days into a row.
    pub fn tell(&self, row: &mut Token, now: Timestamp) {
        let change = self.change(row, now);
        let volume = self.volume(row, now);
        if change.is_none() && volume.is_none() {
            return;
        }
        let mut provenance = (*row.provenance).clone();
        let mut origin = |field, of| {
            let observed_at = provenance.fields.get(&of).map_or(now, |origin| origin.observed_at);
            provenance.fields.insert(field, FieldProvenance::from_history(observed_at));
        };
        if let Some((percent, partial)) = change {
            row.change_pct.d7 = Some(percent);
            if partial && !row.partial_windows.contains(&Window::D7) {
                row.partial_windows.push(Window::D7);
            }
            origin(Field::ChangePctD7, Field::PriceUsd);
        }
        if let Some(usd) = volume {
            row.volume_usd.d7 = Some(usd);
            origin(Field::VolumeUsdD7, Field::VolumeUsd);
        }
        row.provenance = provenance.into();
    }

    /// Percent, and whether it is since launch.
    fn change(&self, row: &Token, now: Timestamp) -> Option<(f64, bool)> {
        let price = row.price_usd?.to_f64();
        let since = |mark: Mark| to_hundredths((price / mark.price.to_f64() - 1.0) * 100.0);
        if let Some(base) = self.base {
            return Some((since(base), false)).filter(|(percent, _)| percent.is_finite());
        }
        if let Some(day) = row.change_pct.h24.filter(|_| row.partial_windows.contains(&Window::H24)) {
            // Since launch over a day is since launch over a week.
            return Some((day, true));
        }
        let born = row.created_at.filter(|born| now.since(*born) < Window::D7.duration())?;
        let launch = self.first.filter(|first| first.at <= born.plus(LAUNCH))?;
        Some((since(launch), true)).filter(|(percent, _)| percent.is_finite())
    }

    /// USD.
    fn volume(&self, row: &Token, now: Timestamp) -> Option<f64> {
        let today = row.volume_usd.h24?;
        let days = row.created_at.map_or(self.days.len(), |born| {
            // Before its birth nothing was traded.
            usize::try_from(now.since(born).as_secs() / DAY.as_secs()).unwrap_or(usize::MAX)
        });
        let before = self.days.iter().take(days).map(|day| day.filter(|day| day.scope == row.volume_scope));
        let before: Option<f64> = before.map(|day| day.map(|day| day.usd)).sum();
        Some(to_cents(today + before?)).filter(|usd| usd.is_finite())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::{NOON, token_id};
    use crate::{FieldSource, Provenance, Source};

    fn days_ago(days: u64) -> Timestamp {
        NOON.minus(DAY * u32::try_from(days).unwrap())
    }

    fn mark(at: Timestamp, price: &str) -> Mark {
        Mark { at, price: price.parse().unwrap() }
    }

    fn day(usd: f64) -> DayVolume {
        DayVolume { usd, scope: VolumeScope::Pools }
    }

    /// A row that costs 3 USD and traded 100 in a day, born so many days ago.
    fn row(age: Option<u64>) -> Token {
        let mut row = Token::new(token_id(1), NOON);
        row.price_usd = "3".parse().ok();
        row.change_pct.h24 = Some(-4.0);
        row.volume_usd.h24 = Some(100.0);
        row.volume_scope = VolumeScope::Pools;
        row.created_at = age.map(days_ago);
        let mut provenance = Provenance::default();
        provenance.fields.insert(Field::PriceUsd, FieldProvenance::plain(Source::Jupiter, NOON.minus(DAY / 24)));
        row.provenance = Arc::new(provenance);
        row
    }

    fn told(week: Week, mut row: Token) -> (Option<f64>, bool, Option<f64>) {
        week.tell(&mut row, NOON);
        (row.change_pct.d7, row.partial_windows.contains(&Window::D7), row.volume_usd.d7)
    }

    #[test]
    fn a_change_needs_a_price_of_seven_days_ago_or_of_the_launch() {
        let base = Week { base: Some(mark(days_ago(7), "2")), ..Week::default() };
        let launched = |seconds| Week {
            first: Some(mark(days_ago(3).plus(Duration::from_secs(seconds)), "2")),
            ..Week::default()
        };
        for (case, week, row, change, partial) in [
            ("nothing is known", Week::default(), row(Some(30)), None, false),
            ("a week ago", base, row(Some(30)), Some(50.0), false),
            ("a week ago, age unknown", base, row(None), Some(50.0), false),
            ("since launch", launched(600), row(Some(3)), Some(50.0), true),
            ("first seen too late", launched(601), row(Some(3)), None, false),
            ("first seen on an old token", launched(0), row(Some(30)), None, false),
        ] {
            let (d7, is_partial, _) = told(week, row);
            assert_eq!((d7, is_partial), (change, partial), "{case}");
        }
        let mut newborn = row(Some(0));
        newborn.partial_windows = vec![Window::H6, Window::H24];
        assert_eq!(told(Week::default(), newborn).0, Some(-4.0), "all windows are the time since launch");
        let mut priceless = row(Some(30));
        priceless.price_usd = None;
        assert_eq!(told(base, priceless).0, None);
    }

    #[test]
    fn a_volume_is_seven_daily_sums_or_nothing() {
        let days = |known: usize| Week {
            days: std::array::from_fn(|place| (place < known).then(|| day(10.0))),
            ..Week::default()
        };
        for (case, week, row, volume) in [
            ("six days before", days(6), row(Some(30)), Some(160.0)),
            ("one is missing", days(5), row(Some(30)), None),
            ("age unknown", days(5), row(None), None),
            ("three days old", days(3), row(Some(3)), Some(130.0)),
            ("three days old, one missing", days(2), row(Some(3)), None),
            ("born today", days(0), row(Some(0)), Some(100.0)),
        ] {
            assert_eq!(told(week, row).2, volume, "{case}");
        }
        let mut whole = row(Some(30));
        whole.volume_scope = VolumeScope::Token;
        assert_eq!(told(days(6), whole).2, None, "scopes are not added");
        let mut unknown = row(Some(30));
        unknown.volume_usd.h24 = None;
        assert_eq!(told(days(6), unknown).2, None);
    }

    #[test]
    fn the_origin_is_the_history_as_of_the_price() {
        let mut row = row(Some(30));
        Week { base: Some(mark(days_ago(7), "2")), ..Week::default() }.tell(&mut row, NOON);
        let origin = row.provenance.fields.get(&Field::ChangePctD7).unwrap();
        assert_eq!((origin.source, origin.observed_at), (FieldSource::History, NOON.minus(DAY / 24)));
        assert_eq!(row.provenance.fields.get(&Field::VolumeUsdD7), None);
    }
}
