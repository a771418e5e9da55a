//! Whether a cost grows faster than `n log n`: the exponent of the power law that fits the points.
//!
//! Work of `n log n` for n things is a cost of `log n` for each, and a line through the logarithms of such points has a
//! small slope: 0.10 from a thousand to a million. That slope, and a margin for noise and for memory that no longer fits a cache,
//! is the bound. What only shows at the largest sizes bends such a line little, so each step from one size to the next is bounded too.

use serde::Serialize;

/// How far the fitted exponent may lie above that of `n log n`. A third more for every thousandfold is within it, as a cache that
/// has become too small costs; a square root, with an exponent of 0.5, is not.
pub const MARGIN: f64 = 0.05;

/// How many times as steep as `n log n` one step from a size to the next may be.
pub const STEP_MAX: f64 = 1.5;

/// The growth of a figure over the points of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Growth {
    /// The exponent of the power law that fits the points.
    pub exponent: f64,
    /// The largest exponent that counts as `n log n`.
    pub exponent_max: f64,
    /// The steepest step between neighbouring sizes, as a multiple of what `n log n` takes there.
    pub step: f64,
    /// Whether both are within their bounds.
    pub holds: bool,
}

impl Growth {
    /// Judges the cost of one thing, such as an order, where there are n: it may grow like `log n`. None for fewer than two sizes.
    pub fn of_each(points: &[(u64, f64)]) -> Option<Self> {
        Self::judge(points, 0.0)
    }

    /// Judges the cost of all n things together: it may grow like `n log n`.
    pub fn of_all(points: &[(u64, f64)]) -> Option<Self> {
        Self::judge(points, 1.0)
    }

    /// Judges what n things add to what there is without them, which the smallest size has: it may grow like `n log n`. Less than
    /// `noise` counts as that much. None for fewer than three sizes.
    pub fn of_added(points: &[(u64, f64)], noise: f64) -> Option<Self> {
        let (&(least, base), more) = points.split_first()?;
        let added: Vec<(u64, f64)> =
            more.iter().map(|&(n, value)| (n - least, (value - base).max(noise))).collect();
        Self::judge(&added, 1.0)
    }

    fn judge(points: &[(u64, f64)], power: f64) -> Option<Self> {
        let exponent = exponent(points)?;
        let logarithm: Vec<(u64, f64)> = points.iter().map(|&(n, _)| (n, log(n))).collect();
        let exponent_max = power + self::exponent(&logarithm)? + MARGIN;
        let share = |&(n, value): &(u64, f64)| value / (log(n) * (n as f64).powf(power));
        let steps = points.windows(2).map(|pair| share(&pair[1]) / share(&pair[0]));
        let step = steps.fold(0.0, f64::max);
        let is_known = points.iter().all(|(_, value)| value.is_finite() && *value > 0.0);
        let holds = is_known && exponent <= exponent_max && step <= STEP_MAX;
        Some(Self { exponent, exponent_max, step, holds })
    }
}

/// The logarithm of a size: that of at least 2, so that one thing costs something.
fn log(n: u64) -> f64 {
    (n.max(2) as f64).ln()
}

/// Returns the slope of the least-squares line through the logarithms of the points.
fn exponent(points: &[(u64, f64)]) -> Option<f64> {
    let known = points.iter().filter(|(n, value)| *n > 0 && *value > 0.0);
    let logarithms: Vec<(f64, f64)> = known.map(|(n, value)| ((*n as f64).ln(), value.ln())).collect();
    let count = logarithms.len() as f64;
    let (x, y) = logarithms.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (x, y) = (x / count, y / count);
    let spread: f64 = logarithms.iter().map(|point| (point.0 - x).powi(2)).sum();
    let rise: f64 = logarithms.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (spread > 0.0).then(|| rise / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

    fn each(cost: impl Fn(f64) -> f64) -> Growth {
        let points: Vec<_> = SIZES.iter().map(|&n| (n, cost(n as f64))).collect();
        Growth::of_each(&points).unwrap()
    }

    fn all(cost: impl Fn(f64) -> f64) -> Growth {
        let points: Vec<_> = SIZES.iter().map(|&n| (n, cost(n as f64))).collect();
        Growth::of_all(&points).unwrap()
    }

    #[test]
    fn an_exponent_is_that_of_its_power_law() {
        for power in [-0.5, 0.0, 0.3, 1.0, 2.0] {
            assert!((each(|n| 7.0 * n.powf(power)).exponent - power).abs() < 1e-9, "{power}");
        }
    }

    #[test]
    fn what_is_constant_or_logarithmic_holds() {
        assert!(each(|_| 5.0).holds);
        assert!(each(|n| 3.0 * n.ln()).holds);
        assert!(each(|n| 4.0 + n.ln()).holds);
        assert!(all(|n| 200.0 * n).holds);
        assert!(all(|n| 9.0 * n * n.ln()).holds);
    }

    #[test]
    fn noise_of_a_tenth_changes_no_verdict() {
        let noisy = |n: f64| if (n.log10() as u32).is_multiple_of(2) { 1.1 } else { 0.9 };
        assert!(each(|n| n.ln() * noisy(n)).holds);
        assert!(!each(|n| n.sqrt() * noisy(n)).holds);
    }

    #[test]
    fn what_grows_faster_does_not_hold() {
        assert!(!each(|n| n.ln().powi(3)).holds);
        assert!(!each(f64::sqrt).holds);
        assert!(!each(|n| n).holds);
        assert!(!all(|n| n * n.sqrt()).holds);
        assert!(!all(|n| n * n).holds);
        // A scan that only shows at the largest size: the line alone would pass it.
        assert!(!each(|n| 5.0 + n / 100_000.0).holds);
    }

    #[test]
    fn what_a_large_base_hides_is_found() {
        let points = |cost: fn(f64) -> f64| SIZES.map(|n| (n, 5e7 + cost(n as f64)));
        let squares = points(|n| n * n / 1e4);
        assert!(Growth::of_all(&squares[..3]).unwrap().holds, "beside all that is there it is small");
        assert!(!Growth::of_added(&squares[..3], 1e4).unwrap().holds);
        assert!(Growth::of_added(&points(|n| 200.0 * n), 1e4).unwrap().holds);
        assert_eq!(Growth::of_added(&squares[..2], 1e4), None);
    }

    #[test]
    fn what_is_not_known_does_not_hold() {
        assert!(!Growth::of_each(&[(10, 1.0), (100, 1.0), (1_000, f64::NAN)]).unwrap().holds);
        assert!(!Growth::of_each(&[(10, 1.0), (100, 1.0), (1_000, 0.0)]).unwrap().holds);
    }

    #[test]
    fn one_size_has_no_growth() {
        assert_eq!(Growth::of_each(&[(10, 1.0)]), None);
        assert_eq!(Growth::of_each(&[(10, 1.0), (10, 2.0)]), None);
        assert_eq!(Growth::of_each(&[]), None);
    }
}
