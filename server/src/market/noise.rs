//! Randomness that can be asked for at any place, in any order.
//!
//! A generator with state would make the market depend on which questions were asked before. Here
//! every random number is a hash of what it is about, so a price of last week costs as much as
//! one of now, and no history has to be kept.

/// One well-mixed word of a seed and a salt.
pub(super) fn mix(seed: u64, salt: u64) -> u64 {
    let mut z = seed.wrapping_add(salt.wrapping_mul(0xd1b5_4a32_d192_ed03)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Uniform in `[0, 1)`.
pub(super) fn unit(seed: u64, salt: u64) -> f64 {
    (mix(seed, salt) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform in `[low, high)`.
pub(super) fn between(seed: u64, salt: u64, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(seed, salt)
}

/// Standard normal (Box-Muller).
pub(super) fn normal(seed: u64, salt: u64) -> f64 {
    let radius = (-2.0 * (1.0 - unit(seed, salt)).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(seed, salt ^ 0x5bf0_3635)).cos()
}

/// `exp` of a normal: `median` is the middle, `spread` the deviation of the logarithm.
pub(super) fn log_normal(seed: u64, salt: u64, median: f64, spread: f64) -> f64 {
    median * (spread * normal(seed, salt)).exp()
}

/// Uniform in the logarithm between two positive bounds.
pub(super) fn log_uniform(seed: u64, salt: u64, low: f64, high: f64) -> f64 {
    (low.ln() + (high / low).ln() * unit(seed, salt)).exp()
}

/// True with the given probability.
pub(super) fn chance(seed: u64, salt: u64, probability: f64) -> bool {
    unit(seed, salt) < probability
}

/// A hash turned into an index below `len`; 0 for an empty range.
pub(super) fn index(hash: u64, len: usize) -> usize {
    usize::try_from(hash % (len.max(1) as u64)).unwrap_or(0)
}

/// One entry of a table that is not empty.
pub(super) fn pick<T: Copy>(seed: u64, salt: u64, from: &[T]) -> T {
    from[index(mix(seed, salt), from.len())]
}

/// The longest period of the walk is 2^21 s, about 24 days: beyond it a price hovers about its base.
const OCTAVES: std::ops::RangeInclusive<u32> = 1..=21;

/// A random walk in the logarithm of a price, `at` seconds after the token's birth.
///
/// The sum of noises whose periods double and whose amplitudes grow by the root of two: the
/// deviation of a difference grows with the root of time, as in a Brownian walk, and is about
/// `sigma_day` over one day.
pub(super) fn walk(seed: u64, at: i64, sigma_day: f64) -> f64 {
    let at = at.max(0).cast_unsigned();
    // A period of 2^16.4 s is a day.
    let mut amplitude = sigma_day / 1.5 * 0.004_783;
    let mut sum = 0.0;
    for octave in OCTAVES {
        let cell = at >> octave;
        let offset = at & ((1 << octave) - 1);
        let salt = u64::from(octave) << 48;
        let left = unit(seed, salt | cell);
        let value = if offset == 0 {
            left
        } else {
            let right = unit(seed, salt | (cell + 1));
            left + (right - left) * (offset as f64 / (1_u64 << octave) as f64)
        };
        sum += amplitude * (value * 2.0 - 1.0);
        amplitude *= std::f64::consts::SQRT_2;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_moves_by_about_sigma_in_a_day() {
        let mut sum = 0.0;
        for seed in 0..2_000 {
            let move_of_day = walk(seed, 900_000 + 86_400, 0.2) - walk(seed, 900_000, 0.2);
            sum += move_of_day * move_of_day;
        }
        let deviation = (sum / 2_000.0).sqrt();
        assert!((0.1..0.4).contains(&deviation), "deviation {deviation}");
    }

    #[test]
    fn a_walk_is_continuous_and_repeatable() {
        for at in 0..5_000 {
            let step = (walk(7, at + 1, 0.5) - walk(7, at, 0.5)).abs();
            assert!(step < 0.05, "step {step} at {at}");
            assert!((walk(7, at, 0.5) - walk(7, at, 0.5)).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn normals_have_mean_zero_and_deviation_one() {
        let all: Vec<f64> = (0..20_000).map(|salt| normal(3, salt)).collect();
        let mean = all.iter().sum::<f64>() / 20_000.0;
        let square = all.iter().map(|v| v * v).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((square - 1.0).abs() < 0.05, "square {square}");
    }
}
