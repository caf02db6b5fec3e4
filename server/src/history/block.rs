//! Candles as bytes: each told by its distance from the one before, so that a minute takes about a dozen bytes.
//!
//! ```text
//!  block  = candle*
//!  candle = steps (how many intervals after the last one) · flags · open, high, low, close · volume?
//! ```
//!
//! Prices of candles have six digits. They are written as whole numbers in a unit, a power of ten, that is written again
//! only when it changes; an open is told from the close before, the others from their open. Volume is a float of
//! three bytes: four and a half digits.

use memescope::{Candle, CandleSource, Interval, Price, Timestamp};

/// Two bits of the flags.
const SOURCES: [CandleSource; 3] = [CandleSource::Own, CandleSource::Geckoterminal, CandleSource::Mixed];
const SOURCE_BITS: u8 = 0b11;
const HAS_VOLUME: u8 = 0b100;
const NEW_UNIT: u8 = 0b1000;

/// Prices are whole numbers below this in their unit: six digits, and room for a price that is a hundred thousand times
/// the lowest of its candle.
const MOST: u64 = 1_000_000_000_000;

/// Packs candles of one interval, which must be in the order of time.
pub(super) fn pack<'a>(candles: impl IntoIterator<Item = &'a Candle>, interval: Interval) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut step, mut unit, mut close) = (0, None, 0);
    for candle in candles {
        let next = candle.at.millis().div_euclid(interval.secs() * 1_000);
        let scale = scale_of(candle);
        let is_new = unit != Some(scale);
        let [open, high, low, end] =
            [candle.open, candle.high, candle.low, candle.close].map(|price| whole(price, scale));
        let source = SOURCES.iter().position(|source| *source == candle.source).unwrap_or(0);
        let flags = u8::try_from(source).unwrap_or(0)
            | if candle.volume_usd.is_some() { HAS_VOLUME } else { 0 }
            | if is_new { NEW_UNIT } else { 0 };
        put(&mut out, zigzag(next - step));
        out.push(flags);
        if is_new {
            out.push(scale.cast_unsigned());
            close = 0;
        }
        put(&mut out, zigzag(open - close));
        put(&mut out, (high - open).cast_unsigned());
        put(&mut out, (open - low).cast_unsigned());
        put(&mut out, zigzag(end - open));
        if let Some(usd) = candle.volume_usd {
            out.extend_from_slice(&narrow(usd));
        }
        (step, unit, close) = (next, Some(scale), end);
    }
    out
}

/// The candles of a block. What is damaged ends it: nothing that follows can be told.
pub(super) fn unpack(mut bytes: &[u8], interval: Interval) -> Vec<Candle> {
    let mut candles = Vec::new();
    let mut state = (0, None, 0);
    while !bytes.is_empty() {
        let Some(candle) = next(&mut bytes, interval, &mut state) else { break };
        candles.push(candle);
    }
    candles
}

fn next(bytes: &mut &[u8], interval: Interval, state: &mut (i64, Option<i8>, i64)) -> Option<Candle> {
    let step = state.0.checked_add(unzigzag(take(bytes)?))?;
    let flags = byte(bytes)?;
    let (scale, before) = if flags & NEW_UNIT == 0 { (state.1?, state.2) } else { (byte(bytes)?.cast_signed(), 0) };
    let open = before.checked_add(unzigzag(take(bytes)?))?;
    let high = open.checked_add_unsigned(take(bytes)?)?;
    let low = open.checked_sub_unsigned(take(bytes)?)?;
    let close = open.checked_add(unzigzag(take(bytes)?))?;
    let volume_usd =
        if flags & HAS_VOLUME == 0 { None } else { Some(wide([byte(bytes)?, byte(bytes)?, byte(bytes)?])) };
    *state = (step, Some(scale), close);
    let price = |whole: i64| Price::new(u64::try_from(whole).ok()?, i32::from(scale));
    Some(Candle {
        at: Timestamp::from_secs(step.checked_mul(interval.secs())?),
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume_usd,
        source: *SOURCES.get(usize::from(flags & SOURCE_BITS))?,
    })
}

/// The power of ten in which all prices of a candle are whole: that of the finest, or what the dearest leaves room for.
fn scale_of(candle: &Candle) -> i8 {
    let prices = [candle.open, candle.high, candle.low, candle.close];
    let mut scale = prices.iter().map(|price| price.exponent()).min().unwrap_or(0);
    while scale < i8::MAX && scaled(candle.high, scale).is_none() {
        scale += 1;
    }
    scale
}

fn scaled(price: Price, scale: i8) -> Option<u64> {
    let up = u32::try_from(i32::from(price.exponent()) - i32::from(scale)).ok()?;
    price.mantissa().checked_mul(10u64.checked_pow(up)?).filter(|whole| *whole < MOST)
}

/// A price in units of a power of ten; at least one of them.
fn whole(price: Price, scale: i8) -> i64 {
    let whole = scaled(price, scale).unwrap_or_else(|| {
        let down = u32::try_from(i32::from(scale) - i32::from(price.exponent())).unwrap_or(0);
        10u64.checked_pow(down).map_or(0, |unit| price.mantissa() / unit)
    });
    whole.clamp(1, MOST).cast_signed()
}

/// The upper three bytes of a float of four, rounded.
fn narrow(usd: f64) -> [u8; 3] {
    #[expect(clippy::cast_possible_truncation, reason = "four and a half digits are kept")]
    let bits = (usd as f32).min(f32::MAX / 2.0).to_bits().saturating_add(0x80);
    let [a, b, c, _] = bits.to_be_bytes();
    [a, b, c]
}

fn wide([a, b, c]: [u8; 3]) -> f64 {
    f64::from(f32::from_be_bytes([a, b, c, 0]))
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Writes a number in as few groups of seven bits as it needs.
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        let [low, ..] = value.to_le_bytes();
        out.push(low | 0x80);
        value >>= 7;
    }
    let [low, ..] = value.to_le_bytes();
    out.push(low);
}

/// Reads such a number.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let next = byte(bytes)?;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_candle() -> impl Strategy<Value = Candle> {
        let digits = || 1u64..1_000_000;
        let volume = proptest::option::of(0.0..1e9);
        (0i64..3_000, -20i32..3, [digits(), digits(), digits(), digits()], volume, 0usize..3).prop_map(
            |(minute, exponent, digits, volume_usd, source)| {
                let price = |digits: u64| Price::new(digits, exponent).unwrap();
                let (low, high) = (digits.iter().min().unwrap(), digits.iter().max().unwrap());
                Candle {
                    at: Timestamp::from_secs(1_795_384_500 + minute * 60),
                    open: price(digits[0]),
                    high: price(*high),
                    low: price(*low),
                    close: price(digits[1]),
                    volume_usd,
                    source: SOURCES[source],
                }
            },
        )
    }

    fn any_candles() -> impl Strategy<Value = Vec<Candle>> {
        proptest::collection::vec(any_candle(), 0..70).prop_map(|mut candles| {
            candles.sort_by_key(|candle| candle.at);
            candles
        })
    }

    proptest! {
        #[test]
        fn prices_come_back_as_they_were(candles in any_candles()) {
            let back = unpack(&pack(&candles, Interval::M1), Interval::M1);
            prop_assert_eq!(back.len(), candles.len());
            for (back, candle) in back.iter().zip(&candles) {
                let volume = back.volume_usd.zip(candle.volume_usd);
                prop_assert_eq!(back.volume_usd.is_some(), candle.volume_usd.is_some());
                prop_assert!(volume.is_none_or(|(back, usd)| (back - usd).abs() <= usd * 2e-5));
                prop_assert_eq!(&Candle { volume_usd: candle.volume_usd, ..*back }, candle);
            }
            // What was packed once does not change any more.
            let again = unpack(&pack(&back, Interval::M1), Interval::M1);
            prop_assert_eq!(again, back);
        }

        #[test]
        fn damage_is_no_danger(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let candles = unpack(&bytes, Interval::H1);
            let _ = pack(&candles, Interval::H1);
        }
    }

    #[test]
    fn a_calm_minute_takes_about_a_dozen_bytes() {
        let candles: Vec<Candle> = (0..60u32)
            .map(|minute| {
                let price = |off: u64| Price::new(449_800 + u64::from(minute % 7) * 300 + off, -11).unwrap();
                Candle {
                    at: Timestamp::from_secs(1_795_384_800 + i64::from(minute) * 60),
                    open: price(0),
                    high: price(900),
                    low: price(0),
                    close: price(400),
                    volume_usd: Some(f64::from(minute) * 31.7),
                    source: CandleSource::Own,
                }
            })
            .collect();
        let bytes = pack(&candles, Interval::M1).len();
        assert!(bytes <= 60 * 13, "{bytes}");
    }

    #[test]
    fn a_price_far_above_its_candle_costs_the_small_ones_their_digits_only() {
        let price = |text: &str| text.parse().unwrap();
        let candle = Candle {
            at: Timestamp::from_secs(0),
            open: price("0.000000123456"),
            high: price("1000"),
            low: price("0.000000123456"),
            close: price("999"),
            volume_usd: None,
            source: CandleSource::Mixed,
        };
        let back = unpack(&pack([&candle], Interval::M1), Interval::M1);
        assert_eq!((back[0].high, back[0].close), (candle.high, candle.close));
        assert!(back[0].low <= back[0].open);
    }
}
