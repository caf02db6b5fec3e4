//! Rows and their changes as bytes: a set of bits that says which fields follow, then these, in the order of their bits.
//!
//! A whole row is a change of a row of which nothing is known.
#![expect(
    clippy::option_option,
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    clippy::ptr_arg,
    reason = "all values are written and read by functions of one shape: cannot be read, is unknown, is known"
)]

use std::sync::Arc;

use super::wire::{Reader, folded, put_id, put_number, put_text, put_time, unfolded};
use crate::{
    Flag, Price, Stage, Timestamp, Token, TokenId, TokenPatch, Traders, Txns, VolumeScope, Window, WindowsPatch,
};

/// What changed in a row, without its id. The moment of the change is told from `as_of`, the time of the frame's board.
pub fn encode_patch(patch: &TokenPatch, as_of: Timestamp) -> Vec<u8> {
    encode(patch, as_of)
}

/// A whole row, with its id.
pub fn encode_row(row: &Token) -> Vec<u8> {
    let mut out = Vec::new();
    put_id(&mut out, &row.id);
    let nothing = Token::new(row.id.clone(), Timestamp::EARLIEST);
    match TokenPatch::between(&nothing, row) {
        Some(patch) => out.extend(encode(&patch, Timestamp::EARLIEST)),
        None => put_number(&mut out, 0),
    }
    out
}

pub(super) fn read_patch(reader: &mut Reader<'_>, id: TokenId, as_of: Timestamp) -> Option<TokenPatch> {
    decode(reader, id, as_of)
}

pub(super) fn read_row(reader: &mut Reader<'_>) -> Option<Token> {
    let id = reader.id()?;
    let mut row = Token::new(id.clone(), Timestamp::EARLIEST);
    row.apply(decode(reader, id, Timestamp::EARLIEST)?);
    Some(row)
}

/// The bit of each field, and how its value is written. What changes most often comes first: the bits are one number, so
/// that a change of the first seven takes one byte.
macro_rules! layout {
    ($($bit:literal $field:ident $(. $window:ident)? : $codec:ident;)*) => {
        /// The bit after the last one.
        const BITS: usize = [$($bit),*].len() + 1;

        fn encode(patch: &TokenPatch, base: Timestamp) -> Vec<u8> {
            let (mut bits, mut values) = (0, Vec::new());
            if let Some(time) = patch.updated_at {
                bits |= 1;
                put_time(&mut values, time, base);
            }
            $(if let Some(value) = layout!(@get patch $field $($window)?) {
                bits |= 1 << $bit;
                $codec::put(&mut values, value);
            })*
            let mut out = Vec::with_capacity(values.len() + 6);
            put_number(&mut out, bits);
            out.append(&mut values);
            out
        }

        fn decode(reader: &mut Reader<'_>, id: TokenId, base: Timestamp) -> Option<TokenPatch> {
            let bits = reader.number().filter(|bits| bits >> BITS == 0)?;
            let mut patch = TokenPatch::of(id);
            if bits & 1 > 0 {
                patch.updated_at = Some(reader.time(base)?);
            }
            $(if bits & 1 << $bit > 0 {
                layout!(@set patch $codec::take(reader)?, $field $($window)?);
            })*
            Some(patch)
        }
    };
    (@get $patch:ident $field:ident) => { $patch.$field.as_ref() };
    (@get $patch:ident $field:ident $window:ident) => {
        $patch.$field.as_ref().and_then(|windows| windows.$window.as_ref())
    };
    (@set $patch:ident $value:expr, $field:ident) => { $patch.$field = Some($value) };
    (@set $patch:ident $value:expr, $field:ident $window:ident) => {
        $patch.$field.get_or_insert_with(WindowsPatch::default).$window = Some($value)
    };
}

layout! {
    // Bit 0 is `updated_at`.
    1 price_usd: price;
    2 change_pct.h24: percent;
    3 change_pct.h1: percent;
    4 change_pct.m5: percent;
    5 market_cap_usd: usd;
    6 price_sol: price;
    7 volume_usd.h24: usd;
    8 change_pct.h6: percent;
    9 liquidity_usd: usd;
    10 fdv_usd: usd;
    11 txns.h24: txns;
    12 volume_usd.h1: usd;
    13 txns.h1: txns;
    14 volume_usd.m5: usd;
    15 txns.m5: txns;
    16 volume_usd.h6: usd;
    17 txns.h6: txns;
    18 traders.h24: traders;
    19 traders.h1: traders;
    20 traders.m5: traders;
    21 traders.h6: traders;
    22 holders: count;
    23 stale: truth;
    24 flags: flags;
    25 pool_count: whole;
    26 verified: maybe;
    27 stage: stage;
    28 volume_scope: scope;
    29 partial_windows: windows;
    30 symbol: text;
    31 name: text;
    32 logo: text;
    33 dex: text;
    34 pool: text;
    35 created_at: moment;
    36 change_pct.d7: percent;
    37 volume_usd.d7: usd;
    38 txns.d7: txns;
    39 traders.d7: traders;
}

/// A price, exactly: the mantissa, then a byte of exponent; 0 is unknown.
mod price {
    use super::{Price, Reader, put_number};

    pub(super) fn put(out: &mut Vec<u8>, price: &Option<Price>) {
        put_number(out, price.map_or(0, Price::mantissa));
        out.extend(price.map(|price| price.exponent().cast_unsigned()));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<Price>> {
        match reader.number()? {
            0 => Some(None),
            mantissa => Price::new(mantissa, i32::from(reader.byte()?.cast_signed())).map(Some),
        }
    }
}

/// Percent: 0 is unknown, 1 goes before a float of 8 bytes, and the rest are hundredths, with their sign, plus 2.
mod percent {
    use super::{Reader, folded, put_float, put_number, unfolded};

    pub(super) fn put(out: &mut Vec<u8>, value: &Option<f64>) {
        let Some(value) = *value else { return out.push(0) };
        #[expect(clippy::cast_possible_truncation, reason = "what does not fit is not the same afterwards")]
        let hundredths = (value * 100.0).round() as i32;
        if (f64::from(hundredths) / 100.0).to_bits() == value.to_bits() {
            put_number(out, folded(hundredths.into()) + 2);
        } else {
            put_float(out, value);
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<f64>> {
        Some(Some(match reader.number()? {
            0 => return Some(None),
            1 => reader.float()?,
            more => f64::from(i32::try_from(unfolded(more - 2)).ok()?) / 100.0,
        }))
    }
}

/// USD: 0 is unknown, 1 goes before a float of 8 bytes, and the rest are digits × 64 + power of ten + 32, plus 2.
///
/// Figures are published with six digits: those take four bytes, as many as an inexact float would.
mod usd {
    use super::{Reader, put_float, put_number};

    const POWER: i32 = 22;

    pub(super) fn put(out: &mut Vec<u8>, value: &Option<f64>) {
        let Some(value) = *value else { return out.push(0) };
        match digits(value).filter(|(digits, power)| float(*digits, *power).to_bits() == value.to_bits()) {
            Some((digits, power)) => put_number(out, (digits << 6 | u64::from((power + 32).unsigned_abs())) + 2),
            None => put_float(out, value),
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<f64>> {
        Some(Some(match reader.number()? {
            0 => return Some(None),
            1 => reader.float()?,
            more => {
                let power = i32::try_from((more - 2) & 63).ok()? - 32;
                float((more - 2) >> 6, (-POWER..=POWER).contains(&power).then_some(power)?)
            }
        }))
    }

    /// The digits of a float as it is printed, and the power of ten of the last one.
    fn digits(value: f64) -> Option<(u64, i32)> {
        let text = format!("{value:e}");
        let (number, power) = text.split_once('e')?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
        let power = power.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
        (digits < 1 << 53 && (-POWER..=POWER).contains(&power)).then_some((digits, power))
    }

    /// One exact power and one rounding: the nearest float.
    fn float(digits: u64, power: i32) -> f64 {
        let ten = (0..power.abs()).fold(1.0, |ten, _| ten * 10.0);
        if power < 0 { digits as f64 / ten } else { digits as f64 * ten }
    }
}

/// A number of things: 0 is unknown, the rest are one more than the number.
mod count {
    use super::{Reader, put_number};

    pub(super) fn put(out: &mut Vec<u8>, count: &Option<u64>) {
        put_number(out, count.map_or(0, |count| count.saturating_add(1)));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<u64>> {
        Some(reader.number()?.checked_sub(1))
    }
}

/// Buys as a count, then sells.
mod txns {
    use super::{Reader, Txns, count, put_number};

    pub(super) fn put(out: &mut Vec<u8>, txns: &Option<Txns>) {
        count::put(out, &txns.map(|txns| txns.buys));
        if let Some(txns) = txns {
            put_number(out, txns.sells);
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<Txns>> {
        let Some(buys) = count::take(reader)? else { return Some(None) };
        Some(Some(Txns { buys, sells: reader.number()? }))
    }
}

/// Buyers as a count, then sellers.
mod traders {
    use super::{Reader, Traders, Txns, txns};

    pub(super) fn put(out: &mut Vec<u8>, traders: &Option<Traders>) {
        txns::put(out, &traders.map(|Traders { buyers, sellers }| Txns { buys: buyers, sells: sellers }));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<Traders>> {
        Some(txns::take(reader)?.map(|Txns { buys, sells }| Traders { buyers: buys, sellers: sells }))
    }
}

mod truth {
    use super::Reader;

    pub(super) fn put(out: &mut Vec<u8>, truth: &bool) {
        out.push(u8::from(*truth));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<bool> {
        match reader.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

/// 0 is unknown, 1 is no, 2 is yes.
mod maybe {
    use super::Reader;

    pub(super) fn put(out: &mut Vec<u8>, truth: &Option<bool>) {
        out.push(truth.map_or(0, |truth| 1 + u8::from(truth)));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<bool>> {
        match reader.byte()? {
            0 => Some(None),
            1 => Some(Some(false)),
            2 => Some(Some(true)),
            _ => None,
        }
    }
}

mod whole {
    use super::{Reader, put_number};

    pub(super) fn put(out: &mut Vec<u8>, number: &u32) {
        put_number(out, u64::from(*number));
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<u32> {
        reader.small()
    }
}

/// 0 is unknown, 1 goes before the text.
mod text {
    use super::{Arc, Reader, put_number, put_text};

    pub(super) fn put(out: &mut Vec<u8>, text: &Option<Arc<str>>) {
        match text {
            None => put_number(out, 0),
            Some(text) => {
                out.push(1);
                put_text(out, text);
            }
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<Arc<str>>> {
        match reader.byte()? {
            0 => Some(None),
            1 => reader.text().map(|text| Some(text.into())),
            _ => None,
        }
    }
}

/// 0 is unknown, 1 goes before the milliseconds since 2020, with their sign.
mod moment {
    use super::{Reader, Timestamp, put_time};

    pub(super) fn put(out: &mut Vec<u8>, time: &Option<Timestamp>) {
        out.push(u8::from(time.is_some()));
        if let Some(time) = time {
            put_time(out, *time, Timestamp::EARLIEST);
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Option<Option<Timestamp>> {
        match reader.byte()? {
            0 => Some(None),
            1 => reader.time(Timestamp::EARLIEST).map(Some),
            _ => None,
        }
    }
}

/// A word as its place among all of them.
macro_rules! words {
    ($($codec:ident $ty:ident [$($word:ident),*])*) => {$(
        mod $codec {
            use super::{Reader, $ty};

            const ALL: &[$ty] = &[$($ty::$word),*];

            pub(super) fn put(out: &mut Vec<u8>, word: &$ty) {
                out.extend(ALL.iter().zip(0..).find(|(other, _)| *other == word).map(|(_, place): (_, u8)| place));
            }

            pub(super) fn take(reader: &mut Reader<'_>) -> Option<$ty> {
                ALL.get(usize::from(reader.byte()?)).copied()
            }
        }
    )*};
}

words! {
    stage Stage [Curve, Amm, Unpooled]
    scope VolumeScope [Pools, Token]
}

/// Some of all words, as bits of the places that they have among all.
macro_rules! sets {
    ($($codec:ident $ty:ident)*) => {$(
        mod $codec {
            use super::{Reader, $ty, put_number};

            pub(super) fn put(out: &mut Vec<u8>, words: &Vec<$ty>) {
                let bits = $ty::ALL.iter().enumerate().filter(|(_, word)| words.contains(word));
                put_number(out, bits.fold(0, |set, (place, _)| set | 1 << place));
            }

            pub(super) fn take(reader: &mut Reader<'_>) -> Option<Vec<$ty>> {
                let set = reader.number().filter(|set| set >> $ty::ALL.len() == 0)?;
                let words = $ty::ALL.iter().enumerate().filter(|(place, _)| set & 1 << place > 0);
                Some(words.map(|(_, word)| *word).collect())
            }
        }
    )*};
}

sets! {
    flags Flag
    windows Window
}

/// A float as it is, for what has too many digits.
fn put_float(out: &mut Vec<u8>, value: f64) {
    out.push(1);
    out.extend_from_slice(&value.to_le_bytes());
}
