//! `lab wire-soak`: subscribers and private streams through stalls, drops and restarts, under load.

use anyhow::{Result, bail};
use clap::Args;
use lightning_exchange::cli::output::Output;

use super::{SoakArgs, interrupt::until_interrupted, say};
use crate::wire_soak::{self, Options};

/// How long, how fast, how many.
#[derive(Debug, Args)]
pub(super) struct WireSoakArgs {
    /// How long orders flow
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Orders placed and cancelled a second, at most
    #[arg(long, default_value_t = 25_000)]
    rate: u64,
    /// Stops and kills of the server, in turn
    #[arg(long, default_value_t = 20)]
    restarts: u64,
    /// Subscribers of depth
    #[arg(long, default_value_t = 50)]
    subscribers: u64,
    /// Of those, how many stall and drop their connection
    #[arg(long, default_value_t = 5)]
    interrupted: u64,
    /// Accounts whose private events are listened to, at most 32
    #[arg(long, default_value_t = 8)]
    listened: u64,
    #[command(flatten)]
    soak: SoakArgs,
}

/// Runs the soak, prints the report, and fails if there are problems.
pub(super) fn run(arguments: WireSoakArgs, out: &mut Output) -> Result<()> {
    let options = Options {
        seed: arguments.soak.seed,
        seconds: arguments.seconds,
        rate: arguments.rate,
        restarts: arguments.restarts,
        subscribers: arguments.subscribers,
        interrupted: arguments.interrupted,
        listened: arguments.listened,
        program: arguments.soak.program()?,
        work: arguments.soak.work()?,
    };
    let report = until_interrupted(wire_soak::run(&options, &say))?;
    say(&report.summary());
    for what in &report.problems {
        say(what);
    }
    arguments.soak.print(&report, out)?;
    if report.is_clean() { Ok(()) } else { bail!("the streams differ from the server's state") }
}
