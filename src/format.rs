//! One way to print each kind of figure, for the server's page, the browser and whoever else shows numbers.
//!
//! The server and the browser must print the same text for the same row, so both call these functions. Prices are
//! rounded on their decimal digits; nothing here depends on a locale or a clock.

mod age;
mod figure;
mod price;

pub use self::age::{age, age_spoken, clock, lag, span_words};
pub use self::figure::{Change, Direction, change, count, floor, usd};
pub use self::price::{PriceText, price};

/// What stands for a figure that is not known.
pub const UNKNOWN: &str = "—";

/// Writes a whole number with a comma between groups of three digits.
fn push_grouped(out: &mut String, number: u64) {
    let digits = number.to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
}
