//! `lab soak-wire`: subscribers and private streams through stalls, drops and restarts, under load.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use lightning_exchange::cli::output::{Output, complain};

use super::{ProgramArgs, interrupt::until_interrupted};
use crate::soak::{self, HistoryOptions, Kind, MemoryOptions, Options};

/// How many orders, through how many kills, into which database.
#[derive(Debug, Args)]
pub(super) struct SoakHistoryArgs {
    /// The seed of every decision
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Orders placed at least
    #[arg(long, default_value_t = 1_000_000)]
    orders: u64,
    /// Kills of the exchange
    #[arg(long, default_value_t = 10)]
    kills: u64,
    /// Kills of the database, if it is a process
    #[arg(long, default_value_t = 10)]
    database_kills: u64,
    /// Which database
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    database: Kind,
    /// Where the files are; kept
    #[arg(long, value_name = "DIRECTORY")]
    work: Option<PathBuf>,
    #[command(flatten)]
    program: ProgramArgs,
    /// Print the report as a line of JSON
    #[arg(long)]
    json: bool,
}

/// Soaks, prints, and fails when a row differs.
pub(super) fn history(arguments: SoakHistoryArgs, out: &mut Output) -> Result<()> {
    let options = HistoryOptions {
        seed: arguments.seed,
        orders: arguments.orders,
        kills: arguments.kills,
        database_kills: arguments.database_kills,
        database: arguments.database,
        program: arguments.program.find()?,
        work: arguments.work.map(std::path::absolute).transpose()?,
    };
    let report = until_interrupted(soak::run_history(&options, &say))?;
    report.verified.iter().for_each(|line| say(line));
    if arguments.json {
        out.line(serde_json::to_string(&report)?);
    }
    if report.equal { Ok(()) } else { bail!("the history is not the journal's fold") }
}

/// How fast, how long, and what counts as flat.
#[derive(Debug, Args)]
pub(super) struct SoakMemoryArgs {
    /// The seed of every decision
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
    /// Run for a minute and report, whatever memory does: that the soak itself works
    #[arg(long)]
    quick: bool,
    /// Where the samples go, as CSV [default: memory.csv in the work directory, which is then kept]
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Where the files are; kept
    #[arg(long, value_name = "DIRECTORY")]
    work: Option<PathBuf>,
    #[command(flatten)]
    program: ProgramArgs,
    /// Print the report as a line of JSON
    #[arg(long)]
    json: bool,
}

/// Soaks, prints, and fails when memory rises, unless the run was too quick to tell.
pub(super) fn memory(arguments: SoakMemoryArgs, out: &mut Output) -> Result<()> {
    let (seconds, settle, every) = match arguments.quick {
        true => (60, 20, 2),
        false => (arguments.seconds, arguments.settle, arguments.every),
    };
    let options = MemoryOptions {
        seed: arguments.seed,
        rate: arguments.rate,
        seconds,
        settle,
        every,
        slope_max: arguments.slope_max,
        has_history: arguments.history,
        csv: arguments.csv.map(std::path::absolute).transpose()?,
        program: arguments.program.find()?,
        work: arguments.work.map(std::path::absolute).transpose()?,
    };
    let report = until_interrupted(soak::run_memory(&options, &say))?;
    say(&report.summary());
    if arguments.json {
        out.line(serde_json::to_string(&report)?);
    }
    if report.is_flat || arguments.quick { Ok(()) } else { bail!("memory is not flat at this rate") }
}

fn say(line: &str) {
    complain(line);
}

/// How long, how fast, how many.
#[derive(Debug, Args)]
pub(super) struct SoakWireArgs {
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
    /// Of those, how many are stalled and dropped
    #[arg(long, default_value_t = 5)]
    unlucky: u64,
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

/// Soaks, prints, and fails when something was found.
pub(super) fn run(arguments: SoakWireArgs, out: &mut Output) -> Result<()> {
    let options = Options {
        seed: arguments.seed,
        seconds: arguments.seconds,
        rate: arguments.rate,
        restarts: arguments.restarts,
        subscribers: arguments.subscribers,
        unlucky: arguments.unlucky,
        listened: arguments.listened,
        program: arguments.program.find()?,
        work: arguments.work.map(std::path::absolute).transpose()?,
    };
    let report = until_interrupted(soak::run(&options, &say))?;
    say(&report.summary());
    for what in &report.wrong {
        say(what);
    }
    if arguments.json {
        out.line(serde_json::to_string(&report)?);
    }
    if report.is_clean() { Ok(()) } else { bail!("what was told is not what the server says") }
}
