//! `lab wire-soak`: subscribers and private streams through stalls, drops and restarts, under load.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use lightning_exchange::cli::output::{Output, complain};

use super::{ProgramArgs, interrupt::until_interrupted};
use crate::wire_soak::{self, Options};

/// How long, how fast, how many.
#[derive(Debug, Args)]
pub(super) struct WireSoakArgs {
    /// The seed of every decision
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
    /// Where the server keeps its files; kept
    #[arg(long, value_name = "DIRECTORY")]
    work: Option<PathBuf>,
    #[command(flatten)]
    program: ProgramArgs,
    /// Print the report as a line of JSON
    #[arg(long)]
    json: bool,
}

/// Runs the soak, prints the report, and fails if there are problems.
pub(super) fn run(arguments: WireSoakArgs, out: &mut Output) -> Result<()> {
    let options = Options {
        seed: arguments.seed,
        seconds: arguments.seconds,
        rate: arguments.rate,
        restarts: arguments.restarts,
        subscribers: arguments.subscribers,
        interrupted: arguments.interrupted,
        listened: arguments.listened,
        program: arguments.program.find()?,
        work: arguments.work.map(std::path::absolute).transpose()?,
    };
    let report = until_interrupted(wire_soak::run(&options, &say))?;
    say(&report.summary());
    for what in &report.problems {
        say(what);
    }
    if arguments.json {
        out.line(serde_json::to_string(&report)?);
    }
    if report.is_clean() { Ok(()) } else { bail!("the streams differ from the server's state") }
}

fn say(line: &str) {
    complain(line);
}
