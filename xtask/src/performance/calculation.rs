//! What other machines would give, calculated from what this one measured.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::gates::report::number;

/// The machines that are calculated, by their cores.
pub(super) const CORES: [u64; 4] = [2, 8, 32, 64];

/// Returns the orders a second of so many cores if nothing but CPU time limits them.
pub(super) fn orders_per_second(cpu_us: f64, cores: u64) -> f64 {
    cores as f64 * 1e6 / cpu_us
}

/// Returns what one more thing takes, by the two largest sizes of a curve: the fixed part cancels out.
pub(super) fn bytes_of_each(points: &[Value]) -> Result<f64> {
    let [.., before, last] = points else { anyhow::bail!("a curve has two points or more") };
    let of = |field: &str| Ok::<_, anyhow::Error>(number(last, field)? - number(before, field)?);
    Ok((of("/bytes")? / of("/n")?).max(0.0))
}

/// Returns the CPU time of an order in the shards alone, by the first point of a curve.
pub(super) fn shard_cpu_us(points: &[Value]) -> Result<f64> {
    number(points.first().context("a curve has points")?, "/cpu_us")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rates_follow_the_cores() {
        assert_eq!(orders_per_second(20.0, 2), 100_000.0);
        assert_eq!(orders_per_second(20.0, 64), 3_200_000.0);
    }

    #[test]
    fn the_fixed_part_of_memory_counts_for_nothing() {
        let point = |n: u64, bytes: u64| json!({"n": n, "bytes": bytes, "cpu_us": 4.0});
        let points = [point(1, 50_000), point(1_000, 60_000), point(11_000, 1_060_000)];
        assert_eq!(bytes_of_each(&points).unwrap(), 100.0);
        assert_eq!(shard_cpu_us(&points).unwrap(), 4.0);
        // Memory that was given back is no gain.
        assert_eq!(bytes_of_each(&[point(1, 9), point(2, 8)]).unwrap(), 0.0);
        assert!(bytes_of_each(&points[..1]).is_err());
    }
}
