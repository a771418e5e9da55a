//! How rate, latency, CPU and memory grow with what the exchange holds: one axis at a time, each size in a process of its own,
//! all sizes in turn in one run.
//!
//! The sizes take turns round by round and the median of the rounds counts, so that a slow minute of the machine bends no curve.

mod growth;
pub mod inside;
mod served;

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub use self::growth::{Growth, MARGIN, STEP_MAX};
use super::median_of;
use crate::program;

/// By how many bytes the memory of a process differs from run to run.
const NOISE: f64 = (4 << 20) as f64;

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Funded accounts, all of which trade
    Accounts,
    /// Symbols, all of which trade
    Symbols,
    /// Orders that rest in the book that trades
    Resting,
    /// Idle WebSocket sessions, with a tenth as many connections that send orders, a thousand at most
    Connections,
    /// Subscribers of the one topic that trades
    Subscribers,
    /// Account shards, and as many symbol shards
    Shards,
}

impl Axis {
    /// Its name on the command line and in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Symbols => "symbols",
            Self::Resting => "resting",
            Self::Connections => "connections",
            Self::Subscribers => "subscribers",
            Self::Shards => "shards",
        }
    }

    /// The sizes of the long form.
    pub const fn sizes(self) -> &'static [u64] {
        match self {
            Self::Accounts => &[1_000, 10_000, 100_000, 1_000_000],
            Self::Symbols => &[1, 10, 100, 1_000],
            Self::Resting => &[1_000, 10_000, 100_000, 1_000_000, 4_000_000],
            Self::Connections => &[10, 100, 1_000, 10_000],
            Self::Subscribers => &[1, 10, 100, 1_000],
            Self::Shards => &[1, 2, 4, 8, 16, 32],
        }
    }

    /// The sizes of the quick form.
    pub const fn quick_sizes(self) -> &'static [u64] {
        match self {
            Self::Accounts | Self::Resting => &[1_000, 8_000, 64_000],
            Self::Symbols => &[1, 10, 100],
            Self::Connections => &[10, 100, 1_000],
            Self::Subscribers => &[1, 10, 100],
            Self::Shards => &[1, 4, 16],
        }
    }

    /// Whether its points are measured on a real server.
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Connections | Self::Subscribers)
    }
}

/// One measurement at one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What grows.
    pub axis: Axis,
    /// Its size.
    pub n: u64,
    /// Commands a second; for subscribers, messages delivered a second.
    pub per_second: f64,
    /// CPU time for each of them, in microseconds: of the server if there is one, else of the process, generator included.
    pub cpu_us: f64,
    /// The median latency, in microseconds.
    pub p50_us: f64,
    /// The 99th percentile.
    pub p99_us: f64,
    /// Resident memory before the commands.
    pub bytes: u64,
}

/// Whether a curve stays below `n log n`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Verdict {
    /// What grows.
    pub axis: Axis,
    /// The growth of the CPU time of one command.
    pub cpu: Growth,
    /// The growth of the memory that is added to that of the smallest size.
    pub bytes: Growth,
    /// Whether both hold.
    pub holds: bool,
}

impl Verdict {
    fn of(axis: Axis, points: &[Point]) -> Result<Self> {
        let figures = |figure: fn(&Point) -> f64| -> Vec<(u64, f64)> {
            points.iter().map(|point| (point.n, figure(point))).collect()
        };
        let cpu =
            Growth::of_each(&figures(|point| point.cpu_us)).context("a curve has three sizes or more")?;
        let bytes = Growth::of_added(&figures(|point| point.bytes as f64), NOISE)
            .context("a curve has three sizes or more")?;
        Ok(Self { axis, cpu, bytes, holds: cpu.holds && bytes.holds })
    }
}

/// A curve: its points in the order of their sizes, and the verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    /// One median point for each size.
    pub points: Vec<Point>,
    /// The verdict.
    pub verdict: Verdict,
}

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What grows.
    pub axis: Axis,
    /// The sizes, ascending.
    pub sizes: &'a [u64],
    /// How often each size is measured.
    pub rounds: usize,
    /// Commands of a measurement; of subscribers, trades.
    pub commands: usize,
    /// The exchange, for axes that need a server.
    pub program: &'a Path,
}

/// Measures a curve.
///
/// # Errors
/// Fewer than three sizes, or a measurement fails.
pub fn run(options: &Options<'_>) -> Result<Curve> {
    let Options { axis, sizes, rounds, commands, program } = *options;
    ensure!(sizes.len() > 2 && sizes.is_sorted(), "a curve has three sizes or more, ascending");
    let mut measured: Vec<Vec<Point>> = vec![Vec::new(); sizes.len()];
    for _ in 0..rounds.max(1) {
        for (&size, points) in sizes.iter().zip(&mut measured) {
            points.push(match axis.is_served() {
                true => served::point(axis, size, commands, program)?,
                false => in_a_process(axis, size, commands)?,
            });
        }
    }
    let points: Vec<Point> =
        sizes.iter().zip(&measured).map(|(&n, points)| median_point(axis, n, points)).collect();
    Ok(Curve { verdict: Verdict::of(axis, &points)?, points })
}

fn median_point(axis: Axis, n: u64, points: &[Point]) -> Point {
    let of = |figure| median_of(points, figure);
    Point {
        axis,
        n,
        per_second: of(|point| point.per_second),
        cpu_us: of(|point| point.cpu_us),
        p50_us: of(|point| point.p50_us),
        p99_us: of(|point| point.p99_us),
        bytes: of(|point| point.bytes as f64) as u64,
    }
}

/// Measures in a process of its own, whose memory nothing has touched before.
fn in_a_process(axis: Axis, n: u64, commands: usize) -> Result<Point> {
    let mut measure = Command::new(program::this()?);
    measure.args(["bench", "curve-point", axis.name(), &n.to_string(), "--commands", &commands.to_string()]);
    let output = measure.output().context("a measuring process does not start")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} {n}: {error}", axis.name());
    serde_json::from_slice(&output.stdout).with_context(|| format!("{} {n}: no point", axis.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(n: u64, cpu_us: f64, bytes: u64) -> Point {
        Point { axis: Axis::Accounts, n, per_second: 1e6 / cpu_us, cpu_us, p50_us: 9.0, p99_us: 20.0, bytes }
    }

    #[test]
    fn every_axis_is_named_as_it_is_written() {
        for axis in Axis::value_variants() {
            assert_eq!(serde_json::to_string(axis).unwrap(), format!("{:?}", axis.name()));
            assert_eq!(Axis::from_str(axis.name(), false), Ok(*axis));
            assert!(axis.sizes().is_sorted() && axis.sizes().len() > 2);
            assert!(axis.quick_sizes().is_sorted() && axis.quick_sizes().len() > 2);
        }
    }

    #[test]
    fn a_curve_is_judged_by_its_cpu_and_its_memory() {
        const MIB: u64 = 1 << 20;
        let verdict = |cpu_us: [f64; 3], mib: [u64; 3]| {
            let points = [0, 1, 2].map(|at| point(10_u64.pow(3 + at as u32), cpu_us[at], mib[at] * MIB));
            Verdict::of(Axis::Accounts, &points).unwrap()
        };
        assert!(verdict([5.0, 5.2, 5.1], [60, 68, 140]).holds);
        let slow = verdict([5.0, 15.0, 45.0], [60, 68, 140]);
        assert!(!slow.holds && !slow.cpu.holds && slow.bytes.holds);
        let large = verdict([5.0, 5.2, 5.1], [60, 68, 860]);
        assert!(!large.holds && large.cpu.holds && !large.bytes.holds);
    }

    #[test]
    fn the_median_of_the_rounds_counts() {
        let rounds = [point(1_000, 5.0, 10), point(1_000, 90.0, 30), point(1_000, 6.0, 20)];
        let median = median_point(Axis::Accounts, 1_000, &rounds);
        assert_eq!((median.cpu_us, median.bytes), (6.0, 20));
    }
}
