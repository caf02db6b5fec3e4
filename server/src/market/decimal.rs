//! How each upstream spells a number.
//!
//! The types here are written straight into the answer by serde, without a string in between.

use std::fmt;

use serde::{Serialize, Serializer};

/// A price as `DexScreener` prints it: cut, not rounded, to four significant digits below 1 and to
/// a fixed number of decimals from 1 on; never an exponent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    value: f64,
    /// Decimals from 1 on.
    decimals: u32,
}

impl Cut {
    /// The spelling of `priceUsd`.
    pub(super) fn usd(value: f64) -> Self {
        Self { value, decimals: 2 }
    }

    /// The spelling of `priceNative`, which keeps two decimals more from 1 on.
    pub(super) fn native(value: f64) -> Self {
        Self { value, decimals: 4 }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value.is_nan() || self.value <= 0.0 {
            return out.write_str("0");
        }
        if self.value >= 1.0 {
            let scale = 10_f64.powi(self.decimals.cast_signed());
            let cut = (self.value * scale * (1.0 + f64::EPSILON)).floor() / scale;
            return write!(out, "{cut:.*}", self.decimals as usize);
        }
        // Zeros after the point before the first digit that counts.
        let mut zeros: i32 = whole(-self.value.log10().floor() - 1.0).try_into().unwrap_or(0);
        let mut digits = (self.value * 10_f64.powi(zeros + 4) * (1.0 + 4.0 * f64::EPSILON)).floor();
        if digits >= 10_000.0 {
            digits /= 10.0;
            zeros -= 1;
        } else if digits < 1_000.0 {
            digits = (self.value * 10_f64.powi(zeros + 5)).floor();
            zeros += 1;
        }
        out.write_str("0.")?;
        for _ in 0..zeros {
            out.write_str("0")?;
        }
        write!(out, "{digits:04.0}")
    }
}

impl Serialize for Cut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A number as `GeckoTerminal` prints it: a string with many more digits than anyone knows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Long {
    /// About `n` significant digits, positional.
    Digits(f64, i32),
    /// The string `"NaN"`, which really occurs.
    Nan,
    /// `"1.0"`, the native currency in itself.
    One,
}

impl fmt::Display for Long {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Nan => out.write_str("NaN"),
            Self::One => out.write_str("1.0"),
            Self::Digits(0.0, _) => out.write_str("0.0"),
            Self::Digits(value, digits) => {
                let before = whole(value.abs().log10().floor()).try_into().unwrap_or(0);
                let decimals = usize::try_from((digits - 1 - before).max(1)).unwrap_or(1);
                write!(out, "{value:.decimals$}")
            }
        }
    }
}

impl Serialize for Long {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A percentage as `GeckoTerminal` prints it: a string with three decimals at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Percent(pub(super) f64);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&rounded(self.0, 3))
    }
}

/// A JSON number, printed without a fraction when it has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number(pub(super) f64);

impl Number {
    /// USD as `DexScreener` prints it: cents, and whole dollars for large sums.
    pub(super) fn usd(value: f64) -> Self {
        if value >= 1e8 { Self(rounded(value, 0)) } else { Self(rounded(value, 2)) }
    }

    /// A market cap as `DexScreener` prints it: whole dollars from ten thousand on.
    pub(super) fn cap(value: f64) -> Self {
        if value >= 1e4 { Self(rounded(value, 0)) } else { Self(rounded(value, 2)) }
    }

    /// A percentage as `DexScreener` prints it: two decimals, none from 100 on.
    pub(super) fn percent(value: f64) -> Self {
        if value.abs() >= 100.0 { Self(rounded(value, 0)) } else { Self(rounded(value, 2)) }
    }

    /// An amount of tokens: about five significant digits, whole from ten thousand on.
    pub(super) fn amount(value: f64) -> Self {
        if value >= 1e4 { Self(rounded(value, 0)) } else { Self(rounded(value, 4)) }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 9e15 {
            serializer.serialize_i64(whole(self.0))
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// The nearest value with so many decimals.
pub(super) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    let near = (value * scale).round() / scale;
    if near.is_finite() { near + 0.0 } else { value }
}

/// The whole number below a value; values beyond the range of an i64 are cut to it.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what is wanted")]
pub(super) fn whole(value: f64) -> i64 {
    value.floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_cut_as_recorded() {
        for (value, printed) in [
            (0.000_008_201_9, "0.000008201"),
            (0.000_000_222_0, "0.0000002220"),
            (0.099_999, "0.09999"),
            (0.000_1, "0.0001000"),
            (0.5, "0.5000"),
            (1.2669, "1.26"),
            (143.2015, "143.20"),
            (0.0, "0"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(Cut::usd(value).to_string(), printed, "{value}");
        }
        assert_eq!(Cut::native(81.58849).to_string(), "81.5884");
    }

    #[test]
    fn a_cut_price_is_never_above_and_never_far_below() {
        let mut value = 3.3e-17;
        while value < 1e7 {
            let printed: f64 = Cut::usd(value).to_string().parse().unwrap_or(f64::NAN);
            assert!(printed <= value * (1.0 + 1e-12), "{value} {printed}");
            let step = if value < 1.0 { 0.0011 } else { 0.0101 };
            assert!(printed >= value * (1.0 - step), "{value} {printed}");
            assert!(!Cut::usd(value).to_string().contains('e'));
            value *= 1.37;
        }
    }

    #[test]
    fn long_strings_are_positional() {
        let printed = Long::Digits(4.4e-9, 55).to_string();
        assert!(printed.len() > 50 && !printed.contains('e'), "{printed}");
        assert_eq!(Long::Digits(0.0, 15).to_string(), "0.0");
        assert_eq!(Long::Digits(-97.25, 5).to_string(), "-97.250");
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        let printed = serde_json::to_string(&[Number(182.0), Number(-0.07), Number::percent(-0.001)]);
        assert_eq!(printed.unwrap_or_default(), "[182,-0.07,0]");
    }
}
