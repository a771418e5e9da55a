//! `lab memory-soak`: whether resident memory stays flat under a steady load.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use lightning_exchange::cli::output::Output;

use super::{SoakArgs, interrupt::until_interrupted, say};
use crate::memory_soak::{self, MemoryOptions};

/// How fast, how long, and what counts as flat.
#[derive(Debug, Args)]
pub(super) struct MemorySoakArgs {
    /// Orders placed a second; about as many are cancelled
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    /// How long orders flow
    #[arg(long, default_value_t = 3_600)]
    seconds: u64,
    /// Seconds after which memory must be flat
    #[arg(long, default_value_t = 600)]
    settle: u64,
    /// Seconds between two samples
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// The steepest rise after settling that counts as flat, in MiB an hour
    #[arg(long, default_value_t = 16.0)]
    slope_max: f64,
    /// Whether the history is on
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    history: bool,
    /// Run for a minute and report without a verdict, to check that the soak itself works
    #[arg(long)]
    quick: bool,
    /// Where the samples go, as CSV [default: memory.csv in the work directory, which is then kept]
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    soak: SoakArgs,
}

/// Runs the soak, prints the report, and fails if memory rises; a quick run has no verdict.
pub(super) fn run(arguments: MemorySoakArgs, out: &mut Output) -> Result<()> {
    let (seconds, settle, every) = match arguments.quick {
        true => (60, 20, 2),
        false => (arguments.seconds, arguments.settle, arguments.every),
    };
    let options = MemoryOptions {
        seed: arguments.soak.seed,
        rate: arguments.rate,
        seconds,
        settle,
        every,
        slope_max: arguments.slope_max,
        has_history: arguments.history,
        csv: arguments.csv.map(std::path::absolute).transpose()?,
        program: arguments.soak.program()?,
        work: arguments.soak.work()?,
    };
    let report = until_interrupted(memory_soak::run(&options, &say))?;
    say(&report.summary());
    arguments.soak.print(&report, out)?;
    if report.is_flat || arguments.quick { Ok(()) } else { bail!("memory is not flat at this rate") }
}
