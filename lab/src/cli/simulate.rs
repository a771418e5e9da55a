//! `lab simulate`: the whole exchange on one thread and a disk that fails, seed after seed.

use anyhow::{Result, bail};
use clap::Args;
use lightning_exchange::cli::output::Output;

use crate::bench::{
    damage,
    simulate::{self, Plan},
};

/// From which seed, for how long.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Play seeds until this many commands were sent in total
    #[arg(long, default_value_t = 120_000)]
    steps: u64,
    /// Commands of one seed
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    commands: u64,
    /// Crashes of one seed; 0 keeps no journal
    #[arg(long, default_value_t = 100)]
    crashes: u64,
    /// Play one seed alone, exactly as a run that named it did
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seed", "steps"])]
    one: Option<u64>,
    /// Damage the disk instead: failing operations, torn tails, flipped bits
    #[arg(long, conflicts_with_all = ["steps", "commands", "crashes", "one"])]
    faults: bool,
    /// One in this many of the faults
    #[arg(long, default_value_t = 1, requires = "faults", value_parser = clap::value_parser!(u64).range(1..))]
    share: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Plays, prints, and fails when something was found.
pub(super) fn run(arguments: &SimulateArgs, out: &mut Output) -> Result<()> {
    let SimulateArgs { seed, steps, commands, crashes, .. } = *arguments;
    if arguments.faults {
        let report = damage::run(seed, arguments.share);
        super::bench::print_report(out, &report, arguments.json)?;
        return judge(report.violations, || format!("cargo xtask lab simulate --faults --seed {seed}"));
    }
    let plan = Plan { seed, steps, commands, crashes };
    let report = match arguments.one {
        Some(seed) => simulate::one(Plan { seed, ..plan }),
        None => simulate::run(plan),
    };
    super::bench::print_report(out, &report, arguments.json)?;
    judge(report.violations, || {
        let seed = report.violating_seeds.first().copied().unwrap_or_default();
        format!("cargo xtask lab simulate --one {seed} --commands {commands} --crashes {crashes}")
    })
}

fn judge(violations: u64, again: impl Fn() -> String) -> Result<()> {
    if violations != 0 {
        bail!("{violations} violations; to see one again: {}", again());
    }
    Ok(())
}
