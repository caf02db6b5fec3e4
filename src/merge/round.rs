//! How far figures are told apart, so that noise is not a change.

/// Cents: finer than that no USD sum is meant.
pub(crate) fn to_cents(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}

/// Hundredths of a percent.
pub(crate) fn to_hundredths(percent: f64) -> f64 {
    let rounded = (percent * 100.0).round() / 100.0;
    // One zero, not two.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Whether two USD sums are equal in six significant digits.
pub(crate) fn same_money(a: f64, b: f64) -> bool {
    if a.to_bits() == b.to_bits() {
        return true;
    }
    // Printing decides only what is close: far apart is told at once.
    (a - b).abs() <= 2e-5 * a.abs().max(b.abs()) && format!("{a:.5e}") == format!("{b:.5e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_compared_in_six_digits() {
        assert!(same_money(746_511.88, 746_512.04));
        assert!(!same_money(746_511.88, 746_513.0));
        assert!(same_money(0.0, 0.0));
        assert!(!same_money(0.0, 0.01));
    }

    #[test]
    fn there_is_one_zero() {
        assert_eq!(to_hundredths(-0.001).to_bits(), 0f64.to_bits());
        assert_eq!(to_hundredths(3.518_387).to_bits(), 3.52f64.to_bits());
        assert_eq!(to_cents(288_653.631).to_bits(), 288_653.63f64.to_bits());
    }
}
