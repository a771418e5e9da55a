//! The machine that measures: processor, memory, system, and how long a load from memory takes.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    gates::core::{build_yardstick, yardstick},
    output::say,
    process::{capture, command},
};

/// Describes this machine. Latencies of memory are null without the yardstick.
pub(super) fn describe() -> Result<Value> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let latencies = latencies();
    if let Err(error) = &latencies {
        say!("latencies of memory: {error:#}");
    }
    Ok(json!({
        "cpu": field(&cpu, "model name").unwrap_or("unknown"),
        "cores": cores,
        "memory_mib": mib(&memory).context("/proc/meminfo does not state how much memory there is")?,
        "system": capture(command("uname").args(["-srm"])),
        "memory_latency": latencies.ok(),
    }))
}

/// Returns the value of a `name : value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn mib(memory: &str) -> Option<u64> {
    let kib: u64 = field(memory, "MemTotal")?.trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1_024)
}

/// Runs the yardstick's `memlat`, which is built if it is missing.
fn latencies() -> Result<Vec<Value>> {
    let program = yardstick().join("release/memlat");
    if !program.is_file() {
        build_yardstick()?;
    }
    let text = capture(&mut command(&program)).context("memlat fails")?;
    let rows: Vec<Value> = text.lines().filter_map(row).collect();
    anyhow::ensure!(!rows.is_empty(), "memlat prints no rows");
    Ok(rows)
}

/// Reads a row of `memlat`: the working set in KiB, the time of a load that depends on the one before, and that of one of four
/// independent ones, in nanoseconds.
fn row(line: &str) -> Option<Value> {
    let mut cells = line.split('|').map(str::trim);
    let kib: u64 = cells.next()?.parse().ok()?;
    let mut nanos = || cells.next()?.parse::<f64>().ok();
    Some(json!({"kib": kib, "dependent_ns": nanos()?, "independent_ns": nanos()?}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_system_are_read() {
        let cpu = "processor\t: 0\nmodel name\t: A Processor 9\nflags\t: x\n";
        assert_eq!(field(cpu, "model name"), Some("A Processor 9"));
        assert_eq!(field(cpu, "stepping"), None);
        assert_eq!(mib("MemTotal:       24576000 kB\nMemFree: 1 kB\n"), Some(24_000));
        assert_eq!(mib(""), None);
    }

    #[test]
    fn the_rows_of_memlat_are_read() {
        let expected = json!({"kib": 256, "dependent_ns": 4.1, "independent_ns": 1.2});
        assert_eq!(row("     256 | 4.1 | 1.2"), Some(expected));
        assert_eq!(row("tsc 2.0 GHz; working set KB | ns per dependent load | ns"), None);
    }
}
