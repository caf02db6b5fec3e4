//! Sums in USD, changes in percent, counts.

use crate::format::push_grouped;

/// The names of a thousand, a million and so on.
const UNITS: [char; 4] = ['K', 'M', 'B', 'T'];

/// Changes within this many percent of zero print as none.
const NEUTRAL_PCT: f64 = 0.05;

/// From this many percent on a rise prints as a multiple.
const MULTIPLE_PCT: f64 = 1_000.0;

/// Which way a figure moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It rose.
    Up,
    /// It fell.
    Down,
    /// It hardly moved.
    Flat,
}

impl Direction {
    /// `up`, `down`, `flat`: a word of the style sheet and of speech.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Flat => "flat",
        }
    }
}

/// A change as it is shown and spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which way.
    pub direction: Direction,
    /// `↑2.8%`, `·0.0%`, `↑12.4×`.
    pub text: String,
    /// `up 2.8 percent`.
    pub spoken: String,
}

/// A change in percent; `None` for what is not a number.
pub fn change(pct: f64) -> Option<Change> {
    if !pct.is_finite() {
        return None;
    }
    let size = pct.abs();
    if size < NEUTRAL_PCT {
        let (text, spoken) = ("·0.0%".to_owned(), "unchanged".to_owned());
        return Some(Change { direction: Direction::Flat, text, spoken });
    }
    let (direction, arrow) = if pct > 0.0 { (Direction::Up, '↑') } else { (Direction::Down, '↓') };
    let (number, sign, unit) = if size >= MULTIPLE_PCT && pct > 0.0 {
        (short_number(size / 100.0 + 1.0), "×", " times")
    } else {
        (short_number(size), "%", " percent")
    };
    let (text, spoken) = (format!("{arrow}{number}{sign}"), format!("{} {number}{unit}", direction.name()));
    Some(Change { direction, text, spoken })
}

/// One decimal below a hundred, none from there on.
fn short_number(value: f64) -> String {
    let tenths = whole(value * 10.0);
    let mut text = String::new();
    if tenths < 1_000 {
        push_grouped(&mut text, tenths / 10);
        text.push('.');
        text.push(digit(tenths % 10));
    } else {
        push_grouped(&mut text, whole(value));
    }
    text
}

/// A sum in USD with four digits at most: `$787.9K`, `$19.83M`; `None` for what is not a number.
pub fn usd(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let mut text = String::from(if value < 0.0 { "−$" } else { "$" });
    text.push_str(&compact(value.abs()));
    Some(text)
}

/// A whole bound in USD without idle decimals, for labels: `$10K`, `$2.5M`.
pub fn floor(value: f64) -> String {
    let mut text = usd(value).unwrap_or_default();
    let unit = text.pop().filter(|last| {
        last.is_ascii_alphabetic() || {
            text.push(*last);
            false
        }
    });
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text.extend(unit);
    text
}

fn compact(value: f64) -> String {
    let (mut scaled, mut unit) = (value, None);
    for name in UNITS {
        // What would print as 1000 belongs to the next unit.
        if scaled < 999.95 {
            break;
        }
        scaled /= 1_000.0;
        unit = Some(name);
    }
    let mut text = String::new();
    let cents = whole(scaled * 100.0);
    if cents < 10_000 {
        push_grouped(&mut text, cents / 100);
        text.push('.');
        text.push(digit(cents / 10 % 10));
        text.push(digit(cents % 10));
    } else {
        let tenths = whole(scaled * 10.0);
        push_grouped(&mut text, tenths / 10);
        text.push('.');
        text.push(digit(tenths % 10));
    }
    text.extend(unit);
    text
}

/// A count with groups of three digits; from ten million on with a unit.
pub fn count(number: u64) -> String {
    if number >= 10_000_000 {
        return compact(number as f64);
    }
    let mut text = String::new();
    push_grouped(&mut text, number);
    text
}

/// The nearest whole number, half up; negative ones and what is not a number are 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float stays in range")]
fn whole(value: f64) -> u64 {
    (value + 0.5) as u64
}

fn digit(number: u64) -> char {
    u8::try_from(number % 10).map_or('0', |digit| char::from(b'0' + digit))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_have_at_most_four_digits() {
        for (value, expected) in [
            (0.0, "$0.00"),
            (0.42, "$0.42"),
            (12.3, "$12.30"),
            (99.996, "$100.0"),
            (412.34, "$412.3"),
            (999.94, "$999.9"),
            (999.96, "$1.00K"),
            (9_560.0, "$9.56K"),
            (92_830.0, "$92.83K"),
            (787_900.0, "$787.9K"),
            (999_960.0, "$1.00M"),
            (19_830_000.0, "$19.83M"),
            (111_500_000.0, "$111.5M"),
            (4.2e9, "$4.20B"),
            (1.5e12, "$1.50T"),
            (1.2345e15, "$1,234.5T"),
            (-1_500.0, "−$1.50K"),
        ] {
            assert_eq!(usd(value).unwrap(), expected, "{value}");
        }
        assert_eq!((usd(f64::NAN), usd(f64::INFINITY)), (None, None));
    }

    #[test]
    fn a_bound_has_no_idle_decimals() {
        for (value, expected) in
            [(10_000.0, "$10K"), (2_500_000.0, "$2.5M"), (0.0, "$0"), (100_000.0, "$100K"), (50.5, "$50.5")]
        {
            assert_eq!(floor(value), expected);
        }
    }

    #[test]
    fn changes_have_an_arrow_and_words() {
        for (pct, text, spoken) in [
            (2.8, "↑2.8%", "up 2.8 percent"),
            (-12.6, "↓12.6%", "down 12.6 percent"),
            (0.049, "·0.0%", "unchanged"),
            (-0.049, "·0.0%", "unchanged"),
            (0.05, "↑0.1%", "up 0.1 percent"),
            (99.94, "↑99.9%", "up 99.9 percent"),
            (99.96, "↑100%", "up 100 percent"),
            (232.4, "↑232%", "up 232 percent"),
            (1_140.0, "↑12.4×", "up 12.4 times"),
            (1_234_000.0, "↑12,341×", "up 12,341 times"),
            (-100.0, "↓100%", "down 100 percent"),
        ] {
            let change = change(pct).unwrap();
            assert_eq!((change.text.as_str(), change.spoken.as_str()), (text, spoken), "{pct}");
        }
        assert_eq!(change(f64::NAN), None);
    }

    #[test]
    fn counts_are_grouped() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_731, "1,731"),
            (212_123, "212,123"),
            (9_999_999, "9,999,999"),
            (12_340_000, "12.34M"),
        ] {
            assert_eq!(count(number), expected);
        }
    }

    proptest! {
        #[test]
        fn a_sum_is_never_longer_than_its_column(value in 0.0f64..9.9994e14) {
            prop_assert!(usd(value).unwrap().len() <= 7, "{}", usd(value).unwrap());
        }

        #[test]
        fn a_change_shows_its_direction(pct in -100.0f64..1e7) {
            let change = change(pct).unwrap();
            let arrow = change.text.chars().next().unwrap();
            let expected = if pct.abs() < NEUTRAL_PCT { '·' } else if pct > 0.0 { '↑' } else { '↓' };
            prop_assert_eq!(arrow, expected);
        }
    }
}
