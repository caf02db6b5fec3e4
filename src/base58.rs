//! Addresses of Solana as the numbers that they are: exactly 32 bytes in base 58.
//!
//! Every address that a source writes is judged by this, three in each row of each answer, so it takes ten digits at a
//! time. Longer or shorter texts are none of its business.

/// How many bytes an address has.
const BYTES: usize = 32;

/// As many digits as always fit into 64 bits.
const STEP: usize = 10;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// What no digit is.
const NONE: u8 = u8::MAX;

const DIGITS: [u8; 256] = {
    let mut digits = [NONE; 256];
    let mut digit = 0u8;
    while (digit as usize) < ALPHABET.len() {
        digits[ALPHABET[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};

/// The bytes of an address; `None` when the text is not 32 bytes in base 58.
pub(crate) fn address(text: &str) -> Option<[u8; BYTES]> {
    if !(BYTES..=44).contains(&text.len()) {
        return None;
    }
    // The least first.
    let mut limbs = [0u64; BYTES / 8];
    for digits in text.as_bytes().chunks(STEP) {
        let (mut value, mut scale) = (0, 1u64);
        for byte in digits {
            let digit = DIGITS[usize::from(*byte)];
            if digit == NONE {
                return None;
            }
            value = value * 58 + u64::from(digit);
            scale *= 58;
        }
        for limb in &mut limbs {
            let wide = u128::from(*limb) * u128::from(scale) + u128::from(value);
            (*limb, value) = (low(wide), low(wide >> 64));
        }
        if value != 0 {
            return None;
        }
    }
    let mut bytes = [0; BYTES];
    for (place, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        place.copy_from_slice(&limb.to_be_bytes());
    }
    // A leading one stands for a byte of zero, and nothing else does.
    let ones = text.bytes().take_while(|byte| *byte == ALPHABET[0]).count();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    (ones == zeros).then_some(bytes)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn low(wide: u128) -> u64 {
    wide as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the library reads it.
    fn read(text: &str) -> Option<[u8; BYTES]> {
        bs58::decode(text).into_vec().ok()?.try_into().ok()
    }

    proptest! {
        #[test]
        fn every_address_is_read(zeros in 0..=BYTES, mut bytes in any::<[u8; BYTES]>()) {
            bytes[..zeros].fill(0);
            prop_assert_eq!(address(&bs58::encode(bytes).into_string()), Some(bytes));
        }

        #[test]
        fn what_is_none_is_refused(text in "[1-9A-HJ-NP-Za-km-z]{30,46}|1{0,40}[1-9A-Za-z]{0,10}|z{43}.|\\PC{0,44}") {
            prop_assert_eq!(address(&text), read(&text));
        }
    }

    #[test]
    fn the_largest_number_is_the_last() {
        let largest = bs58::encode([u8::MAX; BYTES]).into_string();
        assert_eq!(address(&largest), Some([u8::MAX; BYTES]));
        let (head, last) = largest.split_at(43);
        assert_eq!(last, "G");
        assert_eq!(address(&format!("{head}H")), None);
        assert_eq!(address(&"1".repeat(32)), Some([0; BYTES]));
        assert_eq!(address(&"1".repeat(33)), None);
    }
}
