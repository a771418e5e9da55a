//! `cargo xtask soak`: random commands against the oracle and through the sharded simulation, on record.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{self, capture, cargo, command, root, run_json, target};

/// Commands of a soak that is on record.
const COMMANDS: u64 = 100_000_000;

/// What one soak came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Soak {
    /// Commands compared with the oracle.
    pub oracle: u64,
    /// Commands through the sharded simulation.
    pub simulation: u64,
    /// What went wrong.
    pub violations: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Reads the options and runs.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let mut commands = COMMANDS;
    let mut seed = 1;
    for pair in options.chunks(2) {
        match pair {
            ["--commands", value] => commands = value.parse().context("--commands takes a number")?,
            ["--seed", value] => seed = value.parse().context("--seed takes a number")?,
            other => bail!("unknown option {:?}", other.join(" ")),
        }
    }
    let soak = soak(commands, seed)?;
    record(seed, &soak)?;
    println!(
        "seed {seed}: {} commands against the oracle, {} through the simulation, {} violations, {:.0} s",
        soak.oracle, soak.simulation, soak.violations, soak.seconds
    );
    if soak.violations > 0 {
        bail!("{} violations", soak.violations);
    }
    Ok(())
}

/// Runs so many commands against the oracle and a tenth of that through the simulation.
pub(crate) fn soak(commands: u64, seed: u64) -> Result<Soak> {
    build()?;
    let mut lightning = command(binary());
    lightning.args(["soak", "--commands", &commands.to_string(), "--seed", &seed.to_string(), "--json"]);
    let line = run_json(&mut lightning)?;
    let number = |name: &str| line[name].as_u64().with_context(|| format!("the soak says nothing of {name}"));
    Ok(Soak {
        oracle: number("oracle_commands")?,
        simulation: number("simulation_commands")?,
        violations: number("violations")?,
        seconds: line["seconds"].as_f64().context("the soak says nothing of seconds")?,
    })
}

/// The release binary.
pub(crate) fn binary() -> PathBuf {
    target().join("release/lightning")
}

/// Builds it.
pub(crate) fn build() -> Result<()> {
    process::run(cargo().args(["build", "--release", "--quiet", "--bin", "lightning"]))
}

fn file() -> PathBuf {
    root().join("docs/soaks.md")
}

const HEAD: &str = "\
# Soaks

Random commands against the slow oracle, and through the seeded simulation of many shards. Written by
`cargo xtask soak`; the newest is last.

| commit | seed | oracle commands | simulation commands | violations | seconds |
|---|--:|--:|--:|--:|--:|
";

fn record(seed: u64, soak: &Soak) -> Result<()> {
    let commit = capture(command("git").args(["rev-parse", "--short=12", "HEAD"])).unwrap_or_default();
    let is_clean =
        capture(command("git").args(["status", "--porcelain"])).is_some_and(|text| text.is_empty());
    let commit = if is_clean { commit } else { format!("{commit} + changes") };
    let before = fs::read_to_string(file()).unwrap_or_else(|_| HEAD.to_owned());
    let Soak { oracle, simulation, violations, seconds } = soak;
    let row = format!("| {commit} | {seed} | {oracle} | {simulation} | {violations} | {seconds:.0} |\n");
    fs::create_dir_all(root().join("docs"))?;
    fs::write(file(), before + &row).context("docs/soaks.md")
}

/// The most commands on record without a violation: against the oracle, and through the simulation.
pub(crate) fn on_record() -> (u64, u64) {
    fs::read_to_string(file()).map_or((0, 0), |text| best(&text))
}

fn best(text: &str) -> (u64, u64) {
    let mut best = (0, 0);
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = |index: usize| cells.get(index).and_then(|cell| cell.parse::<u64>().ok());
        if let (Some(oracle), Some(simulation), Some(0)) = (number(3), number(4), number(5)) {
            best = (best.0.max(oracle), best.1.max(simulation));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clean_soaks_count() {
        let rows = format!(
            "{HEAD}| a | 1 | 500 | 50 | 0 | 3 |\n| b | 2 | 900 | 90 | 1 | 3 |\n| c | 3 | 40 | 60 | 0 | 3 |\n"
        );
        assert_eq!(best(&rows), (500, 60));
        assert_eq!(best(HEAD), (0, 0));
    }
}
