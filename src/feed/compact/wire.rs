//! Numbers, texts and ids as bytes.

use crate::{Timestamp, TokenId};

/// What stands before the 32 bytes of a Solana address.
const SOLANA: u8 = 0;

/// What stands before an id as text.
const TEXT: u8 = 1;

/// A whole number, seven bits a byte, the lowest first; all but the last have the highest bit set.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(low_seven(number) | 0x80);
        number >>= 7;
    }
    out.push(low_seven(number));
}

fn low_seven(number: u64) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

/// A number with a sign as one without: 0, −1, 1, −2 … become 0, 1, 2, 3 …
pub(super) fn folded(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

/// The other way round.
pub(super) fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, folded(number));
}

/// Milliseconds after another moment.
pub(super) fn put_time(out: &mut Vec<u8>, time: Timestamp, after: Timestamp) {
    put_signed(out, time.millis().wrapping_sub(after.millis()));
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// An id: 32 bytes where it is one of Solana, else its text.
pub(super) fn put_id(out: &mut Vec<u8>, id: &TokenId) {
    if let Some(bytes) = id.solana_bytes() {
        out.push(SOLANA);
        out.extend_from_slice(&bytes);
    } else {
        out.push(TEXT);
        put_text(out, &id.to_string());
    }
}

/// Bytes that are read from their beginning. Whatever does not fit is `None`.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.left
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, left) = self.left.split_at_checked(count)?;
        self.left = left;
        Some(bytes)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, left) = self.left.split_first()?;
        self.left = left;
        Some(*byte)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for place in 0..10 {
            let byte = self.byte()?;
            let seven = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if place == 9 && seven > 1 {
                return None;
            }
            number |= seven << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        self.number().map(unfolded)
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// How many things follow, of at least one byte each: more than there are bytes left cannot be.
    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.left.len())
    }

    pub(super) fn float(&mut self) -> Option<f64> {
        self.bytes(8)?.try_into().ok().map(f64::from_le_bytes)
    }

    pub(super) fn time(&mut self, after: Timestamp) -> Option<Timestamp> {
        Some(Timestamp::from_millis(after.millis().wrapping_add(self.signed()?)))
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let count = self.count()?;
        std::str::from_utf8(self.bytes(count)?).ok()
    }

    pub(super) fn id(&mut self) -> Option<TokenId> {
        match self.byte()? {
            SOLANA => self.bytes(32)?.try_into().ok().map(TokenId::of_solana_bytes),
            TEXT => self.text()?.parse().ok(),
            _ => None,
        }
    }

    /// Reads so many things.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        // Room is made as things come: the count alone is not trusted with memory.
        let count = self.count()?;
        (0..count).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_numbers_are_short() {
        for (number, bytes) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 1]),
            (u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] {
            let mut out = Vec::new();
            put_number(&mut out, number);
            assert_eq!(out, bytes);
        }
        for (number, unsigned) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (i64::MAX, u64::MAX - 1), (i64::MIN, u64::MAX)] {
            assert_eq!(folded(number), unsigned);
        }
    }

    #[test]
    fn numbers_that_are_too_long_are_refused() {
        assert_eq!(Reader::new(&[0xff; 11]).number(), None);
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number(), None);
        assert_eq!(Reader::new(&[0x80]).number(), None);
        assert_eq!(Reader::new(&[5, 1, 2]).count(), None, "more things than bytes");
    }

    proptest! {
        #[test]
        fn numbers_come_back(number: u64, signed: i64) {
            let mut out = Vec::new();
            put_number(&mut out, number);
            put_signed(&mut out, signed);
            let mut reader = Reader::new(&out);
            prop_assert_eq!((reader.number(), reader.signed()), (Some(number), Some(signed)));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn ids_come_back(bytes: [u8; 32], hex in "[0-9a-f]{40}") {
            for (id, length) in [(TokenId::of_solana_bytes(bytes), 33), (format!("bsc:0x{hex}").parse().unwrap(), 48)] {
                let mut out = Vec::new();
                put_id(&mut out, &id);
                prop_assert_eq!(out.len(), length);
                prop_assert_eq!(Reader::new(&out).id().unwrap(), id.clone());
                prop_assert_eq!(id.to_string().parse::<TokenId>().unwrap(), id);
            }
        }
    }
}
