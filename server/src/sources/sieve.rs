//! Reads foreign JSON strictly, field by field.
//!
//! The sources write numbers as numbers or as texts, leave keys out, write `null`, `"NaN"`, negative liquidity and
//! worse. Each field is first held back as raw text and then read here: a value that is not valid becomes unknown and
//! leaves a [`Reject`]; the row and its other fields stay. Nothing is ever 0 or `NaN` for want of a value.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use memescope::{Chain, IdError, PoolId, Price, PriceError, Reject, Timestamp, TokenId, clean_text};
use serde::Deserialize;

use super::members::{Json, members};
use super::rows::object;

/// A field as it stands in the answer; `None` where the key is missing or `null`.
pub(super) type Raw<'a> = Option<Json<'a>>;

/// USD sums from here on are no sums of this market.
const MOST_USD: f64 = 1e13;

/// The dearest token.
const MOST_PRICE: u64 = 1_000_000_000;

/// Numbers of whole tokens from here on overflow what anybody mints.
const MOST_AMOUNT: f64 = 1e30;

const LEAST_PERCENT: f64 = -100.0;
const MOST_PERCENT: f64 = 1e7;

/// Counts from here on are not counted by anybody.
const MOST_COUNT: u64 = 1_000_000_000_000;

/// How far ahead of us a source's clock may be.
const AHEAD: Duration = Duration::from_secs(120);

/// Collects what was refused while an answer is read.
#[derive(Debug)]
pub(super) struct Sieve {
    now: Timestamp,
    rejects: Vec<Reject>,
    /// Texts and tokens that were read lately: most of an answer says the same names over and over.
    texts: Recent<(usize, Arc<str>)>,
    tokens: Recent<TokenId>,
}

/// What was read lately, each at a place that follows from its text; whoever comes later to a place has it.
#[derive(Debug)]
struct Recent<T>([Option<T>; RECENT]);

const RECENT: usize = 64;

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self([const { None }; RECENT])
    }
}

impl<T: Clone> Recent<T> {
    /// What is at the text's place, if it is the right one; otherwise it is read and put there.
    fn get_or<E>(
        &mut self,
        text: &str,
        is_right: impl Fn(&T) -> bool,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let at = |place: usize| usize::from(*text.as_bytes().get(place).unwrap_or(&0));
        let place = text.len() * 7 + at(0) + at(1) * 3 + at(text.len() / 2) * 5 + at(text.len().saturating_sub(1)) * 11;
        let slot = &mut self.0[place % RECENT];
        if let Some(known) = slot.as_ref().filter(|known| is_right(known)) {
            return Ok(known.clone());
        }
        let new = read()?;
        *slot = Some(new.clone());
        Ok(new)
    }
}

/// A value that stands for itself.
enum Scalar<'a> {
    Number(&'a str),
    Text(Cow<'a, str>),
    Truth(bool),
    Other,
}

impl Sieve {
    /// For an answer that came at `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, rejects: Vec::new(), texts: Recent::default(), tokens: Recent::default() }
    }

    /// What was refused.
    pub(super) fn into_rejects(self) -> Vec<Reject> {
        self.rejects
    }

    /// Notes a refusal; gives `None` to be returned in place of the value.
    pub(super) fn refuse<T>(&mut self, field: &'static str, reason: &'static str) -> Option<T> {
        self.rejects.push(Reject { field, reason });
        None
    }

    fn keep<T>(&mut self, field: &'static str, read: Result<T, &'static str>) -> Option<T> {
        read.map_or_else(|reason| self.refuse(field, reason), Some)
    }

    /// A price in any unit.
    pub(super) fn price(&mut self, field: &'static str, raw: Raw<'_>) -> Option<Price> {
        let read = digits(raw?).and_then(|digits| {
            let price: Price = digits.parse().map_err(|error| match error {
                PriceError::NotANumber => "not_a_number",
                PriceError::Zero => "zero",
                PriceError::Negative => "negative",
                PriceError::OutOfRange => "out_of_range",
            })?;
            let dearest = Price::new(MOST_PRICE, 0).ok_or("out_of_range")?;
            if price < dearest { Ok(price) } else { Err("out_of_range") }
        });
        self.keep(field, read)
    }

    /// A sum in USD.
    pub(super) fn usd(&mut self, field: &'static str, raw: Raw<'_>) -> Option<f64> {
        self.positive(field, raw, MOST_USD)
    }

    /// A number of whole tokens.
    pub(super) fn amount(&mut self, field: &'static str, raw: Raw<'_>) -> Option<f64> {
        self.positive(field, raw, MOST_AMOUNT)
    }

    fn positive(&mut self, field: &'static str, raw: Raw<'_>, most: f64) -> Option<f64> {
        let read = number(raw?).and_then(|value| match value {
            value if value < 0.0 => Err("negative"),
            value if value < most => Ok(value),
            _ => Err("out_of_range"),
        });
        self.keep(field, read)
    }

    /// A change in percent.
    pub(super) fn percent(&mut self, field: &'static str, raw: Raw<'_>) -> Option<f64> {
        let read = number(raw?).and_then(|value| {
            if (LEAST_PERCENT..=MOST_PERCENT).contains(&value) { Ok(value) } else { Err("out_of_range") }
        });
        self.keep(field, read)
    }

    /// A part of a whole in percent.
    pub(super) fn share(&mut self, field: &'static str, raw: Raw<'_>) -> Option<f64> {
        let read = number(raw?).and_then(|value| match value {
            value if value < 0.0 => Err("negative"),
            value if value <= 100.0 => Ok(value),
            _ => Err("out_of_range"),
        });
        self.keep(field, read)
    }

    /// A whole number of things.
    pub(super) fn count(&mut self, field: &'static str, raw: Raw<'_>) -> Option<u64> {
        let read = digits(raw?).and_then(|digits| {
            if let Ok(count) = digits.parse::<u64>() {
                return if count < MOST_COUNT { Ok(count) } else { Err("out_of_range") };
            }
            match digits.parse::<f64>() {
                Ok(value) if value < 0.0 => Err("negative"),
                Ok(value) if value >= MOST_COUNT as f64 => Err("out_of_range"),
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in range")]
                Ok(value) if value.fract() == 0.0 => Ok(value as u64),
                Ok(_) => Err("not_whole"),
                Err(_) => Err("not_a_number"),
            }
        });
        self.keep(field, read)
    }

    /// A number of any size, for what is only compared.
    pub(super) fn number(&mut self, field: &'static str, raw: Raw<'_>) -> Option<f64> {
        let read = number(raw?);
        self.keep(field, read)
    }

    /// Yes or no.
    pub(super) fn truth(&mut self, field: &'static str, raw: Raw<'_>) -> Option<bool> {
        let read = match scalar(raw?) {
            Scalar::Truth(truth) => Ok(truth),
            _ => Err("wrong_type"),
        };
        self.keep(field, read)
    }

    /// A moment in whole milliseconds since 1970.
    pub(super) fn millis(&mut self, field: &'static str, raw: Raw<'_>) -> Option<Timestamp> {
        let millis = self.number(field, raw)?;
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and the range is checked next")]
        self.moment(field, Timestamp::from_millis(millis as i64))
    }

    /// A moment as RFC 3339 text.
    pub(super) fn time(&mut self, field: &'static str, raw: Raw<'_>) -> Option<Timestamp> {
        let read = match scalar(raw?) {
            Scalar::Text(text) => text.parse().map_err(|_| "not_a_time"),
            _ => Err("wrong_type"),
        };
        let moment = self.keep(field, read)?;
        self.moment(field, moment)
    }

    fn moment(&mut self, field: &'static str, moment: Timestamp) -> Option<Timestamp> {
        if moment >= Timestamp::EARLIEST && moment <= self.now.plus(AHEAD) {
            Some(moment)
        } else {
            self.refuse(field, "out_of_range")
        }
    }

    /// A text as it is.
    pub(super) fn text<'a>(&mut self, field: &'static str, raw: Raw<'a>) -> Option<Cow<'a, str>> {
        let read = match scalar(raw?) {
            Scalar::Text(text) => Ok(text),
            _ => Err("wrong_type"),
        };
        self.keep(field, read)
    }

    /// A text that people will see: cleaned, and cut at `max_chars`.
    pub(super) fn shown(&mut self, field: &'static str, raw: Raw<'_>, max_chars: usize) -> Option<Arc<str>> {
        let text = self.text(field, raw)?;
        // A clean text is the same when it is cleaned again, but only if it is not cut shorter.
        let is_same = |(most, known): &(usize, Arc<str>)| *most == max_chars && **known == *text;
        let clean = || clean_text(&text, max_chars).map(|clean| (max_chars, clean)).ok_or(());
        self.texts.get_or(&text, is_same, clean).ok().map(|(_, clean)| clean)
    }

    /// A list of texts, each cleaned; at most 16.
    pub(super) fn labels(&mut self, field: &'static str, raw: Raw<'_>) -> Vec<Arc<str>> {
        let Some(raw) = raw else { return Vec::new() };
        let read = serde_json::from_str::<Vec<Json<'_>>>(raw.get()).map_err(|_| "wrong_type");
        let items = self.keep(field, read).unwrap_or_default();
        items.into_iter().take(16).filter_map(|item| self.shown(field, Some(item), 32)).collect()
    }

    /// A token of `chain` by its address.
    pub(super) fn token(&mut self, field: &'static str, chain: &Chain, raw: Raw<'_>) -> Option<TokenId> {
        let address = self.text(field, raw)?;
        let is_same = |known: &TokenId| *known.address() == *address && known.chain() == chain;
        let token = self.tokens.get_or(&address, is_same, || TokenId::new(chain, &address));
        self.id(field, token)
    }

    /// A pool of `chain` by its address.
    pub(super) fn pool(&mut self, field: &'static str, chain: &Chain, raw: Raw<'_>) -> Option<PoolId> {
        let address = self.text(field, raw)?;
        self.id(field, PoolId::new(chain, &address))
    }

    /// An identity that was or was not one.
    pub(super) fn id<T>(&mut self, field: &'static str, id: Result<T, IdError>) -> Option<T> {
        self.keep(field, id.map_err(|_| "bad_address"))
    }

    /// A part of an answer that has fields of its own.
    pub(super) fn part<'a, T: Deserialize<'a>>(&mut self, field: &'static str, raw: Raw<'a>) -> Option<T> {
        let read = object(raw?.get()).ok_or("wrong_type");
        self.keep(field, read)
    }

    /// Members of such a part, and nothing where they are not known.
    pub(super) fn members<'a, const N: usize>(
        &mut self,
        field: &'static str,
        raw: Raw<'a>,
        names: [&str; N],
    ) -> Option<[Raw<'a>; N]> {
        let read = members(raw?, names).ok_or("wrong_type");
        self.keep(field, read)
    }
}

/// What kind of value it is.
fn scalar(raw: Json<'_>) -> Scalar<'_> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Scalar::Text(Cow::Borrowed(plain)),
            _ => serde_json::from_str(text).map_or(Scalar::Other, |text| Scalar::Text(Cow::Owned(text))),
        },
        Some(b't') => Scalar::Truth(true),
        Some(b'f') => Scalar::Truth(false),
        Some(b'-' | b'0'..=b'9') => Scalar::Number(text),
        _ => Scalar::Other,
    }
}

/// The digits of a number, written as a number or as a text that is nothing but a decimal number.
fn digits(raw: Json<'_>) -> Result<Cow<'_, str>, &'static str> {
    match scalar(raw) {
        Scalar::Number(digits) => Ok(Cow::Borrowed(digits)),
        Scalar::Text(text) if is_decimal(&text) => Ok(text),
        Scalar::Text(_) => Err("not_a_number"),
        Scalar::Truth(_) | Scalar::Other => Err("wrong_type"),
    }
}

fn number(raw: Json<'_>) -> Result<f64, &'static str> {
    let value: f64 = digits(raw)?.parse().map_err(|_| "not_a_number")?;
    // Adding zero makes a negative zero a plain one.
    if value.is_finite() { Ok(value + 0.0) } else { Err("out_of_range") }
}

/// `-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?`, the whole text.
fn is_decimal(text: &str) -> bool {
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (number, power) = match text.split_once(['e', 'E']) {
        Some((number, power)) => (number, Some(power.strip_prefix(['+', '-']).unwrap_or(power))),
        None => (text, None),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    all_digits(whole) && fraction.is_none_or(all_digits) && power.is_none_or(all_digits)
}

#[cfg(test)]
pub(super) mod evil;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::value::RawValue;

    use super::evil::EVIL;
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn sieve() -> Sieve {
        Sieve::new(Timestamp::from_secs(1_790_628_375))
    }

    /// What a field becomes: the value, or the reason of its refusal.
    fn read<T>(json: &str, field: impl Fn(&mut Sieve, Raw<'_>) -> Option<T>) -> Result<T, &'static str> {
        let mut sieve = sieve();
        let value = field(&mut sieve, Some(Json::from(&*raw(json))));
        let rejects = sieve.into_rejects();
        assert_eq!(rejects.len(), usize::from(value.is_none()), "{json}");
        value.ok_or_else(|| rejects[0].reason)
    }

    #[test]
    fn evil_values_are_unknown_never_zero() {
        for (json, expected) in EVIL {
            assert_eq!(read(json, |sieve, raw| sieve.usd("f", raw)), expected, "{json}");
            assert!(read(json, |sieve, raw| sieve.price("f", raw)).is_err(), "{json}");
            assert!(read(json, |sieve, raw| sieve.count("f", raw)).is_err(), "{json}");
            assert!(read(json, |sieve, raw| sieve.millis("f", raw)).is_err(), "{json}");
            assert!(read(json, |sieve, raw| sieve.time("f", raw)).is_err(), "{json}");
            for value in
                [read(json, |sieve, raw| sieve.percent("f", raw)), read(json, |sieve, raw| sieve.amount("f", raw))]
                    .into_iter()
                    .flatten()
            {
                assert!(value.is_finite() && value != 0.0, "{json}");
            }
        }
        for field in [Sieve::usd, Sieve::amount, Sieve::percent] {
            let mut sieve = sieve();
            assert_eq!(field(&mut sieve, "f", None), None);
            assert!(sieve.into_rejects().is_empty(), "what is missing was not refused");
        }
    }

    #[test]
    fn numbers_are_read_from_numbers_and_texts() {
        for json in ["1500", r#""1500""#, "1.5e3", r#""1.5E+3""#, r#""\u0031500""#] {
            assert_eq!(read(json, |sieve, raw| sieve.usd("f", raw)), Ok(1_500.0), "{json}");
            assert_eq!(read(json, |sieve, raw| sieve.percent("f", raw)), Ok(1_500.0), "{json}");
            assert_eq!(read(json, |sieve, raw| sieve.count("f", raw)), Ok(1_500), "{json}");
            let price = read(json, |sieve, raw| sieve.price("f", raw)).map(|price| price.to_string());
            assert_eq!(price.as_deref(), Ok("1500"), "{json}");
        }
        for json in ["0", "-0.0", r#""0.0""#] {
            let zero = read(json, |sieve, raw| sieve.usd("f", raw)).unwrap();
            assert!(zero == 0.0 && zero.is_sign_positive(), "{json}");
            assert_eq!(read(json, |sieve, raw| sieve.price("f", raw)), Err("zero"));
        }
    }

    #[test]
    fn ranges_hold_at_their_ends() {
        let percent = |json: &str| read(json, |sieve, raw| sieve.percent("f", raw));
        assert_eq!(percent("-100"), Ok(-100.0));
        assert_eq!(percent("-100.01"), Err("out_of_range"));
        assert_eq!(percent("1e7"), Ok(1e7));
        assert_eq!(percent("10000001"), Err("out_of_range"));
        let share = |json: &str| read(json, |sieve, raw| sieve.share("f", raw));
        assert_eq!((share("0"), share("100"), share("-0.1")), (Ok(0.0), Ok(100.0), Err("negative")));
        assert_eq!(share("100.1"), Err("out_of_range"));
        let usd = |json: &str| read(json, |sieve, raw| sieve.usd("f", raw));
        assert_eq!((usd("9999999999999.9"), usd("1e13")), (Ok(9_999_999_999_999.9), Err("out_of_range")));
        let price = |json: &str| read(json, |sieve, raw| sieve.price("f", raw)).is_ok();
        assert!(price("999999999.9") && !price("1e9") && price("1e-60") && !price("1e-400"));
        let count = |json: &str| read(json, |sieve, raw| sieve.count("f", raw));
        assert_eq!((count("1.5"), count("-0.5"), count("12.0")), (Err("not_whole"), Err("negative"), Ok(12)));
        assert_eq!(count("1000000000000"), Err("out_of_range"));
    }

    #[test]
    fn moments_lie_between_2020_and_soon() {
        let millis = |json: &str| read(json, |sieve, raw| sieve.millis("f", raw)).map(Timestamp::millis);
        assert_eq!(millis("1577836800000"), Ok(1_577_836_800_000));
        assert_eq!(millis("1577836799999"), Err("out_of_range"));
        assert_eq!(millis("1790628495000"), Ok(1_790_628_495_000));
        assert_eq!(millis("1790628495001"), Err("out_of_range"));
        assert_eq!(millis("1790628375"), Err("out_of_range"), "seconds are not milliseconds");
        let time = |json: &str| read(json, |sieve, raw| sieve.time("f", raw)).map(Timestamp::millis);
        assert_eq!(time(r#""2026-09-28T20:46:11.070876662Z""#), Ok(1_790_628_371_070));
        assert_eq!(time(r#""2026-02-31T00:00:00Z""#), Err("not_a_time"));
        assert_eq!(time(r#""1970-01-01T00:00:00Z""#), Err("out_of_range"));
        assert_eq!(time("1790628375"), Err("wrong_type"));
    }

    #[test]
    fn texts_are_cleaned() {
        let mut sieve = sieve();
        assert_eq!(sieve.shown("f", Some(Json::from(&*raw(r#""Fartcoin ""#))), 64).as_deref(), Some("Fartcoin"));
        assert_eq!(sieve.shown("f", Some(Json::from(&*raw(r#""a\"\u202eb""#))), 64).as_deref(), Some("a\"b"));
        assert_eq!(sieve.shown("f", Some(Json::from(&*raw(r#""""#))), 64), None);
        assert!(sieve.rejects.is_empty());
        assert_eq!(sieve.shown("f", Some(Json::from(&*raw("5"))), 64), None);
        assert_eq!(sieve.shown("f", Some(Json::from(&*raw(r#""\ud800""#))), 64), None);
        assert_eq!(sieve.rejects.len(), 2);
    }
}
