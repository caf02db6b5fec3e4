//! A unit price as an exact decimal.
//!
//! Meme prices reach far below what a fixed scale can hold, and a float loses the source's digits. A [`Price`] is a
//! mantissa of at most 18 digits and a power of ten; it is parsed from and printed to text without passing through a
//! float. Zero, negative, `NaN` and infinite prices do not exist: a source that says such a thing said nothing.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most significant digits a price keeps; longer inputs are rounded half up.
const MAX_DIGITS: u32 = 18;

/// A positive decimal: `mantissa × 10^exponent`, the mantissa without trailing zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    mantissa: NonZeroU64,
    exponent: i8,
}

/// Why a text is not a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not a plain decimal number (also `NaN`, `Infinity`, an empty text).
    #[error("not a decimal number")]
    NotANumber,
    /// Zero says nothing about what a token costs.
    #[error("a price cannot be zero")]
    Zero,
    /// Below zero.
    #[error("a price cannot be negative")]
    Negative,
    /// More magnitude than any price has.
    #[error("out of range")]
    OutOfRange,
}

impl Price {
    /// Builds `mantissa × 10^exponent`; `None` when zero or out of range.
    pub fn new(mantissa: u64, exponent: i32) -> Option<Self> {
        let (mut mantissa, mut exponent) = (NonZeroU64::new(mantissa)?.get(), exponent);
        while mantissa >= 10u64.pow(MAX_DIGITS) {
            let tail = mantissa % 10;
            mantissa = mantissa / 10 + u64::from(tail >= 5);
            exponent += 1;
        }
        while mantissa.is_multiple_of(10) {
            mantissa /= 10;
            exponent += 1;
        }
        Some(Self { mantissa: NonZeroU64::new(mantissa)?, exponent: i8::try_from(exponent).ok()? })
    }

    /// Rounds a positive float to `digits` significant digits; `None` for zero, negative or non-finite values.
    pub fn from_f64(value: f64, digits: usize) -> Option<Self> {
        if !value.is_finite() || value <= 0.0 {
            return None;
        }
        format!("{:.*e}", digits.clamp(1, 17) - 1, value).parse().ok()
    }

    /// The price with at most `digits` significant digits, rounded half up.
    #[must_use]
    pub fn rounded(self, digits: u32) -> Self {
        let surplus = self.digits().saturating_sub(digits.max(1));
        if surplus == 0 {
            return self;
        }
        let unit = 10u64.pow(surplus);
        let mantissa = self.mantissa() / unit + u64::from(self.mantissa() % unit >= unit / 2);
        let exponent = i32::from(self.exponent).saturating_add(surplus.cast_signed());
        // At the very end of the range there is nothing to round to.
        Self::new(mantissa, exponent).unwrap_or(self)
    }

    /// The mantissa, without trailing zeros.
    pub fn mantissa(self) -> u64 {
        self.mantissa.get()
    }

    /// The power of ten.
    pub fn exponent(self) -> i8 {
        self.exponent
    }

    /// The nearest float, for ranking and ratios.
    pub fn to_f64(self) -> f64 {
        let mantissa = self.mantissa() as f64;
        let exponent = i32::from(self.exponent);
        // A power of ten up to 22 is exact in a float, so one correctly rounded operation gives the nearest value.
        if (-22..=22).contains(&exponent) && self.mantissa() < (1 << 53) {
            if exponent < 0 { mantissa / 10f64.powi(-exponent) } else { mantissa * 10f64.powi(exponent) }
        } else {
            self.to_string().parse().unwrap_or(mantissa * 10f64.powi(exponent))
        }
    }

    /// One unit of the last printed digit, as a float.
    pub fn last_digit_unit(self) -> f64 {
        10f64.powi(i32::from(self.exponent))
    }

    /// How many significant digits the price has.
    pub fn digits(self) -> u32 {
        self.mantissa.ilog10() + 1
    }

    /// The power of ten of the first digit.
    fn magnitude(self) -> i32 {
        i32::try_from(self.mantissa.ilog10()).unwrap_or(0) + i32::from(self.exponent)
    }
}

impl FromStr for Price {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (number, power) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], parse_power(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
        let fraction = match fraction {
            Some("") => return Err(PriceError::NotANumber),
            Some(part) => part,
            None => "",
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(PriceError::NotANumber);
        }
        let fraction_digits = i32::try_from(fraction.len()).map_err(|_| PriceError::OutOfRange)?;
        let mut exponent = power.checked_sub(fraction_digits).ok_or(PriceError::OutOfRange)?;
        let mut mantissa = 0u64;
        let mut dropped: Option<u8> = None;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if mantissa >= 10u64.pow(MAX_DIGITS - 1) {
                dropped.get_or_insert(byte - b'0');
                exponent += 1;
            } else {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
            }
        }
        if mantissa == 0 {
            return Err(PriceError::Zero);
        }
        if negative {
            return Err(PriceError::Negative);
        }
        if dropped.is_some_and(|digit| digit >= 5) {
            mantissa += 1;
        }
        Self::new(mantissa, exponent).ok_or(PriceError::OutOfRange)
    }
}

fn parse_power(text: &str) -> Result<i32, PriceError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PriceError::NotANumber);
    }
    let power: i32 = text.parse().map_err(|_| PriceError::OutOfRange)?;
    if power.abs() > 1_000 { Err(PriceError::OutOfRange) } else { Ok(power) }
}

impl fmt::Display for Price {
    /// Prints the whole number positionally, never with an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.to_string();
        let exponent = i32::from(self.exponent);
        if exponent >= 0 {
            f.write_str(&digits)?;
            return (0..exponent).try_for_each(|_| f.write_str("0"));
        }
        let places = exponent.unsigned_abs() as usize;
        if let Some(whole) = digits.len().checked_sub(places).filter(|whole| *whole > 0) {
            write!(f, "{}.{}", &digits[..whole], &digits[whole..])
        } else {
            f.write_str("0.")?;
            (digits.len()..places).try_for_each(|_| f.write_str("0"))?;
            f.write_str(&digits)
        }
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Price({self})")
    }
}

impl Ord for Price {
    fn cmp(&self, other: &Self) -> Ordering {
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            // Equal magnitude: the exponents differ by fewer than 18, so both mantissas fit once aligned.
            let low = self.exponent.min(other.exponent);
            let align = |price: &Self| {
                let shift = u32::from(price.exponent.abs_diff(low));
                u128::from(price.mantissa()) * 10u128.pow(shift)
            };
            align(self).cmp(&align(other))
        })
    }
}

impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.mantissa(), self.exponent).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_str(DecimalText);
        }
        let (mantissa, exponent) = <(u64, i8)>::deserialize(deserializer)?;
        Self::new(mantissa, exponent.into()).ok_or_else(|| de::Error::custom("not a price"))
    }
}

/// Reads a price from its text.
struct DecimalText;

impl Visitor<'_> for DecimalText {
    type Value = Price;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number as text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Price, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn prints_what_it_parsed_without_exponent() {
        for (text, printed) in [
            ("1", "1"),
            ("0.8421", "0.8421"),
            ("1e3", "1000"),
            ("4.492e-6", "0.000004492"),
            ("4.49E-06", "0.00000449"),
            ("00012.500", "12.5"),
            ("0.00000000000000000000000000000123456", "0.00000000000000000000000000000123456"),
            ("123456789012345678901", "123456789012345679000"),
            ("0.999999999999999999949", "1"),
            ("1.99999999999999999999", "2"),
        ] {
            assert_eq!(price(text).to_string(), printed, "{text}");
        }
    }

    #[test]
    fn rounds_to_digits() {
        for (text, digits, rounded) in [
            ("123456", 6, "123456"),
            ("1234567", 6, "1234570"),
            ("0.0000044987654321", 3, "0.0000045"),
            ("0.9999996", 6, "1"),
            ("123.4565", 6, "123.457"),
            ("5", 0, "5"),
        ] {
            assert_eq!(price(text).rounded(digits).to_string(), rounded, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_positive_decimal() {
        use PriceError::{Negative, NotANumber, OutOfRange, Zero};
        for (text, error) in [
            ("", NotANumber),
            ("NaN", NotANumber),
            ("Infinity", NotANumber),
            ("0x1", NotANumber),
            (".5", NotANumber),
            ("5.", NotANumber),
            ("1e", NotANumber),
            (" 1", NotANumber),
            ("1_000", NotANumber),
            ("+1", NotANumber),
            ("0", Zero),
            ("0.000", Zero),
            ("-0.0", Zero),
            ("-1.5", Negative),
            ("1e400", OutOfRange),
            ("1e-400", OutOfRange),
            ("1e99999999999", OutOfRange),
        ] {
            assert_eq!(text.parse::<Price>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_comes_back_from_text_and_from_bytes(mantissa in 1u64..10u64.pow(18), exponent in -100i32..100) {
            let price = Price::new(mantissa, exponent).unwrap();
            let text = serde_json::to_string(&price).unwrap();
            prop_assert_eq!(&text, &format!("\"{price}\""));
            prop_assert_eq!(serde_json::from_str::<Price>(&text).unwrap(), price);
            let bytes = postcard::to_allocvec(&price).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Price>(&bytes).unwrap(), price);
            prop_assert!(postcard::from_bytes::<Price>(&[0, 0]).is_err(), "no price is 0");
        }

        #[test]
        fn text_round_trips(mantissa in 1u64..10u64.pow(18), exponent in -60i32..60) {
            let original = Price::new(mantissa, exponent).unwrap();
            prop_assert_eq!(original.to_string().parse::<Price>().unwrap(), original);
            let json = serde_json::to_string(&original).unwrap();
            prop_assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), original);
        }

        #[test]
        fn order_is_that_of_the_values(a in 1u64..1_000_000, b in 1u64..1_000_000, e in -12i32..6, f in -12i32..6) {
            let (left, right) = (Price::new(a, e).unwrap(), Price::new(b, f).unwrap());
            let exact = |digits: u64, power: i32| u128::from(digits) * 10u128.pow((power + 12).unsigned_abs());
            prop_assert_eq!(left.cmp(&right), exact(a, e).cmp(&exact(b, f)));
        }

        #[test]
        fn float_is_the_nearest(text in "[1-9][0-9]{0,8}\\.[0-9]{0,8}[1-9]") {
            prop_assert_eq!(price(&text).to_f64().to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
    }
}
