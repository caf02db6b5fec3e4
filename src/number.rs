//! Figures in addresses: text to a float and back.
//!
//! Decimals of up to 15 digits, which is what people write, come out as they went in. The standard library does this for
//! every float there is, with tables that weigh more in the browser than all of the formatting here.

/// The first whole number with more digits than are kept. A float tells any two numbers of 15 digits apart.
const EXACT: u64 = 1_000_000_000_000_000;

/// The largest power of ten that a float holds exactly.
const EXACT_POWER: i32 = 22;

/// How far powers of ten are followed.
const POWERS: i32 = 60;

/// Reads a decimal number: `10000`, `-2.5`, `1e6`; `None` when it is none, or beyond 10^60.
pub fn parse(text: &str) -> Option<f64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, power) = match rest.split_once(['e', 'E']) {
        Some((number, power)) => (number, power.parse::<i16>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut exponent = i32::from(power);
    let mut mantissa = 0u64;
    let digits = whole.bytes().map(|byte| (byte, false)).chain(fraction.bytes().map(|byte| (byte, true)));
    for (byte, behind_point) in digits {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        if mantissa < EXACT / 10 {
            mantissa = mantissa * 10 + u64::from(digit);
            exponent -= i32::from(behind_point);
        } else {
            exponent += i32::from(!behind_point);
        }
    }
    if mantissa == 0 {
        return Some(0.0);
    }
    let (mantissa, exponent) = without_idle_zeros(mantissa, exponent);
    let size = (-POWERS..=POWERS).contains(&exponent).then(|| float(mantissa, exponent))?;
    Some(if negative { -size } else { size })
}

/// Writes a number positionally: with as few digits as [`parse`] needs to read it again, and with 15 where it has more.
pub fn text(value: f64) -> String {
    let size = value.abs();
    let mantissa_at =
        |exponent: i32| Some(whole(float_of(size, -exponent))).filter(|mantissa| (1..EXACT).contains(mantissa));
    // The largest power leaves the fewest digits, the smallest one the most.
    let mut powers = (-POWERS..=POWERS).filter_map(|exponent| Some((mantissa_at(exponent)?, exponent)));
    let same = |(mantissa, exponent): &(u64, i32)| float(*mantissa, *exponent).to_bits() == size.to_bits();
    let Some((mantissa, exponent)) = powers.clone().rev().find(same).or_else(|| powers.next()) else {
        return "0".to_owned();
    };
    let (mantissa, exponent) = without_idle_zeros(mantissa, exponent);
    let mut text = mantissa.to_string();
    if exponent >= 0 {
        text.extend((0..exponent).map(|_| '0'));
    } else {
        let places = exponent.unsigned_abs() as usize;
        if text.len() <= places {
            text.insert_str(0, &"0".repeat(places + 1 - text.len()));
        }
        text.insert(text.len() - places, '.');
    }
    if value < 0.0 {
        text.insert(0, '-');
    }
    text
}

/// The same number with the shortest mantissa, which is not 0.
fn without_idle_zeros(mut mantissa: u64, mut exponent: i32) -> (u64, i32) {
    while mantissa.is_multiple_of(10) {
        mantissa /= 10;
        exponent += 1;
    }
    (mantissa, exponent)
}

fn float(mantissa: u64, exponent: i32) -> f64 {
    float_of(mantissa as f64, exponent)
}

/// `value × 10^exponent`; correctly rounded where `value` is whole and the power exact.
fn float_of(value: f64, exponent: i32) -> f64 {
    let (mut value, mut left) = (value, exponent);
    while left != 0 {
        let step = left.clamp(-EXACT_POWER, EXACT_POWER);
        let power = 10f64.powi(step.abs());
        value = if step < 0 { value / power } else { value * power };
        left -= step;
    }
    value
}

/// The nearest whole number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float stays in range")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, value) in [
            ("10000", 10_000.0),
            ("-2.5", -2.5),
            ("+3", 3.0),
            ("1e6", 1_000_000.0),
            ("2.5E-3", 0.0025),
            (".5", 0.5),
            ("5.", 5.0),
            ("0", 0.0),
            ("0.000", 0.0),
            ("007", 7.0),
            ("1000000000000000000000", 1e21),
        ] {
            assert_eq!(parse(text).unwrap().to_bits(), f64::to_bits(value), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in
            ["", "-", ".", "e5", "1e", "1e5.5", "ten", "1_000", "1,5", "0x10", "NaN", "inf", " 1", "1e99", "--1"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn writes_without_exponent_and_idle_digits() {
        for (value, written) in [
            (10_000.0, "10000"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (0.0, "0"),
            (0.000_000_614, "0.000000614"),
            (1e21, "1000000000000000000000"),
            (123_456.789, "123456.789"),
            (0.1 + 0.2, "0.3"),
            (300_000_000.336_433_8, "300000000.336434"),
        ] {
            assert_eq!(text(value), written);
        }
    }

    proptest! {
        #[test]
        fn reads_the_nearest_float(mantissa in 1u64..1_000_000_000_000_000, exponent in -22i32..=7) {
            let written = format!("{mantissa}e{exponent}");
            prop_assert_eq!(parse(&written).unwrap().to_bits(), written.parse::<f64>().unwrap().to_bits());
        }

        #[test]
        fn what_was_read_is_written_and_read_again(written in "-?[0-9]{1,12}(\\.[0-9]{1,12})?(e-?[0-9])?") {
            let value = parse(&written).unwrap();
            prop_assert_eq!(parse(&text(value)).unwrap().to_bits(), value.to_bits(), "{} {}", written, text(value));
        }

        #[test]
        fn is_close_however_many_digits(written in "[0-9]{1,30}\\.[0-9]{0,30}") {
            let (ours, exact) = (parse(&written).unwrap(), written.parse::<f64>().unwrap());
            prop_assert!((ours - exact).abs() <= exact * 2e-14, "{written}: {ours}");
        }
    }
}
