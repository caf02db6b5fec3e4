//! A unit price as a person reads it.
//!
//! From 1,000 on two decimals, from 1 on two to four, below 1 at most four significant digits. Four or more zeros after
//! the point are counted: `0.00000614` is `$0.0`, a small 5, `614`. The count is that of *all* zeros between the point
//! and the first significant digit.

use crate::Price;
use crate::format::push_grouped;

/// From how many zeros after the point on they are counted instead of written.
const COUNTED_ZEROS: usize = 4;

/// The most significant digits of a price below 1.
const SMALL_DIGITS: u32 = 4;

/// A price cut into the parts of its markup.
///
/// Without `zeros` the whole text is `lead`. With them it reads `lead`, then `zeros` in small print, then `digits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceText {
    /// `$0.8421`, or `$0.0` before a count.
    pub lead: String,
    /// How many zeros stand between the point and the first significant digit, where they are counted.
    pub zeros: Option<usize>,
    /// The significant digits after a count; empty without one.
    pub digits: String,
}

impl PriceText {
    /// The rounded price without abbreviation: `$0.00000614`. What is spoken and copied.
    pub fn plain(&self) -> String {
        let Some(zeros) = self.zeros else { return self.lead.clone() };
        let mut text = String::from("$0.");
        text.extend(std::iter::repeat_n('0', zeros));
        text.push_str(&self.digits);
        text
    }
}

/// A price cut into the parts of its markup.
///
/// ```
/// let text = |price: &str| memescope::format::price(price.parse().unwrap());
/// let small = text("0.00000614");
/// assert_eq!((small.lead.as_str(), small.zeros, small.digits.as_str()), ("$0.0", Some(5), "614"));
/// assert_eq!(text("0.00000003").zeros, Some(7));
/// assert_eq!(text("0.0000999999").lead, "$0.0001");
/// ```
pub fn price(price: Price) -> PriceText {
    let rounded = if price < one() { round_to_digits(price, SMALL_DIGITS) } else { price };
    let whole = |lead| PriceText { lead, zeros: None, digits: String::new() };
    if rounded >= one() {
        return whole(above_one(rounded));
    }
    let digits = rounded.mantissa().to_string();
    let zeros = usize::from(rounded.exponent().unsigned_abs()) - digits.len();
    if zeros >= COUNTED_ZEROS {
        return PriceText { lead: "$0.0".to_owned(), zeros: Some(zeros), digits };
    }
    let mut text = String::from("$0.");
    text.extend(std::iter::repeat_n('0', zeros));
    text.push_str(&digits);
    whole(text)
}

fn one() -> Price {
    Price::new(1, 0).expect("one is a price")
}

/// The price with at most `digits` significant digits, half up; a carry may add a place.
fn round_to_digits(price: Price, digits: u32) -> Price {
    let surplus = price.digits().saturating_sub(digits);
    if surplus == 0 {
        return price;
    }
    let unit = 10u64.pow(surplus);
    let kept = (price.mantissa() + unit / 2) / unit;
    let exponent = i32::from(price.exponent()) + i32::try_from(surplus).unwrap_or(0);
    Price::new(kept, exponent).unwrap_or(price)
}

/// Prints a price of 1 or more: two decimals from 1,000 on, else two to four.
fn above_one(price: Price) -> String {
    let four = decimals(price, 4);
    let (whole, fraction) = if four.0 >= 1_000 { decimals(price, 2) } else { four };
    let mut text = String::from("$");
    push_grouped(&mut text, whole);
    text.push('.');
    let kept = fraction.trim_end_matches('0');
    text.push_str(if kept.len() < 2 { &fraction[..2] } else { kept });
    text
}

/// The whole part and `places` decimals, half up. Beyond what a `u64` holds the whole part stays at its limit.
fn decimals(price: Price, places: usize) -> (u64, String) {
    let exponent = i32::from(price.exponent());
    let Ok(places_i32) = i32::try_from(places) else { return (price.mantissa(), String::new()) };
    if exponent >= 0 {
        let whole = 10u64.checked_pow(exponent.unsigned_abs()).and_then(|unit| price.mantissa().checked_mul(unit));
        return (whole.unwrap_or(u64::MAX), "0".repeat(places));
    }
    let dropped = (-exponent - places_i32).max(0).unsigned_abs();
    let kept = match 10u64.checked_pow(dropped) {
        Some(unit) => (price.mantissa() + unit / 2) / unit,
        None => 0,
    };
    let shown = (exponent + i32::try_from(dropped).unwrap_or(0)).unsigned_abs();
    let unit = 10u64.checked_pow(shown).unwrap_or(u64::MAX);
    let mut fraction = format!("{:0width$}", kept % unit, width = shown as usize);
    fraction.extend(std::iter::repeat_n('0', places.saturating_sub(fraction.len())));
    (kept / unit, fraction)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let PriceText { lead, zeros, digits } = price(text.parse().unwrap());
        zeros.map_or(lead.clone(), |zeros| format!("{lead}({zeros}){digits}"))
    }

    #[test]
    fn prints_by_magnitude() {
        for (text, expected) in [
            ("104231.4", "$104,231.40"),
            ("1234567.895", "$1,234,567.90"),
            ("1000", "$1,000.00"),
            ("999.99996", "$1,000.00"),
            ("999.9999", "$999.9999"),
            ("999.99994", "$999.9999"),
            ("152.375", "$152.375"),
            ("12.5", "$12.50"),
            ("12.50001", "$12.50"),
            ("1", "$1.00"),
            ("1.2345678", "$1.2346"),
            ("1.23455", "$1.2346"),
            ("0.99996", "$1.00"),
            ("0.99994", "$0.9999"),
            ("0.8421", "$0.8421"),
            ("0.84215", "$0.8422"),
            ("0.5", "$0.5"),
            ("0.01873", "$0.01873"),
            ("0.0001", "$0.0001"),
            ("0.00012345", "$0.0001235"),
            ("0.0000999999", "$0.0001"),
            ("0.00001230", "$0.0(4)123"),
            ("0.00000614", "$0.0(5)614"),
            ("0.00000003", "$0.0(7)3"),
            ("0.0000099999999", "$0.0(4)1"),
            ("0.00000000000000000000000000000123456", "$0.0(29)1235"),
            ("12345678901234567000000", "$18,446,744,073,709,551,615.00"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn the_plain_text_counts_nothing() {
        assert_eq!(price("0.00000614".parse().unwrap()).plain(), "$0.00000614");
        assert_eq!(price("0.8421".parse().unwrap()).plain(), "$0.8421");
    }

    proptest! {
        #[test]
        fn the_plain_text_is_the_rounded_price(mantissa in 1u64..10u64.pow(18), exponent in -40i32..-17) {
            let exact = Price::new(mantissa, exponent).unwrap();
            let plain = price(exact).plain();
            let read: Price = plain.trim_start_matches('$').parse().unwrap();
            let digits = if exact < one() { 4 } else { 5 };
            let (low, high) = (read.to_f64(), exact.to_f64());
            prop_assert!((low - high).abs() <= high * 10f64.powi(1 - digits) * 0.5 * 1.000_001, "{plain} for {exact}");
        }

        #[test]
        fn printing_keeps_the_order(a in 1u64..10u64.pow(12), b in 1u64..10u64.pow(12), exponent in -20i32..-2) {
            let value = |mantissa| -> f64 {
                let plain = price(Price::new(mantissa, exponent).unwrap()).plain();
                plain.trim_start_matches('$').replace(',', "").parse().unwrap()
            };
            prop_assert!(a > b || value(a) <= value(b));
        }

        #[test]
        fn the_count_is_that_of_the_written_zeros(mantissa in 1u64..10_000, exponent in -30i32..-8) {
            let text = price(Price::new(mantissa, exponent).unwrap());
            let exact = Price::new(mantissa, exponent).unwrap().to_string();
            let zeros = exact["0.".len()..].bytes().take_while(|byte| *byte == b'0').count();
            prop_assert_eq!(text.zeros, Some(zeros).filter(|zeros| *zeros >= COUNTED_ZEROS));
            prop_assert_eq!(text.plain(), format!("${exact}"));
        }
    }
}
