//! `cargo xtask simulate`: the exchange on a disk whose power fails, on record.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{
    gates, oracle_run,
    output::say,
    process::{command, run_json_in_any_case},
};

/// Commands of one seed.
pub(crate) const COMMANDS: u64 = 120;
/// About how many crashes one seed has.
pub(crate) const CRASHES: u64 = 100;

/// The result of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Simulation {
    /// Seeds played.
    pub seeds: u64,
    /// Commands sent.
    pub commands: u64,
    /// Crashes, each recovered twice.
    pub crashes: u64,
    /// Crashes while recovering.
    pub recovering: u64,
    /// The number of violations.
    pub violations: u64,
    /// The duration, in seconds.
    pub seconds: f64,
}

/// Reads the options, runs, and puts it on record.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let (mut seed, mut steps, mut crashes) = (1, 12_000, CRASHES);
    for pair in options.chunks(2) {
        match pair {
            ["--seed", value] => seed = value.parse().context("--seed takes a number")?,
            ["--steps", value] => steps = value.parse().context("--steps takes a number")?,
            ["--crashes", value] => crashes = value.parse().context("--crashes takes a number")?,
            other => bail!("unknown option {:?}", other.join(" ")),
        }
    }
    gates::build_release()?;
    let played = simulate(&gates::release_lab(), seed, steps, crashes)?;
    let Simulation { seeds, commands, crashes: crashed, recovering, violations, seconds } = played;
    say!(
        "seed {seed}: {seeds} seeds, {commands} commands, {crashed} crashes each recovered twice, {recovering} \
         more while recovering, {violations} violations, {seconds:.0} s"
    );
    let cells = [seed, seeds, commands, crashed, violations].map(|number| number.to_string());
    oracle_run::record(HEADING, HEAD, &cells, seconds)?;
    if violations > 0 {
        bail!("{violations} violations");
    }
    Ok(())
}

/// Plays seeds until `steps` commands were sent; the laboratory must be built.
pub(crate) fn simulate(lab: &Path, seed: u64, steps: u64, crashes: u64) -> Result<Simulation> {
    let mut command = command(lab);
    command.args(["simulate", "--seed", &seed.to_string(), "--steps", &steps.to_string()]);
    // Without crashes longer games find more.
    let commands = if crashes == 0 { 3_000 } else { COMMANDS };
    command.args(["--commands", &commands.to_string(), "--crashes", &crashes.to_string(), "--json"]);
    let line = run_json_in_any_case(&mut command)?;
    let number =
        |name: &str| line[name].as_u64().with_context(|| format!("the simulation does not report {name}"));
    Ok(Simulation {
        seeds: number("seeds")?,
        commands: number("commands")?,
        crashes: number("crashes")?,
        recovering: number("crashes_recovering")?,
        violations: number("violations")?,
        seconds: line["seconds"].as_f64().context("the simulation does not report seconds")?,
    })
}

const HEADING: &str = "## Crashes";

const HEAD: &str = "\
## Crashes

The exchange on a simulated disk whose power fails, each crash recovered twice. Written by `cargo xtask simulate`;
the newest is last. Runs without crashes keep no journal.

| commit | seed | seeds | commands | crashes | violations | seconds |
|---|--:|--:|--:|--:|--:|--:|
";

/// The sum of the recorded runs without a violation, together with the commands of the other soaks.
pub(crate) fn on_record() -> Simulation {
    let text = oracle_run::text();
    let mut sum = sum(&text);
    sum.commands += oracle_run::on_record().1;
    sum
}

fn sum(text: &str) -> Simulation {
    let mut sum = Simulation::default();
    for line in oracle_run::section(text, HEADING).lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = |index: usize| cells.get(index).and_then(|cell| cell.parse::<u64>().ok());
        if let (Some(seeds), Some(commands), Some(crashes), Some(0)) =
            (number(3), number(4), number(5), number(6))
        {
            sum.seeds += if crashes > 0 { seeds } else { 0 };
            sum.commands += commands;
            sum.crashes += crashes;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_on_record_add_up() {
        let rows = "| a | 1 | 10 | 1200 | 900 | 0 | 3 |\n| b | 2 | 10 | 1200 | 900 | 1 | 3 |\n\
                    | c | 3 | 5 | 600 | 0 | 0 | 3 |\n| d | 4 | 5 | 600 | 400 | 0 | 3 |\n";
        let text = format!(
            "# Soaks\n\n| x | 9 | 9 | 9 | 0 | 9 |\n\n{HEAD}{rows}\n## Kills\n\n| e | 1 | 7 | 7 | 7 | 0 | 7 |\n"
        );
        let sum = sum(&text);
        assert_eq!((sum.seeds, sum.commands, sum.crashes), (15, 2_400, 1_300));
    }
}
